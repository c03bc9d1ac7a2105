"""LangGraph state machines for debates, searches and samples, and the pure rules they follow.

context        the settings that every graph has, and the first event of a run
machine        what all graphs share: a fold of the log, one LangGraph node for each turn
play           the driver of `solve`, jobs and sub-debates: it finishes a debate from its log
seats          the agents and tools of a debate
rules          the rules of the debate, from a tree to whose turn it is and what follows
turns          one turn of a debate: an agent or the tools are asked, and events come back
operators      operators on thoughts: generate, refine, aggregate, restructure, decompose
path_value     the score of a verdict, and the value of a path of them
debate_span    the span of a debate, and what its log records carry
threads        debates in threads of LangGraph's checkpointer
subdebates     debates that a graph has played on part of its problem
debate         the graph `debate`
self_critique  the graph `self_critique`
decompose      the graph `decompose`
sampling       the graph `sampling`: attempts and a vote
search         the graph `tree_search` and its strategies
studio         the graphs as LangGraph runs them for a person
catalogue      the graphs by the names used on the command line
"""
