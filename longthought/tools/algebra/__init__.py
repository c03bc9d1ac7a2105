"""The algebra verifier: equalities and inequalities out of a step, checked exactly.

lexicon       words that carry meaning for arithmetic: units, operators in words, hedges
tokens        text → tokens
expression    tokens → expression trees
values        trees → exact rationals and rational functions
statements    a step → the links (`a = b`) it states, each with its quote, span and hedges
assignments   a path → the values its variables have
links         one link, read: two expressions and what is said of them
doubts        how a link that is plainly false may still be right
judgement     one link → a finding, by exact arithmetic
symbolic      what needs sympy; runs in a worker process only
verifier      `Algebra`, which ties them together
"""

from longthought.tools.algebra.verifier import Algebra

__all__ = ["Algebra"]
