"""How a signal ends a command, wherever in it the signal comes."""

import os
import signal
import time
import weakref

import pytest
import typer

from longthought.cli.stopping import stoppable


class Thing:
    """Something that can be referred to weakly."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_a_callback_that_can_raise_nothing_still_ends_the_command(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        thing = Thing()
        watched = weakref.ref(thing, lambda _: os.kill(os.getpid(), number))
        del thing
        assert watched() is None
        time.sleep(20)

    with pytest.raises(typer.Exit) as end, stoppable(lambda: "stopped; run it again"):
        work()
    assert end.value.exit_code == 128 + number
    assert "stopped; run it again" in capfd.readouterr().err
