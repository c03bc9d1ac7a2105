"""The debate as an environment of other trainers."""
