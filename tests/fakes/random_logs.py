"""Random logs for property tests: debates that follow the rules to the letter, and searches that jump about."""

from hypothesis import strategies as st

from longthought.agents.view import view
from longthought.graphs import rules
from longthought.graphs.rules import DebateContext, Turn
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
from longthought.trajectories.tree import NodeKind
from tests.fakes.logs import GrowingLog

WORDS = ("the sum is even", "So n = 7.", "let x = 3", "```python\nprint(7)\n```", "Wait, 2 * 3 = 6", "$$a^2$$", "é …")
CRITIQUES = ("", " ", "the sign is wrong: 3 - 5 = -2", "Fine.", "Have you checked n = 0?")
SETTLED = DebateContext(rounds=14, reflections=1, patience=2)


@st.composite
def debates(draw: st.DrawFn) -> Trajectory:
    """Play a debate by the rules, every agent saying what it likes."""
    log = GrowingLog("What is n?")
    while (turn := rules.turn(log.tree, SETTLED)) is not Turn.END:
        tree, node = log.tree, rules.candidate(log.tree)
        match turn:
            case Turn.PROPOSE:
                text = f"{draw(st.sampled_from(WORDS))} #{draw(st.integers(0, 9))}"
                if view(tree).repeated([text]):
                    log.add(Failed, Author.POLICY, failure=Failure.REPEATED_STEP, detail=text)
                    continue
                answer = draw(st.sampled_from((None, None, "7", "8")))
                log.add(Proposed, Author.POLICY, node=len(tree.nodes), parent=tree.cursor, text=text, answer=answer)
            case Turn.CHECK:
                assert node is not None
                log.add(Checked, Author.TOOL, node=node.id, evidence=draw(st.lists(evidence(), max_size=2)))
            case Turn.JUDGE:
                assert node is not None
                verdict = Verdict(action=draw(st.sampled_from(Action)), critique=draw(st.sampled_from(CRITIQUES)))
                if verdict.action is Action.BACKTRACK:
                    above = [0, *(n.id for n in tree.path(node.parent) if n.kind is NodeKind.STEP)]
                    verdict = verdict.model_copy(update={"target": draw(st.sampled_from(above))})
                if fault := rules.illegal(tree, SETTLED, verdict):
                    log.add(Failed, Author.CRITIC, failure=Failure.ILLEGAL_VERDICT, detail=fault, node=node.id)
                else:
                    log.add(Judged, Author.CRITIC, node=node.id, verdict=verdict)
            case Turn.REFLECT:
                assert node is not None
                log.add(Reflected, Author.POLICY, node=len(tree.nodes), parent=node.id, text="I looked again.")
            case _:
                log.append(rules.act(tree, SETTLED, at=0.0))
    log.add(Graded, Author.GRADER, solved=draw(st.sampled_from((True, False, None))), detail="as the key says")
    return log.trajectory()


@st.composite
def searches(draw: st.DrawFn) -> Trajectory:
    """Grow a tree in any order, with merged states and steps made of several."""
    log = GrowingLog("What is n?")
    for _ in range(draw(st.integers(1, 20))):
        tree = log.tree
        known = st.integers(0, len(tree.nodes) - 1)
        match draw(st.sampled_from(("step", "step", "step", "judge", "merge", "combine", "prune", "check"))):
            case "step" | "combine" as kind:
                sources = tuple(draw(st.sets(known, max_size=2))) if kind == "combine" else ()
                log.add(
                    Proposed, Author.POLICY, node=len(tree.nodes), parent=draw(known), sources=sources,
                    text=draw(st.sampled_from(WORDS)), answer=draw(st.sampled_from((None, "7"))),
                )  # fmt: skip
            case "merge" if len(tree.nodes) > 2:
                node = draw(st.integers(2, len(tree.nodes) - 1))
                log.add(Proposed, Author.POLICY, node=node, parent=draw(st.integers(0, node - 1)), text="again")
            case "check" if len(tree.nodes) > 1:
                log.add(Checked, Author.TOOL, node=draw(known.filter(bool)), evidence=(draw(evidence()),))
            case "judge" if len(tree.nodes) > 1:
                verdict = Verdict(action=draw(st.sampled_from(Action)), critique=draw(st.sampled_from(CRITIQUES)))
                log.add(Judged, Author.CRITIC, node=draw(known.filter(bool)), verdict=verdict)
            case "prune" if len(tree.nodes) > 1:
                node = tree.node(draw(known.filter(bool)))
                to, reason = node.parent or 0, draw(st.sampled_from(CRITIQUES))
                log.add(Moved, Author.STRATEGY, to=to, cause=Cause.REJECTED, abandoned=(node.id,), reason=reason)
            case _:
                pass
    ends = [n.id for n in log.tree.nodes if n.answer is not None]
    if ends and draw(st.booleans()):
        end = draw(st.sampled_from(ends))
        log.add(Finished, Author.STRATEGY, reason=StopReason.ANSWERED, node=end, answer=log.tree.nodes[end].answer)
    return log.trajectory()


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    status = draw(st.sampled_from(EvidenceStatus))
    return Evidence(tool="algebra", status=status, claim="3 - 5 = 2", detail=draw(st.sampled_from(("", "it is -2"))))
