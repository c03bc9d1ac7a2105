"""The improvement loop: recipes, who takes a chair, when problems get harder, and going on after a stop."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from longthought.errors import ConfigError, ModelError, OutageError, ProblemError, RunFolderError
from longthought.statistics import gain
from longthought.training.improve import problems, served
from longthought.training.improve.improve import improve
from longthought.training.improve.ledger import Decision, Ledger, NewLevel, Stage
from longthought.training.improve.lessons import Loop, unwatched
from longthought.training.improve.plots import draw
from longthought.training.improve.recipe import Lesson, Recipe, names, read
from longthought.trajectories.run import Run

TINY: dict[str, Any] = {
    "rounds": 1,
    "problems": {"count": 8, "levels": [{"numbers": 3}, {"numbers": 3, "max_number": 30}], "harder_at": 0.1},
    "validation": {"count": 6, "budget": 300},
    "generate": {"computed": 400},
    "lesson": [{"role": "critic", "export": {"formats": "critic"}, "train": {"steps": 2}}],
}
"""A loop that takes seconds with the bundled agents."""


def recipe(**changes: Any) -> Recipe:
    return Recipe(**{**TINY, **changes})


def test_every_shipped_recipe_can_be_read() -> None:
    assert "expert-iteration" in names()
    for name in names():
        assert read(name).caption


def test_values_of_a_recipe_can_be_replaced_by_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("rounds = 3\n[generate]\n[[lesson]]\nrole = 'policy'\nexport = { formats = 'policy' }\n")
    read_back = read(file, {"problems.count": 5, "lesson.policy-sft.train.steps": 7, "rounds": 2})
    assert (read_back.rounds, read_back.problems.count, read_back.lesson[0].training().steps) == (2, 5, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("round = 3", "a recipe has no setting round: did you mean rounds?"),
        ("[problems]\nlevels = [{ number = 3 }]", "problems.levels has no setting number: did you mean numbers?"),
        ("[[lesson]]\nrole = 'policy'\nexprot = {}", "lesson has no setting exprot: did you mean export?"),
        ("[[lesson]]\nrole = 'policy'", "there are no debates to learn from"),
        ("[generate]\nsmaples = 2\n[[lesson]]\nrole = 'policy'", "unknown setting smaples"),
        ("[generate]\n[[lesson]]\nrole = 'policy'\ntrain = { steps = 0 }", "steps"),
        ("[generate]\n[[lesson]]\nrole = 'policy'\nexport = { formats = 'polcy' }", "polcy"),
        ("[generate]\n[label]\nmethod = 'magic'\n[[lesson]]\nrole = 'policy'", "method"),
        ("[generate]\n[[lesson]]\nrole = 'policy'\n[[lesson]]\nrole = 'policy'", "two are called policy-sft"),
        ("[generate]\n[[lesson]]\nrole = 'judge'", "role"),
        (
            "[generate]\n[[lesson]]\nrole = 'policy'\nmethod = 'grpo'\ntrain = { judge = 'lesson:value' }",
            "no lesson before it is called",
        ),
        ("[generate]\n[[lesson]]\nrole = 'policy'\non = 'problems'", "`on` is for a policy or a critic that learns by"),
        ("[generate]\n[[lesson]]\nrole = 'policy'\nrounds = 0", "rounds"),
        (
            "[generate]\n[validation]\nsettings = { patiance = 8 }\n[[lesson]]\nrole = 'policy'",
            "unknown setting patiance",
        ),
        ("[agents]\npatiance = 8\n[[lesson]]\nrole = 'policy'\nmethod = 'grpo'\non = 'problems'", "patiance"),
        ("[validation]\nfile = 'nowhere.jsonl'\n[generate]\n[[lesson]]\nrole = 'policy'", "nowhere.jsonl"),
        ("[problems]\nfile = 'nowhere.jsonl'\n[generate]\n[[lesson]]\nrole = 'policy'", "nowhere.jsonl"),
        ("[generate]\n[[lesson]]\nrole = 'policy'\ntrain = { schedule = 'cosin' }", "`schedule` must be one of"),
        ("[generate]\n[[lesson]]\nrole = 'policy'\nmethod = 'grpo'\ntrain = { rewards = 'stap' }", "'stap'"),
        (
            "[generate]\n[[lesson]]\nrole = 'policy'\nmethod = 'grpo'\ntrain = { rewards = 'advantage' }",
            "`judge` is missing",
        ),
        ("[generate]\n[[lesson]]\nrole = 'policy'\nmethod = 'grpo'\ntrain = { trl = 'betta=1' }", "did you mean beta?"),
        (
            "[generate]\n[[lesson]]\nrole = 'policy'\nmethod = 'grpo'\nexport = { formats = 'policy' }",
            "leave `export` out",
        ),
        (
            "[generate]\n[[lesson]]\nrole = 'policy'\nlabel = { method = 'exact' }",
            "its `label` is for debates of its own",
        ),
        ("[generate]", "lesson"),
        ("rounds = ", "it is not TOML"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_before_anything_is_played(
    text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises((ConfigError, ProblemError)) as error:
        improve(file, tmp_path / "out")
    assert said in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_bundled_agent_that_is_not_there_is_told_before_the_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="bundled:foo does not exist"):
        improve(recipe(agents={"policy": "bundled:foo"}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"the recipes are .*expert-iteration"):
        read("expert-iterations")


# Decisions.


@pytest.mark.parametrize(
    ("won", "lost", "alike", "better"),
    [
        (30, 5, 165, True),
        (5, 30, 165, False),
        (6, 5, 189, False),
        (0, 0, 200, False),
        (9, 0, 191, True),
        (1, 0, 5, False),
    ],
)
def test_a_candidate_is_better_if_the_interval_of_its_gain_lies_above_zero(
    won: int, lost: int, alike: int, better: bool
) -> None:
    after = [True] * won + [False] * lost + [True] * alike
    before = [False] * won + [True] * lost + [True] * alike
    found = gain(after, before)
    assert found.value == pytest.approx((won - lost) / len(after))
    assert found.low <= found.value <= found.high or (won, lost) == (0, 0)
    assert (found.low > 0) is better


def test_a_wider_confidence_gives_a_wider_interval() -> None:
    after, before = [True] * 60 + [False] * 40, [True] * 50 + [False] * 50
    assert gain(after, before, 0.99).low < gain(after, before, 0.9).low


# A loop of the bundled agents.


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    """A loop that was left alone."""
    out = tmp_path_factory.mktemp("done") / "loop"
    return out, improve(recipe(), out)


def facts(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Return what happened, without times and places."""
    return [
        (line.lesson, line.solved, line.promoted) if isinstance(line, Decision) else (line.kind, line.round)
        for line in ledger.lines
    ]


def entries(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Return which stages ended and which decisions were made, in order."""
    stages = [(stage.round, stage.lesson, stage.stage) for stage in ledger.stages]
    return [*stages, *((made.round, made.lesson, made.of) for made in ledger.decisions)]


def test_a_round_goes_from_debates_to_a_decision(done: tuple[Path, Ledger]) -> None:
    out, ledger = done
    assert [stage.stage for stage in ledger.stages] == ["generate", "export", "train", "validate", "validate"]
    (made,) = ledger.decisions
    assert (made.round, made.role, made.of, made.before) == (1, "critic", 6, "bundled:countdown")
    assert made.candidate == f"transformers:{out}/round-1/critic-sft/model"
    assert made.rival == "validation/debate-0-level-0"
    assert ledger.champion("critic", "bundled:countdown") == (made.candidate if made.promoted else made.before)
    assert made.tokens == sum(stage.tokens for stage in ledger.stages if stage.stage != "train") > 0
    played = {debate.problem.id for debate in Run(out / "round-1" / "debates").trajectories()}
    compared = {debate.problem.id for debate in Run(out / "round-1" / "critic-sft" / "validation").trajectories()}
    assert len(played) == 8
    assert len(compared) == 6
    assert not played & compared


def test_solved_problems_get_harder(done: tuple[Path, Ledger]) -> None:
    _, ledger = done
    assert [line.level for line in ledger.lines if isinstance(line, NewLevel)] == [1]
    harder = problems.training(recipe(), 2, ledger.level, [])
    assert len(harder) == 8
    assert sum(max(map(int, task.problem.id.split("-")[1:-1])) > 20 for task in harder) >= 1


def test_the_same_call_on_a_finished_loop_plays_nothing(done: tuple[Path, Ledger]) -> None:
    out, ledger = done
    said: list[str] = []
    again = improve(recipe(), out, say=said.append)
    assert facts(again) == facts(ledger)
    assert said == []


def test_another_recipe_in_the_folder_is_refused_and_more_rounds_are_not(done: tuple[Path, Ledger]) -> None:
    out, _ = done
    with pytest.raises(ConfigError, match=r"another recipe \(validation differ\)"):
        improve(recipe(validation={"count": 7, "budget": 300}), out)
    with pytest.raises(RuntimeError, match="enough"):
        improve(recipe(rounds=2), out, say=_raise)
    assert Ledger(out).decision(2, "critic-sft") is None


def _raise(line: str) -> None:
    raise RuntimeError("enough")


def test_a_folder_whose_recipe_was_written_before_a_setting_existed_goes_on(
    done: tuple[Path, Ledger], tmp_path: Path
) -> None:
    out = shutil.copytree(done[0], tmp_path / "loop")
    written = json.loads((out / "recipe.json").read_text())
    del written["problems"]["patience"]
    (out / "recipe.json").write_text(json.dumps(written))
    assert facts(improve(recipe(), out)) == facts(done[1])


def test_two_loops_in_one_folder_are_refused(tmp_path: Path) -> None:
    def at_work(line: str) -> None:
        with pytest.raises(RunFolderError, match="another loop is at work there"):
            improve(recipe(), tmp_path / "loop")
        raise RuntimeError("seen")

    with pytest.raises(RuntimeError, match="seen"):
        improve(recipe(), tmp_path / "loop", say=at_work)


def test_a_loop_that_is_killed_in_any_stage_goes_on_to_the_same_end(tmp_path: Path, done: tuple[Path, Ledger]) -> None:
    """Kill the real command each time the ledger or a folder has got one stage further."""
    file, out = tmp_path / "tiny.json", tmp_path / "loop"
    file.write_text(recipe().model_dump_json())
    code = (
        "import sys, pathlib; from longthought.training.improve.improve import improve; "
        "from longthought.training.improve.recipe import Recipe; "
        "improve(Recipe.model_validate_json(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2])"
    )
    marks = ("round-1/debates/run.json", "round-1/critic-sft/data/meta.json", "round-1/critic-sft/model/training.json")
    for mark in (*marks, "round-1/critic-sft/validation/run.json", None):
        work = subprocess.Popen([sys.executable, "-c", code, str(file), str(out)], start_new_session=True)
        while work.poll() is None and (mark is None or not (out / mark).exists()):
            time.sleep(0.02)
        if mark is not None:
            os.killpg(work.pid, signal.SIGKILL)
        work.wait()
    assert entries(Ledger(out)) == entries(done[1])  # a turn in flight is sampled again


def test_a_thinker_learns_by_reinforcement_on_problems_alone(tmp_path: Path) -> None:
    train = {"base": "bundled:countdown", "steps": 1, "group": 2, "batch": 4, "max_tokens": 8}
    lesson = Lesson(role="thinker", method="grpo", train=train)
    ledger = improve(recipe(generate=None, lesson=(lesson,), validation={"count": 2, "budget": 16}), tmp_path / "loop")
    assert [stage.stage for stage in ledger.stages] == ["problems", "train", "validate"]
    (made,) = ledger.decisions
    assert (made.before, made.promoted, made.why) == ("", True, "it is the first")


def test_a_critic_learns_by_reinforcement_from_the_debates_of_all_rounds_until_the_problems_get_harder(
    tmp_path: Path,
) -> None:
    lesson = Lesson(
        role="critic", method="grpo", rounds="all",
        train={"rewards": ["reason", "verdict"], "unknown": True, "steps": 1, "batch": 8, "group": 8},
    )  # fmt: skip
    levels = {"levels": TINY["problems"]["levels"], "count": 12, "harder_at": 1.0, "patience": 1}
    out = tmp_path / "loop"
    ledger = improve(recipe(rounds=2, problems=levels, lesson=(lesson,), validation={"count": 3, "budget": 300}), out)
    first, second = (
        json.loads((out / f"round-{n}" / "critic-grpo" / "model" / "training.json").read_text())["facts"]
        for n in (1, 2)
    )
    asked = [facts["lengths"]["train"]["examples"] for facts in (first, second)]
    assert asked[1] > 1.5 * asked[0]
    (one,) = (made for made in ledger.decisions if made.round == 1)
    levels_begun = [line.round for line in ledger.lines if isinstance(line, NewLevel)]
    assert (1 in levels_begun) == (not one.promoted or one.solved[0] == 3)


@pytest.mark.parametrize(("rounds", "oldest"), [("this", 5), ("all", 1), (1, 5), (3, 3), (9, 1)])
def test_a_lesson_learns_from_the_last_rounds(rounds: Any, oldest: int) -> None:
    assert Lesson(role="policy", rounds=rounds).oldest(5) == oldest


def test_teach_yourself_in_small_teaches_corrected_moves_and_verdicts(tmp_path: Path) -> None:
    small = {
        "rounds": 1, "problems.count": 12, "problems.levels": [{"numbers": 3, "max_number": 30}, {"numbers": 4}],
        "validation.count": 3, "validation.budget": 300,
        "lesson.moves.train.steps": 2, "lesson.critic-sft.train.steps": 2,
    }  # fmt: skip
    out = tmp_path / "loop"
    ledger = improve(read("teach-yourself", small), out)
    made = [(one.lesson, one.role, one.promoted) for one in ledger.decisions]
    assert made == [("moves", "policy", True), ("critic-sft", "critic", True)]
    rows = [json.loads(line) for line in (out / "round-1/moves/data/train.jsonl").read_text().splitlines()]
    assert "corrected" in {row["kind"] for row in rows}
    assert {len(row["problem"].split("-")) for row in rows} == {5, 6}  # both levels, from the first round on


SMALL: dict[str, Any] = {
    "rounds": 1, "problems.count": 12, "problems.levels": [{"numbers": 3}], "validation.count": 3,
    "validation.budget": 300, "generate.computed": 400,
}  # fmt: skip
REINFORCED: dict[str, Any] = {"steps": 1, "group": 2, "batch": 4, "computed": 300}


def small(name: str, lesson: str, **changes: Any) -> Recipe:
    """Return a shipped recipe in small, with one tiny step in its lesson of reinforcement."""
    return read(
        name, {**SMALL, **{f"lesson.{lesson}.train.{key}": value for key, value in REINFORCED.items()}, **changes}
    )


def test_in_actor_critic_a_value_that_takes_no_chair_credits_the_policy(tmp_path: Path) -> None:
    out = tmp_path / "loop"
    asked = small(
        "actor-critic", "policy-grpo", **{"lesson.value.train.steps": 2, "lesson.value.export.validation": 0.0}
    )
    ledger = improve(asked, out)
    done = [(stage.lesson, stage.stage) for stage in ledger.stages]
    assert done[:3] == [("", "generate"), ("value", "export"), ("value", "train")]
    assert [made.lesson for made in ledger.decisions] == ["policy-grpo"]
    settings = json.loads((out / "round-1" / "policy-grpo" / "model" / "training.json").read_text())["settings"]
    assert settings["judge"] == f"scorer:{out}/round-1/value/model"
    step = json.loads((out / "round-1" / "policy-grpo" / "model" / "figures.jsonl").read_text())
    assert abs(step["rewards/advantage/mean"]) < 1
    said: list[str] = []
    assert facts(improve(asked, out, say=said.append)) == facts(ledger)
    assert said == []


def test_in_thought_factors_words_come_before_choices(tmp_path: Path) -> None:
    out = tmp_path / "loop"
    ledger = improve(small("thought-factors", "choice", **{"lesson.words.train.steps": 1}), out)
    assert [made.lesson for made in ledger.decisions] == ["words", "choice"]
    settings = json.loads((out / "round-1" / "choice" / "model" / "training.json").read_text())["settings"]
    assert (settings["credit"], settings["rewards"]) == ("choice", ["outcome"])


@pytest.mark.parametrize(
    ("promoted", "patience", "harder"), [([1], 2, []), ([1], 1, [2]), ([], 2, [2]), ([], None, [])]
)
def test_a_level_ends_when_rounds_promote_nothing(
    promoted: list[int], patience: int | None, harder: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide(loop: Loop, number: int) -> None:
        loop.ledger.add(decision(number, loop.ledger.level, promoted=number in promoted))

    monkeypatch.setattr(Loop, "play_round", decide)
    asked = {**TINY["problems"], "harder_at": 0.9, "patience": patience}
    ledger = improve(recipe(rounds=2, problems=asked), tmp_path / "loop")
    assert [line.round for line in ledger.lines if isinstance(line, NewLevel)] == harder


def decision(number: int, level: int, *, promoted: bool) -> Decision:
    return Decision(
        round=number, lesson="critic-sft", role="critic", level=level, candidate="transformers:none", before="none",
        solved=(3, 3), of=6, gain=0.0, low=0.0, high=0.0, promoted=promoted, why="", seed=0, settings={}, tokens=1,
    )  # fmt: skip


def test_a_lesson_that_a_later_round_leaves_nothing_to_learn_is_skipped_once(tmp_path: Path) -> None:
    nothing = Lesson(role="critic", method="grpo", generate={"rounds": 1}, train={"steps": 1, "group": 2, "batch": 4})
    with pytest.raises(ProblemError, match="nothing to train a critic on"):
        improve(recipe(lesson=(nothing,)), tmp_path / "first")  # one proposal a debate solves none
    out = tmp_path / "later"
    out.mkdir()
    begun = Ledger(out)
    begun.add(Stage(round=1, lesson="critic-grpo", stage="train", folder="round-1/critic-grpo/model", seconds=1.0))
    begun.add(decision(1, 0, promoted=False).model_copy(update={"lesson": "critic-grpo"}))
    (out / "recipe.json").write_text(recipe(rounds=2, lesson=(nothing,)).model_dump_json())
    said: list[str] = []
    asked = recipe(rounds=2, lesson=(nothing,))
    improve(asked, out, say=said.append)
    ledger = improve(asked, out, say=said.append)
    assert [stage.stage for stage in ledger.stages if stage.round == 2] == ["generate", "skip"]
    assert sum("skipped, since" in line for line in said) == 1


def test_a_later_round_without_a_solved_debate_is_skipped_too(tmp_path: Path) -> None:
    nothing = Lesson(role="policy", generate={"rounds": 1}, export={"formats": "policy"}, train={"steps": 1})
    asked, out = recipe(rounds=2, lesson=(nothing,)), tmp_path / "later"
    out.mkdir()
    begun = Ledger(out)
    begun.add(Stage(round=1, lesson="policy-sft", stage="train", folder="round-1/policy-sft/model", seconds=1.0))
    begun.add(decision(1, 0, promoted=False).model_copy(update={"lesson": "policy-sft"}))
    (out / "recipe.json").write_text(asked.model_dump_json())
    for _ in range(2):
        ledger = improve(asked, out)
        assert [stage.stage for stage in ledger.stages if stage.round == 2] == ["generate", "skip"]


def test_a_round_without_a_solved_debate_is_left_out_of_those_that_are_learned_together(tmp_path: Path) -> None:
    both = Lesson(role="policy", rounds="all", export={"formats": "policy"}, train={"steps": 1})
    asked, out = recipe(rounds=2, lesson=(both,)), tmp_path / "out"
    out.mkdir()
    empty = recipe().model_copy(update={"generate": {"rounds": 1}})
    Loop(empty, out, Ledger(out), print, unwatched)._debates(1, both)  # pyright: ignore[reportPrivateUsage]
    begun = Ledger(out)
    begun.add(decision(1, 0, promoted=False).model_copy(update={"lesson": "policy-sft"}))
    (out / "recipe.json").write_text(asked.model_dump_json())
    ledger = improve(asked, out)
    stages = [stage.stage for stage in ledger.stages if stage.round == 2]
    assert stages == ["generate", "export", "train", "validate", "validate"]


def test_a_ledger_line_that_was_cut_off_is_dropped(done: tuple[Path, Ledger], tmp_path: Path) -> None:
    out, ledger = done
    whole = (out / "ledger.jsonl").read_bytes()
    (tmp_path / "ledger.jsonl").write_bytes(whole + b'{"kind":"deci')
    assert facts(Ledger(tmp_path)) == facts(ledger)
    assert (tmp_path / "ledger.jsonl").read_bytes() == whole
    (tmp_path / "ledger.jsonl").write_bytes(b"{}\n" + whole)
    with pytest.raises(RunFolderError, match="line 1 can't be read"):
        Ledger(tmp_path)


def test_the_rounds_are_drawn(done: tuple[Path, Ledger], tmp_path: Path) -> None:
    draw(done[1], tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["rounds.png", "rounds.svg"]


# Problems of a file.


def test_problems_of_a_file_are_drawn_by_how_much_can_be_learned(tmp_path: Path) -> None:
    file = tmp_path / "sums.jsonl"
    rows = [{"id": f"s{n}", "statement": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(200)]
    file.write_text("\n".join(map(json.dumps, rows)))
    asked = recipe(problems={"file": str(file), "count": 40}, validation={"count": 15})
    first, second = problems.training(asked, 1, 0, []), problems.training(asked, 2, 0, [])
    compared = problems.validation(asked, 0)
    assert (len(first), len(compared)) == (40, 15)
    assert first != second
    assert not {task.problem.id for task in (*first, *second)} & {task.problem.id for task in compared}
    solved = {f"s{n}": (4, 4) if n % 2 else (2, 4) for n in range(200)}
    drawn = problems._drawn(first * 1 + second, 40, solved, 1)  # pyright: ignore[reportPrivateUsage]
    assert sum(int(task.problem.id[1:]) % 2 == 0 for task in drawn) > 30


# Adapters of a server.


async def test_a_server_is_handed_an_adapter_once(tmp_path: Path) -> None:
    taken: dict[str, str] = {}

    async def take(request: web.Request) -> web.Response:
        given = await request.json()
        if given["lora_name"] in taken:
            return web.Response(status=400, text=f"{given['lora_name']} has already been loaded")
        if given["lora_path"].endswith("none"):
            return web.Response(status=404, text="no such adapter")
        taken[given["lora_name"]] = given["lora_path"]
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/v1/load_lora_adapter", take)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}/v1"
        for _ in range(2):
            await asyncio.to_thread(served.load, tmp_path, "round-1", url)
        with pytest.raises(OutageError, match=r"doesn't take the adapter .* \(404: no such adapter\); serve the base"):
            await asyncio.to_thread(served.load, tmp_path / "none", "round-2", url)
    assert taken == {"round-1": str(tmp_path)}
    with pytest.raises(OutageError, match="can't be reached"):
        served.load(tmp_path, "round-1", "http://127.0.0.1:9/v1")


async def test_every_server_of_a_chair_is_handed_its_adapter(tmp_path: Path) -> None:
    taken: list[tuple[int | None, str]] = []

    async def take(request: web.Request) -> web.Response:
        taken.append((request.url.port, (await request.json())["lora_name"]))
        return web.Response()

    async with AsyncExitStack() as stack:
        servers: list[TestServer] = []
        for _ in range(3):
            app = web.Application()
            app.router.add_post("/v1/load_lora_adapter", take)
            servers.append(server := TestServer(app))
            await stack.enter_async_context(server)
        first, second, third = servers
        one, two, other = (f"http://127.0.0.1:{server.port}/v1" for server in (first, second, third))
        urls = {"base_url": f"{one}, {two}", "critic_base_url": other}
        asked = recipe(agents={"policy": "openai:base", "critic": "openai:base", **urls})
        ledger = Ledger(tmp_path)
        for role in ("policy", "critic"):
            made = {"role": role, "lesson": f"{role}-sft", "candidate": f"openai:{role}-1"}
            ledger.add(decision(1, 0, promoted=True).model_copy(update=made))
        loop = Loop(asked, tmp_path, ledger, str, unwatched)
        await asyncio.to_thread(loop._agents, "policy", {})  # pyright: ignore[reportPrivateUsage]
        assert taken == [(first.port, "policy-1"), (second.port, "policy-1"), (third.port, "critic-1")]


def test_a_lesson_without_weights_says_what_to_train(tmp_path: Path) -> None:
    asked = recipe(
        agents={"thinker": "openai:none"}, lesson=(Lesson(role="thinker", export={"formats": "sft-journey"}),)
    )
    with pytest.raises(ConfigError, match=r"has no weights here; say what to train, such as `train\.base`"):
        improve(asked, tmp_path / "loop")
    assert not (tmp_path / "loop" / "round-1").exists()
