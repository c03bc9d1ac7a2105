"""The changelog: it begins with the version that is being built, and says so while that isn't released."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_first_section_is_that_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    sections = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert re.fullmatch(rf"{re.escape(version)}, (not yet released|\d{{4}}-\d{{2}}-\d{{2}})", sections[0])
