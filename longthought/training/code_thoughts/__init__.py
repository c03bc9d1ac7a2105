"""Thoughts that end in programs, made of programs that work: examples for thinkers where only programs are known.

thought     one thought: told by rule or by a chat model, and checked by running its program
narration   what a program does, in plain English
replies     the chat model's replies, kept until the data set is written
folder      the data folder of a file of programs
"""
