"""A critic that gives scores and no words: a model with one number per token, read at the end of each step.

A score is the probability that the path can still succeed; a fixed rule turns scores into a verdict. The scorer sees
only the problem and the steps, not rejected steps or evidence, so it learns from labelled steps alone. Importing this
module does not import torch.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from longthought.agents.agent import Reply
from longthought.agents.dialects import prompts
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.dialects.thinkers import VOICES
from longthought.agents.in_process.classifier import Scoring
from longthought.agents.view import View
from longthought.errors import ModelError
from longthought.problems.problem import Problem
from longthought.schema import expect_readable
from longthought.telemetry.observation import observed
from longthought.trajectories.events import Action, Call, Usage, Verdict

SCHEMA_VERSION: Final = 1
FILE: Final = "scorer.json"
"""The file that marks the folder of a scorer and holds its dialect and threshold."""


def problem_text(dialect: str, problem: Problem) -> str:
    """Return a problem as scorers see it: in the same words that thinkers are asked in and training data hold."""
    return VOICES[dialect].ask(problem)[-1].text


def pieces(dialect: str, problem: str, steps: Sequence[str]) -> list[str]:
    """Return the pieces of text that a scorer reads, each tokenized separately: the problem, then one per step.

    The score of a step stands at the last token of its piece. Training and judging both use this function, so they
    can't drift apart.
    """
    if dialect == "compact":
        return [problem, *(f"step {step}" for step in steps)]
    numbered = (prompts.STEP.format(number=number, text=text) for number, text in enumerate(steps, start=1))
    return [f"{problem}\n\n", *numbered]


class Scorer:
    """A judge that accepts steps with a score of at least a threshold; see `longthought.agents.agent.Judge`."""

    def __init__(self, path: str) -> None:
        """Read the folder's dialect and threshold; its weights are loaded with the first request.

        Raises:
            ModelError: if it isn't the folder of a scorer.

        """
        self.name = f"scorer:{path}"
        self._dialect, self.threshold = _read(Path(path).expanduser())
        self._scoring = Scoring(Path(path).expanduser())

    def unsuitable(self, view: View) -> str | None:
        """Return why it can't work on a problem; None if it can."""
        return Compact().unsuitable(view) if self._dialect == "compact" else None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Score the candidate and the steps before it, and turn the scores into a verdict."""
        new = view.candidate
        assert new is not None
        began = time.perf_counter()
        problem = problem_text(self._dialect, view.problem)
        attributes = {
            "gen_ai.operation.name": "score", "gen_ai.provider.name": "scorer", "gen_ai.agent.name": "critic",
            "gen_ai.request.model": self.name.partition(":")[2], "gen_ai.conversation.id": view.trajectory or None,
        }  # fmt: skip
        with observed(f"score {attributes['gen_ai.request.model']}", attributes, run="chain") as span:
            result = await self._scoring.score(pieces(self._dialect, problem, [*view.path, new.text]))
            span.add({"gen_ai.usage.input_tokens": result.tokens})
            span.output({"scores": result.scores})
        usage = Usage(prompt=result.tokens)
        call = Call(model=self.name, text="", usage=usage, latency=time.perf_counter() - began)
        if not result.scores:
            return Reply(Unreadable(f"the path has {result.tokens} tokens, more than the scorer can take"), (call,))
        score = result.scores[-1]
        if score >= self.threshold:
            action = Action.CONTINUE if new.answer is None else Action.TERMINATE
            return Reply(Verdict(action=action, score=round(score, 4), critique=""), (call,))
        target = self._backtrack_target(view, result.scores[:-1])
        return Reply(Verdict(action=Action.BACKTRACK, target=target, score=round(score, 4), critique=""), (call,))

    async def aclose(self) -> None:
        """Release the model."""
        self._scoring.close()

    def _backtrack_target(self, view: View, scores: Sequence[float]) -> int:
        """Return the deepest node on the path whose score, lowered by its failures, reaches the threshold."""
        failed = len(view.attempts) + 1
        for node, score in zip(reversed(view.path_nodes), reversed(scores), strict=True):
            if lowered(score, failed) >= self.threshold:
                return node
            failed = 0  # the view does not hold the steps tried further up
        return 0


def lowered(score: float, failed: int) -> float:
    """Lower the score of a node by the number of steps that failed from it: each failure halves the odds.

    This is Bayes' rule if half of the proposals from a promising node succeed and none from a lost one.
    """
    odds = score * 0.5**failed
    return odds / (odds + 1 - score) if odds else 0.0


def _read(path: Path) -> tuple[str, float]:
    file = path / FILE
    try:
        fields: Any = cast("dict[str, Any]", json.loads(file.read_text()))
        version, dialect, threshold = fields["schema_version"], str(fields["dialect"]), float(fields["threshold"])
    except OSError as error:
        raise ModelError(
            f"scorer:{path}: no {FILE} there; name a folder that `longthought train scorer` wrote, or use "
            f"transformers:{path} if it holds a critic that writes"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file}: can't be read ({error}); train the scorer again") from error
    expect_readable(file, "a scorer", version, SCHEMA_VERSION, ModelError)
    return dialect, threshold
