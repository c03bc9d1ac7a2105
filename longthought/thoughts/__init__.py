"""Long thoughts: a logged debate, told in one voice.

moves       what happens in a thought, move by move
walks       in which order the moves of a debate are told
thought     a thought in moves, and in sentences that know where they come from
compiler    from a debate to its thought
english     the voice of prose
phrases     the connectives and phrases of the voice of prose
shorthand   the bundled agents' own words, read aloud
compact     the voice of small models, and how it is read back
statistics  figures of thoughts
fidelity    whether a rewritten thought still says what the thought said
"""
