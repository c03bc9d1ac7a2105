"""The game of Countdown: its puzzles, its rules with an exact solver, and the compact notation of its debates."""
