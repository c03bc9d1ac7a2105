"""Thoughts in the dialects: compact ones can be read back, and every thinker's answer is found where it stands."""

import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.agents.catalogue import DIALECTS
from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.thinkers import VOICES
from longthought.agents.view import view
from longthought.errors import ConfigError
from longthought.problems.countdown import game, lookahead, notation
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.thoughts.compact import read_thought
from longthought.thoughts.moves import STEPS, Factor
from longthought.thoughts.walks import Walk
from longthought.training.bundled import corpus
from longthought.trajectories.events import (
    Action,
    Author,
    Cause,
    Checked,
    Evidence,
    EvidenceStatus,
    Failed,
    Failure,
    Finished,
    Graded,
    Judged,
    Moved,
    Proposed,
    Reflected,
    StopReason,
    Verdict,
)
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree
from tests.fakes import logs
from tests.fakes.logs import GrowingLog

COMPACT, PROSE = VOICES["compact"], VOICES["prose"]
PUZZLES = game.generate(count=40, seed=11, split="validation")


def played(puzzle: Puzzle, seed: int) -> Trajectory:
    """Play a Countdown debate as the bundled agents would: random moves, an exact critic, its look-aheads in words."""
    problem = Problem(id=puzzle.id, statement=puzzle.statement, domain="countdown")
    rng, log = random.Random(seed), GrowingLog(problem)
    state = tuple(sorted(puzzle.numbers, reverse=True))
    stack: list[tuple[int, tuple[int, ...], set[str]]] = [(0, state, set())]
    while len(stack[-1][1]) > 1:
        here, table, tried = stack[-1]
        options = [m for m in game.moves(table) if m.result <= notation.MAX_VALUE and str(m) not in tried]
        if not options:
            log.add(Moved, Author.STRATEGY, to=stack[-2][0], cause=Cause.EXHAUSTED, abandoned=(here,), reason="nothing")
            stack.pop()
            continue
        move = rng.choice(options)
        following = game.after(table, move)
        assert following is not None
        node, text = len(log.tree.nodes), corpus.write(move, following)
        spoiled = rng.random() < 0.1
        if spoiled:
            text = text.replace(f"= {move.result} ", f"= {move.result % 100 + 1} ")
        answer = None if len(following) > 1 else COMPACT.read_answer(f"{standing(log)} step {text} terminate", problem)
        log.add(Proposed, Author.POLICY, node=node, parent=here, text=text, answer=answer)
        log.add(Checked, Author.TOOL, node=node, evidence=(found(text, spoiled=spoiled),))
        if spoiled:
            log.add(Moved, Author.TOOL, to=here, cause=Cause.VETOED, abandoned=(node,), reason="algebra: wrong")
            continue
        tried.add(str(move))
        reply = lookahead.verdict(following, puzzle.target, len(stack) - 1) or f"need {puzzle.target} have blank none"
        live = game.solvable(following, puzzle.target) or rng.random() < 0.1
        words = reply.partition(" backtrack")[0].removesuffix(" continue").removesuffix(" terminate")
        ends = len(following) == 1
        live = live and not (ends and following[0] != puzzle.target)
        action = Action.BACKTRACK if not live else Action.TERMINATE if ends else Action.CONTINUE
        log.add(Judged, Author.CRITIC, node=node, verdict=Verdict(action=action, target=None, critique=words))
        if live:
            log.add(Moved, Author.CRITIC, to=node, cause=Cause.ACCEPTED, accepted=(node,), reason=words)
            stack.append((node, following, set()))
        else:
            log.add(Moved, Author.CRITIC, to=here, cause=Cause.REJECTED, abandoned=(node,), reason=words)
    end = log.tree.nodes[stack[-1][0]]
    log.add(Finished, Author.CRITIC, reason=StopReason.ANSWERED, node=end.id, answer=end.answer)
    log.add(Graded, Author.GRADER, solved=True)
    return Trajectory("p#0", log)


PROBLEM = Problem(id="p", statement=PUZZLES[0].statement, domain="countdown")


def standing(log: GrowingLog) -> str:
    return " ".join(f"step {n.text}" for n in log.tree.path())


def found(text: str, *, spoiled: bool) -> Evidence:
    status = EvidenceStatus.REFUTED if spoiled else EvidenceStatus.CONFIRMED
    return Evidence(tool="algebra", status=status, claim=text.partition(" left")[0])


def debates() -> Iterator[Trajectory]:
    for seed, puzzle in enumerate(PUZZLES):
        yield played(puzzle, seed)


def test_every_dialect_has_a_voice() -> None:
    assert set(VOICES) == set(DIALECTS)
    assert all(voice.name == name for name, voice in VOICES.items())


@pytest.mark.parametrize("walk", list(Walk))
def test_compact_thoughts_can_be_read_back_and_give_the_same_answer(walk: Walk) -> None:
    turned = 0
    for t in debates():
        thought = t.long_thought(walk, voice=COMPACT)
        read = read_thought(thought.text)
        assert read.fault == ""
        assert [turn.step for turn in read.turns] == [m.text for m in thought.course.moves if m.factor in STEPS]
        assert list(read.path) == [n.text for n in t.path]
        assert read.answer == t.answer
        assert game.check(Puzzle.read(t.problem.statement).numbers, target_of(t), read.answer or "") is None  # type: ignore[union-attr]
        assert set(thought.text.split()) <= set(notation.VOCABULARY)
        said = [
            m.text for m in thought.course.moves if m.factor in (Factor.FAILURE, Factor.APPROVAL) and m.by == "critic"
        ]
        assert [turn.words for turn in read.turns if turn.words] == said
        turned += thought.wrong_turns
    assert turned > 100 or walk is Walk.SHORTCUT


def target_of(t: Trajectory) -> int:
    puzzle = Puzzle.read(t.problem.statement)
    assert puzzle is not None
    return puzzle.target


def test_prose_thoughts_of_the_same_debates_give_the_same_answer() -> None:
    for t in debates():
        for walk in Walk:
            thought = t.long_thought(walk, voice=PROSE)
            assert PROSE.read_answer(thought.text, t.problem) == t.answer
            assert "blank" not in thought.text
            assert " left " not in thought.text.replace("left.", "").replace(" left,", "").replace(" left?", "")


def test_a_return_says_what_was_given_up_and_what_is_then_on_the_table() -> None:
    for t in debates():
        thought, wanted = t.long_thought(voice=COMPACT), list[str]()
        told = {seq for move in thought.course.moves if move.factor is Factor.RETURN for seq in move.events}
        tree = Tree()
        for event in t.events:
            tree.apply(event)
            if event.seq in told:
                shown = view(tree)
                asked = Compact().ask_policy(shown)[0].text.split()
                given_up = f"not {shown.attempts[-1].text.partition(' =')[0]} {asked[-2]}"
                table = (
                    shown.path[-1].partition(" left ")[2] if shown.path else " ".join(asked[1 : asked.index("make")])
                )
                wanted.append(f"{len(shown.path)} {given_up} left {table} make {target_of(t)}")
        assert re.findall(r"backtrack (.*? make \d+)", thought.text) == wanted


def test_the_thinker_is_asked_with_the_problem_alone() -> None:
    asked = COMPACT.ask(PROBLEM)
    assert [m.text for m in asked] == [notation.write_problem(PUZZLES[0])]
    system, user = PROSE.ask(Problem(id="p", statement="What is n?", context="n is 7."))
    assert "thinking aloud" in system.text
    assert user.text.startswith("Problem:\nWhat is n?\n\nGiven with the problem:\nn is 7.\n\n")
    assert "\\boxed{...}" in user.text
    with pytest.raises(ConfigError, match="only Countdown"):
        COMPACT.ask(Problem(id="p", statement="What is n?"))


def test_what_compact_has_no_words_for_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="only Countdown problems can be put in compact"):
        Trajectory("d", logs.edited_by_a_human()).long_thought(voice=COMPACT)
    log = logs.Log(PUZZLES[0].statement, id="c")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="Let me add them.")
    with pytest.raises(ConfigError, match="the step at step 1 can't be said in compact"):
        Trajectory(log.name, log).long_thought(voice=COMPACT)
    log = logs.Log("Use 2 and 3, each once, to make 5.", id="c")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="3 + 2 = 5 left 5")
    log.judge(1, Action.REFLECT, 0.5, "is it?")
    log.add(Reflected, Author.POLICY, node=2, parent=1, text="It is.")
    with pytest.raises(ConfigError, match="the doubt at step 1"):
        Trajectory(log.name, log).long_thought(voice=COMPACT)
    log = logs.Log("Use 2 and 300, each once, to make 302.", id="c")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="300 * 2 = 600 left 600")
    with pytest.raises(ConfigError, match="600"):
        Trajectory(log.name, log).long_thought(voice=COMPACT)


def test_a_miss_is_said_in_numbers_whoever_found_it() -> None:
    log = logs.Log("Use 2 and 3, each once, to make 5.", id="c")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="3 * 2 = 6 left 6", answer="3 * 2")
    log.judge(1, Action.BACKTRACK, 0.1, "that makes six, not five", target=0)
    log.add(Moved, Author.CRITIC, to=0, cause=Cause.REJECTED, abandoned=(1,), reason="that makes six, not five")
    assert Trajectory(log.name, log).long_thought(voice=COMPACT).text == (
        "step 3 * 2 = 6 left 6 judge need 5 have 6 none backtrack 0 not 3 * 2 dead left 3 2 make 5"
    )


def test_turning_to_another_branch_walks_down_to_it_again() -> None:
    log = logs.Log("Use 2, 3 and 4, each once, to make 24.", id="c")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="3 + 2 = 5 left 5 4")
    log.add(Proposed, Author.POLICY, node=2, parent=0, text="3 * 2 = 6 left 6 4")
    log.add(Proposed, Author.POLICY, node=3, parent=1, text="5 + 4 = 9 left 9", answer="(3 + 2) + 4")
    log.add(Proposed, Author.POLICY, node=4, parent=2, text="6 * 4 = 24 left 24", answer="(3 * 2) * 4")
    log.add(Finished, Author.STRATEGY, reason=StopReason.ANSWERED, node=4, answer="(3 * 2) * 4")
    text = Trajectory(log.name, log).long_thought(voice=COMPACT).text
    read = read_thought(text)
    assert (read.fault, read.answer) == ("", "(3 * 2) * 4")
    assert text.endswith("backtrack 0 left 4 3 2 make 24\nstep 3 * 2 = 6 left 6 4\nstep 6 * 4 = 24 left 24 terminate")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("step 3 + 2 = 5 left 5 4 backtrack 2 left 4 3 2 make 9", "backtrack 2: 1 steps stand"),
        ("step 3 + 2 = 5 left 5 4 backtrack 0 not 3 + 2 dead make 9", "does not say 'left'"),
        ("step 3 + 2 = 5 left 5 4 backtrack 0 left 4 3 2", "does not say 'make'"),
        ("step 3 + 2 left 5 4", "is no step"),
        ("judge need 5 have 6 none", "does not begin with a step"),
        ("I think step 3 + 2 = 5 left 5 4", "'I' can't open a turn"),
        ("step", "is no step"),
    ],
)
def test_thoughts_that_break_off_have_no_answer(text: str, fault: str) -> None:
    read = read_thought(text)
    assert fault in read.fault
    assert read.answer is None
    assert read_thought("step 3 + 2 = 5 left 5").answer is None  # it never ends


@given(st.lists(st.sampled_from((*notation.WORDS, "1", "2", "35"))))
def test_any_words_of_the_language_can_be_read_without_a_crash(words: list[str]) -> None:
    read = read_thought(" ".join(words))
    assert len(read.path) <= len(read.turns)


def test_answers_that_are_programs_or_proofs_stand_in_their_blocks() -> None:
    for domain, answer in (
        ("code", "def f():\n    return 1"),
        ("lean", "intro x\nsimp\ndone"),
        ("math", "\\frac{1}{2}"),
    ):
        problem = Problem(id="p", statement="Do it.", domain=domain)
        log = GrowingLog(problem)
        log.add(Failed, Author.POLICY, failure=Failure.UNREADABLE_STEP, detail="empty")
        log.add(Proposed, Author.POLICY, node=1, parent=0, text="Here it is.", answer=answer)
        log.add(Moved, Author.CRITIC, to=1, cause=Cause.ACCEPTED, accepted=(1,))
        log.add(Finished, Author.CRITIC, reason=StopReason.ANSWERED, node=1, answer=answer)
        text = Trajectory("p#0", log).long_thought(voice=PROSE).text
        assert (PROSE.read_answer(text, problem) or "").strip() == answer
    assert PROSE.read_answer("I don't know.", Problem(id="p", statement="s")) is None
    assert PROSE.read_answer("I don't know.", Problem(id="p", statement="s", domain="code")) is None
