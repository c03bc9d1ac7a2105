"""The formats of training data: the role each is for, and how a debate becomes its rows.

Columns are those of TRL (https://huggingface.co/docs/trl/dataset_formats): conversational prompt and completion, or
prompt, chosen and rejected; and stepwise supervision for step labels.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from longthought.agents.dialects.dialect import Dialect
from longthought.training.data import critic_rows, policy_rows, scorer_rows, thinker_rows
from longthought.training.data.annotated import AnnotatedDebate
from longthought.training.data.request import Format, FromTools
from longthought.training.data.rows import PairCandidate, Ruler, TrainingRow, messages
from longthought.training.data.thinker_rows import Telling

ROLES: Final[Mapping[Format, str]] = {
    Format.JOURNEY: "thinker",
    Format.SHORTCUT: "thinker",
    Format.POLICY: "policy",
    Format.CRITIC: "critic",
    Format.DPO_POLICY: "policy",
    Format.DPO_CRITIC: "critic",
    Format.STEP_LABELS: "critic",
    Format.STEP_VALUES: "critic",
}
TWINS: Final = frozenset({Format.JOURNEY, Format.SHORTCUT})
SCORED: Final = frozenset({Format.STEP_LABELS, Format.STEP_VALUES})
"""Formats of critics that give numbers and no words."""
PAIRED: Final = frozenset({Format.DPO_POLICY, Format.DPO_CRITIC})


def shape(wanted: Format) -> str:
    """Return the name of TRL's dataset type."""
    if wanted in SCORED:
        return "stepwise supervision"
    return "preference" if wanted in PAIRED else "prompt-completion"


@dataclass(frozen=True)
class RowMaker:
    """Makes rows of debates."""

    dialect: Dialect
    telling: Telling
    ruler: Ruler
    pair_by: Literal["siblings", "samples"] = "siblings"
    """Whether `dpo-policy` pairs steps from one node, or whole debates, told as thoughts."""
    from_tools: FromTools | None = None
    """What a policy or a critic also learns from tools alone."""
    worded: Mapping[str, Dialect] = field(default_factory=dict[str, Dialect])
    """By run: the dialect with the texts that its agents were asked in, where these aren't the usual ones."""

    def rows(
        self, wanted: Format, debate: AnnotatedDebate, left_out: Counter[str]
    ) -> Iterator[TrainingRow | PairCandidate]:
        """Yield the rows of a debate in a format; what is left out is counted by reason."""
        dialect = self.worded.get(debate.source.run, self.dialect)
        match wanted:
            case Format.JOURNEY | Format.SHORTCUT:
                return thinker_rows.twins(debate, self.telling, self.ruler, wanted, left_out)
            case Format.POLICY:
                return policy_rows.policy_rows(debate, dialect, self.ruler, self.from_tools, left_out)
            case Format.CRITIC:
                return critic_rows.critic_rows(debate, dialect, self.ruler, self.from_tools, left_out)
            case Format.DPO_POLICY if self.pair_by == "samples":
                return thinker_rows.whole_samples(debate.trajectory, debate.source, self.telling, left_out)
            case Format.DPO_POLICY:
                return policy_rows.policy_candidates(debate, dialect, left_out)
            case Format.DPO_CRITIC:
                return critic_rows.critic_candidates(debate, dialect, left_out)
            case Format.STEP_LABELS | Format.STEP_VALUES:
                asked = messages(self.telling.voice.ask(debate.trajectory.problem))
                make = scorer_rows.label_rows if wanted is Format.STEP_LABELS else scorer_rows.value_rows
                return make(debate, asked[-1]["content"], self.ruler, left_out)

    def role(self, wanted: Format) -> str:
        """Return the role that learns from a format."""
        return "thinker" if wanted is Format.DPO_POLICY and self.pair_by == "samples" else ROLES[wanted]
