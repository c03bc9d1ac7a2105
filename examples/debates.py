"""The debate as a plugin of `verifiers`, in which policy and critic are seats that a trainer can train.

In this folder: `vf-eval debates -m NAME --client.base-url http://localhost:8000/v1 --client.api-key-var KEY
--env.taskset.problems problems.jsonl --no-push`, with any value in the environment variable KEY.
"""

from longthought.training.environments.seats import DebateEnv, DebateTaskset

__all__ = ["DebateEnv", "DebateTaskset"]
