"""The compact dialect: inference asks and reads to the letter what training writes, and refuses what is not its own."""

import random
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.agents.dialects.compact import Compact
from longthought.agents.dialects.dialect import Step, Unreadable
from longthought.agents.view import View, view
from longthought.problems.countdown import game, notation
from longthought.problems.countdown.game import CountdownMove
from longthought.problems.countdown.puzzle import Puzzle
from longthought.problems.problem import Problem
from longthought.training.bundled.corpus import Example, Mix, critic_examples, policy_examples
from longthought.trajectories.events import (
    Action,
    Author,
    Cause,
    Checked,
    Event,
    Evidence,
    EvidenceStatus,
    Moved,
    Proposed,
    Started,
    Verdict,
)
from longthought.trajectories.tree import Tree

COMPACT = Compact()
COUNT = 1_500
"""Examples drawn of each kind."""
STATUS = {"holds": EvidenceStatus.CONFIRMED, "refuted": EvidenceStatus.REFUTED, "unchecked": EvidenceStatus.ABSTAINED}


def text_of(example: Example) -> tuple[str, str]:
    """Return the prompt of an example and the reply to it."""
    words = " ".join(text for text, _ in example.pieces)
    if " judge " in words:
        prompt, _, reply = words.partition(" judge ")
        return f"{prompt} judge", reply.removesuffix(f" {notation.END}")
    prompt, _, reply = words.rpartition(" step ")
    return f"{prompt} step", reply.removesuffix(f" {notation.END}")


class Debate:
    """A tree grown event by event, as the debate graph grows it."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.tree = Tree()
        self.add(Started, Author.STRATEGY, problem=Problem(id="p", statement=puzzle.statement, domain="countdown"))

    def add(self, kind: type[Event], by: Author, **fields: object) -> None:
        self.tree.apply(kind(trajectory="p#0", seq=self.tree.events, by=by, at=0.0, **fields))  # type: ignore[arg-type]

    def propose(self, text: str) -> int:
        node = len(self.tree.nodes)
        self.add(Proposed, Author.POLICY, node=node, parent=self.tree.cursor, text=text)
        return node

    def accept(self, text: str) -> None:
        node = self.propose(text)
        self.add(Moved, Author.CRITIC, to=node, cause=Cause.ACCEPTED, accepted=(node,))

    def reject(self, text: str, by: Author) -> None:
        here = self.tree.cursor
        cause = Cause.VETOED if by is Author.TOOL else Cause.REJECTED
        self.add(Moved, by, to=here, cause=cause, abandoned=(self.propose(text),), reason="so it is")

    def check(self, node: int, status: EvidenceStatus) -> None:
        self.add(Checked, Author.TOOL, node=node, evidence=(Evidence(tool="countdown", status=status, claim="it"),))


def debate_of(prompt: str) -> tuple[Debate, int | None]:
    """Play the debate that a prompt of the corpus tells of; with the number of the step to judge, if there is one."""
    words = prompt.split()
    judged = words[-1] == "judge"
    start = words.index("make")
    debate = Debate(Puzzle(tuple(int(n) for n in words[1:start]), int(words[start + 1])))
    rest, candidate = words[start + 2 : -2 if judged else -1], None
    for kind, part in sections(rest):
        if kind == "not":
            left, operator, right, why = part
            result = game.apply(int(left), operator, int(right))
            by = Author.TOOL if why == "illegal" else Author.CRITIC
            debate.reject(f"{left} {operator} {right} = {result} left 1", by)
        elif judged and kind == "last step":
            candidate = debate.propose(" ".join(part))
            debate.check(candidate, STATUS[words[-2]])
        else:
            debate.accept(" ".join(part))
    return debate, candidate


def sections(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    starts = [i for i, word in enumerate(words) if word in ("step", "not")]
    for start, end in pairwise([*starts, len(words)]):
        last = "last " if words[start] == "step" and end == len(words) else ""
        yield f"{last}{words[start]}", list(words[start + 1 : end])


@pytest.fixture(scope="module")
def policy_corpus() -> list[Example]:
    return list(islice(policy_examples(random.Random(11), Mix()), COUNT))


@pytest.fixture(scope="module")
def critic_corpus() -> list[Example]:
    return list(islice(critic_examples(random.Random(12), Mix()), COUNT))


def test_the_policy_is_asked_as_it_was_trained(policy_corpus: list[Example]) -> None:
    paths, attempts = 0, 0
    for example in policy_corpus:
        prompt, _ = text_of(example)
        seen = view(debate_of(prompt)[0].tree)
        assert [m.content for m in COMPACT.ask_policy(seen)] == [prompt]
        paths, attempts = paths + bool(seen.path), attempts + bool(seen.attempts)
    assert min(paths, attempts) > COUNT / 10


def test_the_critic_is_asked_as_it_was_trained(critic_corpus: list[Example]) -> None:
    paths, attempts = 0, 0
    for example in critic_corpus:
        prompt, _ = text_of(example)
        debate, candidate = debate_of(prompt)
        seen = view(debate.tree, candidate)
        assert [m.content for m in COMPACT.ask_critic(seen)] == [prompt]
        paths, attempts = paths + bool(seen.path), attempts + bool(seen.attempts)
    assert min(paths, attempts) > COUNT / 10


def test_the_policys_prompt_is_the_critics_prefix(critic_corpus: list[Example]) -> None:
    for example in critic_corpus[:200]:
        debate, candidate = debate_of(text_of(example)[0])
        assert candidate is not None
        seen = view(debate.tree, candidate)
        asked = str(COMPACT.ask_critic(seen)[0].content)
        assert asked.startswith(str(COMPACT.ask_policy(seen)[0].content) + f" {seen.candidate.text}")  # type: ignore[union-attr]


def test_every_step_of_the_corpus_is_read_as_it_is_written(policy_corpus: list[Example]) -> None:
    for example in policy_corpus:
        prompt, reply = text_of(example)
        seen = view(debate_of(prompt)[0].tree)
        read = COMPACT.read_step(reply, seen)
        assert isinstance(read, Step), read
        assert read.text == reply
        parsed = notation.read_step(reply)
        assert parsed is not None
        assert notation.write_step(*parsed) == reply
        assert (read.answer is not None) == (len(parsed.remaining) == 1)


def test_every_verdict_of_the_corpus_is_read_as_it_is_written(critic_corpus: list[Example]) -> None:
    actions: set[Action] = set()
    for example in critic_corpus:
        prompt, reply = text_of(example)
        debate, candidate = debate_of(prompt)
        seen = view(debate.tree, candidate)
        read = COMPACT.read_verdict(reply, seen)
        assert isinstance(read, Verdict), read
        depth = "" if read.target is None else f" {[0, *seen.path_nodes].index(read.target)}"
        assert f"{read.critique} {read.action}{depth}" == reply
        assert read.score is not None
        assert (read.score > 0.5) == (read.action in (Action.CONTINUE, Action.TERMINATE))
        actions.add(read.action)
    assert actions == {Action.CONTINUE, Action.BACKTRACK, Action.TERMINATE}


def test_every_word_of_the_corpus_is_a_token(policy_corpus: list[Example], critic_corpus: list[Example]) -> None:
    words = {w for e in (*policy_corpus, *critic_corpus) for text, _ in e.pieces for w in text.split()}
    assert words <= set(notation.VOCABULARY)


# Replies that are no steps and no verdicts.

A_VIEW = View(
    Problem(id="p", statement="Use 16, 16, 8 and 11, each once, to make 35.", domain="countdown"),
    path=("16 - 8 = 8 left 16 11 8",),
    path_nodes=(4,),
    attempts=(),
)


def mangled(rng: random.Random, sound: str) -> str:
    """Spoil a reply in one to three places, or replace it by noise."""
    alphabet = '0123456789 +-*/=left\n\t\x00٣½🙂{}"continue'
    if rng.random() < 0.2:
        return "".join(rng.choices(alphabet, k=rng.randint(0, 60)))
    text = sound
    for _ in range(rng.randint(1, 3)):
        words = text.split(" ")
        index = rng.randrange(len(words))
        match rng.randrange(7):
            case 0:
                del words[index]
            case 1:
                words.insert(index, rng.choice([*words, "step", "401", "-3", "0x1", "9" * 5_000, "2.5", "Continue"]))
            case 2:
                words[index] = words[index][::-1] + rng.choice(alphabet)
            case 3:
                words = words[:index]
            case 4:
                rng.shuffle(words)
            case 5:
                words += rng.choices(words, k=rng.randint(1, 40))
            case _:
                words = list(text.replace(" ", rng.choice(["", "  ", "\n", ","])))
        text = (" " if rng.random() < 0.9 else "").join(words) or rng.choice(["", " "])
    return text


def test_a_thousand_mangled_replies_are_read_exactly_or_refused_with_a_reason(
    policy_corpus: list[Example], critic_corpus: list[Example]
) -> None:
    rng, refused = random.Random(13), 0
    for index in range(1_000):
        examples = policy_corpus if index % 2 else critic_corpus
        reply = mangled(rng, text_of(rng.choice(examples))[1])
        step, verdict = COMPACT.read_step(reply, A_VIEW), COMPACT.read_verdict(reply, A_VIEW)
        if isinstance(step, Step):
            assert " ".join(reply.split()) == step.text
            assert set(step.text.split()) <= set(notation.VOCABULARY)
        if isinstance(verdict, Verdict):
            written = " ".join(reply.split())
            depth = {None: "", 0: " 0", 4: " 1"}[verdict.target]
            assert f"{verdict.critique} {verdict.action}{depth}".strip() == written
        for read in (step, verdict):
            if isinstance(read, Unreadable):
                refused += 1
                assert len(read.reason) > 10
        assert COMPACT.read_reflection(reply) == (" ".join(reply.split()) or Unreadable("the reflection is empty"))
    assert refused > 1_500


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "16 + 11 = 27",
        "16 + 11 = 27 left",
        "16 + 11 = 27 left x",
        "step 16 + 11 = 27 left 27 8",
        "16 + 11 = 27 left 27 8 step",
        "16 + 11 = 27 left 27, 8",
        "16 ^ 11 = 27 left 27 8",
        "-16 + 11 = 27 left 27 8",
        "1.5 + 11 = 27 left 27 8",
        "16 + 11 = 27 left 27 8 continue",
        "16 + 011 = 27 left 27 8",
        "16 * 40 = 640 left 640 8",
        "١٦ + 11 = 27 left 27 8",
        "Let me think: 16 + 11 = 27 left 27 8",
        "1 + 1 = 2 left " + "100 " * 56 + "judge",
        "1 + 1 = 2 left " + "1" * 5_000,
    ],
)
def test_what_is_no_step_is_refused(reply: str) -> None:
    read = COMPACT.read_step(reply, A_VIEW)
    assert isinstance(read, Unreadable)
    assert "left" in read.reason
    assert len(read.reason) < 200


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "need 35 have 27 found",
        "continue terminate",
        "need 35 have 27 found continue backtrack 0",
        "need 35 have 27 none backtrack 2",
        "need 35 have 27 none backtrack -1",
        "need 35 have 27 none backtrack 0 0",
        "need 35 have 27 none backtrack " + "9" * 5_000,
        "need 35 have 27 found discontinue",
        "need 35 have 27 found Continue",
        "I think we should continue",
        '{"action": "continue", "target": null, "score": 1, "critique": ""}',
        "need 35 have 27 found continue.",
    ],
)
def test_what_is_no_verdict_is_refused(reply: str) -> None:
    read = COMPACT.read_verdict(reply, A_VIEW)
    assert isinstance(read, Unreadable)
    assert "verdict" in read.reason or "the path has 1 steps" in read.reason
    assert len(read.reason) < 200


def test_backtrack_counts_accepted_steps_and_names_their_nodes() -> None:
    debate = Debate(Puzzle((5, 5, 3, 2, 7), 12))
    debate.reject("7 + 5 = 12 left 12 5 3 2", Author.CRITIC)
    debate.accept("7 - 5 = 2 left 5 3 2 2")
    debate.reject("5 + 3 = 8 left 8 2 2", Author.CRITIC)
    debate.accept("5 - 3 = 2 left 2 2 2")
    seen = view(debate.tree, debate.propose("2 + 2 = 4 left 4 2"))
    assert seen.path_nodes == (2, 4)
    targets = {}
    for depth in ("", " 0", " 1", " 2"):
        read = COMPACT.read_verdict(f"need 12 have 6 2 8 2 none backtrack{depth}", seen)
        assert isinstance(read, Verdict)
        targets[depth] = read.target
    assert targets == {"": None, " 0": 0, " 1": 2, " 2": 4}


def test_the_score_is_how_sure_the_model_was_of_its_look_ahead_and_its_action() -> None:
    def score(reply: str, logprobs: Sequence[float] | None) -> float:
        read = COMPACT.read_verdict(reply, A_VIEW, logprobs)
        assert isinstance(read, Verdict)
        assert read.score is not None
        return read.score

    hopeful, hopeless = "need 35 have 35 found continue", "need 35 have 27 none backtrack 0"
    assert score(hopeful, None) == 1.0
    assert score(hopeless, None) == 0.0
    assert score(hopeful, [0.0] * 6 + [-9.0]) == 1.0  # the end token says nothing
    half = -0.6931471805599453
    assert score(hopeful, [half] + [0.0] * 5) == 0.75
    assert score(hopeless, [half] + [0.0] * 6) == 0.25
    assert score(hopeful, [-1e9] * 6) == 0.5
    assert score(hopeful, [float("-inf")] * 6) == 0.5
    assert score(hopeless, [-1e9] * 7) == 0.5


# The final answer.


@st.composite
def games(draw: st.DrawFn) -> tuple[Puzzle, list[str]]:
    """Play a random legal game to its last number; numbers are few, so duplicates are common."""
    numbers = draw(st.lists(st.integers(1, 12), min_size=2, max_size=6))
    state, steps = tuple(numbers), list[str]()
    while len(state) > 1:
        move = draw(st.sampled_from([m for m in game.moves(state) if m.result <= notation.MAX_VALUE]))
        following = game.after(state, move)
        assert following is not None
        steps.append(notation.write_step(move.left, move.operator, move.right, move.result, following))
        state = following
    return Puzzle(tuple(numbers), state[0]), steps


@given(games())
def test_the_final_answer_of_a_legal_game_is_right_by_the_checker(played: tuple[Puzzle, list[str]]) -> None:
    puzzle, steps = played
    debate = Debate(puzzle)
    for step in steps[:-1]:
        read = COMPACT.read_step(step, view(debate.tree))
        state = " ".join(sorted(step.partition("left ")[2].split(), key=int))
        assert read == Step(step, None, state)
        debate.accept(step)
    read = COMPACT.read_step(steps[-1], view(debate.tree))
    assert isinstance(read, Step)
    assert read.answer is not None
    assert game.check(puzzle.numbers, puzzle.target, read.answer) is None


def test_equal_values_are_used_once_each_whoever_made_them() -> None:
    # 4 is dealt twice and made once: every one of the three stands in the answer once.
    path = ("8 - 4 = 4 left 4 4", "4 * 4 = 16 left 16 4")
    seen = View(Problem(id="p", statement="Use 8, 4, 4 and 4, each once, to make 20."), path, (1, 2), ())
    read = COMPACT.read_step("16 + 4 = 20 left 20", seen)
    assert isinstance(read, Step)
    assert read.answer == "((8 - 4) * 4) + 4"
    assert game.check((8, 4, 4, 4), 20, read.answer) is None


def test_an_illegal_game_has_an_answer_that_the_checker_refuses() -> None:
    seen = View(Problem(id="p", statement="Use 8, 4 and 2, each once, to make 16."), (), (), ())
    read = COMPACT.read_step("8 + 8 = 16 left 16", seen)
    assert isinstance(read, Step)
    assert read.answer is not None
    assert game.check((8, 4, 2), 16, read.answer) is not None


# What fits in the language.


@pytest.mark.parametrize(
    ("statement", "fits"),
    [
        ("Use 3, 7, 16 and 20, each once, to make 46.", True),
        ("use 3 and 7 to get 21", True),
        ("Use 400 and 1 to make 400.", True),
        ("Use 401 and 1 to make 400.", False),
        ("Use 3 and 7 to make 401.", False),
        ("Use 0 and 7 to make 7.", False),
        ("What is 2 + 2?", False),
        ("Use 3 and 7, each once, to make 21. Then explain.", False),
    ],
)
def test_it_says_what_it_cannot_read(statement: str, fits: bool) -> None:
    objection = COMPACT.unsuitable(View(Problem(id="p", statement=statement), (), (), ()))
    assert (objection is None) == fits
    if objection:
        assert "only Countdown" in objection


def test_a_reflection_is_asked_for_and_any_words_are_taken() -> None:
    debate = Debate(Puzzle((16, 8), 24))
    seen = view(debate.tree, debate.propose("16 + 8 = 24 left 24"))
    assert COMPACT.ask_reflection(seen)[0].content == "use 16 8 make 24 step 16 + 8 = 24 left 24 doubt"
    assert COMPACT.read_reflection("  it \n holds ") == "it holds"
    assert isinstance(COMPACT.read_reflection(" "), Unreadable)


def test_moves_of_the_game_are_moves_of_the_language() -> None:
    assert {m.operator for m in game.moves((6, 3))} == set("+-*/")
    assert notation.write_step(*_fields(CountdownMove(6, "/", 3, 2)), remaining=(2, 5)) == "6 / 3 = 2 left 5 2"


def _fields(move: CountdownMove) -> tuple[int, str, int, int]:
    return move.left, move.operator, move.right, move.result
