"""Halves of UTF-16 pairs, which JSON can carry and UTF-8 can't: a model's tokens may break a pair apart."""


def without_lone_surrogates(text: str) -> str:
    """Join two halves that belong together and replace lone ones, which can be neither sent nor stored."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
