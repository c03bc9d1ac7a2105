import itertools
from pathlib import Path

from longthought.agents.agent import Policy
from longthought.agents.dialects.compact import Compact
from longthought.errors import EndpointError
from longthought.labels.continuations import monte_carlo
from longthought.labels.exact import exact_labels
from longthought.labels.job import label
from longthought.labels.label import Label, LabelBook, Method
from longthought.statistics import auroc
from longthought.trajectories.events import Finished, Judged, Proposed
from longthought.trajectories.run import Run
from tests.fakes.scripted import ScriptedChatModel


def test_monte_carlo_labels_agree_with_the_solver_and_cost_what_the_log_says(run: Path) -> None:
    tally = label(run, method="monte-carlo", trials=4, limit=6)
    assert tally.labels > 15
    exact, tried = [], list[Label]()
    for name in Run(run).ids()[:6]:
        known = {label.node: label.live for label in exact_labels(Run(run).trajectory(name))}
        for one in LabelBook(run).of(name).values():
            assert one.method is Method.MONTE_CARLO
            assert one.trials == 4
            exact.append(known[one.node])
            tried.append(one)
    # one right answer proves that a step is live; that four tries fail proves nothing
    assert all(truth for truth, one in zip(exact, tried, strict=True) if one.live)
    values = [one.value or 0.0 for one in tried]
    live = [value for value, truth in zip(values, exact, strict=True) if truth]
    dead = [value for value, truth in zip(values, exact, strict=True) if not truth]
    assert auroc(live, dead) > 0.85
    jobs = Run(run / "continuations-4")
    assert len(jobs) == 4 * len(tried)
    assert not any(isinstance(event, Judged) and event.calls for t in jobs.trajectories() for event in t.events)
    again = label(run, method="monte-carlo", trials=4, limit=6)
    assert (again.labels, again.known) == (0, tally.labels)
    assert len(Run(run / "continuations-4")) == len(jobs)


def test_a_stopped_job_of_continuations_goes_on(run: Path) -> None:
    settings = {"limit": 2, "concurrency": 2}
    labels = monte_carlo(Run(run), "bundled:countdown", 2, **settings)
    next(labels)
    labels.close()  # type: ignore[attr-defined]
    before = len(Run(run / "continuations-2").finished_ids())
    found = list(monte_carlo(Run(run), "bundled:countdown", 2, **settings))
    jobs = Run(run / "continuations-2")
    assert 0 < before < len(jobs) == len(jobs.finished_ids()) == 2 * len({(x.trajectory, x.node) for x in found})
    for debate in jobs.trajectories():
        assert [e for e in debate.events if isinstance(e, Finished)] == [debate.events[-2]]
        proposed = [e.node for e in debate.events if isinstance(e, Proposed)]
        assert proposed == sorted(set(proposed))


def test_a_continuation_that_failed_is_no_trial_and_is_tried_again(run: Path) -> None:
    replies = itertools.count()

    def fails_at_first(_: object) -> str:
        if next(replies) < 3:
            raise EndpointError("gone")
        return "3 + 4 = 7 left 7"

    out: dict[bool, list[Label]] = {}
    for again in (False, True):
        policy = Policy("fake:policy", ScriptedChatModel(fails_at_first), Compact())
        out[again] = list(monte_carlo(Run(run), policy, 4, limit=1, concurrency=1))
    assert sum(one.trials for one in out[False]) == sum(one.trials for one in out[True]) - 3
    assert {one.trials for one in out[True]} == {4}
