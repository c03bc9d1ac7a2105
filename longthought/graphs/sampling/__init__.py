"""The graph `sampling`: several attempts at one problem, and a vote between their answers."""
