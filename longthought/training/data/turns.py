"""Rows for policies and critics: what each was asked in a debate, by the dialect that asked, and what to say to it.

A debate is folded event by event, so every prompt is the one that its agent saw. What is learned is written by the
dialect and must be readable by it again: what can't be read back is left out and counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from longthought.agents.dialect import Dialect, Step, Unreadable
from longthought.agents.view import View, view
from longthought.training.data.labels import Label
from longthought.training.data.outcomes import lives
from longthought.training.data.rows import Candidate, Message, Row, Ruler, Source, messages, reply
from longthought.trajectories.events import Action, AnyEvent, Author, Judged, Proposed, Reflected, Verdict
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Kind, Tree

HOPEFUL = frozenset({Action.CONTINUE, Action.TERMINATE})
"""Actions by which a critic accepts a step."""
_TAUGHT = frozenset({Author.POLICY, Author.HUMAN})
"""Whose steps a policy learns from."""


@dataclass(frozen=True)
class Known:
    """A debate and what is known of its steps."""

    trajectory: Trajectory
    labels: Mapping[int, Label]
    source: Source
    lives: Mapping[int, bool]

    @classmethod
    def of(cls, trajectory: Trajectory, labels: Mapping[int, Label], source: Source) -> "Known":
        """Put together what labels and the outcome say."""
        return cls(trajectory, labels, source, lives(trajectory, labels))

    def at(self, node: int) -> Source:
        """Return where a row about a node comes from."""
        source = self.source
        return Source(source.run, source.problem, source.problem_id, source.debate, node, source.validation)


def replay(trajectory: Trajectory) -> Iterator[tuple[AnyEvent, Tree]]:
    """Yield every event with the tree as it was before it."""
    tree = Tree()
    for event in trajectory.events:
        yield event, tree
        tree.apply(event)


# The policy.


def policy_rows(known: Known, dialect: Dialect, ruler: Ruler, left_out: Counter[str]) -> Iterator[Row]:
    """Yield the steps that lead to a right answer, and the reflections of debates that found one."""
    for event, tree in replay(known.trajectory):
        match event:
            case Proposed() if event.by in _TAUGHT and known.lives.get(event.node):
                if event.node >= len(tree.nodes) and (shown := step_view(event, tree, dialect, left_out)):
                    yield _row("policy", "step", known.at(event.node), dialect.ask_policy(shown), event.text, ruler)
            case Reflected() if event.by in _TAUGHT and known.trajectory.solved:
                shown = view(tree, event.parent)
                asked = dialect.ask_reflection(shown)
                if dialect.read_reflection(event.text) == event.text:
                    yield _row("policy", "reflection", known.at(event.node), asked, event.text, ruler)
            case _:
                pass


def step_view(event: Proposed, tree: Tree, dialect: Dialect, left_out: Counter[str]) -> View | None:
    """Return what the policy saw, if the step can be read back in the dialect."""
    shown = view(tree, at=event.parent)
    if dialect.unsuitable(shown) is None and dialect.read_step(event.text, shown) == Step(event.text, event.answer):
        return shown
    left_out[f"a step that can't be read back in {dialect.name}"] += 1
    return None


def policy_candidates(known: Known, dialect: Dialect, left_out: Counter[str]) -> Iterator[Candidate]:
    """Yield steps as replies to the prompt they answered, and each one's next rival as a reply to the same prompt.

    A rival is the next step from the same node that fared otherwise. It was proposed later, so the earlier prompt,
    which lists neither of them as rejected, is one that both could answer.
    """
    waiting: dict[int, list[tuple[Sequence[Message], bool, int]]] = {}
    for event, tree in replay(known.trajectory):
        if not isinstance(event, Proposed) or event.by not in _TAUGHT or event.node < len(tree.nodes):
            continue
        good = known.lives.get(event.node)
        if good is None or (shown := step_view(event, tree, dialect, left_out)) is None:
            continue
        prompt, left = messages(dialect.ask_policy(shown)), waiting.setdefault(event.parent, [])
        for earlier, its, node in [w for w in left if w[1] is not good]:
            yield Candidate("dpo-policy", "sibling", known.at(node), earlier, event.text, good)
            left.remove((earlier, its, node))
        left.append((prompt, good, event.node))
        yield Candidate("dpo-policy", "sibling", known.at(event.node), prompt, event.text, good)


# The critic.


def critic_rows(known: Known, dialect: Dialect, ruler: Ruler, left_out: Counter[str]) -> Iterator[Row]:
    """Yield a right verdict on every step that was judged and of which it is known where it leads.

    The critic's own words stand where its verdict was right. Where it was wrong, the label's reason does; without one
    the step is left out.
    """
    for event, tree in replay(known.trajectory):
        if not isinstance(event, Judged) or (live := known.lives.get(event.node)) is None:
            continue
        shown = view(tree, event.node)
        right = right_verdict(event.verdict, tree, known, event.node, live)
        if right is None:
            left_out["a wrong verdict without a reason to put in its place"] += 1
        elif (text := written(right, shown, dialect)) is None:
            left_out[f"a verdict that can't be said in {dialect.name}"] += 1
        else:
            kind = "accept" if right.action in HOPEFUL else "reject"
            yield _row("critic", kind, known.at(event.node), dialect.ask_critic(shown), text, ruler)


def critic_candidates(known: Known, dialect: Dialect, left_out: Counter[str]) -> Iterator[Candidate]:
    """Yield verdicts credited with what happened next, and the right one beside each that was wrong.

    Accepting a step is to the credit of a critic if the step led to a right answer, and sending the policy back if it
    did not (the credit of Estornell et al., "ACC-Collab", 2024, where the next round decides).
    """
    for event, tree in replay(known.trajectory):
        if not isinstance(event, Judged) or (live := known.lives.get(event.node)) is None:
            continue
        shown = view(tree, event.node)
        said = written(event.verdict, shown, dialect)
        if said is None or event.verdict.action is Action.REFLECT:
            left_out[f"a verdict that can't be said in {dialect.name}"] += said is None
            continue
        prompt, at = messages(dialect.ask_critic(shown)), known.at(event.node)
        good = agrees(event.verdict, live)
        yield Candidate("dpo-critic", "reject" if not live else "accept", at, prompt, said, good)
        right = None if good else right_verdict(event.verdict, tree, known, event.node, live)
        if right is not None and (text := written(right, shown, dialect)) is not None:
            yield Candidate("dpo-critic", "reject" if not live else "accept", at, prompt, text, good=True)


def agrees(verdict: Verdict, live: bool) -> bool:
    """Say whether a verdict fits where a step leads; a doubt fits one that leads nowhere."""
    return (verdict.action in HOPEFUL) == live


def right_verdict(given: Verdict, tree: Tree, known: Known, number: int, live: bool) -> Verdict | None:
    """Return the verdict that should have been given; None if there are no words for it."""
    node, label = tree.node(number), known.labels.get(number)
    fits = agrees(given, live)
    if fits and given.action is Action.REFLECT:
        return given
    words = given.critique if fits else (label.reason if label and label.live is live else "")
    if not fits and not words:
        return None
    score = label.value if label and label.value is not None else given.score if fits else float(live)
    if live:
        action = Action.TERMINATE if node.answer is not None else Action.CONTINUE
        return Verdict(action=action, score=score, critique=words)
    target = _deepest_live(tree, known, number)
    if target is None:
        target = given.target if fits else node.parent
    return Verdict(action=Action.BACKTRACK, target=target, score=score, critique=words)


def _deepest_live(tree: Tree, known: Known, number: int) -> int | None:
    """Return the last step above one from which a right answer can be reached; None if nobody knows."""
    for node in reversed(tree.path(tree.node(number).parent)):
        if node.kind is Kind.STEP:
            live = known.lives.get(node.id)
            if live is None or live:
                return node.id if live else None
    return 0


def written(verdict: Verdict, shown: View, dialect: Dialect) -> str | None:
    """Write a verdict in a dialect, if it can be said there and read back."""
    if dialect.unsuitable(shown) is not None or (text := dialect.write_verdict(verdict, shown)) is None:
        return None
    read = dialect.read_verdict(text, shown)
    if isinstance(read, Unreadable):
        return None
    same = (read.action, read.target, read.critique) == (verdict.action, verdict.target, verdict.critique)
    return text if same else None


def _row(format: str, kind: str, source: Source, asked: Sequence[object], text: str, ruler: Ruler) -> Row:
    prompt = messages(asked)  # pyright: ignore[reportArgumentType]
    length = ruler(text)
    total = length + sum(ruler(message["content"]) for message in prompt)
    columns = {"prompt": prompt, "completion": reply(text)}
    said = "\n".join([*(message["content"] for message in prompt), text])
    return Row(format, kind, source, columns, said, length, total)


# Steps with labels.


def step_label_rows(known: Known, prompt: str, ruler: Ruler, left_out: Counter[str]) -> Iterator[Row]:
    """Yield every way from the problem to a leaf, as far as its steps are labelled.

    The columns are those of TRL's stepwise supervision; `first_error` counts as ProcessBench does (Zheng et al., 2024):
    the first step from which no right answer can be reached, or -1.
    """
    tree = known.trajectory.tree
    for leaf in known.trajectory.steps:
        if any(tree.nodes[child].kind is Kind.STEP for child in leaf.children):
            continue
        steps = [node for node in tree.path(leaf.id) if node.kind is Kind.STEP]
        labels = [known.lives.get(node.id) for node in steps]
        if None in labels:
            left_out["a step nobody labelled"] += 1
            steps = steps[: labels.index(None)]
        if not steps:
            continue
        lives = [known.lives[node.id] for node in steps]
        values = [_value(known, node.id) for node in steps]
        texts = [node.text for node in steps]
        columns = {
            "prompt": prompt, "completions": texts, "labels": lives, "values": values,
            "first_error": lives.index(False) if False in lives else -1,
        }  # fmt: skip
        length = sum(map(ruler, texts))
        kind = "with an error" if False in lives else "right"
        yield Row(
            "step-labels", kind, known.at(steps[-1].id), columns, "\n".join([prompt, *texts]), length,
            length + ruler(prompt),
        )  # fmt: skip


def _value(known: Known, node: int) -> float:
    label = known.labels.get(node)
    return label.value if label and label.value is not None else float(known.lives[node])
