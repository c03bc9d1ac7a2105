"""The viewer: a small local server, and the page that it serves.

answers             what the server answers, as types; the page's TypeScript types are made from them
comparison_answers  what it answers on several runs
questions           what the page asks: the filter of debates, a person's word on a step
app                 the routes
guard               who is answered, and the headers of every answer
serving             the port and the address
library             the runs on view, followed in the background
folders             run folders and sets of them behind the paths that were given
index               the index of one run, read from its logs block by block
store               the database of the index
tally               the summary of a debate, added up line by line
table               the table of debates: windows, neighbours, figures
columns             the figures of all debates as arrays, filtered and ordered
figures             counts, histograms and calibration
search              a search for a text in the logs
debates             one debate, whole or as a thought
comparing           two runs on the same problems
curving             the curves of an evaluation's report
rounds              the decisions of an improvement loop
reviewing           doubtful steps, and the labels that a person gives
errors              what is asked for and not there
openapi             the description of the API, written for the page
page                the page: TypeScript, and what is built from it
"""
