"""Connectives and phrases between the steps, by kind of move. `{}` stands for the step or the reason.

They are in the register of the long thoughts of strong reasoning models. They carry no content, so that all of a kind
are interchangeable.
"""

from typing import Final

from longthought.thoughts.moves import Factor
from longthought.trajectories.events import StopReason

OPENING: Final = (
    "Okay, let me think this through.",
    "Let me work through this step by step.",
    "Alright, let me see.",
    "Let me think.",
)
FIRST: Final = ("Let me start with {}", "Let me try {}", "First, maybe {}", "Say {}")
NEXT: Final = ("Then {}", "Next, {}", "Now {}", "From there, {}")
ALTERNATIVE: Final = (
    "Alternatively, {}",
    "What about {}?",
    "Instead, let me try {}",
    "Maybe {}",
    "Or else {}",
    "Instead, consider {}",
)
FIRST_SENTENCE: Final = ("First, {}", "Let me start here: {}", "To begin, {}")
NEXT_SENTENCE: Final = ("Next, {}", "Now, {}", "Then, {}", "So, {}")
ALTERNATIVE_SENTENCE: Final = (
    "Alternatively, {}",
    "Let me try something else: {}",
    "Instead, {}",
    "Consider another way: {}",
)
COMBINATION: Final = ("Putting these together, {}", "Taking all of this together, {}")
CHECK: Final = (
    "Let me check: {}. Yes, that holds.",
    "Checking {}: that is right.",
    "I check that {}, and it does hold.",
)
CHECK_OF_STEP: Final = ("Let me check. Yes, that holds.", "I check it: that is right.")
REFUTATION: Final = (
    "Wait, let me check that: {}",
    "Let me check. No: {}",
    "Hold on, that is wrong: {}",
    "Wait, that is not right: {}",
)
REMARKS: Final = {
    Factor.APPROVAL: ("Let me check whether that helps. {}", "Does that work? {}", "Let me see. {}"),
    Factor.DOUBT: ("Wait, I am not sure about this. {}", "Hmm, let me look at this again. {}"),
    Factor.REFLECTION: ("Let me re-examine that. {}", "Let me go over it once more. {}"),
    Factor.FAILURE: ("But wait. {}", "Hmm. {}", "Wait. {}", "Let me check. {}"),
}
EXHAUSTED: Final = ("Nothing new comes to mind from here.", "I have run out of ideas from here.")
DEAD_END: Final = (
    "So that doesn't work.",
    "That's a dead end.",
    "So this can't be the way.",
    "That won't do.",
    "No, that fails.",
)
START_AGAIN: Final = ("Let me start over.", "Back to the beginning.", "Let me begin again.")
GO_BACK: Final = ("Let me go back to {}", "Back to {}", "I return to {}")
SWITCH: Final = ("Let me keep that in mind and go back to {}", "Let me set this aside and turn to {}")
MERGE: Final = ("That brings me where I was before: {}",)
ANSWER: Final = ("Therefore, the final answer is", "So the answer is", "Therefore, the answer is")
UNANSWERED: Final = "I have not found an answer."
ENDED: Final = {
    StopReason.GAVE_UP: "There is nothing left to try: I have not found an answer.",
    StopReason.STUCK: "I keep coming back to the same ideas: I have not found an answer.",
}

_CONNECTIVES: Final = """
first next then now so wait alternatively instead but however hmm therefore thus hence finally okay alright actually
maybe perhaps let let's
"""
CONNECTIVES: Final = frozenset(_CONNECTIVES.split())
"""First words of a step that needs no connective."""
_NO_NAMES: Final = """
A All An Any Applying Are As Assume At Because Both By Check Checking Choose Combine Compute Consider Count Define
Divide Does Each Every Factor Find For From Given Here Hence How If In Is It Its Let Let's List Multiply My No Note
Notice Observe On Once One Our Put Rewrite Set Similarly Simplify Since Solve Solving Square Start Substitute
Substituting Subtract Sum Suppose Take Taking That The There These They This Those Thus To Try Use Using We
What When Where Which While With Write You Your
"""
NO_NAMES: Final = frozenset(_NO_NAMES.split())
"""Capitalised first words that are written in lower case inside a sentence."""
