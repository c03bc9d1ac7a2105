import json
from pathlib import Path

import pytest

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.prose import Prose
from longthought.errors import ConfigError
from longthought.labels.job import label
from longthought.labels.label import LabelBook, LabelWriter
from longthought.problems.problem import Problem, Task
from longthought.trajectories.run import Run
from tests.fakes.scripted import ScriptedChatModel


def test_labelling_again_writes_nothing_new_and_an_unknown_method_is_refused(run: Path) -> None:
    first, again = label(run, method="tree"), label(run, method="tree")
    assert first.labels > 20
    assert (again.labels, again.known) == (0, first.labels)
    with pytest.raises(ConfigError, match=r"`method` must be one of exact, monte-carlo, tree, model, got .guess"):
        label(run, method="guess")
    with pytest.raises(ConfigError, match=r"`method` .*human.*--review"):
        label(run, method="human")


def test_labels_that_were_overwritten_are_written_again(run: Path) -> None:
    first = label(run, method="tree")
    name = Run(run).ids()[0]
    node, one = next(iter(LabelBook(run).of(name).items()))
    with LabelWriter(run) as writer:
        writer.append([one.model_copy(update={"trials": 99})])
    again = label(run, method="tree")
    assert (again.labels, again.known) == (1, first.labels - 1)
    assert LabelBook(run).of(name)[node].trials == one.trials


def test_asking_another_way_is_a_job_of_its_own(run: Path) -> None:
    first = label(run, method="monte-carlo", trials=2, limit=1)
    label(run, method="monte-carlo", trials=2, temperature=0.3, limit=1)
    folders = sorted(folder.name for folder in run.glob("continuations-2*"))
    assert folders[0] == "continuations-2"
    assert len(folders) == 2
    assert all(len(Run(run / folder)) == 2 * (first.labels + first.known) for folder in folders)


def played(problem: Problem | Task, out: Path) -> Policy:
    policy = Policy("fake:policy", ScriptedChatModel(lambda _: "So it is \\boxed{4}."), Prose())
    verdict = json.dumps({"critique": "yes", "action": "terminate", "target": None, "score": 0.9})
    critic = Critic("fake:critic", ScriptedChatModel(lambda _: verdict), Prose())
    list(lt.generate([problem], out=out, policy=policy, critic=critic, tools=[]))
    return policy


def test_answers_that_only_the_file_of_problems_can_grade_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "two.jsonl"
    file.write_text(json.dumps({"statement": "What is 2 + 2?", "answer": "4"}))
    (task,) = lt.load(file)
    played(task, tmp_path / "run")
    assert label(tmp_path / "run", method="tree").live == 1
    assert "of 1 debates only the final answer could be graded" in caplog.text
    caplog.clear()
    assert label(tmp_path / "run", method="tree", problems=str(file)).known == 1
    assert not caplog.text


def test_answers_that_nobody_can_grade_are_refused_before_a_model_is_asked(tmp_path: Path) -> None:
    policy = played(Problem(id="two", statement="What is 2 + 2?"), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"'two'.*`problems`"):
        label(tmp_path / "run", method="monte-carlo", proposer=policy)
    with pytest.raises(ConfigError, match="knows Countdown alone"):
        label(tmp_path / "run", method="exact")
