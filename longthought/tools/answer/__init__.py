"""Whether two final answers are the same: exact numbers first, Math-Verify in worker processes second."""
