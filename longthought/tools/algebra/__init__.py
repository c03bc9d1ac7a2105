"""The algebra verifier, which checks the equalities and inequalities of a step exactly.

lexicon       words that carry meaning for arithmetic: units, operators in words, hedges
tokens        text → tokens
expression    tokens → expression trees
values        trees → exact rationals and rational functions
statements    a step → the links (`a = b`) it states, each with its quote, span and hedges
assignments   a path → the values its variables have
links         one link as two expressions and the relation between them
doubts        readings under which a link that looks false may still be right
judgement     one link → a finding, by exact arithmetic
symbolic      comparison by sympy; runs in a worker process only
verifier      `Algebra`, which ties them together
"""

from longthought.tools.algebra.verifier import Algebra

__all__ = ["Algebra"]
