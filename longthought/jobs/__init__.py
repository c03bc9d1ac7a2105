"""Jobs: many debates in one run folder, over processes or a cluster, resumable at every event.

request    what a job is asked to do
preflight  checks before anything is written
scheduler  the agenda of a job, from its problems and its log
generate   a job in this process, and the runner that plays one debate
dispatch   a job spread over workers, and what a worker must offer
executors  the workers of a request: processes or Ray actors
local      processes of this machine as workers
worker     the program that such a process runs
ray        actors of a Ray cluster as workers
probation  failures of the first debates, held back until it is known whose fault they are
gates      a limited number of requests in flight, those of the oldest debate first
grading    the grade of a debate that has ended
progress   the counts of a job, and its summary
pace       the rates of a job, and the time left
metrics    the counts as OpenMetrics on a local port
upload     a copy of the run folder on shared storage
vllm       a vLLM server that runs as long as the job
thread     an async job for code without an event loop
"""
