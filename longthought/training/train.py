"""The front door to training: one function for every method, which loads torch only when it is called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from longthought.errors import ConfigError
from longthought.extras import expect_installed
from longthought.request import expect
from longthought.training.request import TrainingRequest

PACKAGES: Final = ("torch", "transformers", "datasets", "trl", "peft", "accelerate")


def train(
    data: str | Path,
    out: str | Path,
    request: TrainingRequest | None = None,
    *,
    say: Callable[[str], object] = lambda _: None,
    command: str = "",
    **settings: Any,
) -> dict[str, Any]:
    """Fine-tune an agent on exported data into a folder that can be used at once.

    On a folder already begun, the same call resumes from its last checkpoint.

        lt.train("data/policy", "models/policy", method="sft", base="bundled:countdown")
        lt.solve(problem, policy="transformers:models/policy")

    Args:
        data: The folder that `lt.export` or `longthought export` wrote.
        out: The folder of the trained model.
        request: The settings as one value; leave it out to give them by name.
        say: Called with one line for each thing that is done.
        command: The command line, for the model card.
        settings: The fields of `TrainingRequest`: method, base, lora_rank, epochs, batch, ….

    Returns:
        The facts of the training, as they stand in `training.json`.

    Raises:
        UserError: if data, base or settings make no sense, or a package is missing; nothing has been written then.

    """
    expect("the path of a folder", str, Path, data=data, out=out)
    expect("a function of a line", Callable, say=say)
    request = TrainingRequest.given(request, settings)
    expect_installed(PACKAGES, "train", "training", ConfigError)
    if request.method == "probe":
        from longthought.training.probe.fit import fit_probe

        return fit_probe(request, Path(data), Path(out), say=say, command=command)
    from longthought.training.fine_tuning import fine_tune
    from longthought.training.methods import METHODS

    return fine_tune(METHODS[request.method](), request, Path(data), Path(out), say=say, command=command)
