"""Loading a model folder into an engine, with errors that say what is missing.

Importing this module does not import torch, so that a missing extra is one clear line.
"""

import importlib.util
import os
import re
from pathlib import Path
from typing import Any, Literal

from longthought.agents.in_process import lora
from longthought.agents.in_process.engine import Engine
from longthought.errors import ModelError

EngineName = Literal["continuous", "static"]
"""`continuous` shares prefixes and lets requests come and go; `static` is plain batched `generate`."""

_PATIENCE = 10.0
"""Seconds for the hub to say whether it has a model."""
TINY = 50_000_000
"""Below this many parameters a second torch thread costs more than it brings."""


def load_engine(
    path_or_name: str | Path,
    *,
    device: str | None = None,
    kind: EngineName = "continuous",
    seed: int = 0,
    threads: int | None = None,
) -> tuple[Engine, Any]:
    """Load a model and its tokenizer, in evaluation mode.

    Args:
        path_or_name: a folder written by `save_pretrained`, of a whole model or of an adapter, which is merged into its
            base; or the name of a model on the Hugging Face hub.
        device: where to run, such as `cpu` or `cuda:0`; by default an accelerator if there is one.
        kind: which engine.
        seed: where sampling starts from.
        threads: torch threads of this whole process; by default 1 for a model under 50 million parameters on CPU,
            unless `OMP_NUM_THREADS` says otherwise, and torch's own choice for a larger one.

    Returns:
        The engine and the transformers tokenizer.

    Raises:
        ModelError: if torch or transformers is missing, or there is no such model.

    """
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            raise ModelError(
                f"{path_or_name}: running a model in this process needs {package}, which isn't installed; "
                "run `pip install 'longthought[local]'`."
            )
    source = locate(str(path_or_name))
    added = Path(source) if lora.is_adapter(Path(source)) else None
    base = source if added is None else lora.base_of(added)

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    on_cpu = place.type == "cpu"
    models: Any = AutoModelForCausalLM  # the types of transformers are partial
    tokenizers: Any = AutoTokenizer
    try:
        own = added is None or (added / "tokenizer_config.json").is_file()
        tokenizer = tokenizers.from_pretrained(source if own else base)
        model = models.from_pretrained(base, dtype=torch.float32 if on_cpu else "auto").to(place)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"{path_or_name}: not a model that transformers can load ({reason}); "
            "save one with model.save_pretrained(PATH) and tokenizer.save_pretrained(PATH)."
        ) from error
    if added is not None:
        model = lora.merged(model, added)
    if on_cpu and threads is None and "OMP_NUM_THREADS" not in os.environ and model.num_parameters() < TINY:
        threads = 1
    if threads is not None:
        torch.set_num_threads(threads)
    return start_engine(model, kind=kind, seed=seed), tokenizer


def start_engine(model: Any, *, kind: EngineName = "continuous", seed: int = 0) -> Engine:
    """Put an engine around a transformers model that is already loaded."""
    if kind == "static":
        from longthought.agents.in_process.static import StaticEngine

        return StaticEngine(model, seed=seed)
    from longthought.agents.in_process.continuous import ContinuousEngine

    return ContinuousEngine(model, seed=seed)


def locate(path_or_name: str) -> str:
    """Tell a folder from a model on the hub, and refuse what is neither.

    Raises:
        ModelError: saying what is there instead.

    """
    folder = Path(path_or_name).expanduser()
    if (folder / "config.json").is_file() or lora.is_adapter(folder):
        return str(folder)
    if (folder / "training.json").is_file():
        raise ModelError(
            f"{path_or_name}: the training there is unfinished; run its `longthought train …` again, which goes on "
            "where it stopped"
        )
    if folder.exists():
        found = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) if folder.is_dir() else "a file"
        raise ModelError(
            f"{path_or_name}: no config.json there (it holds: {found or 'nothing'}); name the folder that "
            "model.save_pretrained(PATH) and tokenizer.save_pretrained(PATH) wrote."
        )
    if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", path_or_name) and not folder.parent.exists():
        expect_on_hub(path_or_name)
        return path_or_name
    near = next(p for p in (*folder.absolute().parents,) if p.exists())
    raise ModelError(
        f"{path_or_name}: no such folder (what exists is {near}), and no hub name of the form owner/name; "
        "write a model with model.save_pretrained(PATH) and tokenizer.save_pretrained(PATH), then name PATH."
    )


def expect_on_hub(name: str) -> None:
    """Raise unless the hub has a model, or it was fetched before; asked once, where loaders ask for file after file.

    Raises:
        ModelError: if it can't be had.

    """
    from huggingface_hub import model_info, try_to_load_from_cache

    files = ("config.json", "tokenizer_config.json")
    try:
        if not any(isinstance(try_to_load_from_cache(name, file), str) for file in files):
            model_info(name, timeout=_PATIENCE)
    except Exception as error:  # of whichever HTTP library the hub's own uses, or since that is no name
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"{name}: there is no such folder, and the hub doesn't give it ({said}); check the name and the network"
        ) from error
