"""LoRA adapter folders: the base of each, and the merging of the two into one model.

An adapter is merged into its base before the engine sees it, so that it adds no cost to a step. Importing this file
does not import torch.
"""

import json
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from longthought.errors import ModelError
from longthought.extras import expect_installed

CONFIG: Final = "adapter_config.json"


def is_adapter(folder: Path) -> bool:
    """Say whether a folder was written by peft's `save_pretrained`."""
    return (folder / CONFIG).is_file()


def base_of(folder: Path) -> str:
    """Return the folder or hub name of the model that an adapter was trained on.

    Raises:
        ModelError: if the adapter names no base, its base is missing, or peft isn't installed.

    """
    expect_installed(("peft",), "train", f"{folder}: loading an adapter", ModelError)
    try:
        base = json.loads((folder / CONFIG).read_text()).get("base_model_name_or_path")
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / CONFIG}: not readable ({error}); train the adapter again.") from error
    if not base:
        raise ModelError(f"{folder}: its {CONFIG} names no base; write its folder to base_model_name_or_path there.")
    if Path(base).is_absolute() and not (Path(base) / "config.json").is_file():
        raise ModelError(
            f"{folder}: its base {base} is no longer there; "
            f"put it back, or write its new place to base_model_name_or_path in {folder / CONFIG}."
        )
    return str(base)


@contextmanager
def old_names_allowed() -> Generator[None]:
    """Silence the warning about a property of transformers that PEFT and TRL use by its old name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def merged(model: Any, folder: Path) -> Any:
    """Return a loaded base with the weights of an adapter merged into it.

    Raises:
        ModelError: if the adapter doesn't fit the base.

    """
    from peft import PeftModel

    loader: Any = PeftModel  # its types are partial
    try:
        with old_names_allowed():
            adapted = loader.from_pretrained(model, str(folder))
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{folder}: doesn't fit its base ({str(error).strip().splitlines()[0]}); train it again."
        ) from error
    return adapted.merge_and_unload()
