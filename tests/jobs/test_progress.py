"""What a job tells of itself: counts, rates, the time left, the summary in the run folder, and the scraped figures."""

import itertools
import json
import math
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from longthought.errors import ConfigError, RunError
from longthought.jobs.metrics import MetricsServer, openmetrics
from longthought.jobs.pace import Pace, Rates
from longthought.jobs.progress import Progress
from longthought.trajectories.events import (
    Author,
    Call,
    Failed,
    Failure,
    Finished,
    Graded,
    Judged,
    Proposed,
    StopReason,
    Usage,
    Verdict,
)

_seq = itertools.count()


def call(prompt: int = 10, cached: int = 4, completion: int = 3) -> Call:
    return Call(model="m", text="x", usage=Usage(prompt=prompt, cached=cached, completion=completion))


def proposed(*calls: Call) -> Proposed:
    return Proposed(trajectory="t", seq=next(_seq), by=Author.POLICY, at=0, calls=calls, node=1, parent=0, text="x")


def judged(*calls: Call) -> Judged:
    verdict = Verdict(action="continue")  # pyright: ignore[reportArgumentType]
    return Judged(trajectory="t", seq=next(_seq), by=Author.CRITIC, at=0, calls=calls, node=1, verdict=verdict)


def failed(failure: Failure, detail: str = "it broke", *, fatal: bool = True, calls: tuple[Call, ...] = ()) -> Failed:
    by = Author.STRATEGY
    return Failed(trajectory="t", seq=9, by=by, at=0, calls=calls, failure=failure, detail=detail, fatal=fatal)


def finished(reason: StopReason = StopReason.ANSWERED) -> Finished:
    return Finished(trajectory="t", seq=9, by=Author.STRATEGY, at=0, reason=reason)


def graded(solved: bool | None) -> Graded:
    return Graded(trajectory="t", seq=9, by=Author.GRADER, at=0, solved=solved)


def busy() -> Progress:
    """Return the counts of a small job: three debates, one solved, one failed, one undecided."""
    progress = Progress(problems=3, total=3, expected=3, limit=8, in_flight=2)
    for event in (
        *(proposed(call()), judged(call(), call()), proposed(call()), finished(), graded(True)),
        *(failed(Failure.UNREADABLE_STEP, fatal=False), failed(Failure.MODEL, 'no "server"\nthere')),
        *(finished(StopReason.FAILED), graded(False)),
        *(finished(StopReason.ROUNDS), graded(None)),
    ):
        progress.see(event)
    return progress


def test_events_are_counted_by_what_they_say() -> None:
    progress = busy()
    assert (progress.finished, progress.failed, progress.done) == (2, 1, 3)
    assert (progress.solved, progress.graded, progress.rounds, progress.requests) == (1, 2, 2, 4)
    assert progress.stops == {StopReason.ANSWERED: 1, StopReason.FAILED: 1, StopReason.ROUNDS: 1}
    assert progress.failures == {Failure.MODEL: 1}
    assert progress.setbacks == {Failure.UNREADABLE_STEP: 1}
    assert progress.last_failure == 'no "server"\nthere'
    assert progress.policy.usage == progress.critic.usage == Usage(prompt=20, cached=8, completion=6)


def test_what_an_earlier_run_cost_is_on_the_bill_but_not_in_the_rates() -> None:
    progress = Progress(expected=4)
    progress.see(proposed(call(completion=1000)), old=True)
    progress.see(finished(), old=True)
    progress.settle()
    progress.see(judged(call()), old=True)  # the log is read while the job runs already
    pace, began = Pace(progress), progress.began
    assert pace.rates(began + 1) == Rates()
    assert pace.left(began + 1) is None
    progress.see(proposed(call(), call()))
    assert pace.rates(began + 2) == Rates(requests=1, policy=3, critic=0, read=10)
    progress.see(finished())
    assert pace.left(began + 2) == 2 * 2
    assert progress.requests == 4


def test_rates_are_those_of_the_last_seconds() -> None:
    progress = Progress()
    pace, began = Pace(progress, window=5), progress.began
    for second in range(1, 11):
        for _ in range(second):
            progress.see(judged(call()))
        pace.rates(began + second)
    rates = pace.rates(began + 10)
    assert rates.requests == 8  # 6 + 7 + 8 + 9 + 10 in five seconds
    assert (rates.policy, rates.critic, rates.read) == (0, 24, 80)
    for second in range(11, 30):
        rates = pace.rates(began + second)
    assert rates == Rates()


def test_rates_start_anew_where_the_run_begins() -> None:
    progress = Progress()
    pace = Pace(progress)
    pace.rates(progress.began + 100)
    progress.settle()
    progress.see(proposed(call()))
    assert pace.rates(progress.began + 1).requests == 1


def test_the_time_left_is_told_once_it_can_be() -> None:
    progress = Progress(expected=None)
    pace = Pace(progress)
    progress.see(finished())
    assert pace.left(progress.began + 3) is None
    progress.expected = 11
    assert pace.left(progress.began + 3) == 30
    progress.expected = 0
    assert pace.left(progress.began + 3) == 0


def test_the_summary_is_left_in_the_folder(tmp_path: Path) -> None:
    summary = busy().summary()
    summary.write(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == json.loads(summary.model_dump_json())
    Progress().summary().write(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["finished"] == 0
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]
    with pytest.raises(RunError, match=r"summary\.json: can't be written \(No such file"):
        summary.write(tmp_path / "gone")


def scraped(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Read OpenMetrics with the parser of the client library, which refuses what the format forbids."""
    return {
        (sample.name.removeprefix("longthought_"), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_are_openmetrics() -> None:
    found = scraped(openmetrics(busy()))
    seconds = found.pop(("run_seconds", ()))
    assert math.isfinite(seconds)
    assert found == {
        ("debates_expected", ()): 3,
        ("problems", ()): 3,
        ("debates", ()): 3,
        ("debates_in_flight", ()): 2,
        ("debates_in_flight_limit", ()): 8,
        ("debates_ended_total", ("answered",)): 1,
        ("debates_ended_total", ("failed",)): 1,
        ("debates_ended_total", ("rounds",)): 1,
        ("debates_failed_total", ("model",)): 1,
        ("debates_solved_total", ()): 1,
        ("debates_graded_total", ()): 2,
        ("debates_resumed_total", ()): 0,
        ("rounds_total", ()): 2,
        ("setbacks_total", ("unreadable_step",)): 1,
        ("requests_total", ("policy",)): 2,
        ("requests_total", ("critic",)): 2,
        **{("tokens_total", (role, "prompt")): 20 for role in ("policy", "critic")},
        **{("tokens_total", (role, "cached")): 8 for role in ("policy", "critic")},
        **{("tokens_total", (role, "completion")): 6 for role in ("policy", "critic")},
    }
    assert ("debates_expected", ()) not in scraped(openmetrics(Progress()))


def test_the_figures_are_served_while_the_job_runs() -> None:
    progress = busy()
    with MetricsServer(progress, 0) as server:
        with urllib.request.urlopen(server.url) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert scraped(answer.read().decode())["debates_solved_total", ()] == 1
        progress.see(graded(True))
        with urllib.request.urlopen(server.url) as answer:
            assert scraped(answer.read().decode())["debates_solved_total", ()] == 2
        with pytest.raises(urllib.error.HTTPError, match="404") as missing:
            urllib.request.urlopen(server.url + "s")
        missing.value.close()
        port = int(server.url.split(":")[2].split("/")[0])
        with pytest.raises(ConfigError, match=rf"`metrics_port` {port}: can't listen there \(Address already in use\)"):
            MetricsServer(progress, port)
    with MetricsServer(progress, port), urllib.request.urlopen(server.url) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_refused(port: int) -> None:
    with pytest.raises(ConfigError, match=rf"`metrics_port` {port}: must be from 0 to 65535"):
        MetricsServer(Progress(), port)
