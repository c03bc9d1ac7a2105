"""The dialect of critics that answer in one word: the probability of *yes* is the score.

A written number says little about what a small model believes; the probability of its next token says more, and costs
one token. After Kadavath et al., "Language Models (Mostly) Know What They Know", 2022.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.dialects.programs import request
from longthought.agents.dialects.prose import Prose, expect_candidate
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.view import View
from longthought.trajectories.events import Action, Verdict

WORDS: Final = ("Yes", "No")
"""The two verdicts."""
_WORDS: Final = {word.lower(): word == WORDS[0] for word in WORDS}


class YesNo(Prose):
    """A critic's dialect of one word; a policy in it speaks prose."""

    name = "yes-no"
    repairs = 0
    begins = True

    def __init__(self, sure: float | None = None) -> None:
        """Create the dialect of a critic that accepts from the probability `sure` of *yes*; None goes by the word."""
        super().__init__()
        self.sure = sure

    def ask_critic(self, view: View) -> list[BaseMessage]:
        """Ask below the policy's own reply whether all is right; a server that keeps prefixes has read the rest."""
        new = expect_candidate(view)
        wrote = request(view.problem) if view.program else self.ask_policy(view.asked)
        question = prompts.IS_PATH_RIGHT if new.answer is None else prompts.IS_RIGHT.format(answer=new.answer)
        reply = without_thinking(view.reply).strip() or new.text
        return [*wrote, AIMessage(reply), HumanMessage(f"{self.found(view)}{question}")]

    def read_verdict(self, reply: str, view: View, logprobs: Sequence[float] | None = None) -> Verdict | Unreadable:
        """Read the first word; without `logprobs` the score is 1 or 0."""
        said = without_thinking(reply)
        words = said.split()
        holds = _WORDS.get(words[0].strip("*.,:;!\"'").lower()) if words else None
        if holds is None:
            return Unreadable("it begins with neither yes nor no")
        begins = re.match(r" ?\w", said) or not logprobs or len(logprobs) < 2  # else `**` or a line comes first
        sure = min(1.0, math.exp(logprobs[0 if begins else 1])) if logprobs else 1.0
        score = sure if holds else min(1 - sure, 0.5)  # what isn't No need not be Yes
        right = Action.TERMINATE if view.answers else Action.CONTINUE
        accepts = holds if self.sure is None else score >= self.sure
        return Verdict(action=right if accepts else Action.BACKTRACK, score=round(score, 4))

    def write_verdict(self, verdict: Verdict, view: View) -> str | None:
        """Write the word; None for a verdict that names a step or gives reasons."""
        if verdict.action is Action.REFLECT or verdict.target is not None or verdict.critique:
            return None
        return WORDS[verdict.action is Action.BACKTRACK]

    def critic_options(self, view: View) -> Mapping[str, Any]:
        """Request the probability of one short word."""
        return {"logprobs": True, "max_tokens": 2}
