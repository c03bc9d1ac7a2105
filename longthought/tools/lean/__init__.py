"""Checks Lean 4 proofs: a locked statement, a screened candidate, a confined run, and a typed result.

verifier    `Lean`, which checks the steps of a debate
script      the tactic script that the steps of a debate make up
prover      `prove`: from a statement and a proof to a result
statement   the locked statement, and the proof between its brackets
screen      what a proof or a statement may not contain
lexer       Lean source in tokens
source      several cases in one file, and whose lines are whose
process     one confined run of Lean
warm        a Lean that stays warm, through lean-interact
messages    the messages that Lean prints
result      the result of a proof, from Lean's messages
toolchain   the Lean to run, and the files it needs
"""
