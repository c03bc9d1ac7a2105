"""Loading of a model folder into an engine.

Importing this module does not import torch, so that a missing extra is reported in one clear line.
"""

import os
import re
from pathlib import Path
from typing import Any, Literal

from longthought.agents.in_process import lora
from longthought.agents.in_process.engine import Engine
from longthought.agents.in_process.quiet import quietly
from longthought.errors import ModelError
from longthought.extras import expect_installed

EngineName = Literal["continuous", "static"]
"""`continuous` shares prefixes and batches at every token; `static` is plain batched `generate`."""

_HUB_SECONDS = 10.0
"""Maximum number of seconds for the hub to say whether it has a model."""
TINY = 50_000_000
"""Number of parameters below which a second torch thread makes a model slower."""


def load_engine(
    path_or_name: str | Path,
    *,
    device: str | None = None,
    kind: EngineName = "continuous",
    seed: int = 0,
    name: str | None = None,
) -> tuple[Engine, Any]:
    """Load a model and its tokenizer, in evaluation mode.

    On CPU, a model under `TINY` parameters sets this whole process to one torch thread, unless `OMP_NUM_THREADS` is
    set.

    Args:
        path_or_name: a folder written by `save_pretrained`, of a whole model or of an adapter, which is merged into its
            base; or the name of a model on the Hugging Face hub.
        device: device of the model, such as `cpu` or `cuda:0`; by default an accelerator if there is one.
        kind: kind of engine.
        seed: seed of sampling.
        name: the model's name in the log of what is loaded; by default the path.

    Returns:
        The engine and the transformers tokenizer.

    Raises:
        ModelError: if torch or transformers is missing, or there is no such model.

    """
    expect_packages(str(path_or_name))
    source = locate(str(path_or_name))
    with quietly(name or str(path_or_name)):
        model, tokenizer = _load(str(path_or_name), source, device)
    if model.device.type == "cpu" and "OMP_NUM_THREADS" not in os.environ and model.num_parameters() < TINY:
        import torch

        torch.set_num_threads(1)
    return start_engine(model, kind=kind, seed=seed), tokenizer


def load_model(path_or_name: str | Path, *, device: str | None = None) -> tuple[Any, Any]:
    """Load a model without an engine, as `load_engine` does, and its tokenizer.

    Raises:
        ModelError: if torch or transformers is missing, or there is no such model.

    """
    expect_packages(str(path_or_name))
    source = locate(str(path_or_name))
    with quietly(str(path_or_name)):
        return _load(str(path_or_name), source, device)


def _load(name: str, source: str, device: str | None) -> tuple[Any, Any]:
    """Return the model of a folder or of the hub, any adapter merged into it, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    adapter = Path(source) if lora.is_adapter(Path(source)) else None
    base = source if adapter is None else lora.base_of(adapter)
    target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    models: Any = AutoModelForCausalLM  # the types of transformers are partial
    tokenizers: Any = AutoTokenizer
    try:
        has_tokenizer = adapter is None or (adapter / "tokenizer_config.json").is_file()
        tokenizer = tokenizers.from_pretrained(source if has_tokenizer else base)
        model = models.from_pretrained(base, dtype=torch.float32 if target.type == "cpu" else "auto").to(target)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"{name}: not a model that transformers can load ({reason}); "
            "save one with model.save_pretrained(PATH) and tokenizer.save_pretrained(PATH)."
        ) from error
    return (model if adapter is None else lora.merged(model, adapter)), tokenizer


def expect_packages(name: str) -> None:
    """Raise unless the packages that run models in this process are installed.

    Raises:
        ModelError: naming those that are missing, and what to install.

    """
    expect_installed(("torch", "transformers"), "local", f"{name}: running a model in this process", ModelError)


def start_engine(model: Any, *, kind: EngineName = "continuous", seed: int = 0) -> Engine:
    """Create an engine for a transformers model that is already loaded."""
    if kind == "static":
        from longthought.agents.in_process.static import StaticEngine

        return StaticEngine(model, seed=seed)
    from longthought.agents.in_process.continuous import ContinuousEngine

    return ContinuousEngine(model, seed=seed)


def locate(path_or_name: str) -> str:
    """Return the path of a model folder, or a name on the hub.

    Raises:
        ModelError: if it is neither; its message says what was found instead.

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
        content = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) if folder.is_dir() else "a file"
        raise ModelError(
            f"{path_or_name}: no config.json there (it holds: {content or 'nothing'}); name the folder that "
            "model.save_pretrained(PATH) and tokenizer.save_pretrained(PATH) wrote."
        )
    if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", path_or_name) and not folder.parent.exists():
        expect_on_hub(path_or_name)
        return path_or_name
    existing = next(parent for parent in folder.absolute().parents if parent.exists())
    raise ModelError(
        f"{path_or_name}: no such folder (what exists is {existing}), and no hub name of the form owner/name; "
        "write a model with model.save_pretrained(PATH) and tokenizer.save_pretrained(PATH), then name PATH."
    )


def expect_on_hub(name: str) -> None:
    """Check that the hub has a model, or that it is cached, with one request where loaders make one per file.

    Raises:
        ModelError: if it is not available.

    """
    from huggingface_hub import model_info, try_to_load_from_cache

    files = ("config.json", "tokenizer_config.json")
    try:
        if not any(isinstance(try_to_load_from_cache(name, file), str) for file in files):
            model_info(name, timeout=_HUB_SECONDS)
    except Exception as error:  # from the HTTP library of the hub's client, or because the name is invalid
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"{name}: there is no such folder, and the hub doesn't give it ({reason}); check the name and the network"
        ) from error
