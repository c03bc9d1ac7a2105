"""The texts of the prose dialect, word for word.

They stand apart from the code that fills them in, so that they can be read and changed as texts. System messages never
vary within a role: every request of a debate opens with the same bytes. One agent in both roles has one system message
for both, so that its proposals and its verdicts share them too.
"""

from typing import Final

_HOW_TO_WRITE: Final = r"""- Write exactly one step: one idea, with the work that shows it. Do not repeat earlier \
steps and do not number yours.
- Where a calculation is long, the step may hold one block of Python, fenced as ```python, that prints what you need. \
If it is run, you will be shown what it printed.
- When the step settles the problem, give the final answer in it as \boxed{...}, with nothing but the answer in the \
box. Until then write no \boxed. Where a program is asked for, the answer is the whole program in one ```python \
block, and below it \boxed{program}. Where a Lean theorem is to be proved, a step holds the next tactics in a ```lean \
block, and the last one ends with the tactic `done` instead of a box.
- What was tried from here and rejected is listed with the reason. Do something else; do not propose it again in other \
words.""".replace("\\\n", "")

POLICY: Final = (
    "You solve a problem together with a critic. You write one step of reasoning at a time. The critic reads every "
    "step and accepts it, asks you to re-examine it, or sends you back to an earlier step.\n\n" + _HOW_TO_WRITE
)
"""The system message of the policy, for steps and reflections."""

_WHAT_TOOLS_SAY: Final = r"""Tools may have checked claims of the step. "confirmed" means that this claim holds, not \
that the step is right. "refuted" means that the claim is false. "abstained" means that the tool can't tell. \
"unavailable" means that the tool could not run here; it is not a failed check and says nothing about the \
step.""".replace("\\\n", "")

CRITIC: Final = r"""You are the critic of a solution that is written one step at a time. You are shown the problem, \
the accepted steps with their numbers, what was already tried and rejected from here, and one new step. Judge the new \
step: is it right, and does it help? Look for the mistake before you look for agreement. A wrong step that you let \
pass spoils everything after it, and a right step that you reject is work lost.

Choose one action:
- "continue": the step is right and useful. It is accepted, and the solver goes on from it. Not allowed if the step \
carries a final answer.
- "backtrack": the step is wrong, or the path it is on can't succeed. It is abandoned, with every step after `target`, \
and the solver goes on from `target`: the number of an accepted step, or 0 for the problem itself. To drop the new \
step alone, name the last accepted step. Allowed for every new step.
- "reflect": you are in doubt. The solver must re-examine the step in words, then you judge it again. Allowed only a \
few times a step, so say exactly what you doubt.
- "terminate": the step carries a final answer and you hold it to be right; the debate ends with it. Without a final \
answer it is allowed only when nothing is left to try.

{tools}

Answer with one JSON object and nothing else:
{"critique": "your reasons, for the solver to read", "action": "continue", "target": null, "score": 0.8}
- critique: what is right or wrong and why, in a few sentences; when you reject a step, what to avoid next time.
- action: one of "continue", "backtrack", "reflect", "terminate".
- target: for "backtrack" the number to return to; null otherwise.
- score: from 0 to 1, the probability that the path, as it stands with the new step, can still reach the right \
answer.""".replace("\\\n", "").replace("{tools}", _WHAT_TOOLS_SAY)
"""The system message of the critic."""

ALONE: Final = (
    r"""You solve a problem alone, one step of reasoning at a time, and you are your own critic: after each \
step you are asked what to do with it. Be as hard on your own steps as on a stranger's.

When you are asked for a step:
{writing}

When you are asked for a verdict on your newest step, look for the mistake before you look for agreement, and choose \
one action:
- "continue": the step is right and useful; you go on from it. Not allowed if the step carries a final answer.
- "backtrack": the step is wrong, or the path it is on can't succeed. It is abandoned, with every step after `target`, \
and you go on from `target`: the number of an accepted step, or 0 for the problem itself. To drop the new step alone, \
name the last accepted step.
- "reflect": you are in doubt. You re-examine the step in words, then decide again. Allowed only a few times a step.
- "terminate": the step carries a final answer and you hold it to be right; you are done. Without a final answer you \
may not stop as long as anything is left to try.

{tools}

Answer such a request with one JSON object and nothing else:
{"critique": "your reasons, which you will read again", "action": "continue", "target": null, "score": 0.8}
- critique: what is right or wrong and why, in a few sentences; when you reject a step, what to avoid next time.
- action: one of "continue", "backtrack", "reflect", "terminate".
- target: for "backtrack" the number to return to; null otherwise.
- score: from 0 to 1, the probability that the path, as it stands with the new step, can still reach the right \
answer.""".replace("\\\n", "")
    .replace("{tools}", _WHAT_TOOLS_SAY)
    .replace("{writing}", _HOW_TO_WRITE)
)
"""The system message of one agent in both roles, for steps, reflections and verdicts."""

SOLVE: Final = r"""You solve a problem. Think step by step, write the whole solution, and end it with the final answer \
as \boxed{...}, with nothing but the answer in the box. Where a program is asked for, the answer is the whole program \
in one ```python block, and below it \boxed{program}. Where a Lean theorem is to be proved, end with the whole proof \
in one ```lean block, whose last tactic is `done`, instead of a box.""".replace("\\\n", "")
"""The system message for whole solutions."""

THINKER: Final = r"""You solve a problem alone, thinking aloud. Go step by step, check what you claim, and say so when \
something fails: then go back, say where to, and try something else. When you are sure, end with the final answer in \
\boxed{...}, with nothing but the answer in the box. Where a program is asked for, the answer is the whole program in \
one ```python block, and below it \boxed{program}. Where a Lean theorem is to be proved, end with the whole tactic \
script in one ```lean block.""".replace("\\\n", "")
"""The system message of a thinker, who writes a whole long thought alone."""

PROBLEM: Final = "Problem:\n{statement}\n\n"
CONTEXT: Final = "Given with the problem:\n{context}\n\n"
ANSWER_FORM: Final = "{form}\n\n"
"""What the problem's domain says of the form of an answer."""
STEP: Final = "Step {number}:\n{text}\n\n"

PRINTED: Final = "The code in step {number} printed:\n{output}\n\n"
TRIED: Final = "Tried from here before, and rejected:\n\n{attempts}\n\n"
ATTEMPT: Final = "Attempt {number}:\n{text}\nRejected by the {by}: {reason}"
NO_REASON: Final = "no reason was given"

NEW_STEP: Final = "New step (number {number}):\n{text}\n\n"
ANSWERS: Final = "The new step gives the final answer: {answer}\n\n"
DOES_NOT_ANSWER: Final = "The new step gives no final answer.\n\n"
NEW_STEP_PRINTED: Final = "The code in the new step printed:\n{output}\n\n"
EVIDENCE: Final = "What the tools found:\n{findings}\n\n"
FINDING: Final = "- {tool}: {status}: {claim}"
DETAIL: Final = " ({detail})"
NOT_A_FAILED_CHECK: Final = " [could not run here; not a failed check]"
NO_EVIDENCE: Final = "No tool has looked at the new step.\n\n"
REMARKS: Final = "Said about the new step since:\n\n{remarks}\n\n"
DOUBT: Final = "The critic's doubt:\n{text}"
REFLECTION: Final = "The solver's reflection:\n{text}"
REMARK: Final = "A remark by the {by}:\n{text}"
NOTICE: Final = "{notice}\n\n"

ATTEMPT_ALONE: Final = "Attempt {number}:\n{text}\nWhy you rejected it: {reason}"
DOUBT_ALONE: Final = "Your doubt:\n{text}"
REFLECTION_ALONE: Final = "Your reflection:\n{text}"
REFUSED_ALONE: Final = "Your verdict was refused:\n{text}"

WRITE_STEP: Final = "Write the next step."
WRITE_FIRST_STEP: Final = "Write the first step."
WRITE_REFLECTION: Final = (
    "The critic doubts the new step. Re-examine it in words: check each claim it makes, answer the doubt, and say "
    "plainly whether the step stands or where it goes wrong. Do not write a further step."
)
WRITE_REFLECTION_ALONE: Final = (
    "You doubt the new step. Re-examine it in words: check each claim it makes, answer the doubt, and say plainly "
    "whether the step stands or where it goes wrong. Do not write a further step."
)
WRITE_VERDICT: Final = (
    "Judge the new step. Allowed are: {actions}. You may return to: {targets}. Answer with the JSON object."
)
AGAIN: Final = (
    "That reply can't be used: {reason}. Reply once more, in the form asked for above, and with nothing else."
)
SAID_NOTHING: Final = "(nothing)"
CUT: Final = "\n[… {count} characters left out …]"

WRITE_SOLUTION: Final = "Write the whole solution."
EARLIER: Final = "You tried before:\n\n{text}\n\n"
CRITIQUE: Final = "What the critic said of it:\n\n{critique}\n\n"
ONE_OF_SEVERAL: Final = "Solution {number}:\n{text}\n\n"
WRITE_MERGER: Final = (
    "These solutions disagree. Find where, and who is right there; then write one whole solution out of their best "
    "parts, with its final answer."
)
WRITE_REVISION: Final = (
    "Check that solution. Say what is wrong with it, if anything is; then write a better one, whole, with its final "
    "answer. If it was right, give the same answer again."
)

REWRITE: Final = r"""You edit a train of thought so that it reads fluently. It is given in paragraphs, each under a \
mark such as [[1]]. Rewrite every paragraph under its own mark, in the same order, and write nothing else.

- Keep every equation and every number exactly as it is, and add none.
- Keep every wrong turn: each attempt, why it fails, and that the thinker goes back.
- Keep the final answer as it is written, its \boxed{...} included.
- Keep it in the first person, as somebody who thinks aloud. Change nothing but how it is said.""".replace("\\\n", "")
"""The system message of the model that rewrites a thought."""

SUMMARISE: Final = r"""You sum up a train of thought for readers, in at most six sentences: what was tried, what \
failed and why, what worked, and the final answer as it is written there. Use only what stands in the thought: no \
number, equation or idea that it does not contain, and no judgement of your own.""".replace("\\\n", "")
"""The system message of the model that summarises a thought."""

THOUGHT: Final = "Problem:\n{statement}\n\nThought:\n{thought}"
