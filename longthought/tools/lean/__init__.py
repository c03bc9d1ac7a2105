"""Lean 4 proofs: a locked statement, a screened candidate, a confined run, and what came of it in typed words."""
