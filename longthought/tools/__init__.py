"""Verifiers, which check the claims of a step exactly and never see a reference, and the processes they run in.

verifier    the protocol of verifiers: `Claim`, `Verifier`, `Interpreter`
catalogue   verifiers by their names on the command line
cache       evidence by the content of its claim
cases       single cases for `longthought check`
langchain   verifiers as LangChain tools
completion  the whole program of a reply that holds only a function's body
countdown   the rules of Countdown as a verifier
examples    a verifier that runs the examples in a programming problem
python      a verifier that runs the Python block of a step
workers     warm processes for trusted code that may hang
algebra     a verifier of equalities and inequalities
answer      the comparison of final answers
lean        a verifier of Lean 4 proofs
sandbox     confined processes for untrusted Python
"""
