import pytest

from longthought.labels.evidence import StepFacts, graded_facts, solver_facts
from longthought.trajectories.events import Author, Checked, Evidence, EvidenceStatus, Proposed
from longthought.trajectories.trajectory import Trajectory
from tests.fakes.logs import Log

CONFIRMED, REFUTED, ABSTAINED = EvidenceStatus.CONFIRMED, EvidenceStatus.REFUTED, EvidenceStatus.ABSTAINED


def facts(*texts: str, refuted: int = 0) -> StepFacts:
    """Return what is known of steps from the same problem, of which a tool refuted one."""
    log = Log("Use 20, 3 and 2, each once, to make 34.")
    for node, text in enumerate(texts, 1):
        log.add(Proposed, Author.POLICY, node=node, parent=0, text=text)
        found = (Evidence(tool="algebra", status=REFUTED, claim="it"),) if node == refuted else ()
        log.add(Checked, Author.TOOL, node=node, evidence=found)
    debate = Trajectory(log.name, log)
    return solver_facts(debate) or graded_facts(debate, {})


@pytest.mark.parametrize("found", [(CONFIRMED,), (CONFIRMED, REFUTED), (ABSTAINED,), ()])
@pytest.mark.parametrize("right", [True, False, None])
def test_steps_in_words_are_known_by_grades_and_refutations(
    found: tuple[EvidenceStatus, ...], right: bool | None
) -> None:
    log = Log("What is 12 * 13 - 151?")
    log.add(Proposed, Author.POLICY, node=1, parent=0, text="12 * 13 = 156", answer="5")
    log.add(Checked, Author.TOOL, node=1, evidence=[Evidence(tool="algebra", status=s, claim="it") for s in found])
    debate = Trajectory(log.name, log)
    assert solver_facts(debate) is None
    known = graded_facts(debate, {} if right is None else {1: right})
    assert known.source == "grades"
    assert known.sound.get(1) is (False if REFUTED in found else right)


def test_compact_steps_are_known_by_the_solver_unless_a_tool_refuted_them() -> None:
    known = facts("20 - 3 = 17 left 17 2", "20 * 2 = 40 left 40 3", refuted=1)
    assert (known.source, known.sound) == ("solver", {1: False, 2: False})
    assert facts("20 - 3 = 17 left 17 2", "20 * 2 = 40 left 40 3").sound == {1: True, 2: False}


def test_a_step_that_the_rules_forbid_is_not_sound_though_no_tool_looked_at_it() -> None:
    assert facts("20 - 3 = 34 left 34").sound == {1: False}


def test_one_step_in_words_leaves_the_whole_debate_to_grades_and_refutations() -> None:
    assert facts("20 - 3 = 17 left 17 2", "Let me take 20 - 3 = 17.", refuted=2) == StepFacts("grades", {2: False})
