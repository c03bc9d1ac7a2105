"""How debates, jobs, comparisons and thoughts look in a terminal."""
