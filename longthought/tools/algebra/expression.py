"""Parse tokens into expression trees of bounded size and depth; ambiguous readings are marked as doubtful.

The parser decides structure alone: precedence, implied products, mixed numbers, units beside numbers. It computes
nothing.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from longthought.tools.algebra.lexicon import DIMENSIONS, SHORT_NOUNS
from longthought.tools.algebra.tokens import Token

MAX_TOKENS: Final = 300
MAX_DEPTH: Final = 30
MAX_DIGITS: Final = 40
_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_FUNCTION_NAMES: Final = frozenset("fghpqFGHPQETSVNDCLM")
_UNIT_KINDS: Final = ("word", "hyphenated")


class UnreadableError(Exception):
    """The text is no expression that this parser knows, or its value is undefined or too large."""


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, exact."""

    value: Fraction
    places: int = 0
    """Digits written after the point."""


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or π."""

    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands around one of `+ - * / ^`."""

    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Negative:
    """A leading minus."""

    of: "Node"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function call: `root` (radicand, degree), `factorial`, `binomial`, `ln`, `sin`, …."""

    function: str
    arguments: tuple["Node", ...]


Node = Number | Name | Operation | Negative | FunctionCall


@dataclass(slots=True)
class Expression:
    """One side of a relation."""

    tree: Node
    doubts: list[str] = field(default_factory=list[str])
    """Why a plain reading may not be what was meant."""
    units: list[str] = field(default_factory=list[str])
    """Words beside its numbers, lower case; `$` for any currency, `%`, `°`."""
    names: set[str] = field(default_factory=set[str])
    literal: bool = False
    """Whether it is one number, as written, perhaps with a sign."""


def parse(tokens: Sequence[Token]) -> Expression:
    """Read all tokens as one expression.

    Raises:
        UnreadableError: if they are no expression, or too large a one.

    """
    if not 0 < len(tokens) <= MAX_TOKENS:
        raise UnreadableError
    parser = _Parser(tokens)
    tree = parser.sum(0)
    if parser.position < len(tokens):
        raise UnreadableError
    kinds = {t.kind for t in tokens}
    if "of" in kinds and kinds & {"plus", "minus"}:
        parser.doubts.append("“of” may reach further")
    expression = Expression(tree, parser.doubts, parser.units, parser.names)
    expression.literal = isinstance(tree, Number) or (isinstance(tree, Negative) and isinstance(tree.of, Number))
    return expression


class _Parser:
    """Recursive descent over a list of tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)
        self.position = 0
        self.doubts: list[str] = []
        self.units: list[str] = []
        self.names: set[str] = set()
        self.degrees = False

    def peek(self, ahead: int = 0) -> str:
        index = self.position + ahead
        return self.tokens[index].kind if index < len(self.tokens) else ""

    def take(self) -> Token:
        if self.position == len(self.tokens):
            raise UnreadableError
        self.position += 1
        return self.tokens[self.position - 1]

    def sum(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise UnreadableError
        units = len(self.units)
        tree = self.product(depth)
        percent = "%" in self.units[units:]
        while self.peek() in ("plus", "minus"):
            sign = "+" if self.take().kind == "plus" else "-"
            units = len(self.units)
            tree = Operation(sign, tree, self.product(depth))
            if ("%" in self.units[units:]) != percent:
                self.doubts.append("a percentage is added to something else")
        return tree

    def product(self, depth: int) -> Node:
        tree = self.signed(depth)
        divided = False
        while True:
            kind = self.peek()
            if kind in ("times", "over", "of"):
                self.take()
                divided = kind == "over"
                tree = Operation("/" if divided else "*", tree, self.signed(depth))
            elif kind in ("open", "name", "command") or (kind == "number" and self.follows_factorial()):
                if divided:
                    self.doubts.append("it is not clear what is divided by what")
                if kind == "open" and self.tokens[self.position].spaced:
                    self.doubts.append("what stands in brackets may be a remark")
                tree = self.implied_product(tree, depth)
            else:
                return tree

    def implied_product(self, tree: Node, depth: int) -> Node:
        """Read an implied product, or the fraction of a mixed number."""
        fraction = self.peek() == "command" and self.tokens[self.position].text.endswith("frac")
        following = self.power(depth)
        if fraction and isinstance(tree, Number) and tree.value.denominator == 1 and tree.value:
            if isinstance(following, Operation) and _is_proper(following):
                self.doubts.append("it may be a mixed number or a product")
                return Operation("+", tree, following)
            raise UnreadableError
        return Operation("*", tree, following)

    def follows_factorial(self) -> bool:
        return self.tokens[self.position - 1].kind == "factorial" and not self.tokens[self.position].spaced

    def signed(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise UnreadableError
        if self.peek() == "minus":
            self.take()
            base = self.position
            tree = self.signed(depth + 1)
            if isinstance(tree, Operation) and tree.sign == "^" and self.tokens[base].kind != "open":
                self.doubts.append("the sign may belong to the base")
            return Negative(tree)
        if self.peek() == "plus":
            self.take()
            return self.signed(depth + 1)
        return self.power(depth)

    def power(self, depth: int) -> Node:
        tree = self.postfix(self.atom(depth), depth)
        if self.peek() != "power":
            return tree
        self.take()
        exponent = self.exponent(depth + 1)
        if self.peek() in ("power", "superscript", "factorial"):
            raise UnreadableError
        tree = Operation("^", tree, exponent)
        return self.with_units(tree)

    def exponent(self, depth: int) -> Node:
        """Read what follows `^`: a group, or one number or name with its sign."""
        negative = self.peek() == "minus"
        if negative:
            self.take()
        if depth > MAX_DEPTH or self.peek() not in ("open", "number", "name"):
            raise UnreadableError
        tree = self.atom(depth)
        return Negative(tree) if negative else tree

    def postfix(self, tree: Node, depth: int) -> Node:
        """Read what follows an operand: factorials, percent signs, superscripts, degrees, units."""
        while True:
            kind = self.peek()
            if kind == "factorial":
                self.take()
                if self.position == len(self.tokens):
                    self.doubts.append("! may be a factorial or an exclamation")
                tree = FunctionCall("factorial", (tree,))
            elif kind == "percent":
                self.take()
                self.units.append("%")
                tree = Operation("/", tree, Number(Fraction(100)))
            elif kind == "superscript":
                tree = Operation("^", tree, Number(Fraction(int(self.take().text.translate(_SUPERSCRIPTS)))))
            elif kind == "degree":
                self.take()
                if self.degrees:
                    tree = Operation("/", Operation("*", tree, Name("π")), Number(Fraction(180)))
                else:
                    self.units.append("°")
            else:
                return self.with_units(tree)

    def with_units(self, tree: Node) -> Node:
        """Read the words behind a number: `20 minutes/day`, `3 large boxes`."""
        count = 0
        while self.peek() in _UNIT_KINDS or (self.peek() == "over" and self.peek(1) == "word"):
            token = self.take()
            if token.kind == "over":
                continue
            word = token.text.lstrip("-").rstrip("²³").lower()
            if len(word) < 4 and word not in SHORT_NOUNS and word not in DIMENSIONS:
                raise UnreadableError
            self.units.append(word)
            count += 1
            if count > 6:
                raise UnreadableError
            if self.peek() == "power" and count:
                self.take()
                self.exponent(MAX_DEPTH)
        return tree

    def atom(self, depth: int) -> Node:
        token = self.take()
        match token.kind:
            case "number":
                return self.mixed(token)
            case "currency":
                self.units.append("$")
                if self.peek() == "minus":
                    self.take()
                    return Negative(self.atom(depth))
                if self.peek() not in ("number", "open"):
                    raise UnreadableError
                return self.atom(depth)
            case "open":
                tree = self.sum(depth + 1)
                if self.take().kind != "close":
                    raise UnreadableError
                return tree
            case "name":
                return self.name(token)
            case "command":
                return self.command(token.text.lstrip("\\"), depth + 1)
            case _:
                raise UnreadableError

    def mixed(self, token: Token) -> Node:
        """Read a number, which may be mixed, as in `3 1/2` or `3½`."""
        number = _number(token)
        following = self.tokens[self.position : self.position + 3]
        if not following or following[0].kind != "number":
            return number
        if len(following[0].text) == 1 and not following[0].text.isascii() and number.value.denominator == 1:
            self.position += 1
            return Number(number.value + _number(following[0]).value)
        if [t.kind for t in following] != ["number", "over", "number"] or number.places or not following[0].spaced:
            raise UnreadableError
        numerator, denominator = _number(following[0]).value, _number(following[2]).value
        if (
            following[1].spaced
            or following[2].spaced
            or not 0 < numerator < denominator
            or (numerator + denominator).denominator != 1
        ):
            raise UnreadableError
        self.position += 3
        return Number(number.value + numerator / denominator)

    def name(self, token: Token) -> Node:
        text = "π" if token.text in ("π", r"\pi") else token.text.replace("{", "").replace("}", "")
        if self.peek() == "open" and text in _FUNCTION_NAMES:
            raise UnreadableError
        if self.peek() == "number":
            raise UnreadableError
        self.names.add(text)
        return Name(text)

    def command(self, command: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise UnreadableError
        if command.endswith("frac"):
            return Operation("/", self.digit(depth), self.digit(depth))
        if command.endswith("binom"):
            return FunctionCall("binomial", (self.argument(depth), self.argument(depth)))
        if command in ("sqrt", "√"):
            degree: Node = Number(Fraction(2))
            if command == "sqrt" and self.peek() == "open" and self.tokens[self.position].text.endswith("["):
                degree = self.atom(depth)
            return FunctionCall("root", (self.argument(depth), degree))
        return self.function(command, depth)

    def function(self, function: str, depth: int) -> Node:
        """Read `ln` or a trigonometric function, whose argument must be one operand; `log` has no clear base."""
        power: Node | None = None
        if self.peek() == "power":
            self.take()
            power = self.exponent(depth)
            if isinstance(power, Negative):
                raise UnreadableError
        if function == "log":
            raise UnreadableError
        outer_degrees, self.degrees = self.degrees, True
        argument = self.postfix(self.argument(depth), depth)
        self.degrees = outer_degrees
        if self.peek() in ("open", "name", "command"):
            raise UnreadableError
        if function != "ln" and isinstance(argument, Number) and argument.value:
            raise UnreadableError
        tree = FunctionCall(function, (argument,))
        return Operation("^", tree, power) if power else tree

    def digit(self, depth: int) -> Node:
        """Read one argument of a fraction: without braces, a single digit, as in LaTeX."""
        token = self.tokens[self.position] if self.position < len(self.tokens) else None
        if token and token.kind == "number" and token.text.isdigit() and len(token.text) > 1:
            first = Token("number", token.text[0], token.start, token.start + 1, token.spaced)
            rest = Token("number", token.text[1:], token.start + 1, token.end, False)
            self.tokens[self.position : self.position + 1] = [first, rest]
            self.position += 1
            return _number(first)
        return self.argument(depth)

    def argument(self, depth: int) -> Node:
        """Read a group, or one number or name."""
        token = self.tokens[self.position] if self.position < len(self.tokens) else None
        if token is None or token.kind not in ("open", "number", "name", "command"):
            raise UnreadableError
        return self.atom(depth)


def _number(token: Token) -> Number:
    text = token.text.replace("{,}", "").replace("\\,", "").replace(",", "")
    if len(text) > MAX_DIGITS:
        raise UnreadableError
    if not text.isascii():
        return Number(Fraction(unicodedata.numeric(text)).limit_denominator(10))
    if text.isdigit():
        return Number(Fraction(int(text)))
    return Number(Fraction(text), len(text.partition(".")[2]))


def _is_proper(fraction: Operation) -> bool:
    numerator, denominator = fraction.left, fraction.right
    return isinstance(numerator, Number) and isinstance(denominator, Number) and 0 < numerator.value < denominator.value
