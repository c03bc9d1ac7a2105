"""The prose dialect: what a view says, what a reply means, and that no reply whatever breaks it."""

import json
import random
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from longthought.agents.dialects import prompts
from longthought.agents.dialects.dialect import Dialect, Step, Unreadable
from longthought.agents.dialects.prose import Prose
from longthought.agents.dialects.reading import MAX_REPLY
from longthought.agents.view import Candidate, Remark, TriedStep, View
from longthought.domains.math import MATH
from longthought.problems.final_answer import boxed_answer
from longthought.problems.problem import Problem
from longthought.trajectories.events import Action, Author, Evidence, EvidenceStatus, Verdict

PROSE = Prose()
FIELDS: dict[str, Any] = {"action": "backtrack", "target": 3, "score": 0.25, "critique": "Step 4 divides by zero."}


def a_view(**changes: Any) -> View:
    full = View(
        problem=Problem(id="p", statement="Find {x} with x^2 = 4.", context="x is positive."),
        path=("Take the root.", "So x = ±2."),
        path_nodes=(1, 4),
        attempts=(
            TriedStep("x = 3, surely.", "9 is not 4", Author.CRITIC),
            TriedStep("x = 5.", "refuted: 25 = 4", Author.TOOL),
            TriedStep("x = 6.", "", Author.STRATEGY),
        ),
        observations=("[-2, 2]",),
        candidate=Candidate(
            node=9,
            text="As x > 0, \\boxed{2}.",
            answer="2",
            evidence=(
                Evidence(tool="algebra", status=EvidenceStatus.CONFIRMED, claim="2^2 = 4", detail="exact"),
                Evidence(tool="lean", status=EvidenceStatus.UNAVAILABLE, claim="0 < 2", detail="not installed"),
                Evidence(tool="python", status=EvidenceStatus.ABSTAINED, claim="assert x == 2"),
                Evidence(tool="answer", status=EvidenceStatus.REFUTED, claim="x = 7", detail="it is 2"),
            ),
            observations=("checked: 2",),
            remarks=(
                Remark(Author.CRITIC, "Is zero excluded?"),
                Remark(Author.POLICY, "Zero is no root."),
                Remark(Author.HUMAN, "Fine by me."),
            ),
        ),
    )
    return replace(full, **changes)


def user(messages: list[BaseMessage]) -> str:
    assert [type(m) for m in messages] == [SystemMessage, HumanMessage]
    return str(messages[1].content)


def shared(one: str, other: str) -> bytes:
    a, b = one.encode(), other.encode()
    return a[: next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))]


def test_it_is_a_dialect() -> None:
    dialect: Dialect = PROSE
    assert (dialect.name, dialect.repairs, dialect.unsuitable(a_view())) == ("prose", 1, None)


# Writing.

PATH = b"Take the root.\n\nStep 4:\nSo x = \xc2\xb12.\n\n"


def test_views_that_share_a_path_share_its_bytes() -> None:
    full, bare = a_view(), a_view(attempts=(), observations=(), candidate=None)
    prompts = [PROSE.ask_policy(full), PROSE.ask_policy(bare), PROSE.ask_reflection(full), PROSE.ask_critic(full)]
    for other in prompts[1:]:
        common = shared(user(prompts[0]), user(other))
        assert common.startswith(b"Problem:\nFind {x} with x^2 = 4.\n\n")
        assert PATH in common
    assert all(messages[0] == prompts[0][0] for messages in prompts), "one system message for both roles"


def test_a_longer_path_only_adds_to_a_shorter_one() -> None:
    short = a_view(attempts=(), observations=(), candidate=None)
    long = replace(short, path=(*short.path, "Drop -2."), path_nodes=(*short.path_nodes, 9))
    common = shared(user(PROSE.ask_policy(short)), user(PROSE.ask_policy(long)))
    assert PATH in common
    root = replace(short, path=(), path_nodes=())
    common = shared(user(PROSE.ask_policy(root)), user(PROSE.ask_policy(long)))
    assert common.startswith(b"Problem:\nFind {x} with x^2 = 4.\n\nGiven with the problem:\nx is positive.\n\n")


def test_what_was_tried_is_a_suffix_of_the_policys_request() -> None:
    text = user(PROSE.ask_policy(a_view(candidate=None)))
    order = [
        text.index(part)
        for part in (
            "Step 1:\nTake the root.", "Step 4:\nSo x", "[-2, 2]", "x = 3, surely.",
            "Rejected by the critic: 9 is not 4", "x = 5.", "Rejected by the tool: refuted: 25 = 4", "x = 6.",
            "Rejected by the strategy: no reason was given", "You are the solver. Write the next step",
            "Do not write a rejected step again",
        )
    ]  # fmt: skip
    assert order == sorted(order)


def test_the_domain_says_how_to_answer_and_the_draft_how_much_to_write() -> None:
    bare = View(Problem(id="p", statement="2 + 2?", domain="math"), (), (), ())
    before = f"Problem:\n2 + 2?\n\n{MATH.answer_form}\n\nYou are the solver. Write the "
    assert user(PROSE.ask_policy(bare)).startswith(f"{before}next step of the solution and stop: ")
    assert user(PROSE.ask_policy(replace(bare, draft=3))).startswith(f"{before}next steps, 3 at most, ")
    assert user(PROSE.ask_policy(replace(bare, draft=None))).startswith(f"{before}solution from here to its end, ")
    assert "Python" in user(PROSE.ask_policy(replace(bare, runs_code=True)))
    for domain in ("math", "countdown"):
        asked = user(PROSE.ask_policy(replace(bare, problem=Problem(id="p", statement="2 + 2?", domain=domain))))
        assert not any(word in asked for word in ("Lean", "lean", "program", "Python"))


def test_the_critic_sees_every_part_of_the_view() -> None:
    text = user(PROSE.ask_critic(a_view()))
    order = [
        text.index(part)
        for part in (
            "Find {x} with x^2 = 4.", "x is positive.", "Step 1:\nTake the root.", "Step 4:\nSo x = ±2.", "[-2, 2]",
            "x = 3, surely.", "9 is not 4", "x = 5.", "refuted: 25 = 4", "x = 6.",
            "Step 9:\nAs x > 0, \\boxed{2}.", "gives the final answer: 2", "checked: 2",
            "- 2^2 = 4: right (exact)\n", "- 0 < 2: could not be checked here (not installed)\n",
            "- assert x == 2: not decided\n", "- x = 7: WRONG (it is 2)\n",
            "The critic's doubt:\nIs zero excluded?", "The solver's reflection:\nZero is no root.",
            "A remark by the human:\nFine by me.", "You are the critic. Judge the new step, number 9.",
            "0 (the beginning), 1, 4",
        )
    ]  # fmt: skip
    assert order == sorted(order)


def test_the_critic_is_told_of_no_answer_and_no_evidence() -> None:
    bare = Candidate(node=1, text="Let us see.", answer=None, evidence=(), observations=(), remarks=())
    text = user(PROSE.ask_critic(View(Problem(id="p", statement="2 + 2?"), (), (), (), candidate=bare)))
    assert "gives no final answer" in text
    assert "What tools found" not in text
    assert "the last one that is right: 0 (the beginning); else null" in text


def test_the_critic_of_a_draft_is_asked_for_all_its_steps() -> None:
    asked = user(PROSE.ask_critic(a_view(unjudged=2)))
    assert "Judge the new steps, 1 to 9, one after the other." in asked


def test_the_critic_is_told_every_action_and_every_status_has_a_word() -> None:
    asked = user(PROSE.ask_critic(a_view()))
    assert all(f'"{action.value}" if ' in asked for action in Action)
    assert set(prompts.STATUSES) == set(EvidenceStatus)
    example = re.search(r"^\{.*\}$", asked, re.MULTILINE)
    assert example is not None
    assert list(json.loads(example[0])) == ["critique", "action", "target", "score"]


def test_a_draft_is_read_step_by_step_up_to_its_answer() -> None:
    reply = "1. Take 3 + 4 = 7.\n\n2. Then 7 * 2 = 14.\n\nSo the answer is \\boxed{14}.\n\nIs 14 even? 14 / 2 = 7."
    whole = PROSE.read_step(reply, a_view(draft=None))
    assert isinstance(whole, Step)
    assert [step.text for step in (whole, *whole.ahead)] == [
        "Take 3 + 4 = 7.", "Then 7 * 2 = 14.", "So the answer is \\boxed{14}.",
    ]  # fmt: skip
    assert [step.answer for step in (whole, *whole.ahead)] == [None, None, "14"]
    two = PROSE.read_step(reply, a_view(draft=2))
    assert isinstance(two, Step)
    assert len(two.ahead) == 1
    assert PROSE.read_step(reply, a_view()) == Step("Take 3 + 4 = 7.")


def test_a_reflection_sees_the_step_and_the_doubt() -> None:
    text = user(PROSE.ask_reflection(a_view()))
    assert "As x > 0, \\boxed{2}." in text
    assert "Is zero excluded?" in text
    assert "Re-examine" in text


@pytest.mark.parametrize("ask", [PROSE.ask_critic, PROSE.ask_reflection])
def test_there_must_be_a_candidate(ask: Any) -> None:
    with pytest.raises(ValueError, match="no candidate"):
        ask(a_view(candidate=None))


def test_long_output_is_cut() -> None:
    text = user(PROSE.ask_policy(a_view(observations=("7" * 10_000,))))
    assert "[… 6000 characters left out …]" in text
    assert text.count("7") == 4_000


def test_asking_again_repeats_the_reply_and_says_what_was_wrong() -> None:
    asked = PROSE.ask_critic(a_view())
    again = PROSE.ask_again(asked, "<think>hm</think>Looks fine.", "it holds no JSON object with an `action`")
    assert again[:2] == asked
    assert [type(m) for m in again[2:]] == [AIMessage, HumanMessage]
    assert again[2].content == "Looks fine."
    assert "it holds no JSON object with an `action`" in str(again[3].content)
    assert PROSE.ask_again(asked, " ", "it is empty")[2].content == "(nothing)"
    assert len(str(PROSE.ask_again(asked, "x" * 100_000, "it is long")[2].content)) < 5_000


def test_the_format_and_the_words_allow_only_what_is_legal() -> None:
    final = a_view(actions=(Action.BACKTRACK, Action.TERMINATE))
    schema = PROSE.critic_options(final)["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["action"]["enum"] == ["backtrack", "terminate"]
    asked = user(PROSE.ask_critic(final))
    assert '"backtrack" if ' in asked
    assert '"continue" if ' not in asked
    stay = PROSE.critic_options(a_view(actions=(Action.CONTINUE,)))["response_format"]["json_schema"]["schema"]
    assert stay["properties"]["target"]["enum"] == [None]


def test_only_the_critic_asks_for_a_format() -> None:
    assert PROSE.policy_options() == {}
    form = PROSE.critic_options(a_view())["response_format"]
    assert form["type"] == "json_schema"
    assert (form["json_schema"]["name"], form["json_schema"]["strict"]) == ("verdict", True)
    schema = form["json_schema"]["schema"]
    assert set(schema["properties"]) == set(schema["required"]) == {"action", "target", "score", "critique"}
    assert schema["properties"]["action"]["enum"] == ["continue", "backtrack", "reflect", "terminate"]
    assert schema["properties"]["target"]["enum"] == [0, 1, 4, None]
    assert schema["additionalProperties"] is False
    assert json.loads(json.dumps(form)) == form


# Reading steps.


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("Add both sides.", "Add both sides."),
        ("Step 3: Add both sides.", "Add both sides."),
        ("step 12. Add", "Add"),
        ("Next step: Add", "Add"),
        ("**Step 3:** Add", "Add"),
        ("**Step 3**: Add", "Add"),
        ("**Step 3: Isolate x**\nAdd", "**Isolate x**\nAdd"),
        ("Step 3: **Add** both", "**Add** both"),
        ("### Step 4\n\nAdd", "Add"),
        ("Step 2 (final): Add", "Add"),
        ("Step 3 - Add", "Add"),
        ("Step back and add.", "Step back and add."),
        ("Step-by-step we add.", "Step-by-step we add."),
        ("Step 3 is wrong.", "Step 3 is wrong."),
        ("<think>Step 1: hm</think>\nStep 2: Add", "Add"),
        ("hm, the prompt opened this</think>Add", "Add"),
        ("Add <think>a</think>both<think>b</think>.", "Add both."),
        ("Add.<think>and then the tokens ran out", "Add."),
        ("Add \ud83d\ude00 \ud800", "Add 😀 \ufffd"),
        ("Step 1: Run\n```python\nprint(1)\n```", "Run\n```python\nprint(1)\n```"),
    ],
)
def test_a_step_is_the_text_without_thinking_and_heading(reply: str, text: str) -> None:
    assert PROSE.read_step(reply, a_view()) == Step(text)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<think>all in there</think> ", "nothing after the thinking"),
        ("<think>cut short", "nothing after the thinking"),
        ("Step 3:", "no step below"),
        ("x" * (MAX_REPLY + 1), "16,001 characters"),
        ("so \\boxed{\\frac{1}{2}", "never closed"),
    ],
)
def test_an_unusable_step_is_unreadable_with_the_reason(reply: str, reason: str) -> None:
    found = PROSE.read_step(reply, a_view())
    assert isinstance(found, Unreadable)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so \\boxed{72}.", "72"),
        ("\\boxed{\\frac{1}{\\sqrt{2}}}", "\\frac{1}{\\sqrt{2}}"),
        ("\\boxed{\\{1, \\{2\\}\\}}", "\\{1, \\{2\\}\\}"),
        ("\\boxed{\\left\\{x\\right.}", "\\left\\{x\\right."),
        ("\\boxed{\\begin{cases}1\\\\2\\end{cases}} and {more}", "\\begin{cases}1\\\\2\\end{cases}"),
        ("not \\boxed{1} but \\boxed { 2 }", "2"),
        ("\\boxed{\\boxed{5}}", "5"),
        ("\\fbox{6}", "6"),
        ("I shall write \\boxed{} later", None),
        ("\\boxed{7}, in a \\boxed{}", "7"),
        ("nothing boxed", None),
        ("```python\nprint(f'\\\\boxed{{{x}}}')\n```", None),
        ("```python\nprint('\\\\boxed{1')\n```\nhence \\boxed{2}", "2"),
    ],
)
def test_the_answer_is_what_the_last_box_holds(text: str, answer: str | None) -> None:
    assert boxed_answer(text) == answer
    assert PROSE.read_step(text, a_view()) == Step(text, answer)


def test_a_reflection_is_its_words() -> None:
    assert PROSE.read_reflection("<think>hm</think> It stands. ") == "It stands."
    assert isinstance(PROSE.read_reflection(""), Unreadable)


# Reading verdicts.


@pytest.mark.parametrize("action", list(Action))
def test_a_well_formed_verdict_comes_back_as_it_was(action: Action) -> None:
    target = 3 if action is Action.BACKTRACK else None
    verdict = Verdict(action=action, target=target, score=0.5, critique='Not "{4}", it\'s \\(x\\),\n5: ünï 😀')
    for ascii_only in (True, False):
        for indent in (None, 2):
            reply = json.dumps(verdict.model_dump(mode="json"), ensure_ascii=ascii_only, indent=indent)
            assert PROSE.read_verdict(reply, a_view()) == verdict


WRITTEN = Verdict(action=Action.BACKTRACK, target=3, score=0.25, critique="Step 4 divides by zero.")


@pytest.mark.parametrize(
    "reply",
    [
        f"```json\n{json.dumps(FIELDS)}\n```",
        f"As \\frac{{1}}{{x}} is not in {{x: x > 0}} or {{y: y, z}}, I say:\n{json.dumps(FIELDS)}\nThat is all {{}}.",
        f"<think>{json.dumps(FIELDS | {'action': 'continue'})}</think>{json.dumps(FIELDS)}",
        str(FIELDS),
        json.dumps(FIELDS)[:-1] + ",}",
        json.dumps({key.upper(): value for key, value in FIELDS.items()}),
        json.dumps({"verdict": FIELDS}),
        json.dumps({"reasoning": "not {'action': 'continue'}"} | FIELDS),
        json.dumps(FIELDS | {"tags": ["a", {"b": [1, 2.5, None, True]}]}),
        json.dumps([FIELDS]),
        json.dumps(FIELDS) + "\n" + json.dumps(FIELDS),
        "{“action”: “backtrack”, “target”: 3, “score”: 0.25, “critique”: “Step 4 divides by zero.”}",
        "{action: backtrack, target: 3, score: 0.25, critique: Step 4 divides by zero.}",
        *(json.dumps(FIELDS | {"action": word}) for word in ("BACKTRACK", "Backtracked", "back-track", " back track ")),
        *(json.dumps(FIELDS | {"target": target}) for target in ("3", "step 3", "Step #3", 3.0)),
        *(json.dumps(FIELDS | {"score": score}) for score in ("0.25", "25%", "2.5/10", "25 / 100", 25, 2.5e-1, ".25")),
    ],
)
def test_near_misses_mean_what_was_written(reply: str) -> None:
    assert PROSE.read_verdict(reply, a_view()) == WRITTEN


@pytest.mark.parametrize("missing", ["target", "score", "critique"])
def test_what_is_not_said_is_left_open(missing: str) -> None:
    expected = WRITTEN.model_copy(update={missing: "" if missing == "critique" else None})
    for reply in (FIELDS | {missing: None}, {k: v for k, v in FIELDS.items() if k != missing}):
        assert PROSE.read_verdict(json.dumps(reply), a_view()) == expected


def test_a_target_means_nothing_without_backtracking() -> None:
    reply = json.dumps(FIELDS | {"action": "continue", "target": "nowhere"})
    assert PROSE.read_verdict(reply, a_view()) == Verdict(
        action=Action.CONTINUE, score=0.25, critique=FIELDS["critique"]
    )


def test_a_critique_in_parts_is_joined() -> None:
    reply = json.dumps(FIELDS | {"critique": ["Two faults.", {"first": "sign", "second": None}]})
    found = PROSE.read_verdict(reply, a_view())
    assert isinstance(found, Verdict)
    assert found.critique == "Two faults.\nfirst: sign\nsecond: "


@pytest.mark.parametrize(
    "latex",
    [
        r"2 \times 3, x \neq 0",
        r"\text{right}; \theta \to \rho",
        r"\nabla f \right) \nu \tau \tan x",
        r"\textbf{(B)} \therefore \tfrac12 \triangle",
        r"\not\in \rangle \rfloor \root \tilde{x}",
    ],
)
def test_commands_of_latex_keep_their_backslash_in_json(latex: str) -> None:
    for written in (latex, latex.replace("\\", "\\\\")):
        found = PROSE.read_verdict(f'{{"action": "reflect", "critique": "{written}"}}', a_view())
        assert isinstance(found, Verdict)
        assert found.critique == latex


def test_line_breaks_and_tabs_in_json_stay_what_they_are() -> None:
    found = PROSE.read_verdict(r'{"action": "reflect", "critique": "No.\nThe sum:\tx\n\n2. It\r\nis"}', a_view())
    assert isinstance(found, Verdict)
    assert found.critique == "No.\nThe sum:\tx\n\n2. It\r\nis"


@pytest.mark.parametrize(
    ("written", "target"),
    [("0 (the problem)", 0), ("the problem", 0), ("Problem", 0), ("3 (Take the root)", 3), ("node 3", 3), ("#3", 3)],
)
def test_a_target_in_the_words_of_the_request_is_read(written: str, target: int) -> None:
    found = PROSE.read_verdict(json.dumps(FIELDS | {"target": written}), a_view())
    assert isinstance(found, Verdict)
    assert found.target == target


def test_latex_and_quotes_in_a_critique_survive() -> None:
    reply = r"""{"action": "reflect", "critique": "the "second" \(x\) isn't \frac{1}{2}, it's \beta"}"""
    found = PROSE.read_verdict(reply, a_view())
    assert isinstance(found, Verdict)
    assert found.critique == r"""the "second" \(x\) isn't \frac{1}{2}, it's \beta"""


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        ("Looks right to me.", "no JSON object"),
        ("continue", "no JSON object"),
        ('{"score": 0.5}', "no JSON object"),
        ('{"action": "continue", "score": 0.5', "malformed: it breaks off"),
        ('{"action": "continue", "critique": "and', "never ends"),
        ('{"action" "continue"}', "a colon"),
        ('{"action": "continue" "score": 1}', "a comma"),
        ('{"action": ok, "critique": so, then}', "a colon"),
        ('{"action": "accept"}', "`accept`, not one of continue, backtrack, reflect, terminate"),
        ('{"action": "discontinue"}', "`discontinue`"),
        ('{"action": "continue|backtrack"}', "`continue|backtrack`"),
        ('{"action": ["continue"]}', "action is"),
        ('{"action": null}', "action is missing"),
        ('{"action": "backtrack", "target": -1}', "target is `-1`"),
        ('{"action": "backtrack", "target": 2.5}', "target is `2.5`"),
        ('{"action": "backtrack", "target": true}', "target is `true`"),
        ('{"action": "backtrack", "target": [1]}', "target is"),
        ('{"action": "backtrack", "target": ' + "9" * 5000 + "}", "target is"),
        ('{"action": "continue", "score": 7}', "no clear scale"),
        ('{"action": "continue", "score": 101}', "no clear scale"),
        ('{"action": "continue", "score": "11/10"}', "no clear scale"),
        ('{"action": "continue", "score": "1/0"}', "no clear scale"),
        ('{"action": "continue", "score": "high"}', "score is `high`"),
        ('{"action": "continue", "score": -0.1}', "score is `-0.1`"),
        ('{"action": "continue", "score": NaN}', "score is `NaN`"),
        ('{"action": "continue", "score": {}}', "score is"),
        ('{"action": "continue", "action": "terminate"}', "`action` twice"),
        ('{"action": "continue"} {"action": "terminate"}', "disagree"),
        ('{"action": "backtrack", "target": 1} {"action": "backtrack", "target": 2}', "disagree"),
        ("{\"reasoning\": \"one might say {'action': 'continue'} but", "never ends"),
        ('{"a":' * 2000, "nested too deeply"),
        ('{"a":' + "[" * 2000, "nested too deeply"),
        ("x" * 20_000, "20,000 characters"),
    ],
)
def test_what_has_no_single_reading_is_unreadable_with_the_reason(reply: str, reason: str) -> None:
    found = PROSE.read_verdict(reply, a_view())
    assert isinstance(found, Unreadable)
    assert reason in found.reason


JUNK = [
    "",
    "{",
    "}",
    '"',
    "'",
    ",",
    ":",
    "\\",
    "\n",
    "\x00",
    "\ud800",
    "😀",
    "“",
    "```",
    "<think>",
    "</think>",
    "null",
    " ",
]


def mangle(rng: random.Random, reply: str) -> str:
    """Damage a reply in one to three of the ways that models and networks do."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(reply))
        match rng.randint(0, 8):
            case 0:
                reply = reply[:at]
            case 1:
                reply = reply[at:]
            case 2:
                reply = f"```json\n{reply}\n```"
            case 3:
                reply = f"Here is {rng.choice(JUNK)} my verdict: {reply} I hope {rng.choice(JUNK)} it helps."
            case 4:
                reply = reply.replace('"', rng.choice(["'", "“", "`", ""]))
            case 5:
                reply = reply[:at] + rng.choice(JUNK) + reply[at:]
            case 6:
                reply = reply + rng.choice(["", "\n", ","]) + reply
            case 7:
                reply = reply[:at] + reply[at + rng.randint(1, 5) :]
            case _:
                reply = reply.replace("}", ",}").replace("null", "None")
    return reply


def test_a_mangled_verdict_is_read_as_written_or_not_at_all() -> None:
    rng = random.Random(7)
    read = 0
    for _ in range(1000):
        action = rng.choice(list(Action))
        fields = [
            ("action", action.value),
            ("target", rng.choice([None, 0, 3, 12])),
            ("score", rng.choice([0, 0.5, 1])),
            ("critique", rng.choice(["", "It's wrong.", 'a "b", {c}: \\frac{1}{2}', "ü😀\n2"])),
        ]
        rng.shuffle(fields)
        reply = mangle(rng, json.dumps(dict(fields), ensure_ascii=rng.random() < 0.5))
        found = PROSE.read_verdict(reply, a_view())
        if isinstance(found, Verdict):
            read += 1
            assert found.action is action, reply
        else:
            assert found.reason
    assert 200 < read < 900  # the damage is neither harmless nor total


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from(['{"action":', '"continue"', *"{}[]\",:'\\“”‘’ \n", "\ud800", "think", "a", "1", "%"])
    ).map("".join)
)
def test_no_text_breaks_a_reader(reply: str) -> None:
    check_every_reader(reply)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None), max_size=200))
def test_no_unicode_breaks_a_reader(reply: str) -> None:
    check_every_reader(reply)
    check_every_reader(json.dumps(FIELDS | {"critique": reply, "action": "reflect"}))
    found = PROSE.read_verdict(json.dumps({"action": reply}), a_view())
    assert isinstance(found, (Verdict, Unreadable))


def check_every_reader(reply: str) -> None:
    """Read a text as everything it may be; what comes back can be stored."""
    step, reflection = PROSE.read_step(reply, a_view()), PROSE.read_reflection(reply)
    verdict = PROSE.read_verdict(reply, a_view())
    for text in (
        step.text if isinstance(step, Step) else step.reason,
        reflection if isinstance(reflection, str) else reflection.reason,
        verdict.critique if isinstance(verdict, Verdict) else verdict.reason,
    ):
        assert text.encode().decode() == text
