"""Comparisons of strategies at equal cost, and reports on critics.

request        what a comparison is asked to do, as one frozen value
evaluation     `evaluate`: plays the strategies, measures them and writes the figures
strategies     strategies by name: a graph, its settings, and how the answer is chosen
runs           the run folder of each strategy and seed, played at the largest budget
budgets        what a logged run costs up to any of its events, and what a budget buys of it
comparison     every run cut at every budget, and the table of shares solved
grades         answers graded once, however many cuts of a run give them
critic_report  what the verdicts of a critic are worth, measured on labelled steps
reasons        whether the tools contradict the words of a critic
ablations      critics without a model, which show what a real critic adds
steps          how well a critic finds the first error in solutions with labelled steps
saving         the table as CSV, and everything as JSON
plots          curves of problems solved over tokens, and calibration plots
"""
