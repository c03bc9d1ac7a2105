"""Read the unit behind a number: centimetres, dollars, square feet, apples.

Only units with an exact ratio to one another can be converted. Any other word is a label, equal only to itself.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a multiple of base units. A label has itself as its only dimension."""

    name: str
    factor: Fraction
    dimensions: tuple[tuple[str, int], ...]
    known: bool
    """Whether it is in the table, and not only a word such as `apples`."""


_TABLE: Final[dict[str, dict[str, str]]] = {
    "length": {
        "mm millimeter millimetre": "0.001", "cm centimeter centimetre": "0.01", "dm decimeter decimetre": "0.1",
        "m meter metre": "1", "km kilometer kilometre": "1000", "in inch inches": "0.0254",
        "ft foot feet": "0.3048", "yd yard": "0.9144", "mi mile": "1609.344",
    },
    "mass": {
        "mg milligram": "0.001", "g gram": "1", "kg kilogram kilo": "1000", "t tonne": "1000000",
        "oz ounce": "28.349523125", "lb lbs pound": "453.59237",
    },
    "time": {
        "ms millisecond": "0.001", "s sec second": "1", "min minute": "60", "h hr hour": "3600", "day": "86400",
        "week wk": "604800",
    },
    "calendar": {"month": "1", "year yr": "12", "decade": "120", "century centuries": "1200"},
    "volume": {"ml milliliter millilitre": "0.001", "l liter litre": "1"},
    "dollar": {"dollar usd $": "1", "cent ¢": "0.01", "dime": "0.1", "nickel": "0.05"},
    "euro": {"euro eur €": "1"},
    "sterling": {"gbp £": "1", "pence penny pennies": "0.01"},
    "yen": {"yen ¥": "1"},
    "rupee": {"rupee ₹": "1"},
    "degree": {"degree deg °": "1"},
    "radian": {"radian rad": "1"},
    "celsius": {"celsius centigrade": "1"},
    "fahrenheit": {"fahrenheit": "1"},
}  # fmt: skip
_UNITS: Final = {
    word: (Fraction(ratio), dimension)
    for dimension, names in _TABLE.items()
    for spellings, ratio in names.items()
    for word in spellings.split()
}
_TEMPERATURE: Final = re.compile(r"(?:degrees?|deg|°) ?(?:(c|celsius|centigrade)|f|fahrenheit)")
_COMPOUND: Final = {"mph": "mile/hour", "kph": "km/h", "kmh": "km/h", "sqft": "ft^2"}
_POWERS: Final = {"square": 2, "sq": 2, "squared": 2, "cubic": 3, "cubed": 3, "cu": 3}
_MAX_NAME: Final = 60


def is_unit_letter(letter: str) -> bool:
    """Say whether a letter is a unit, so that `5 m` is five metres."""
    return letter.lower() in _UNITS


def unit(text: str) -> Unit | None:
    """Read a unit; None if the text isn't one, or no word at all."""
    name = re.sub(r"\s+", " ", text.strip().strip(".").lower())
    name = re.sub(r"\^\{?([0-9])\}?", r"^\1", name.replace(" per ", "/"))
    if match := _TEMPERATURE.fullmatch(name):
        name = "celsius" if match[1] else "fahrenheit"
    if not name or len(name) > _MAX_NAME or not re.fullmatch(r"[a-z$€£¥₹¢°][a-z $€£¥₹¢°/^0-9.'-]*", name):
        return None
    factor, dimensions = Fraction(1), dict[str, int]()
    known = True
    for part_index, part in enumerate(_COMPOUND.get(name, name).split("/")):
        for word, exponent in _factors(part):
            ratio, dimension = _UNITS.get(word) or _UNITS.get(_singular(word)) or (Fraction(1), "")
            known = known and bool(dimension)
            exponent = -exponent if part_index else exponent
            factor *= ratio**exponent
            dimension = dimension or _singular(word)
            dimensions[dimension] = dimensions.get(dimension, 0) + exponent
    return Unit(name, factor if known else Fraction(1), tuple(sorted(dimensions.items())), known)


def _factors(part: str) -> list[tuple[str, int]]:
    factors: list[tuple[str, int]] = []
    pending = 1
    for word in part.split():
        if word in ("square", "sq", "cubic", "cu"):
            pending = _POWERS[word]
        elif word in ("squared", "cubed") and factors:
            factors[-1] = (factors[-1][0], _POWERS[word])
        else:
            base, _, exponent = word.partition("^")
            factors.append((base, int(exponent) if exponent.isdecimal() else pending))
            pending = 1
    return factors or [(part, 1)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith("ss") else word
