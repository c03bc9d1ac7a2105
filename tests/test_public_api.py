"""The exported names: every one of them is there, and nothing else is promised."""

import asyncio
import inspect

import pytest

import longthought as lt


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
