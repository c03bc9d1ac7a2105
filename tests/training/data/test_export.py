import asyncio
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

import longthought as lt
from longthought.agents.agent import Critic, Policy
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.thinkers import VOICES, CompactThinker
from longthought.agents.dialects.yes_no import YesNo
from longthought.agents.view import view
from longthought.cli.render.thought import ThoughtTeller
from longthought.domains.countdown import countdown_task
from longthought.errors import ConfigError, ModelError, ProblemError, RunFolderError
from longthought.labels.estimates import estimated
from longthought.labels.exact import TableState, table_after_all
from longthought.labels.label import Label, LabelWriter, Method
from longthought.labels.tree import tree_labels
from longthought.problems.countdown import game, lookahead
from longthought.problems.countdown.notation import read_step, read_verdict
from longthought.problems.countdown.puzzle import Puzzle
from longthought.thoughts.walks import Walk
from longthought.tools.countdown import fault
from longthought.training.data.annotated import replay
from longthought.training.data.contamination import problem_key
from longthought.training.data.editing_job import rewrite
from longthought.training.data.export import export
from longthought.training.data.report import ExportReport
from longthought.training.data.request import ExportRequest, Format, RewriteRequest
from longthought.training.data.rows import UNGRADED, messages
from longthought.trajectories.events import EvidenceStatus, Failed, Failure, Judged, Proposed
from longthought.trajectories.keeping import keep
from longthought.trajectories.run import Run
from tests.fakes import sums
from tests.fakes.played import play
from tests.fakes.scripted import ScriptedChatModel

Export = Callable[..., ExportReport]
WHENCE = {"problem", "run", "debate", "node", "kind"}
COLUMNS = {
    "sft-journey": {"prompt", "completion"},
    "sft-shortcut": {"prompt", "completion"},
    "policy": {"prompt", "completion"},
    "critic": {"prompt", "completion"},
    "dpo-policy": {"prompt", "chosen", "rejected"},
    "dpo-critic": {"prompt", "chosen", "rejected"},
    "step-labels": {"prompt", "completions", "labels", "values", "first_error"},
    "step-values": {"prompt", "completions", "labels"},
}


def rows(made: ExportReport, side: str | None = None) -> list[dict[str, Any]]:
    sides = [side] if side else list(made.counts)
    return [json.loads(line) for name in sides for line in (made.out / f"{name}.jsonl").read_text().split("\n") if line]


def puzzle_of(row: dict[str, Any]) -> Puzzle:
    *numbers, target = map(int, row["problem"].removeprefix("countdown-").split("-"))
    return Puzzle(tuple(numbers), target)


def said(row: dict[str, Any], column: str = "completion") -> str:
    (message,) = row[column]
    assert message["role"] == "assistant"
    return message["content"]


def asked(row: dict[str, Any]) -> str:
    return row["prompt"][-1]["content"]


# What is written.


@pytest.mark.parametrize("format", [f for f in Format if f is not Format.DPO_CRITIC])
def test_every_format_loads_as_it_is_with_problems_on_one_side_only(
    labelled: Path, exported: Export, format: str
) -> None:
    made = exported(labelled, format, validation=0.3)
    data = load_dataset(str(made.out), cache_dir=str(made.out.parent / "cache"))
    assert {side: len(data[side]) for side in data} == made.counts
    assert set(made.counts) == {"train", "validation"}
    assert set(data["train"].column_names) == COLUMNS[format] | WHENCE
    assert not set(data["train"]["problem"]) & set(data["validation"]["problem"])
    meta = json.loads((made.out / "meta.json").read_text())
    assert (meta["schema_version"], meta["format"], meta["dialect"]) == (1, format, "compact")
    assert meta["role"] in ("policy", "critic", "thinker")
    assert sorted(p.name for p in made.out.iterdir()) == ["README.md", "meta.json", "train.jsonl", "validation.jsonl"]


@pytest.mark.parametrize("format", ["sft-journey", "dpo-policy", "step-labels"])
def test_parquet_holds_the_same_rows(labelled: Path, exported: Export, format: str) -> None:
    lines, table = exported(labelled, format), exported(labelled, format, parquet=True)
    cache = str(table.out.parent / "cache")
    assert list(load_dataset(str(table.out), cache_dir=cache, split="train")) == rows(lines, "train")


def test_the_same_export_writes_the_same_bytes_and_another_seed_another_order(labelled: Path, exported: Export) -> None:
    one, other, reseeded = (exported(labelled, "policy", seed=seed) for seed in (0, 0, 1))
    for name in ("train.jsonl", "validation.jsonl", "meta.json", "README.md"):
        assert (one.out / name).read_bytes() == (other.out / name).read_bytes()
    assert (one.out / "train.jsonl").read_bytes() != (reseeded.out / "train.jsonl").read_bytes()
    both = [Counter(map(json.dumps, rows(made))) for made in (one, reseeded)]
    assert both[0] == both[1]


def test_the_card_tells_what_is_in_the_folder(labelled: Path, exported: Export) -> None:
    more = 1 + min(t.backtracks for t in Run(labelled).trajectories())
    made = exported(labelled, "critic", against=("countdown",), backtracks=(more, None))
    text = (made.out / "README.md").read_text()
    assert "| train | critic | accept |" in text
    assert "test sets kept out: countdown" in text
    assert f"- backtracks: [{more}, null]" in text
    assert "too few or too many backtracks" in text
    assert f"| run | {len(Run(labelled))} |" in text


# Training sees what the agents saw.


def test_every_prompt_is_one_that_the_agents_were_asked_to_the_letter(tmp_path: Path, exported: Export) -> None:
    asks = {
        role: ScriptedChatModel(lambda seen, say=say: say(str(seen[-1].content)))
        for role, say in (("policy", sums.policy_says), ("critic", sums.critic_says))
    }
    policy = Policy("fake:policy", asks["policy"], Prose())
    critic = Critic("fake:critic", asks["critic"], Prose())
    list(lt.generate(sums.tasks(8), out=tmp_path / "run", policy=policy, critic=critic, tools=["algebra"]))
    for role in ("policy", "critic"):
        made = exported(tmp_path / "run", role, validation=0.0)
        seen = [messages(request) for request in asks[role].seen]
        found = rows(made)
        assert made.dialect == "prose"
        assert len(found) == len(seen) - (8 if role == "policy" else 0)  # of the policy's, guesses that were rejected
        assert all(row["prompt"] in seen for row in found)
    verdict = Prose().read_verdict(said(found[0]), None)  # type: ignore[arg-type]
    assert not isinstance(verdict, str)
    made = exported(tmp_path / "run", "sft-journey", validation=0.0)
    for row in rows(made):
        assert "I guess." in said(row)
        assert said(row).rstrip(".").endswith(f"\\boxed{{{sums.number_in(asked(row)) + 1000}}}")


def test_policies_learn_live_steps_in_words_that_read_back(labelled: Path, exported: Export) -> None:
    found = rows(exported(labelled, "policy"))
    assert len(found) > 30
    for row in found:
        step = read_step(said(row))
        assert step is not None
        assert game.solvable(step.remaining, puzzle_of(row).target)
        assert asked(row).startswith("use ")
        assert asked(row).endswith(" step")


def test_a_policy_may_learn_every_step_that_tools_confirmed(labelled: Path, exported: Export) -> None:
    right, more = (rows(exported(labelled, "policy", from_tools=also, validation=0.0)) for also in (None, "confirmed"))
    debates = {t.id: t for t in Run(labelled).trajectories()}
    assert [row for row in more if row["kind"] == "step"] == sorted(right, key=more.index)
    allowed = [row for row in more if row["kind"] == "confirmed"]
    assert len(allowed) > 30
    for row in allowed:
        step, node = read_step(said(row)), debates[row["debate"]].tree.node(row["node"])
        assert step is not None
        assert not game.solvable(step.remaining, puzzle_of(row).target)
        assert {evidence.status.value for evidence in node.evidence} == {"confirmed"}
    refuted = [n for t in debates.values() for n in t.steps if any(e.status.value == "refuted" for e in n.evidence)]
    assert refuted
    with pytest.raises(ConfigError, match="`from_tools` is for policy and critic"):
        exported(labelled, "sft-journey", from_tools="confirmed")


def test_a_critic_may_learn_every_look_ahead_that_holds(tmp_path: Path, exported: Export) -> None:
    run = play(tmp_path / "run", 20, rounds=5)  # few are solved, so little is known of the steps
    known, more = (rows(exported(run, "critic", from_tools=also, validation=0.0)) for also in (None, "confirmed"))
    sound = [row for row in more if row["kind"] == "confirmed"]
    assert len(more) == len(known) + len(sound)
    assert len(sound) > 10
    debates = {t.id: t for t in Run(run).trajectories()}
    for row in sound:
        step = read_step(debates[row["debate"]].tree.node(row["node"]).text)
        assert step is not None
        hopeful = "continue" in said(row) or "terminate" in said(row)
        assert hopeful is game.solvable(step.remaining, puzzle_of(row).target)


@pytest.fixture(scope="module")
def astray(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return debates on numbers larger than the agents know, in which they miscalculate."""
    puzzles = game.generate(count=10, split="train", max_number=26, seed=4)
    out = tmp_path_factory.mktemp("astray") / "run"
    list(lt.generate([countdown_task(puzzle) for puzzle in puzzles], out=out, concurrency=1, rounds=20))
    return out


def test_a_policy_may_learn_what_the_rules_allow_instead_of_its_refuted_steps(astray: Path, exported: Export) -> None:
    found = rows(exported(astray, "policy", from_tools="corrected", validation=0.0))
    debates = {t.id: t for t in Run(astray).trajectories()}
    redone = [row for row in found if row["kind"] == "corrected"]
    for row in redone:
        path = [node.text for node in debates[row["debate"]].tree.path(row["node"])]
        new, numbers = read_step(said(row)), puzzle_of(row).numbers
        assert new is not None
        assert table_after_all(numbers, (*path, said(row))) == TableState(new.remaining)
        tried_here = asked(row).rpartition(" left ")[2]
        assert f"not {said(row).partition(' =')[0]} dead" not in tried_here
    refuted = {
        (debate.id, node.parent, step[:3])
        for debate in debates.values()
        for node in debate.steps
        if any(evidence.status is EvidenceStatus.REFUTED for evidence in node.evidence)
        if (step := read_step(node.text))
    }
    kept = Counter((row["debate"], row["node"], (read_step(said(row)) or ())[:3]) in refuted for row in redone)
    assert min(kept[True], kept[False]) > 5  # miscalculated, and forbidden
    prompts = Counter(asked(row) for row in redone)
    assert statistics.mode(prompts.values()) == 2


def test_a_policy_learns_new_steps_where_it_repeated_one(astray: Path, exported: Export) -> None:
    found = rows(exported(astray, "policy", from_tools="corrected", validation=0.0))
    taught = {asked(row) for row in found if row["kind"] == "corrected"}
    repeated = [
        messages(Compact().ask_policy(view(tree, at=tree.cursor)))[-1]["content"]
        for debate in Run(astray).trajectories()
        for event, tree in replay(debate)
        if isinstance(event, Failed) and event.failure is Failure.REPEATED_STEP
    ]
    assert len(repeated) > 5
    assert set(repeated) <= taught


def test_a_policy_does_not_learn_steps_that_tools_confirmed_and_the_critic_sent_back(
    astray: Path, exported: Export
) -> None:
    debates = {t.id: t for t in Run(astray).trajectories()}
    sent_back = Counter[str]()
    for mode in ("confirmed", "corrected"):
        for row in rows(exported(astray, "policy", from_tools=mode, validation=0.0)):
            verdicts = debates[row["debate"]].tree.node(row["node"]).verdicts
            sent_back[mode] += bool(verdicts) and not verdicts[0].action.accepts
    assert sent_back["confirmed"] > 5
    assert sent_back["corrected"] == 0


def test_a_policy_learns_accepted_steps_only_where_the_critic_gave_a_reason_there_or_further_on(
    tmp_path: Path, exported: Export
) -> None:
    run, agents = tmp_path / "run", "bundled:countdown-self-taught"
    puzzles = game.generate(count=6, numbers=5, split="train", seed=1)
    list(lt.generate([countdown_task(puzzle) for puzzle in puzzles], out=run, policy=agents, critic=agents, rounds=60))
    found = rows(exported(run, "policy", from_tools="corrected", validation=0.0))
    taught = {(asked(row), said(row)) for row in found}  # of two equal rows, one in place of another step may be kept
    own = {(asked(row), said(row)) for row in found if row["kind"] != "corrected"}
    seen = Counter[tuple[bool, bool]]()
    for debate in Run(run).trajectories():
        for event, tree in replay(debate):
            if not isinstance(event, Proposed) or event.parent != 0:
                continue
            node = debate.tree.node(event.node)
            if node.verdicts and node.verdicts[0].action.accepts:
                assert not node.verdicts[0].critique  # four numbers are left
                after = [debate.tree.node(child).verdicts for child in node.children]
                reason = any(v and v[0].action.accepts and v[0].critique for v in after)
                prompt = messages(Compact().ask_policy(view(tree, at=0)))[-1]["content"]
                seen[reason, (prompt, node.text) in (taught if reason else own)] += 1
    assert seen.keys() == {(True, True), (False, False)}


def test_a_critic_may_learn_its_look_aheads_redone_and_what_follows_from_them(astray: Path, exported: Export) -> None:
    debates = {t.id: t for t in Run(astray).trajectories()}
    holding: dict[str, list[bool | None]] = {}
    for mode in ("confirmed", "corrected"):
        holding[mode] = []
        for row in rows(exported(astray, "critic", from_tools=mode, validation=0.0)):
            step, verdict = read_step(debates[row["debate"]].tree.node(row["node"]).text), read_verdict(said(row))
            assert step is not None
            assert verdict is not None
            holding[mode].append(lookahead.holds(verdict.words, step.remaining, puzzle_of(row).target))
            if mode == "corrected" and verdict.action != "backtrack":
                assert game.solvable(step.remaining, puzzle_of(row).target)
    assert holding["corrected"].count(True) == len(holding["corrected"]) > len(holding["confirmed"])


def test_critics_learn_the_solvers_verdict_and_where_to_return(labelled: Path, exported: Export) -> None:
    found = rows(exported(labelled, "critic"))
    assert Counter(row["kind"] for row in found).keys() == {"accept", "reject"}
    for row in found:
        target, *path = puzzle_of(row).target, *asked(row).split(" step ")[1:]
        *above, new = [read_step(" ".join(text.partition(" not ")[0].split()).removesuffix(" judge")
                       .removesuffix(" holds")) for text in path]  # fmt: skip
        verdict = read_verdict(said(row))
        assert verdict is not None
        assert new is not None
        assert (verdict.action != "backtrack") == game.solvable(new.remaining, target)
        if verdict.action == "backtrack":
            alive = [n for n, step in enumerate(above, 1) if step and game.solvable(step.remaining, target)]
            assert verdict.back_to == (alive[-1] if alive else 0)


# Thinkers.


def test_twins_come_from_the_same_debates_and_end_in_the_same_right_answer(labelled: Path, exported: Export) -> None:
    journeys, shortcuts = (rows(exported(labelled, f)) for f in ("sft-journey", "sft-shortcut"))
    voice = VOICES["compact"]
    assert [row["debate"] for row in journeys] == [row["debate"] for row in shortcuts]
    assert any(len(said(j)) > 2 * len(said(s)) for j, s in zip(journeys, shortcuts, strict=True))
    for journey, shortcut in zip(journeys, shortcuts, strict=True):
        assert journey["prompt"] == shortcut["prompt"]
        problem, puzzle = Run(labelled).problem(journey["debate"]), puzzle_of(journey)
        answers = [voice.read_answer(said(row), problem) for row in (journey, shortcut)]
        assert answers[0] == answers[1]
        assert answers[0] is not None
        assert fault(puzzle.numbers, puzzle.target, answers[0]) is None
        assert "backtrack" not in said(shortcut)


def test_twins_match_on_tokens(labelled: Path, exported: Export) -> None:
    def words(made: ExportReport) -> list[int]:
        return [len(said(row).split()) for row in rows(made)]

    journeys, all_journeys = (words(exported(labelled, "sft-journey", match=m)) for m in ("tokens", "examples"))
    shortcuts = words(exported(labelled, "sft-shortcut", match="tokens"))
    assert len(shortcuts) == len(all_journeys) > len(journeys) > 0
    assert sum(shortcuts) - max(all_journeys) < sum(journeys) <= sum(shortcuts)


def test_compact_debates_can_be_told_in_prose_and_chronologically(played: Path, exported: Export) -> None:
    made = exported(played, "sft-journey", dialect="prose", walk=Walk.CHRONOLOGICAL)
    for row in rows(made):
        assert [message["role"] for message in row["prompt"]] == ["system", "user"]
        answer = VOICES["prose"].read_answer(said(row), Run(played).problem(row["debate"]))
        assert answer == Run(played).trajectory(row["debate"]).answer


# Preferences.


def test_siblings_are_told_apart_by_the_solver_and_answer_one_prompt(labelled: Path, exported: Export) -> None:
    found, debates = rows(exported(labelled, "dpo-policy", pairs=3)), {t.id: t for t in Run(labelled).trajectories()}
    assert len(found) > 20
    good_of, bad_of = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for row in found:
        good, bad = read_step(said(row, "chosen")), read_step(said(row, "rejected"))
        assert good is not None
        assert bad is not None
        target = puzzle_of(row).target
        assert game.solvable(good.remaining, target)
        operation = said(row, "chosen").partition(" =")[0]
        if f"not {operation} " in asked(row):  # of another, wrong result
            assert f"not {operation} illegal step" in asked(row)
            assert f"not {operation} dead" not in asked(row)
            texts = {node.text for node in debates[row["debate"]].steps if node.text.startswith(f"{operation} =")}
            assert texts - {said(row, "chosen")}
        good_of[asked(row)].add(said(row, "chosen"))
        bad_of[asked(row)].add(said(row, "rejected"))
    assert max(map(len, [*good_of.values(), *bad_of.values()])) in (2, 3)
    assert not any(good_of[prompt] & bad_of[prompt] for prompt in good_of)


def test_without_labels_siblings_are_told_apart_by_what_the_debate_found(played: Path, exported: Export) -> None:
    run = Run(played)
    for row in rows(exported(played, "dpo-policy")):
        assert any(
            said(row, "chosen") in [node.text for node in run.trajectory(f"{row['problem']}#{n}").path]
            for n in (0, 1)
            if run.trajectory(f"{row['problem']}#{n}").solved
        )


def test_whole_samples_pair_right_thoughts_with_wrong_ones(labelled: Path, exported: Export, tmp_path: Path) -> None:
    tasks = [lt.Task(problem=t.problem) for t in lt.Run(labelled).trajectories()][::2]
    short = tmp_path / "short"
    given = [lt.Task(problem=t.problem, reference=ref(t.problem.statement)) for t in tasks]
    list(lt.generate(given, out=short, samples=4, rounds=7, concurrency=1))
    made = exported(short, "dpo-policy", pair_by="samples")
    assert made.role == "thinker"
    run = Run(short)
    solved = {str(t.long_thought(voice=VOICES["compact"])): t.solved for t in run.trajectories()}
    for row in rows(made):
        assert solved[said(row, "chosen")]
        assert not solved[said(row, "rejected")]


def test_thoughts_of_a_thinker_are_paired_as_they_stand_and_not_taken_apart(tmp_path: Path, exported: Export) -> None:
    right = "step 16 + 9 = 25 left 25 20 3\nstep 25 + 3 = 28 left 28 20\nstep 28 + 20 = 48 left 48 terminate"
    wrong, cut = right.replace("28 + 20 = 48 left 48", "28 - 20 = 8 left 8"), "step 16 + 9 = 25 left 25 20 3"
    says = iter([right, wrong, cut])
    statement, run = "Use 3, 9, 16 and 20, each once, to make 48.", tmp_path / "run"
    task = lt.Task(problem=lt.Problem(id="p", statement=statement, domain="countdown"), reference=ref(statement))
    thinker = Policy("scripted:thinker", ScriptedChatModel(lambda _: next(says)), CompactThinker())
    played = lt.generate(
        [task], out=run, samples=3, graph="sampling", policy=thinker, concurrency=1,
        attempts=1, dialect="compact-thought",
    )  # fmt: skip
    assert [t.solved for t in played] == [True, False, False]
    made = exported(run, "dpo-policy", pair_by="samples")
    assert {said(row, "chosen") for row in rows(made)} == {right}
    assert {said(row, "rejected") for row in rows(made)} == {wrong, cut}
    for other in ("policy", "sft-shortcut"):
        with pytest.raises(ConfigError, match="not taken apart into steps; export sft-journey, or dpo-policy"):
            exported(run, other)
    for more in ({}, {"dialect": "compact"}, {"dialect": "compact-thought"}):
        (learned,) = rows(exported(run, "sft-journey", **more))
        assert (said(learned), learned["kind"]) == (right, "own")
    with pytest.raises(ConfigError, match="whole thoughts in compact, which are not told in other words"):
        exported(run, "sft-journey", dialect="prose")
    with pytest.raises(ConfigError, match="not told in other words"):
        next(rewrite(run, RewriteRequest(model="openai:fake"), writer=ScriptedChatModel([])))
    with pytest.raises(ConfigError, match="a thinker wrote whole thoughts in it"):
        ThoughtTeller(Run(run), Walk.DEPTH_FIRST, 3, 0, "compact")


def test_a_policy_learns_its_right_solutions_as_it_was_asked_for_them(tmp_path: Path, exported: Export) -> None:
    replies = iter([r"It is \boxed{4}.", r"It is \boxed{5}.", r"It is \boxed{4}.", r"So \boxed{4}."])
    policy = Policy("fake:policy", ScriptedChatModel(lambda _: next(replies)), Prose())
    task = lt.Task(problem=lt.Problem(id="two", statement="What is 2 + 2?"), reference=lt.AnswerReference(answer="4"))
    given: dict[str, Any] = {"attempts": 4, "batch": 1, "stop_early": False, "dialect": "prose", "policy": policy}
    (sampled,) = lt.generate([task], out=tmp_path / "run", graph="sampling", concurrency=1, **given)
    for name, dialect in (("policy", None), ("critic", "yes-no")):  # only the answer that was chosen has a grade
        assert exported(tmp_path / "run", name, dialect=dialect).left_out[UNGRADED] == 3
    with LabelWriter(tmp_path / "run") as writer:
        writer.append(asyncio.run(tree_labels(sampled, task.reference)))
    taught = rows(exported(tmp_path / "run", "policy", validation=0.0))
    assert {said(row) for row in taught} == {r"It is \boxed{4}.", r"So \boxed{4}."}
    assert all(row["prompt"] == messages(Prose().ask_solution(view(sampled.tree, at=0))) for row in taught)
    (pair,) = rows(exported(tmp_path / "run", "dpo-policy", validation=0.0, pairs=1))
    assert said(pair, "rejected") == r"It is \boxed{5}."
    judged = rows(exported(tmp_path / "run", "critic", dialect="yes-no", validation=0.0))
    assert {(row["prompt"][-2]["content"], said(row)) for row in judged} == {
        (r"It is \boxed{4}.", "Yes"), (r"It is \boxed{5}.", "No"), (r"So \boxed{4}.", "Yes"),
    }  # fmt: skip
    assert all(row["prompt"] == messages(YesNo().ask_critic(view(sampled.tree, row["node"]))) for row in judged)


def ref(statement: str) -> lt.CountdownReference:
    puzzle = Puzzle.read(statement)
    assert puzzle is not None
    return lt.CountdownReference(numbers=puzzle.numbers, target=puzzle.target)


def test_verdicts_are_credited_with_what_happened_next(tmp_path: Path, exported: Export) -> None:
    """Two debates ask the same of a critic that is of two minds; one of its verdicts leads to the right answer."""
    minds = iter(["terminate", "backtrack", "terminate"])

    def critic_says(_: object) -> str:
        return json.dumps({"critique": "so I say", "action": next(minds), "target": None, "score": 0.5})

    policy = Policy("fake:policy", ScriptedChatModel(lambda _: r"It is \boxed{4}."), Prose())
    critic = Critic("fake:critic", ScriptedChatModel(critic_says), Prose())
    task = lt.Task(problem=lt.Problem(id="two", statement="What is 2 + 2?"), reference=lt.AnswerReference(answer="4"))
    given: dict[str, Any] = {"policy": policy, "critic": critic, "tools": [], "patience": 1}
    list(lt.generate([task], out=tmp_path / "run", samples=2, concurrency=1, **given))
    run = Run(tmp_path / "run")
    assert [t.solved for t in run.trajectories()] == [True, False]
    with LabelWriter(run.path) as writer:
        writer.append([Label(trajectory="two#1", node=1, method=Method.HUMAN, live=True)])
    (row,) = rows(exported(run.path, "dpo-critic", validation=0.0))
    assert json.loads(said(row, "chosen"))["action"] == "terminate"
    assert json.loads(said(row, "rejected"))["action"] == "backtrack"


def test_a_critic_of_one_word_learns_whether_each_attempt_was_right(tmp_path: Path, exported: Export) -> None:
    replies = iter([r"It is \boxed{4}.", r"It is \boxed{5}.", r"I say \boxed{4}."])
    policy = Policy("fake:policy", ScriptedChatModel(lambda _: next(replies)), Prose())
    critic = Critic("fake:critic", ScriptedChatModel(lambda _: "Yes"), YesNo())
    task = lt.Task(problem=lt.Problem(id="two", statement="What is 2 + 2?"), reference=lt.AnswerReference(answer="4"))
    given: dict[str, Any] = {"policy": policy, "critic": critic, "attempts": 3, "batch": 1, "stop_early": False}
    given |= {"dialect": "prose", "critic_dialect": "yes-no", "choose": "weighted"}
    (sampled,) = lt.generate([task], out=tmp_path / "run", graph="sampling", concurrency=1, **given)
    with LabelWriter(tmp_path / "run") as writer:
        writer.append(asyncio.run(tree_labels(sampled, task.reference)))
    made = rows(exported(tmp_path / "run", "critic", validation=0.0))
    assert {(said(row), row["kind"]) for row in made} == {("Yes", "accept"), ("No", "reject")}
    assert all(asked(row).endswith("Answer with one word, Yes or No.") for row in made)
    (wrong,) = [row for row in made if said(row) == "No"]
    assert [message["role"] for message in wrong["prompt"]] == ["system", "user", "assistant", "user"]
    assert (wrong["prompt"][2]["content"], "the final answer 5 right?" in asked(wrong)) == (r"It is \boxed{5}.", True)


# Steps with labels.


def test_step_labels_say_what_the_solver_says_up_to_the_first_error(labelled: Path, exported: Export) -> None:
    found = rows(exported(labelled, "step-labels"))
    assert {row["kind"] for row in found} == {"right", "with an error"}
    for row in found:
        steps = [read_step(text) for text in row["completions"]]
        live = [step is not None and game.solvable(step.remaining, puzzle_of(row).target) for step in steps]
        first = row["labels"].index(False) if False in row["labels"] else -1
        assert row["first_error"] == first
        assert row["labels"][: first if first >= 0 else None] == live[: first if first >= 0 else None]
        assert len(row["labels"]) == len(row["values"]) == len(steps)


def test_step_values_are_the_next_steps_score_and_the_outcome(run: Path, exported: Export) -> None:
    """Bare debates, so that only grades, tools and the critic's own scores tell."""
    found = rows(exported(run, "step-values"))
    debates = {t.id: t for t in Run(run).trajectories()}
    assert len(found) > 10
    longest = 0
    for row in found:
        debate = debates[row["debate"]]
        scores = {e.node: e.verdict.score for e in debate.events if isinstance(e, Judged)}
        steps = [node for node in debate.tree.path(row["node"]) if node.id]
        assert [node.text for node in steps] == row["completions"]
        for before, after, target, later in zip(steps, steps[1:], row["labels"], row["labels"][1:], strict=False):
            if after.id == before.children[-1] and scores.get(after.id) is not None:
                assert target == pytest.approx(0.1 * scores[after.id] + 0.9 * later)
                longest += 1
        if not steps[-1].children and debate.labels.get(steps[-1].id) is not None:
            assert row["labels"][-1] == float(debate.labels[steps[-1].id])
    assert longest > 10


def test_continuations_that_missed_teach_nothing_against_a_right_answer(run: Path, exported: Export) -> None:
    right = {(t.id, node.id) for t in Run(run).trajectories() if t.solved for node in t.path}
    with LabelWriter(run) as writer:
        writer.append(
            estimated(t.id, node.id, Method.MONTE_CARLO, 0, 16, by="policy", at=0.0)
            for t in Run(run).trajectories()
            for node in t.steps
        )
    ends = [row for row in rows(exported(run, "step-labels")) if (row["debate"], row["node"]) in right]
    assert ends
    assert all(row["labels"] == [True] * len(row["values"]) for row in ends)
    assert all(row["values"] == [1.0] * len(row["values"]) and row["first_error"] == -1 for row in ends)
    verdicts = rows(exported(run, "critic"))
    judged = [row for row in verdicts if (row["debate"], row["node"]) in right]
    assert judged
    assert {row["kind"] for row in judged} == {"accept"}
    assert any(row["kind"] == "reject" for row in verdicts)


# Choosing.


def test_a_mix_keeps_its_shares_of_formats_and_of_kinds(labelled: Path, exported: Export) -> None:
    made = exported(labelled, "sft-journey", "sft-shortcut", mix={"sft-journey": 0.25, "sft-shortcut": 0.75})
    told = Counter("backtrack" in said(row) or "judge" in said(row) for row in rows(made))
    assert told[True] == made.request.mix["sft-journey"] * sum(told.values()) or abs(told[False] - 3 * told[True]) <= 3
    kinds = Counter(row["kind"] for row in rows(exported(labelled, "critic", mix={"accept": 0.5, "reject": 0.5})))
    assert kinds["accept"] == kinds["reject"] > 10
    with pytest.raises(ConfigError, match=r"`mix` praise.*kind accept, reject"):
        exported(labelled, "critic", mix={"praise": 1.0})


def test_filters_keep_what_they_say(labelled: Path, exported: Export) -> None:
    run = Run(labelled)
    few = {row["debate"] for row in rows(exported(labelled, "critic", backtracks=(1, 4)))}
    assert few
    assert few <= {t.id for t in run.trajectories() if 1 <= t.backtracks <= 4}
    solved = {row["debate"] for row in rows(exported(labelled, "step-labels", outcome="solved"))}
    assert solved <= {t.id for t in run.trajectories() if t.solved}
    lengths = [len(asked(row).split()) + len(said(row).split()) for row in rows(exported(labelled, "sft-journey"))]
    limit = int(statistics.median(lengths))
    short = exported(labelled, "sft-journey", max_length=limit)
    assert all(len(asked(row).split()) + len(said(row).split()) <= limit for row in rows(short))
    assert short.left_out[f"longer than {limit} tokens"] > 0
    sure = exported(labelled, "policy", agreement=1.0)
    assert sum(sure.debates.values()) - sure.left_out["whose critic disagrees with the outcome"] > 0


def test_a_request_reads_what_is_written_on_a_command_line() -> None:
    mix = "sft-journey=0.7,sft-shortcut=0.3"
    written = ExportRequest(formats="sft-journey, sft-shortcut", mix=mix, backtracks="1-8", wrong=-1, validation="0.2")
    assert written.formats == (Format.JOURNEY, Format.SHORTCUT)
    assert written.mix == {"sft-journey": 0.7, "sft-shortcut": 0.3}
    assert (written.backtracks, written.wrong, written.validation_share) == ((1, 8), None, 0.2)
    limits = {text: ExportRequest(backtracks=text).backtracks for text in ("0", "2-", "3-4")}
    assert limits == {"0": (0, 0), "2-": (2, None), "3-4": (3, 4)}
    aside = ExportRequest(validation="runs/other")
    assert (aside.validation, aside.validation_share) == (Path("runs/other"), 0.0)


def test_limits_that_are_no_range_say_how_to_write_one() -> None:
    for text in ("many", "-", "1-x", "-2"):
        with pytest.raises(ConfigError, match="`backtracks` must be a number or a range, such as 0, 1-8 or 1-, got"):
            ExportRequest(backtracks=text)
    for given in ("5-2", (5, 2)):
        with pytest.raises(ConfigError, match="`backtracks` must have its lower limit first, such as 2-5, got 5-2"):
            ExportRequest(backtracks=given)


def test_no_row_is_there_twice(labelled: Path, exported: Export, tmp_path: Path) -> None:
    twice = tmp_path / "again" / "run"
    twice.parent.mkdir()
    twice.symlink_to(labelled)
    (tmp_path / "again" / "copy").symlink_to(labelled)
    once, both = exported(labelled, "policy"), exported([labelled, tmp_path / "again" / "copy"], "policy")
    assert sum(once.counts.values()) == sum(both.counts.values())


def test_a_run_may_be_the_validation_set_unless_it_overlaps(labelled: Path, exported: Export, tmp_path: Path) -> None:
    other = play(tmp_path / "held", 4, split="validation")
    made = exported(labelled, "policy", validation=str(other))
    keys = {problem_key(t.problem) for t in Run(other).trajectories()}
    assert {row["problem"] for row in rows(made, "validation")} <= keys
    assert not {row["problem"] for row in rows(made, "train")} & keys
    with pytest.raises(ConfigError, match=r"overlaps with .*24 of its debates"):
        exported(labelled, "policy", validation=labelled)
    mixed = exported(labelled, "critic", validation=str(other), mix={"accept": 0.5, "reject": 0.5})
    assert mixed.counts["validation"] == exported(labelled, "critic", validation=str(other)).counts["validation"] > 0


def test_a_validation_run_of_a_thinker_is_not_told_again(tmp_path: Path, exported: Export) -> None:
    puzzles = {
        "train": "Use 3, 9, 16 and 20, each once, to make 48.",
        "held": "Use 4, 9, 16 and 20, each once, to make 49.",
    }
    for name, statement in puzzles.items():
        numbers = Puzzle.read(statement)
        assert numbers is not None
        first = numbers.numbers[0]
        text = (
            f"step 16 + 9 = 25 left 25 20 {first}\nstep 25 + {first} = {25 + first} left {25 + first} 20\n"
            f"step {25 + first} + 20 = {45 + first} left {45 + first} terminate"
        )
        thinker = Policy("scripted:thinker", ScriptedChatModel(lambda _, text=text: text), CompactThinker())
        task = lt.Task(problem=lt.Problem(id=name, statement=statement, domain="countdown"), reference=ref(statement))
        played = lt.generate(
            [task], out=tmp_path / name, graph="sampling", policy=thinker, attempts=1, dialect="compact-thought"
        )
        assert [one.solved for one in played] == [True]
    made = exported(tmp_path / "train", "sft-journey", validation=str(tmp_path / "held"), against=["none"])
    assert [row["kind"] for side in ("train", "validation") for row in rows(made, side)] == ["own", "own"]


def test_of_a_folder_of_several_graphs_the_debates_of_the_first_are_taken(tmp_path: Path, exported: Export) -> None:
    for graph in ("debate", "self_critique"):
        keep(lt.solve("Use 3, 9, 16 and 20, each once, to make 48.", graph=graph), tmp_path / "kept")
    made = exported(tmp_path / "kept", "policy", against=["none"], validation=0)
    assert made.left_out["of another graph than the folder's first"] == 1
    assert {row["debate"] for row in rows(made)} == {Run(tmp_path / "kept").ids()[0]}


@pytest.mark.parametrize("seed", range(8))
def test_a_problem_is_always_left_to_train_on(tmp_path: Path, exported: Export, seed: int) -> None:
    run = play(tmp_path / "run", 2, split="train")
    made = exported(run, "policy", validation=0.9, seed=seed)
    assert made.counts["train"] > 0


# Bad input.


def no_file_is_left(out: Path) -> bool:
    return not out.exists() and not list(out.parent.glob(f".{out.name}-*"))


def test_a_run_without_a_solved_debate_is_refused(tmp_path: Path, exported: Export) -> None:
    tasks = [lt.Task(problem=task.problem, reference=lt.AnswerReference(answer="-1")) for task in sums.tasks(2)]
    policy = Policy("fake:policy", ScriptedChatModel(lambda s: sums.policy_says(str(s[-1].content))), Prose())
    critic = Critic("fake:critic", ScriptedChatModel(lambda s: sums.critic_says(str(s[-1].content))), Prose())
    list(lt.generate(tasks, out=tmp_path / "run", policy=policy, critic=critic, tools=[]))
    with pytest.raises(ProblemError, match=r"none of its 2 debates is graded as solved \(2 failed, 0 not graded\)"):
        exported(tmp_path / "run", "sft-journey")
    assert no_file_is_left(tmp_path / "data-1")


def test_debates_on_test_problems_are_left_out_and_if_all_are_that_is_said(tmp_path: Path, exported: Export) -> None:
    run = play(tmp_path / "run", 3, split="test")
    with pytest.raises(ProblemError, match=r"nothing to train on.*3 in the test split of Countdown"):
        exported(run, "sft-journey")
    assert no_file_is_left(tmp_path / "data-1")
    assert exported(run, "sft-journey", against=("none",)).counts["train"] > 0


def test_a_folder_with_other_data_is_left_alone(played: Path, exported: Export, tmp_path: Path) -> None:
    (tmp_path / "data-1").mkdir()
    (tmp_path / "data-1" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="there is something else in it already; name a new"):
        exported(played, "policy")
    assert [p.name for p in (tmp_path / "data-1").iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_refused_before_a_run_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (Path("/proc/x"), tmp_path / "file" / "x", tmp_path / ("x" * 300)):
        with pytest.raises(ConfigError, match=r"`out` .*: nothing can be written into .*; name another folder"):
            export([tmp_path / "no-run"], out, formats="critic")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_run_of_a_newer_schema_is_refused(run: Path, exported: Export) -> None:
    manifest = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**manifest, "schema_version": 99}))
    with pytest.raises(RunFolderError, match="schema 99"):
        exported(run, "policy")


def test_what_makes_no_sense_together_is_refused(played: Path, exported: Export) -> None:
    def refused() -> Iterator[tuple[tuple[str, ...], dict[str, Any], str]]:
        yield ("policy", "dpo-policy"), {}, "different columns"
        yield ("policy", "critic"), {}, "teach critic and policy"
        yield ("policy",), {"match": "tokens"}, "`match=tokens` is for twins"
        yield ("sft-journey",), {"match": "words"}, r"`match` must be one of examples, tokens, got .words"
        yield ("sft-journey",), {"match": "tokens", "dialect": "prose"}, "`tokenizer`"
        yield ("sft-journey",), {"walk": Walk.SHORTCUT}, "`walk` must be depth_first or chronological, got .shortcut"
        yield ("policy",), {"validation": 1.0}, "`validation` must be a share from 0 to less than 1, .* got 1"
        yield ("policy",), {"mix": {"step": 0.5}}, "add up to 1"
        yield ("dpo-policy",), {"pairs": 0}, "`pairs` must be at least 1, got 0"
        yield ("policy",), {"dialect": "latin"}, "unknown dialect 'latin'"
        yield (), {}, "`formats` must name at least one"
        yield ("sft",), {}, "`formats` must be one or more of sft-journey, .*, got .sft"
        yield (
            ("sft-journey",),
            {"mix": {"sft-journey": 0.7, "sft-shortcut": 0.3}},
            ("`mix` has a share of sft-shortcut, .* `formats=sft-journey,sft-shortcut`"),
        )
        yield (
            ("dpo-policy",),
            {"pair_by": "samples", "limit": 1},
            "some of its debates are solved and others not, so have more debates",
        )
        yield ("dpo-critic",), {}, "a prompt pairs when the critic was wrong"

    for formats, settings, words in refused():
        with pytest.raises((ConfigError, ModelError, ProblemError), match=words):
            exported(played, *formats, **settings)


def test_steps_that_the_dialect_cannot_read_back_are_left_out_and_counted(played: Path, exported: Export) -> None:
    made = exported(played, "policy", dialect="prose")
    assert made.left_out["with a step that can't be read back in prose"] > 0
    assert all(read_step(said(row)) for row in rows(made))
