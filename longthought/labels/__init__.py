"""What is known of the steps of a run: who says whether a right answer can still be reached, and which word holds.

label          a label, what it weighs, and the labels of a run folder
ledger         files of records beside the log, each about one debate
request        `LabelRequest`: how steps are labelled, and which agents are asked
job            `label()`: label the steps of a run by one method
exact          labels by the Countdown solver
tree           labels by the answers in a debate's own tree
continuations  Monte-Carlo labels: the policy goes on from a step
opinions       labels by what a critic says of a step
openings       debates that begin in the middle of another one, for the two methods above
estimates      labels that rest on tries, and how sure they are
evidence       what tools and the solver know of a debate's steps, which critics are measured against
outcomes       all that is known of a debate's steps: labels and its own outcome, made to agree
review         the labels that a person should look at
"""
