"""The lexer: it sees words where Lean sees them, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longthought.tools.lean.lexer import LeanTokenKind, TooDeep, Unlexable, tokens


def words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exact h.symm", ["exact", "h.symm"]),
        ("simp [axiomatic, h₁']", ["simp", "[", "axiomatic", ",", "h₁'", "]"]),
        ("a -- sorry\nb", ["a", "b"]),
        ("a /- x /- sorry -/ y -/ b", ["a", "b"]),
        ("a /-/ sorry -/ b", ["a", "b"]),
        ("a /-- sorry --/ b", ["a", "b"]),
        ('"sorry" x', ['"sorry"', "x"]),
        (r'"\"" sorry', [r'"\""', "sorry"]),
        (r'r"\" sorry', [r'r"\"', "sorry"]),
        ('r#"a " b"# sorry', ['r#"a " b"#', "sorry"]),
        ("'\"' sorry '\"'", ["'\"'", "sorry", "'\"'"]),
        (r"'\'' sorry", [r"'\''", "sorry"]),
        ("f '' s", ["f", "''", "s"]),
        ("h'sorry h' sorry", ["h'sorry", "h'", "sorry"]),
        ("«a b».c «sorry»", ["«a b».c", "«sorry»"]),
        ("5sorry 0x1Fsorry 1e5", ["5", "sorry", "0x1F", "sorry", "1e5"]),
        ("h.1.2 h.1sorry", ["h.1.2", "h", ".", "1", "sorry"]),
        ("λsorry x²sorry", ["λ", "sorry", "x", "²", "sorry"]),
        ("αsorry Πsorry", ["αsorry", "Π", "sorry"]),
        ("#eval 1 #[1]", ["#eval", "1", "#", "[", "1", "]"]),
        ("x:=by", ["x", ":=", "by"]),
    ],
)
def test_tokens_are_those_of_lean(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a /- never closed",
        "a /- /- -/",
        'a "never closed',
        'r#"never closed"',
        "«never closed",
        "(",
        ")",
        "(]",
        "foo) (bar",
        'f!"{sorry}"',
        "x<--sorry",
        "x//- sorry",
        "s\u043erry",  # Cyrillic
        "\uff53orry",  # full width
        "so\u200brry",
        "sor\u00adry",
        "a\u00a0b",
        "a\u202eb",
        "a\x00b",
        "a\ud800b",
    ],
)
def test_what_reads_two_ways_or_can_not_be_seen_is_refused(text: str) -> None:
    with pytest.raises(Unlexable):
        tokens(text)


@pytest.mark.parametrize("text", ["(" * 100_000 + ")" * 100_000, "/-" * 100_000 + "-/" * 100_000])
def test_deep_nesting_is_told_from_bad_nesting(text: str) -> None:
    with pytest.raises(TooDeep):
        tokens(text)


@given(st.text(alphabet="ab.'\"«»()-/\n `:=rs#{}\\0λ'", max_size=60))
def test_tokens_lie_in_order_and_hold_their_own_text(text: str) -> None:
    try:
        found = tokens(text)
    except Unlexable:
        return
    ends = [0]
    for token in found:
        assert token.start >= ends[-1]
        assert text.startswith(token.text, token.start)
        ends.append(token.start + len(token.text))
    assert sum(t.kind is LeanTokenKind.OPEN for t in found) == sum(t.kind is LeanTokenKind.CLOSE for t in found)
