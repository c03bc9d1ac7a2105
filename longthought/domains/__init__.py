"""What each kind of problem needs said of it, one object a kind.

- `domain`: the interface, with what suits problems that end in an answer in words.
- `countdown`, `math`, `code`, `lean`: the bundled domains.
- `catalogue`: domains by name, by `module:NAME`, and by problem.
- `conventions`: the part of a domain that agents, thoughts and graphs may ask for; it knows no reference.
- `grade`: the one place where a problem, its reference and an answer meet.
- `posing`: problems made of statements that a person types in.
- `loader`: problems out of data sets.
"""
