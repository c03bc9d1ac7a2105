"""Optional packages: whether one is installed, and which extra of longthought brings it.

Nothing is imported to find out, and a package that is shut out counts as missing.
"""

import importlib.util
from collections.abc import Iterable

from longthought.errors import UserError


def installed(package: str) -> bool:
    """Say whether a package can be found."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def expect_installed(packages: Iterable[str], extra: str, wanted_by: str, error: type[UserError]) -> None:
    """Raise unless all packages are installed.

    Args:
        packages: The packages that are needed.
        extra: The extra of longthought that brings them.
        wanted_by: What needs them, for the message.
        error: The kind of error.

    Raises:
        UserError: of that kind, naming the packages and what to install.

    """
    if missing := [package for package in packages if not installed(package)]:
        raise error(f"{wanted_by} needs {', '.join(missing)}; run `pip install 'longthought[{extra}]'`")
