"""Word lists and patterns that matter to arithmetic: units, operators in words, hedges.

The lists are English words from written solutions, and each errs towards silence: a superfluous word costs a check, a
missing word costs a good path.
"""

import re
from typing import Final

_UNITS: Final = {
    "time": "second seconds sec secs minute minutes min mins hour hours hr hrs day days week weeks weekend month months"
    " year years decade decades century centuries am pm",
    "length": "inch inches foot feet ft yard yards yd mile miles mm cm km meter meters metre metres kilometer"
    " kilometers kilometre kilometres centimeter centimeters centimetre centimetres millimeter millimeters lap laps",
    "mass": "ounce ounces oz pound pounds lb lbs ton tons tonne tonnes gram grams kg mg kilogram kilograms",
    "volume": "teaspoon teaspoons tablespoon tablespoons cup cups pint pints quart quarts gallon gallons ml liter"
    " liters litre litres milliliter milliliters",
    "money": "cent cents dollar dollars penny pennies nickel nickels dime dimes quarter quarters buck bucks euro euros",
    "angle": "degree degrees radian radians revolution revolutions",
    "count": "dozen dozens pair pairs score scores couple couples gross hundred hundreds thousand thousands million"
    " millions billion billions trillion k half halves third thirds fourth fourths fifth fifths tenth tenths"
    " hundredth hundredths eighth eighths sixth sixths",
}


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


DIMENSIONS: Final[dict[str, str]] = {word: kind for kind, words in _UNITS.items() for word in words.split()}
"""Units that can stand for others of their kind, so that `30 + 30 = 1 hour` may be right."""
SHORT_NOUNS: Final = _word_set(
    "day egg box bag car cup can pie dog cat men man boy pen toy hat cow pig bus net kid fan tea jar pan key map bed"
    " row leg arm eye ear oz lb lbs ft cm mm km kg mg ml hr hrs min sec mph kph yd am pm in on at by to of or as is if"
    " so we he she it me my us up an and the for per all are was his her its per tax fee sum"
)
"""Words of two or three letters that are no product of variables."""
OPERATIVE: Final = _word_set(
    "of half twice thrice double triple quadruple doubled tripled plus minus times over by divided multiplied added"
    " subtract subtracted subtracting sum product difference quotient average mean median square squared cube cubed"
    " root sqrt log ln exp sin cos tan sec csc cot arcsin arccos arctan min max gcd lcm mod modulo to than from less"
    " fewer per between into at choose factorial ratio versus vs through minimum maximum positive negative"
    " approximately about roughly nearly almost around quarter third fourth fifth"
)
"""Words before a number that make it part of something longer."""
TOTALS: Final = _word_set(
    "total cost price profit distance loss weight length value area height amount balance income bill volume perimeter"
    " savings budget payment score points probability speed rate salary revenue expense width age number sale"
)
"""Words after which `of` only names what follows: `a total of 3 + 4 = 7`."""
ARRIVALS: Final = _word_set(
    "equal equals amounts amount comes come adds add up simplifies simplify reduces evaluates leads corresponds"
    " equates translates due equivalent"
)
"""Words after which `to` only names what follows: `it comes to 3 + 4 = 7`."""
AFTERWARDS: Final = _word_set("plus minus squared cubed factorial choose modulo mod remainder")
"""Words after a result that make it part of something longer."""
APPROXIMATELY: Final = _word_set("about approximately roughly nearly almost around approx")

OTHER_ARITHMETIC: Final = re.compile(
    r"[≡⊕⊗⋆◇∘]|\\(?:equiv|p?mod|bmod|star|oplus|otimes|diamond|odot|circledast)(?![a-z])"
    r"|\b(?:mod|modulo|modular|congruen\w*|binary|octal|hexadecimal|base[- ]?(?:\d+|b|n|k|two|three|four|five|six|seven"
    r"|eight|nine|ten|twelve|sixteen)|base-\w+|clock|cryptarithm\w*)\b",
    re.IGNORECASE,
)
"""Signs that numbers or operators may not mean what they usually do, in a step or a statement."""
STATEMENT: Final = re.compile(
    r"\boperation\b|\bestimat|\bround(?:ed|ing)?\b|\bnearest\b|[a-z] ?(?:\*|\\ast) ?[a-z]\$? ?=|\bdigits?\b.*\bletter",
    re.IGNORECASE,
)
"""Signs in a statement that equalities can't be read plainly: new operations, rounding, digits for letters."""
CORRECTION: Final = re.compile(
    r"\b(?:wait|oops|hmm+|scratch that|my mistake|let me (?:re\w+|try|correct|fix|start)|correction|try again"
    r"|that can't be|made (?:a|an) (?:mistake|error))\b",
    re.IGNORECASE,
)
"""Signs that a step takes something back."""
HEDGE: Final = re.compile(
    r"\b(?:remainders?|left[- ]?overs?|left over|quotient|integer division|floor|ceil\w*|round(?:s|ed|ing)?|truncat\w*"
    r"|approx\w*|about|roughly|nearly|almost|estimat\w*|nearest|not|never|cannot|neither|nor|no|wrong|false|incorrect\w*"
    r"|mistake\w*|mistaken\w*|error\w*|contradict\w*|impossible|instead|unless|except|guess\w*|claim\w*|wrongly"
    r"|inconsistent)\b|n['’]t\b",
    re.IGNORECASE,
)
"""Words of a sentence that may mention an equality without stating it, or state it loosely."""
CONDITION: Final = re.compile(
    r"\b(?:if|suppose|assum\w*|whether|check\w*|verif\w*|test\w*|try\w*|pretend)\b", re.IGNORECASE
)
"""Words of a clause that may only suppose, or look for, an equality."""
CASES: Final = re.compile(
    r"\b(?:if|let(?!['’]s)|suppose|assum\w*|case|cases|when|try|trying|for|either|or|at|would|possib\w*|guess\w*|not|set|setting"
    r"|substitut\w*|plug\w*|choose|choosing|consider\w*|test\w*)\b|n['’]t\b",
    re.IGNORECASE,
)
"""Words of a step in which `x = 5` may hold only for the moment."""
