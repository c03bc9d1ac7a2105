"""Confinement of untrusted code: what runs, what it may ask the kernel for, and how its end is told."""
