"""The front door to reinforcement: one function for every role, which loads torch only when it is called."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from longthought.agents.catalogue import dialect_of
from longthought.agents.model import BUNDLED_MODEL
from longthought.errors import ConfigError
from longthought.extras import expect_installed
from longthought.request import expect
from longthought.training.request import ReinforcementRequest, TrainingRequest
from longthought.training.train import PACKAGES


def reinforce(
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    request: ReinforcementRequest | None = None,
    *,
    say: Callable[[str], object] = lambda _: None,
    command: str = "",
    **settings: Any,
) -> dict[str, Any]:
    """Train an agent by reinforcement (GRPO) into a folder that can be used at once.

    On a folder already begun, the same call resumes from its last checkpoint.

        lt.reinforce("train.jsonl", "models/thinker-rl", base="models/thinker")
        lt.reinforce("train.jsonl", "models/policy-rl", role="policy", base="bundled:countdown")
        lt.reinforce("runs/train", "models/critic-rl", role="critic", base="bundled:countdown")

    Args:
        source: A file of problems for a thinker, or for the whole debates of a policy or a critic; run folders
            for single turns.
        out: The folder of the trained model.
        request: The settings as one value; leave it out to give them by name.
        say: Called with one line for each thing that is done.
        command: The command line, for the model card.
        settings: The fields of `ReinforcementRequest`: role, base, rewards, group, batch, steps, ….

    Returns:
        The facts of the training, as they stand in `training.json`.

    Raises:
        UserError: if source, base, rewards or settings make no sense, or a package is missing; nothing has been written
            then.
        RunError: if the agent collapsed before the first checkpoint.

    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    for one in sources:
        expect("a file of problems or a run folder", str, Path, source=one)
    if not sources:
        raise ConfigError("`source` is missing: name a file of problems, or run folders")
    expect("the path of a folder", str, Path, out=out)
    expect("a function of a line", Callable, say=say)
    request = ReinforcementRequest.given(request, settings)
    expect_installed(PACKAGES, "train", "training", ConfigError)
    from longthought.training.data.states import prompts_of
    from longthought.training.fine_tuning import fine_tune
    from longthought.training.reinforcement.grpo import GroupLearning

    dialect = request.dialect
    if dialect is None:
        dialect = _spoken(request.base or BUNDLED_MODEL)
    prompts = prompts_of([Path(one) for one in sources], request, dialect)
    for reason, count in prompts.left_out if os.environ.get("RANK", "0") == "0" else ():  # one of several processes
        say(f"left out: {count:,} {reason}")
    return fine_tune(GroupLearning(), request, prompts, Path(out), say=say, command=command)


def expect_teachable(request: TrainingRequest, *, judged: bool = False) -> None:
    """Raise unless the names in a request can be had: of schedule and tracker, of rewards, of settings of TRL.

    Args:
        request: The settings of a training.
        judged: Whether the judge of its rewards will be there later.

    Raises:
        ConfigError: naming the setting.

    """
    expect_installed(PACKAGES, "train", "training", ConfigError)
    from longthought.training.fine_tuning import expect_known_names

    expect_known_names(request)
    if isinstance(request, ReinforcementRequest):
        from longthought.training.reinforcement.grpo import grpo_settings
        from longthought.training.reinforcement.rewards.table import expect_named

        grpo_settings(request)
        expect_named(request.rewards, judged=judged or request.judge is not None)


def _spoken(base: str) -> str:
    """Return the dialect in which a base was trained."""
    if base.startswith("new:"):
        return "compact"
    name = base if base.partition(":")[0] in ("bundled", "transformers") else f"transformers:{base}"
    return dialect_of(name).name.removesuffix("-thought")
