"""Models that run in this process: engines for chat models, and a classifier for scores."""
