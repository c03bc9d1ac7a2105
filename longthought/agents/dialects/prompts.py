"""The texts of the prose dialect, word for word.

They stand apart from the code that fills them in, so that they can be read and changed as texts. System messages never
vary: every request of a debate opens with the same bytes, whichever role is asked. A domain says how its answers are
written, so no text here speaks of one.
"""

from typing import Final

SYSTEM: Final = (
    "A solver and a critic work on a problem. The solver writes the solution step by step, and the critic judges the "
    "steps before they count. Each message shows the problem and the steps so far; its end says whose turn it is and "
    "what to write."
)
"""The system message of both roles, so that their requests share it and the path."""

ALONE: Final = (
    "You solve a problem step by step, and you are your own critic: you judge your steps before they count, as hard as "
    "those of a stranger. Each message shows the problem and the steps so far; its end says what to write."
)
"""The system message of one agent in both roles."""

SOLVE: Final = "You solve a problem. Think step by step, and write the whole solution with its final answer."
"""The system message for whole solutions."""

THINKER: Final = r"""You solve a problem alone, thinking aloud. Go step by step, check what you claim, and say so when \
something fails: then go back, say where to, and try something else. When you are sure, end with the final \
answer.""".replace("\\\n", "")
"""The system message of a thinker, who writes a whole long thought alone."""

EXAMPLE: Final = "Example {number}\n\n{solved}"
"""A solved problem, written as problem and steps are."""
AFTER_EXAMPLES: Final = "Now the problem to solve\n\n"
PROBLEM: Final = "Problem:\n{statement}\n\n"
CONTEXT: Final = "Given with the problem:\n{context}\n\n"
ANSWER_FORM: Final = "{form}\n\n"
"""What the problem's domain says of the form of an answer."""
STEP: Final = "Step {number}:\n{text}\n\n"

PRINTED: Final = "The code in step {number} printed:\n{output}\n\n"
TRIED: Final = "Tried from here before, and rejected:\n\n{attempts}\n\n"
ATTEMPT: Final = "Attempt {number}:\n{text}\nRejected by the {by}: {reason}"
NO_REASON: Final = "no reason was given"

NEW_STEP: Final = "Step {number}:\n{text}\n\n"
ANSWERS: Final = "The new step gives the final answer: {answer}\n\n"
DOES_NOT_ANSWER: Final = "The new step gives no final answer.\n\n"
NEW_STEP_PRINTED: Final = "The code in the new step printed:\n{output}\n\n"
EVIDENCE: Final = "What tools found; a claim can be right and still not be what the problem asks:\n{findings}\n\n"
FINDING: Final = "- {claim}: {status}"
STATUSES: Final = {
    "confirmed": "right",
    "refuted": "WRONG",
    "abstained": "not decided",
    "unavailable": "could not be checked here",
    "disputed": "in dispute",
}
DETAIL: Final = " ({detail})"
REMARKS: Final = "Said about the new step since:\n\n{remarks}\n\n"
DOUBT: Final = "The critic's doubt:\n{text}"
REFLECTION: Final = "The solver's reflection:\n{text}"
REMARK: Final = "A remark by the {by}:\n{text}"
NOTICE: Final = "{notice}\n\n"

ATTEMPT_ALONE: Final = "Attempt {number}:\n{text}\nWhy you rejected it: {reason}"
DOUBT_ALONE: Final = "Your doubt:\n{text}"
REFLECTION_ALONE: Final = "Your reflection:\n{text}"
REFUSED_ALONE: Final = "Your verdict was refused:\n{text}"

WRITE: Final = "You are the solver."
WRITE_STEP: Final = (
    "You are the solver. Write the next step of the solution and stop: a sentence or two with its computation. "
    "Give the final answer only if this step settles the problem."
)
WRITE_STEPS: Final = (
    "You are the solver. Write the next steps, {most} at most, each in a paragraph of its own with its computation. "
    "Give the final answer only if they settle the problem."
)
WRITE_REST: Final = (
    "You are the solver. Write the solution from here to its end, each step in a paragraph of its own with its "
    "computation; end with the final answer."
)
COMPUTE: Final = " A step may hold one block of Python, fenced as ```python, that prints what you need; it is run."
IN_WORDS: Final = " Use words and calculations, and no code: none is run here."
NO_REPEAT: Final = " Do not write a rejected step again, not in other words either."
WRITE_REFLECTION: Final = (
    "You are the solver, and the critic doubts the new step. Re-examine it in words: check each claim it makes, answer "
    "the doubt, and say plainly whether the step stands or where it goes wrong. Do not write a further step."
)
WRITE_REFLECTION_ALONE: Final = (
    "You doubt the new step. Re-examine it in words: check each claim it makes, answer the doubt, and say plainly "
    "whether the step stands or where it goes wrong. Do not write a further step."
)
WRITE_VERDICT: Final = r"""You are the critic. {asked} Compute every number yourself, and look for the mistake before \
you look for agreement. Answer with one JSON object and nothing else:
{{"critique": "…", "action": "…", "target": null, "score": null}}
- critique: what each new step claims, and whether it is right; if it is wrong, what to do instead.
- action: {actions}.
- target: {targets}.
- score: the probability, from 0 to 1, that the solution up to here can end in the right answer.""".replace("\\\n", "")
IS_RIGHT: Final = "You are the critic. Is the final answer {answer} right? Answer with one word, Yes or No."
IS_PATH_RIGHT: Final = "You are the critic. Is everything right so far? Answer with one word, Yes or No."
JUDGE_STEP: Final = "Judge the new step, number {last}."
JUDGE_STEPS: Final = "Judge the new steps, {first} to {last}, one after the other."
ACTIONS: Final = {
    "continue": '"continue" if all is right and the solution goes on',
    "backtrack": '"backtrack" if something is wrong',
    "reflect": '"reflect" if you are in doubt and want it explained',
    "terminate": '"terminate" if all is right and the final answer is given',
}
TARGETS: Final = "for backtrack, the step to go back to, which is the last one that is right: {targets}; else null"
NO_TARGETS: Final = "null"
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

PROGRAMMER: Final = "You write short Python programs."
"""The system message of the model that computes an answer without seeing a solution."""
WRITE_PROGRAM: Final = (
    "Write a Python program that computes the answer from the numbers of the problem and prints it, and nothing else. "
    "Reply with one ```python block."
)

REWRITE: Final = r"""You edit a train of thought so that it reads fluently. It is given in paragraphs, each under a \
mark such as [[1]]. Rewrite every paragraph under its own mark, in the same order, and write nothing else.

- Keep every equation and every number exactly as it is, and add none.
- Keep every wrong turn: each attempt, why it fails, and that the thinker goes back.
- Keep the final answer as it is written, its \boxed{...} included.
- Keep it in the first person, as somebody who thinks aloud. Change nothing but how it is said.""".replace("\\\n", "")
"""The system message of the model that rewrites a thought."""

EXPAND: Final = r"""You are given the terse notes of somebody who solved a problem with wrong turns, in paragraphs, \
each under a mark such as [[1]]. Write each paragraph out as the full train of thought behind it, under its own mark, \
in the same order, and write nothing else.

- Go in finer steps: say what is looked for, what each step is for, and what it shows.
- Pause to reflect: doubt a result before it is trusted, and say at a wrong turn how it was noticed and what to try now.
- Speak as an explorer, in the first person and the present, who doesn't know yet what will work.
- Keep every equation and every number exactly as it is, and add none.
- Keep every wrong turn: each attempt, why it fails, and that the thinker goes back.
- Keep the final answer as it is written, its \boxed{...} included.""".replace("\\\n", "")
"""The system message of the model that expands the notes of a person into a thought."""

SUMMARISE: Final = r"""You sum up a train of thought for readers, in at most six sentences: what was tried, what \
failed and why, what worked, and the final answer as it is written there. Use only what stands in the thought: no \
number, equation or idea that it does not contain, and no judgement of your own.""".replace("\\\n", "")
"""The system message of the model that summarises a thought."""

THOUGHT: Final = "Problem:\n{statement}\n\nThought:\n{thought}"
