"""The log of a debate: its events, the run folder that stores them, the tree and the trajectory derived from them."""
