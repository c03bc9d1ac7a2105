"""A critic that gives scores and no words: a model with a head of one number a token, read at the end of each step.

It says how likely the path is to succeed yet; what the debate does follows from that by rule. It sees the problem and
the steps alone, not what was rejected or what tools found, so all it learns from is steps with labels. Importing this
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
from longthought.trajectories.events import Action, Call, Usage, Verdict

SCHEMA_VERSION: Final = 1
FILE: Final = "scorer.json"
"""Marks a folder as a scorer's, and holds its dialect and threshold."""


def asked(dialect: str, problem: Problem) -> str:
    """Return a problem as scorers are shown it, which is how thinkers are asked and how training data hold it."""
    return VOICES[dialect].ask(problem)[-1].text


def written(dialect: str, problem: str, steps: Sequence[str]) -> list[str]:
    """Put a problem and steps into pieces, each tokenized by itself; the score of a step stands at its last token.

    Training and judging both write with this function, so the two can't drift apart.
    """
    if dialect == "compact":
        return [problem, *(f"step {step}" for step in steps)]
    numbered = (prompts.STEP.format(number=at, text=text) for at, text in enumerate(steps, start=1))
    return [f"{problem}\n\n", *numbered]


class Scorer:
    """A judge that goes on while its score is at or above a threshold; see `longthought.agents.agent.Judge`."""

    def __init__(self, path: str) -> None:
        """Read what the folder says of itself; its weights are loaded when first needed.

        Raises:
            ModelError: if it isn't a scorer's folder.

        """
        self.name = f"scorer:{path}"
        self._dialect, self.threshold = _read(Path(path).expanduser())
        self._scoring = Scoring(Path(path).expanduser())

    def unsuitable(self, view: View) -> str | None:
        """Say why it can't take a problem on; None if it can."""
        return Compact().unsuitable(view) if self._dialect == "compact" else None

    async def judge(self, view: View) -> Reply[Verdict]:
        """Score the candidate, and the steps before it by the way."""
        new = view.candidate
        assert new is not None
        began = time.perf_counter()
        pieces = written(self._dialect, asked(self._dialect, view.problem), [*view.path, new.text])
        found = await self._scoring.score(pieces)
        usage = Usage(prompt=found.tokens)
        call = Call(model=self.name, text="", usage=usage, latency=time.perf_counter() - began)
        if not found.scores:
            return Reply(Unreadable(f"the path has {found.tokens} tokens, more than the scorer can take"), (call,))
        own = found.scores[-1]
        if own >= self.threshold:
            action = Action.CONTINUE if new.answer is None else Action.TERMINATE
            return Reply(Verdict(action=action, score=round(own, 4), critique=""), (call,))
        target = self._return(view, found.scores[:-1])
        return Reply(Verdict(action=Action.BACKTRACK, target=target, score=round(own, 4), critique=""), (call,))

    async def aclose(self) -> None:
        """Let go of the model."""
        self._scoring.close()

    def _return(self, view: View, scores: Sequence[float]) -> int:
        """Choose the deepest step that there is still hope for."""
        failed = len(view.attempts) + 1
        for node, score in zip(reversed(view.path_nodes), reversed(scores), strict=True):
            if hope(score, failed) >= self.threshold:
                return node
            failed = 0  # what was tried further up is not in view
        return 0


def hope(score: float, failed: int) -> float:
    """Lower a score by what has failed from there: each failure halves the odds.

    So it is, by Bayes' rule, if every second proposal from a good place is good, and from a lost one none.
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
