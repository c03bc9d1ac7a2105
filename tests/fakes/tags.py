"""A reader of tagged thoughts, to hold against what writes them."""

import re
from collections.abc import Sequence

from longthought.thoughts.moves import Factor

_TAGGED = re.compile(rf"^<({'|'.join(Factor)})>(.*?)</\1>$", re.DOTALL | re.MULTILINE)


def read_tags(text: str) -> Sequence[tuple[Factor, str]]:
    """Return the factors and sentences of a tagged thought; what stands outside of tags is passed over."""
    return [(Factor(match[1]), match[2].replace("<\\/", "</")) for match in _TAGGED.finditer(text)]
