"""The base of requests: what a job, a comparison, an export or a training is asked to do, as one frozen value.

A request is built once, by the command line or in Python, checked when it is built, and handed down whole. The string
under each field says what it is, with its unit; the command line shows the same string as the option's help.
"""

import difflib
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import ConfigDict, ValidationError

from longthought.errors import ConfigError
from longthought.record import Record


class Request(Record):
    """A frozen value; a field that makes no sense is refused in one sentence that names it."""

    model_config = ConfigDict(use_attribute_docstrings=True, validate_default=True, arbitrary_types_allowed=True)

    def __init__(self, **given: Any) -> None:
        """Check every field.

        Raises:
            ConfigError: naming the first field that makes no sense, its value and the reason.

        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise ConfigError(objection(error)) from error

    @classmethod
    def given(cls, request: Self | None, settings: Mapping[str, Any]) -> Self:
        """Return the request that was given, or build one from settings by name.

        Raises:
            ConfigError: if both were given, the request is no such request, or a setting makes no sense.

        """
        if request is None:
            return cls.of(**settings)
        if settings:
            names = ", ".join(f"`{name}`" for name in settings)
            raise ConfigError(f"{names}: given beside a request; put it into the request")
        if not isinstance(request, cls):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(f"the request must be a {cls.__name__}, got {request!r}; give settings by name")
        return request

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """Build a request of settings by name.

        Raises:
            ConfigError: if there is no such setting, or a value makes no sense.

        """
        return cls(**settings)


def expect(wanted: str, *kinds: Any, **given: Any) -> None:
    """Raise unless arguments are of one of some kinds, which `wanted` names in words.

        expect("a path", str, Path, out=out)

    Raises:
        ConfigError: naming the first argument that is not, and its value.

    """
    for name, value in given.items():
        if not isinstance(value, kinds):
            raise ConfigError(f"`{name}` must be {wanted}, got {reprlib.repr(value)}")


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a question for the known name that is nearest to a misspelt one.

    Args:
        name: The misspelt name.
        known: The names that there are.
        otherwise: What to say if none is near (default: the names that there are).

    """
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else otherwise or f"there are {', '.join(known)}"


def objection(error: ValidationError, name: str = "") -> str:
    """Return the first error of pydantic as one sentence.

    Args:
        error: What pydantic refused.
        name: What to call the value; by default the field, in backticks.

    """
    first = error.errors(include_url=False)[0]
    name = name or f"`{'.'.join(part for part in first['loc'] if isinstance(part, str)) or 'the request'}`"
    limits: dict[str, Any] = first.get("ctx", {})
    match first["type"]:
        case "missing":
            return f"{name} is missing"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"unknown setting {name}"
        case "greater_than":
            reason = f"must be more than {limits['gt']:.15g}"
        case "greater_than_equal":
            reason = f"must be at least {limits['ge']:.15g}"
        case "less_than":
            reason = f"must be less than {limits['lt']:.15g}"
        case "less_than_equal":
            reason = f"must be at most {limits['le']:.15g}"
        case "too_short":
            reason = f"must hold at least {limits['min_length']}"
        case "sequence_str":
            reason = "must be a list"
        case "literal_error" | "enum":
            reason = f"must be one of {limits['expected']}".replace("'", "").replace(" or ", ", ")
        case "value_error":
            return str(limits["error"])
        case _:
            said = first["msg"].removeprefix("Input should be ")
            reason = f"must be {said[:1].lower()}{said[1:]}"
    return f"{name} {reason}, got {first['input']!r}"
