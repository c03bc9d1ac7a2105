from pathlib import Path

from longthought.labels.job import label
from longthought.labels.label import LabelBook
from longthought.labels.openings import judgeable_steps
from longthought.trajectories.events import Author, Judged
from longthought.trajectories.run import Run


def test_a_critic_is_asked_once_for_every_step_and_doubts_are_marked(run: Path) -> None:
    tally = label(run, method="model", trials=2, limit=2)
    for name in Run(run).ids()[:2]:
        steps = set(judgeable_steps(Run(run).trajectory(name)))
        found = LabelBook(run).of(name)
        assert set(found) == steps
        assert all(one.doubtful == (not ((one.high or 0) <= 0.2 or (one.low or 0) >= 0.8)) for one in found.values())
    jobs = list(Run(run / "opinions-2").trajectories())
    assert len(jobs) == 2 * tally.labels
    assert all(sum(isinstance(e, Judged) for e in t.events) == 1 for t in jobs)
    assert not any(e.calls for t in jobs for e in t.events if e.by is Author.POLICY)
