"""The line for a model that takes long to load: once, on standard error, for a person."""

import logging
import sys

import pytest

from longthought.agents.in_process.quiet import LOG
from longthought.cli.render import loading


def record(words: str) -> logging.LogRecord:
    return logging.LogRecord(LOG.name, logging.INFO, "", 0, words, None, None)


def test_a_model_that_takes_long_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    line = loading.LoadingLine(after=0.0)
    line.handle(record("loading transformers:model"))
    assert line.waiting is not None
    line.waiting.join()
    line.handle(record("loaded transformers:model"))
    assert line.waiting is None
    assert capsys.readouterr() == ("", "loading transformers:model …\n")


def test_a_model_that_is_there_at_once_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    line = loading.LoadingLine(after=600.0)
    line.handle(record("loading transformers:model"))
    waited = line.waiting
    assert waited is not None
    line.handle(record("loaded transformers:model"))
    waited.join()  # it ends at once
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_gets_the_line(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOG, "handlers", [])
    monkeypatch.setattr(LOG, "level", logging.NOTSET)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    loading.show_loading()
    assert bool(LOG.handlers) is terminal
