"""The command line: one thin command per file, which imports everything heavy inside the command.

main           the entry point: errors become one line and an exit code
app            all commands in one application
solve          one debate, shown live
generate       a batch of debates
evaluate       strategies compared at equal cost
show           a run as a table, or one debate as a tree and a transcript
view           debates in a browser
tell           debates as long thoughts
label          labels of steps
rewrite        journeys in the words of a chat model
export         data sets from run folders
train          fine-tuning, and rebuilding the bundled agents
improve        rounds in which both agents learn from their own debates
code_thoughts  thoughts that end in working programs
import_thread  the debates of a thread as a run folder
problems       problems to try things on
check          one verifier by hand
steps          `check steps`: a critic on solutions with labelled steps
doctor         what works on this machine
diagnosis      the checks behind `doctor`
options        options made from the fields of a request
flags          field names in messages, turned into flags
last_line      the last line of a command that fails or is stopped
stopping       how Ctrl-C and SIGTERM end a command
render         how things look in a terminal
"""
