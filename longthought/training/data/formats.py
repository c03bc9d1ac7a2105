"""The formats of training data: what they are for, and how a debate becomes rows of each.

Columns are those of TRL (https://huggingface.co/docs/trl/dataset_formats): conversational prompt and completion, or
prompt, chosen and rejected; and stepwise supervision for step labels.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from longthought.agents.dialects.dialect import Dialect
from longthought.training.data import critic_rows, policy_rows, scorer_rows, thinker_rows
from longthought.training.data.annotated import AnnotatedDebate
from longthought.training.data.rows import PairCandidate, Ruler, TrainingRow, messages
from longthought.training.data.thinker_rows import Telling


class Format(StrEnum):
    """What the rows teach."""

    JOURNEY = "sft-journey"
    """To think a problem through alone, with wrong turns and corrections."""
    SHORTCUT = "sft-shortcut"
    """To think it through without any: the twin of a journey."""
    POLICY = "policy"
    """To propose steps that lead to a right answer."""
    CRITIC = "critic"
    """To judge steps rightly."""
    DPO_POLICY = "dpo-policy"
    """To prefer steps, or whole thoughts, that lead to a right answer."""
    DPO_CRITIC = "dpo-critic"
    """To prefer verdicts that were borne out."""
    STEP_LABELS = "step-labels"
    """To score steps."""


ROLES: Final[Mapping[Format, str]] = {
    Format.JOURNEY: "thinker",
    Format.SHORTCUT: "thinker",
    Format.POLICY: "policy",
    Format.CRITIC: "critic",
    Format.DPO_POLICY: "policy",
    Format.DPO_CRITIC: "critic",
    Format.STEP_LABELS: "critic",
}
TWINS: Final = frozenset({Format.JOURNEY, Format.SHORTCUT})
PAIRED: Final = frozenset({Format.DPO_POLICY, Format.DPO_CRITIC})


def shape(wanted: Format) -> str:
    """Return the name of TRL's dataset type."""
    if wanted is Format.STEP_LABELS:
        return "stepwise supervision"
    return "preference" if wanted in PAIRED else "prompt-completion"


@dataclass(frozen=True)
class RowMaker:
    """Makes rows of debates."""

    dialect: Dialect
    telling: Telling
    ruler: Ruler
    samples: bool = False
    """Whether `dpo-policy` pairs whole debates, told as thoughts, instead of steps from one node."""

    def rows(
        self, wanted: Format, debate: AnnotatedDebate, left_out: Counter[str]
    ) -> Iterator[TrainingRow | PairCandidate]:
        """Yield what a debate gives in a format; what is left out, and why, is counted."""
        match wanted:
            case Format.JOURNEY | Format.SHORTCUT:
                return thinker_rows.twins(debate, self.telling, self.ruler, wanted, left_out)
            case Format.POLICY:
                return policy_rows.policy_rows(debate, self.dialect, self.ruler, left_out)
            case Format.CRITIC:
                return critic_rows.critic_rows(debate, self.dialect, self.ruler, left_out)
            case Format.DPO_POLICY if self.samples:
                return thinker_rows.whole_samples(debate.trajectory, debate.source, self.telling, left_out)
            case Format.DPO_POLICY:
                return policy_rows.policy_candidates(debate, self.dialect, left_out)
            case Format.DPO_CRITIC:
                return critic_rows.critic_candidates(debate, self.dialect, left_out)
            case Format.STEP_LABELS:
                asked = messages(self.telling.voice.ask(debate.trajectory.problem))
                return scorer_rows.step_label_rows(debate, asked[-1]["content"], self.ruler, left_out)

    def role(self, wanted: Format) -> str:
        """Return who learns from a format."""
        return "thinker" if wanted is Format.DPO_POLICY and self.samples else ROLES[wanted]
