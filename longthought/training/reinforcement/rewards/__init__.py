"""Rewards: plain functions in TRL's signature, and the state that each row of prompts carries for them.

A reward takes `prompts`, `completions` and the columns of the rows by name, and returns one number for each completion;
None leaves a completion out. `REWARDS` in `table` names them all; users bring their own as `module:function`.
"""
