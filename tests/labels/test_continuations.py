import json
from pathlib import Path

import pytest

from longthought.errors import ConfigError
from longthought.graphs.catalogue import context
from longthought.labels.continuations import monte_carlo
from longthought.labels.exact import exact_labels
from longthought.labels.job import label
from longthought.labels.label import Label, LabelBook, Method
from longthought.labels.openings import judgeable_steps, opening
from longthought.problems.problem import Problem
from longthought.statistics import auroc
from longthought.trajectories.events import Author, Finished, Judged, Proposed
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree
from tests.fakes.logs import plain
from tests.fakes.scripted import ScriptedChatModel


def test_an_opening_stands_at_its_node_and_costs_nothing() -> None:
    debate = Trajectory("c", plain())
    problem = debate.problem.model_copy(update={"id": "c@5"})
    settings = context("debate", {})
    tree = Tree.fold(opening(debate, 4, problem, settings, sample=3))
    assert [node.text for node in tree.path()] == ["16 / 16 = 1"]
    assert (tree.cursor, tree.policy_usage.total, tree.critic_usage.total, tree.backtracks) == (1, 0, 0, 0)
    assert tree.started is not None
    assert tree.started.parent is not None
    assert (tree.started.trajectory, tree.started.parent.node) == ("c@5#3", 4)
    judged = Tree.fold(opening(debate, 5, problem, settings, sample=0, judged=True))
    assert (judged.cursor, judged.nodes[2].answer) == (1, "(16 / 16) * 35")


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


def test_asking_another_way_is_a_job_of_its_own(run: Path) -> None:
    first = label(run, method="monte-carlo", trials=2, limit=1)
    label(run, method="monte-carlo", trials=2, temperature=0.3, limit=1)
    folders = sorted(folder.name for folder in run.glob("continuations-2*"))
    assert folders[0] == "continuations-2"
    assert len(folders) == 2
    assert all(len(Run(run / folder)) == 2 * (first.labels + first.known) for folder in folders)


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


def test_answers_that_nobody_can_grade_are_refused_before_a_model_is_asked(tmp_path: Path) -> None:
    import longthought as lt
    from longthought.agents.agent import Critic, Policy
    from longthought.agents.dialects.prose import Prose

    policy = Policy("fake:policy", ScriptedChatModel(lambda _: "So it is \\boxed{4}."), Prose())
    verdict = json.dumps({"critique": "yes", "action": "terminate", "target": None, "score": 0.9})
    critic = Critic("fake:critic", ScriptedChatModel(lambda _: verdict), Prose())
    problem = Problem(id="two", statement="What is 2 + 2?")
    list(lt.generate([problem], out=tmp_path / "run", policy=policy, critic=critic, tools=[]))
    with pytest.raises(ConfigError, match=r"'two'.*`problems`"):
        label(tmp_path / "run", method="monte-carlo", proposer=policy)
    with pytest.raises(ConfigError, match="knows Countdown alone"):
        label(tmp_path / "run", method="exact")
