"""Training data out of run folders: which debates, which rows of them, and the folder that a training reads.

request        the requests of an export, of a rewrite of journeys, and of thoughts of programs
report         `ExportReport`: what an export wrote and what it left out
preflight      checks before an export begins
suitability    whether a run's agents got the prompts of a debate
export         `export()`: from run folders to a data set
formats        the formats, and which rows a debate gives in each
annotated      a debate with its labels and rewrites, from which rows are made
policy_rows    rows for policies
critic_rows    rows for critics that write
scorer_rows    rows for critics that score
thinker_rows   rows for thinkers: journeys and their shortcuts
confirmed      what tools confirm of a reply, whatever came of it
states         prompts for reinforcement: problems, and the states of logged debates
rows           a row before it is chosen and written, and how lengths are measured
filters        which debates are taken, by outcome, backtracks and agreement
contamination  which problems must not be trained on
staging        the rows of an export in a temporary SQLite file, and the choice among them
folder         a folder of training data, and how it is read
writer         how such a folder is written
card           the card of a data set
rewrites       journeys in a chat model's words, beside the log of a run
editing_job    `rewrite()`: have a chat model write them
"""
