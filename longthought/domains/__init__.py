"""Domains: one object for each kind of problem, which reads, grades and compares answers.

domain       the interface, with defaults for problems that end in an answer in words
countdown    the domain `countdown`
math         the domain `math`
code         the domain `code`
lean         the domain `lean`
catalogue    domains by name, by `module:NAME`, and by problem
conventions  the part of a domain that agents, thoughts and graphs may use; it knows no reference
grade        the only place where a problem, its reference and an answer meet
posing       problems from typed statements
loader       problems from data sets
"""
