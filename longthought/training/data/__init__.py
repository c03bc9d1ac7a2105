"""Training data out of run folders: which debates, which rows of them, and the folder that a training reads.

request        what an export, a rewrite of journeys or thoughts of programs are asked to do
report         what came of an export
preflight      what is refused before an export begins
suitability    whether a run's agents were asked as agents of a debate are
export         `export()`: from run folders to a data set
formats        the formats, and which rows a debate gives in each
annotated      a debate with its labels and rewrites, which is what rows are made of
policy_rows    rows for policies
critic_rows    rows for critics that write
scorer_rows    rows for critics that score
thinker_rows   rows for thinkers: journeys and their shortcuts
rows           a row before it is chosen and written, and how lengths are measured
filters        which debates are taken, by what they are as a whole
contamination  which problems must not be trained on
staging        the rows of an export in a temporary SQLite file, and the choice among them
folder         a folder of training data, and how it is read
writer         how such a folder is written
card           the card of a data set
rewrites       journeys in a chat model's words, beside the log of a run
editing_job    `rewrite()`: have a chat model write them
"""
