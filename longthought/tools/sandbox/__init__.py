"""The sandbox, which runs untrusted Python in confined processes and reports how each run ended.

pool          `Sandbox`: warm workers for any thread and any event loop
result        results: how a run ended, whether a candidate passed its tests
worker        the host's end of one zygote
confinement   the confinement that works on this machine, and how a zygote is started in it
bubblewrap    the argument list for bubblewrap, the first choice
landlock      Landlock, for machines that forbid user namespaces
seccomp       the system call filter, for both confinements
zygote        the process inside that has its libraries loaded and forks for every run
lockdown      limits that a forked child puts on itself before it runs any code
script        runs a program in the child
candidate     runs a candidate in the child, and answers the examiner's calls
actions       what the examiner may have done to the candidate's objects
examiner      runs hidden tests in another child, against the candidate
reading       what the text of the tests tells before they run
standin       stand-ins, in the examiner, for the candidate's objects
link          one end of the pipe between candidate and examiner
plain         values that may pass between them
replicas      mutable values of which both hold a replica
raising       exceptions that pass between them
wire          messages between the processes
tape          the buffer that holds a run's output
ending        exit codes of the children
"""
