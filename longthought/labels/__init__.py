"""Labels of steps: whether a right answer can still be reached, by whom that is said, and which label counts.

label          a label, its authority, and the labels of a run folder
ledger         files of records beside the log, each about one debate
request        `LabelRequest`: how steps are labelled, and by which agents
job            `label()`: label the steps of a run by one method
exact          labels by the Countdown solver
tree           labels by the answers in a debate's own tree
continuations  Monte-Carlo labels: the policy continues from a step
opinions       labels by what a critic says of a step
openings       debates that begin in the middle of another one, for the two methods above
estimates      labels that rest on trials, and how certain they are
evidence       what tools and the solver know of steps; critics are measured against it
outcomes       labels and the outcome of a debate, combined into what is known of its steps
review         the labels that a person should look at, and the label that a person gives
"""
