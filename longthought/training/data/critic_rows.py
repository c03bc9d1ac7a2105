"""Rows for critics: the prompt about a step as the dialect asks it, and the verdict to answer with.

A verdict is right if it fits where the step leads, as far as labels and the outcome tell. The dialect writes it and
must be able to read it back: a verdict that it can't write is left out and counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from longthought.agents.dialects.dialect import Dialect, Unreadable
from longthought.agents.view import View, view
from longthought.graphs.rules import DebateContext, legal_actions
from longthought.graphs.sampling.settings import SamplingContext
from longthought.labels.label import Label, Method
from longthought.labels.outcomes import settled
from longthought.thoughts import shorthand
from longthought.training.data.annotated import AnnotatedDebate, agrees, replay
from longthought.training.data.confirmed import corrected_verdict, share_confirmed
from longthought.training.data.request import FromTools
from longthought.training.data.rows import UNGRADED, PairCandidate, Ruler, TrainingRow, messages, turn
from longthought.trajectories.events import Action, Author, Judged, Started, Verdict
from longthought.trajectories.tree import Node, NodeKind, Tree


def judged_steps(debate: AnnotatedDebate, *, unknown: bool) -> Iterator[tuple[Judged, Tree, View, bool | None]]:
    """Yield the verdicts of critics, with the tree, what the critic saw, and where the step is known to lead.

    With `unknown`, also the verdicts on steps of which that is not known.
    """
    settings: DebateContext | None = None
    for event, tree in replay(debate.trajectory):
        if isinstance(event, Started) and "reflections" in event.config:  # a setting of debates alone
            settings = DebateContext.read(event.config)
        if isinstance(event, Judged) and event.by is not Author.STRATEGY:  # which rates sub-debates
            live = debate.lives.get(event.node)
            if live is not None or unknown:
                actions = legal_actions(tree, settings) if settings else tuple(Action)
                yield event, tree, view(tree, event.node, actions=actions), live


def critic_rows(
    debate: AnnotatedDebate, dialect: Dialect, ruler: Ruler, from_tools: FromTools | None, left_out: Counter[str]
) -> Iterator[TrainingRow]:
    """Yield a right verdict on every judged step whose outcome is known, and in one word on every graded solution.

    With `from_tools`, also verdicts on other steps whose look-ahead is right number by number, as kind `confirmed`;
    with `corrected`, every look-ahead is redone, and the verdict follows from it.

    The critic's own words are kept where its verdict was right, and replaced by the label's reason where it was wrong;
    without a reason the step is left out. A look-ahead is also replaced where the solver knows a better one, since a
    critic should not learn to be right for a wrong reason.
    """
    certain = settled(debate.trajectory, debate.labels) if from_tools == "corrected" else {}
    for event, tree, shown, live in judged_steps(debate, unknown=from_tools is not None):
        sure = certain.get(event.node)
        redone = _corrected(event, shown, live=sure) if from_tools == "corrected" else None
        if redone is not None:
            right = redone
        elif live is None:
            if not _confirmed(shown, event.verdict):
                continue
            right = event.verdict
        elif (right := _right_verdict(event.verdict, tree, debate, shown, live, dialect)) is None:
            left_out["with a wrong verdict and no reason to put in its place"] += 1
            continue
        if (text := written(right, shown, dialect)) is None:
            left_out[f"with a verdict that can't be said in {dialect.name}"] += 1
        else:
            kind = "accept" if right.action.accepts else "reject"
            if live is None:
                kind = "confirmed" if right.critique == event.verdict.critique else "corrected"
            yield turn("critic", kind, debate.at(event.node), dialect.ask_critic(shown), text, ruler)
    for node, shown, live in _unjudged(debate, left_out) if dialect.begins else ():
        text = dialect.write_verdict(_in_one_word(node, live), shown)
        assert text is not None
        yield turn("critic", "accept" if live else "reject", debate.at(node.id), dialect.ask_critic(shown), text, ruler)


def _unjudged(debate: AnnotatedDebate, left_out: Counter[str]) -> Iterator[tuple[Node, View, bool]]:
    """Yield the graded solutions of sampling that no critic was asked about, as one would see them."""
    tree = debate.trajectory.tree
    if tree.started is not None and tree.started.config.get("graph") == SamplingContext.graph:
        for node in debate.trajectory.steps:
            if node.answer is not None and not node.verdicts:
                if (live := debate.lives.get(node.id)) is None:
                    left_out[UNGRADED] += 1
                else:
                    yield node, view(tree, node.id), live


def _in_one_word(node: Node, live: bool) -> Verdict:
    """Return the right verdict of a critic that gives neither a reason nor a target."""
    accepted = Action.CONTINUE if node.answer is None else Action.TERMINATE
    return Verdict(action=accepted if live else Action.BACKTRACK)


def _confirmed(shown: View, verdict: Verdict) -> bool:
    assert shown.candidate is not None
    return share_confirmed(shown.problem, shown.path, shown.candidate.text, verdict) == 1


def _corrected(event: Judged, shown: View, *, live: bool | None) -> Verdict | None:
    assert shown.candidate is not None
    path, step = shown.path, shown.candidate.text
    return corrected_verdict(shown.problem, path, step, event.verdict, targets=shown.targets, live=live)


def critic_candidates(debate: AnnotatedDebate, dialect: Dialect, left_out: Counter[str]) -> Iterator[PairCandidate]:
    """Yield verdicts, good or bad by where their step led, and the right verdict beside each bad one.

    Accepting a step is good if the step led to a right answer, and sending the policy back is good if it did not
    (Estornell et al., "ACC-Collab", 2024, where the next round decides).
    """
    for event, tree, shown, live in judged_steps(debate, unknown=False):
        assert live is not None
        own = written(event.verdict, shown, dialect)
        if own is None or event.verdict.action is Action.REFLECT:
            left_out[f"with a verdict that can't be said in {dialect.name}"] += own is None
            continue
        prompt, at = messages(dialect.ask_critic(shown)), debate.at(event.node)
        good = agrees(event.verdict, live)
        yield PairCandidate("dpo-critic", "reject" if not live else "accept", at, prompt, own, good)
        right = None if good else _right_verdict(event.verdict, tree, debate, shown, live, dialect)
        if right is not None and (text := written(right, shown, dialect)) is not None:
            yield PairCandidate("dpo-critic", "reject" if not live else "accept", at, prompt, text, good=True)


def _right_verdict(
    given: Verdict, tree: Tree, debate: AnnotatedDebate, shown: View, live: bool, dialect: Dialect
) -> Verdict | None:
    """Return the verdict that the critic should have given on what it saw; None if there are no words for it.

    A wrong draft is left at its first wrong step, or whole if it isn't known which step that is.
    """
    assert shown.candidate is not None
    number = shown.candidate.node
    node, label = tree.node(number), debate.labels.get(number)
    fits = agrees(given, live)
    if dialect.begins:
        return _in_one_word(node, live)
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
    target = deepest_live(tree, debate.lives, number)
    if target is None:
        target = given.target if fits else None if shown.unjudged else node.parent
    return Verdict(action=Action.BACKTRACK, target=target, score=score, critique=words)


def _words(given: Verdict, label: Label | None, *, live: bool, fits: bool, dialect: Dialect) -> str | None:
    """Choose between the critic's reason and the label's, in the words of the dialect; None if there is neither."""
    reason = label.reason if label and label.live is live else ""
    exact = label is not None and label.method is Method.EXACT
    if fits and not (exact and reason and shorthand.look_ahead(given.critique)):
        return given.critique
    if dialect.name != "compact":
        reason = shorthand.look_ahead(reason) or reason
    return reason or (given.critique if fits else None)


def deepest_live(tree: Tree, lives: Mapping[int, bool], number: int) -> int | None:
    """Return the deepest ancestor from which a right answer can be reached; None if that is unknown."""
    for node in reversed(tree.path(tree.node(number).parent)):
        if node.kind is NodeKind.STEP:
            live = lives.get(node.id)
            if live is None or live:
                return node.id if live else None
    return 0


def written(verdict: Verdict, shown: View, dialect: Dialect) -> str | None:
    """Write a verdict in a dialect; None unless the dialect can write it and read it back."""
    if dialect.unsuitable(shown) is not None or (text := dialect.write_verdict(verdict, shown)) is None:
        return None
    read = dialect.read_verdict(text, shown)
    if isinstance(read, Unreadable):
        return None
    same = (read.action, read.target, read.critique) == (verdict.action, verdict.target, verdict.critique)
    return text if same else None
