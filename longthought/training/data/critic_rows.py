"""Rows for critics: what each was asked about a step, by the dialect that asked, and the verdict to answer with.

A verdict is right if it fits where the step leads, as far as labels and the outcome say. It is written by the dialect
and must be readable by it again: what can't be said is left out and counted.
"""

from collections import Counter
from collections.abc import Iterator

from longthought.agents.dialects.dialect import Dialect, Unreadable
from longthought.agents.view import View, view
from longthought.labels.label import Label, Method
from longthought.thoughts import shorthand
from longthought.training.data.annotated import HOPEFUL, AnnotatedDebate, agrees, replay
from longthought.training.data.rows import PairCandidate, Ruler, TrainingRow, messages, turn
from longthought.trajectories.events import Action, Author, Judged, Verdict
from longthought.trajectories.tree import NodeKind, Tree


def _judged(debate: AnnotatedDebate) -> Iterator[tuple[Judged, Tree, bool]]:
    """Yield the verdicts of critics, with the tree they saw and where their step is known to lead."""
    for event, tree in replay(debate.trajectory):
        if isinstance(event, Judged) and event.by is not Author.STRATEGY:  # which tells the outcome of a sub-debate
            live = debate.lives.get(event.node)
            if live is not None:
                yield event, tree, live


def critic_rows(
    debate: AnnotatedDebate, dialect: Dialect, ruler: Ruler, left_out: Counter[str]
) -> Iterator[TrainingRow]:
    """Yield a right verdict on every step that was judged and of which it is known where it leads.

    The critic's own words stand where its verdict was right, and the label's reason where it was wrong; without one the
    step is left out. A look-ahead is also replaced where the solver knows a better one: right for a wrong reason is not
    what a critic should learn.
    """
    for event, tree, live in _judged(debate):
        shown = view(tree, event.node)
        right = right_verdict(event.verdict, tree, debate, event.node, live, dialect)
        if right is None:
            left_out["with a wrong verdict and no reason to put in its place"] += 1
        elif (text := written(right, shown, dialect)) is None:
            left_out[f"with a verdict that can't be said in {dialect.name}"] += 1
        else:
            kind = "accept" if right.action in HOPEFUL else "reject"
            yield turn("critic", kind, debate.at(event.node), dialect.ask_critic(shown), text, ruler)


def critic_candidates(debate: AnnotatedDebate, dialect: Dialect, left_out: Counter[str]) -> Iterator[PairCandidate]:
    """Yield verdicts credited with what happened next, and the right one beside each that was wrong.

    Accepting a step is to the credit of a critic if the step led to a right answer, and sending the policy back if it
    did not (the credit of Estornell et al., "ACC-Collab", 2024, where the next round decides).
    """
    for event, tree, live in _judged(debate):
        shown = view(tree, event.node)
        said = written(event.verdict, shown, dialect)
        if said is None or event.verdict.action is Action.REFLECT:
            left_out[f"with a verdict that can't be said in {dialect.name}"] += said is None
            continue
        prompt, at = messages(dialect.ask_critic(shown)), debate.at(event.node)
        good = agrees(event.verdict, live)
        yield PairCandidate("dpo-critic", "reject" if not live else "accept", at, prompt, said, good)
        right = None if good else right_verdict(event.verdict, tree, debate, event.node, live, dialect)
        if right is not None and (text := written(right, shown, dialect)) is not None:
            yield PairCandidate("dpo-critic", "reject" if not live else "accept", at, prompt, text, good=True)


def right_verdict(
    given: Verdict, tree: Tree, debate: AnnotatedDebate, number: int, live: bool, dialect: Dialect
) -> Verdict | None:
    """Return the verdict that should have been given; None if there are no words for it."""
    node, label = tree.node(number), debate.labels.get(number)
    fits = agrees(given, live)
    if fits and given.action is Action.REFLECT:
        return given
    words = _words(given, label, live=live, fits=fits, dialect=dialect)
    if words is None:
        return None
    value = debate.value(number)
    score = value if value is not None else given.score if fits else None
    score = float(live) if score is None else score
    if live:
        action = Action.TERMINATE if node.answer is not None else Action.CONTINUE
        return Verdict(action=action, score=score, critique=words)
    target = _deepest_live(tree, debate, number)
    if target is None:
        target = given.target if fits else node.parent
    return Verdict(action=Action.BACKTRACK, target=target, score=score, critique=words)


def _words(given: Verdict, label: Label | None, *, live: bool, fits: bool, dialect: Dialect) -> str | None:
    """Choose between the critic's reasons and the label's, told as the dialect talks; None if there are none."""
    reason = label.reason if label and label.live is live else ""
    exact = label is not None and label.method is Method.EXACT
    if fits and not (exact and reason and shorthand.look_ahead(given.critique)):
        return given.critique
    if dialect.name != "compact":
        reason = shorthand.look_ahead(reason) or reason
    return reason or (given.critique if fits else None)


def _deepest_live(tree: Tree, debate: AnnotatedDebate, number: int) -> int | None:
    """Return the last step above one from which a right answer can be reached; None if nobody knows."""
    for node in reversed(tree.path(tree.node(number).parent)):
        if node.kind is NodeKind.STEP:
            live = debate.lives.get(node.id)
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
