"""The words of a step, by which a step that was said before is known again.

Spacing, case, punctuation, emphasis and the number of an item don't count; numbers and operators do. This module does
not know what a step means: the same thought in other words is another step.
"""

import re
from functools import lru_cache
from typing import Final

_NUMBER: Final = re.compile(r"\A[\s*#>•]*(?:(?:step|part)\s*\d{1,2}[*\s]*[.):–—]|\(?\d{1,2}[.):](?=\s))", re.IGNORECASE)
_EMPHASIS: Final = re.compile(r"(?<![\w)*])\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*(?![\w(*])")
_WORD: Final = re.compile(r"\d+(?:[.,]\d+)*|\.\d+|\w+|[^\w\s.,;:?\"'“”‘’`#…]")


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """Return the words, numbers and operators of a text, without what doesn't count."""
    return tuple(_WORD.findall(_EMPHASIS.sub(r"\1", _NUMBER.sub("", text)).casefold()))
