"""Compares final answers: by exact arithmetic first, then by Math-Verify in worker processes."""
