"""Training data out of run folders: labels, filters, and rows in the formats that TRL reads."""
