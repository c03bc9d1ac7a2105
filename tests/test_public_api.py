"""The exported names: every one of them is there, and nothing else is promised."""

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import longthought as lt
from longthought.errors import LongthoughtError


def test_every_exported_name_resolves() -> None:
    for name in lt.__all__:
        assert getattr(lt, name) is not None
    assert sorted(lt.__all__) == dir(lt)
    assert lt.__all__ == sorted(lt.__all__)


def test_the_names_of_the_docs_are_exported() -> None:
    promised = {
        *("solve", "asolve", "generate", "evaluate", "label", "export", "train", "policy", "critic", "load"),
        *("Run", "Problem", "Task", "Trajectory", "Domain", "Reference"),
    }
    assert promised <= set(lt.__all__)
    assert asyncio.iscoroutinefunction(lt.asolve)
    assert inspect.isgeneratorfunction(lt.generate)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'slove'"):
        lt.slove  # noqa: B018  # pyright: ignore


def test_everything_exported_is_documented() -> None:
    for name in lt.__all__:
        if not name.startswith("__"):
            assert inspect.getdoc(getattr(lt, name)), name


# Arguments of a wrong type.

STATEMENT = "Use 3, 7, 16 and 20, each once, to make 46."
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "solve": (lt.solve, {"problem": STATEMENT}),
    "generate": (lambda **given: list(lt.generate(**given)), {"problems": [STATEMENT], "out": "run"}),
    "evaluate": (lt.evaluate, {"problems": [STATEMENT], "out": "compared", "strategies": ["greedy"]}),
    "label": (lt.label, {"run": "run"}),
    "export": (lt.export, {"runs": "run", "out": "data"}),
    "train": (lt.train, {"data": "data", "out": "model", "method": "sft", "base": "bundled:countdown"}),
    "load": (lt.load, {"source": __file__}),
    "policy": (lt.policy, {}),
    "critic": (lt.critic, {}),
    "Model": (lt.Model, {}),
    "Run": (lt.Run, {}),
}
"""Every function that takes arguments, with sound ones."""
AGENTS = ("policy", "critic")
SETTINGS = ("graph", "rounds", "tokens", "seconds", "veto", "temperature", "seed", "base_url", "dialect", "tools")
MODEL = tuple(name for name in lt.Model.model_fields if name != "name")
NAMES: dict[str, tuple[str, ...]] = {
    "solve": ("problem", "answer", "domain", "on_event", *AGENTS, *SETTINGS),
    "generate": (
        *("problems", "out", "request", "progress", "begin", "domain", "samples", "concurrency", "requests"),
        *("deadline", "processes", "executor", "ray_resources", "serve_vllm", "upload", *AGENTS, *SETTINGS),
    ),
    "evaluate": (
        *("problems", "out", "request", "watch", "note", "strategies", "budgets", "seeds", "settings", "concurrency"),
        "processes",
    ),
    "label": (
        *("run", "request", "progress", "proposer", "method", "trials", *AGENTS, "base_url", "problems"),
        *("temperature", "limit", "concurrency"),
    ),
    "export": (
        *("runs", "out", "request", "formats", "parquet", "dialect", "tokenizer", "outcome", "backtracks", "agreement"),
        *("max_length", "against", "mix", "match", "walk", "wrong", "rewritten", "pair_by", "pairs", "seed", "limit"),
        "validation",
    ),
    "train": ("data", "out", "request", "say", "method", "base", "epochs", "batch", "lora_rank", "role", "seed"),
    "load": ("source", "preset", "statement_field", "answer_field", "id_field", "where", "limit", "domain"),
    "policy": ("model", *MODEL),
    "critic": ("model", *MODEL),
    "Model": ("name", *MODEL),
    "Run": ("path",),
}


@pytest.mark.parametrize(("function", "name"), [(function, name) for function in NAMES for name in NAMES[function]])
def test_an_argument_of_a_wrong_type_gets_one_sentence_that_names_it(
    function: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call, sound = CALLS[function]
    for wrong in (object(), {1: 2}, [object()]):
        if (name, type(wrong)) in FITTING:
            continue
        with pytest.raises(LongthoughtError) as refused:
            call(**sound | {name: wrong})
        said = str(refused.value)
        assert f"`{name}" in said or f"the {name}" in said
        assert "\n" not in said
    assert list(tmp_path.iterdir()) == []


FITTING = {("ray_resources", dict), ("settings", dict), ("mix", dict), ("problems", dict), ("problems", list)}
"""Kinds that an argument may have; what is in them is checked elsewhere."""
