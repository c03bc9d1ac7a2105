"""The improvement loop: rounds in which both agents learn from their own debates.

recipe      what a loop does, read from a TOML file
problems    which problems a round plays, and when they get harder
ledger      what happened, line by line
lessons     one lesson: debates, labels, data, training, validation, decision
improve     the loop
served      adapters for servers that play while they are trained
plots       figures of a ledger
"""
