"""Debates as HTML: everything is there, and nothing in a text is a part of the page."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from longthought.trajectories import html
from longthought.trajectories.run import Run
from longthought.trajectories.trajectory import Trajectory
from tests.fakes import golden, logs

HARMLESS = {
    "html", "head", "meta", "title", "body", "style", "article", "h2", "h3", "p", "b", "pre", "ul", "li", "details",
    "summary", "span", "u", "div", "table", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"lang", "charset", "name", "content", "http-equiv", "class", "dir", "role", "open", "scope"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.deepest = 0
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self._open.append(tag)
            self.deepest = max(self.deepest, len(self._open))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


ALL = [golden.wrong_verdict, golden.latex, golden.hostile, golden.tongues, golden.thinking, golden.failed,
       golden.unfinished, logs.plain, logs.edited_by_a_human, logs.mcts_with_a_merged_state]  # fmt: skip


@pytest.mark.parametrize("make", ALL)
def test_a_page_holds_the_debate_and_no_other_tags(make) -> None:
    log = make()
    trajectory = Trajectory(log.name, log)
    page = html.page(trajectory)
    reader = Reader(page)
    assert set(reader.tags) <= HARMLESS
    assert reader.attributes <= ATTRIBUTES
    assert "http:" not in page.replace(page[page.index("<h2>") :], "")
    said = " ".join(reader.text.split())
    for node in trajectory.tree.nodes:
        assert " ".join(html.printable(node.text).split()) in said
    for event in trajectory.events:
        for call in event.calls:
            assert call.thinking is None or " ".join(call.thinking.split()) in said


def test_hostile_text_stays_text() -> None:
    log = golden.hostile()
    page = Trajectory(log.name, log)._repr_html_()
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "\x00" not in page
    assert golden.SCRIPT in Reader(page).text


def test_a_refuted_claim_is_underlined_in_its_step() -> None:
    log = golden.latex()
    assert "<u>x_1 + x_2 = 6</u>" in html.debate(Trajectory(log.name, log))


def test_a_large_tree_and_a_deep_one_can_be_nested() -> None:
    large = golden.large_tree()
    assert Reader(html.debate(Trajectory(large.name, large))).tags["li"] == golden.NODES - 1
    deep = golden.long_thought()
    reader = Reader(html.debate(Trajectory(deep.name, deep)))
    assert reader.tags["li"] == len(deep.tree.nodes) - 1 > 200
    assert reader.deepest < 250


def test_a_debate_without_events() -> None:
    assert "has no events" in Trajectory("a<b>#0", ())._repr_html_()
    assert "<b>" not in Trajectory("a<b>#0", ())._repr_html_()


def test_a_run_is_a_table(tmp_path: Path) -> None:
    debates = [golden.hostile(), golden.failed(), *(golden.ordinary(n, golden.random.Random(n)) for n in range(60))]
    page = Run(golden.write(tmp_path / "run", debates))._repr_html_()
    reader = Reader(page)
    assert set(reader.tags) <= HARMLESS
    assert reader.tags["tr"] == 1 + html.ROWS
    assert "62 debates" in reader.text
    assert "and 12 more" in reader.text
