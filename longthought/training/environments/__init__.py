"""The debate as an environment of other trainers.

seats       of verifiers (v1): policy and critic are seats, each trained or frozen
tools       of TRL: the policy proposes by tool calls, against a frozen critic
"""
