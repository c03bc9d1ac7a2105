"""The graph `tree_search`: strategies that are told facts about a tree and asked which node to expand.

facts       what a strategy is told, and what it answers
strategy    the base class of strategies, which keeps the state of every node
descent     the base class of strategies that walk down from the root
beam        beam search, and diverse beam search (DVTS)
best_first  best-first search
mcts        Monte-Carlo tree search with PUCT
adaptive    adaptive branching (AB-MCTS)
settings    the settings of a tree search
fold        a search folded from its log: the tree, the work that is due, and the strategy
nested      a debate as the evaluation of a leaf
graph       the graph itself
"""
