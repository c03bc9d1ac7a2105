"""The API over the golden runs: what the page asks for, and what it is told when something is not there."""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from longthought.labels.label import LabelBook
from longthought.trajectories.run import Run
from longthought.viewer.app import application
from longthought.viewer.library import Library
from longthought.viewer.openapi import FILE, description
from longthought.viewer.questions import Filter
from tests.fakes import golden
from tests.viewer.conftest import ADDRESS

TWO = ["second", "compared/majority/seed-0"]
HOSTILE = f"hostile {golden.SCRIPT}#0"


def ask(client: TestClient, name: str, status: int = 200, **query: Any) -> Any:
    response = client.get(f"/api/{name}", params=query)
    assert response.status_code == status, response.text
    return response.json()


def ids(table: Any) -> list[str]:
    return [row["id"] for row in table["rows"]]


def test_runs_and_sets(client: TestClient) -> None:
    found = ask(client, "runs")
    runs = {run["name"]: run for run in found["runs"]}
    assert list(runs) == [
        "first", "second", *(f"compared/{s}/seed-{n}" for s in ("debate", "majority") for n in (0, 1)),
    ]  # fmt: skip
    first = runs["first"]
    assert (first["debates"], first["finished"], first["failed"], first["graded"]) == (80, 78, 1, 77)
    assert (first["state"], first["error"], first["labels"], first["policy"]) == ("ready", "", True, "fake:policy")
    assert (runs["compared/debate/seed-1"]["strategy"], runs["compared/debate/seed-1"]["seed"]) == ("debate", "seed-1")
    (compared,) = found["sets"]
    assert (compared["kind"], len(compared["runs"])) == ("evaluate", 4)
    assert found["review"] is False


def test_the_table_is_a_window(client: TestClient) -> None:
    whole = ask(client, "debates", limit=500)
    assert whole["total"] == len(whole["rows"]) == 80 + 71 + 4 * 30
    part = ask(client, "debates", offset=75, limit=10)
    assert part["rows"] == whole["rows"][75:85]
    assert ask(client, "debates", offset=1000)["rows"] == []


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ({"outcome": ["wrong", "failed"]}, lambda row: row["outcome"] in ("wrong", "failed")),
        ({"stop": "rounds"}, lambda row: row["stop_reason"] == "rounds"),
        ({"domain": golden.IMAGE}, lambda row: row["domain"] == golden.IMAGE),
        ({"rounds_min": 3, "rounds_max": 5}, lambda row: 3 <= row["rounds"] <= 5),
        ({"refutations_min": 1}, lambda row: row["refutations"] >= 1),
        ({"tokens_max": 500}, lambda row: row["tokens"] <= 500),
        ({"score_min": 0.5, "score_max": 0.9}, lambda row: row["score"] is not None and 0.5 <= row["score"] <= 0.9),
        ({"reflections_min": 1}, lambda row: row["reflections"] >= 1),
        ({"backtracks_min": 100}, lambda row: row["id"] == "large-tree#0"),
        ({"nodes_min": 1000}, lambda row: row["id"] == "large-tree#0"),
        ({"wrong_rejections_min": 1}, lambda row: row["id"] == "wrong-verdict#0" and row["run"] == "first"),
        ({"label": "wrong_verdict"}, lambda row: row["wrong_rejections"] or row["wrong_approvals"]),
        ({"label": "doubtful"}, lambda row: row["doubtful"]),
        ({"label": "any"}, lambda row: row["labelled"]),
        ({"label": "none", "outcome": "solved"}, lambda row: not row["labelled"] and row["solved"]),
        ({"run": "compared"}, lambda row: row["run"].startswith("compared/")),
        ({"run": TWO}, lambda row: row["run"] in TWO),
        ({"outcome": "ungraded"}, lambda row: False),
    ],
)  # fmt: skip
def test_filters(client: TestClient, query: dict[str, Any], keeps: Any) -> None:
    every = ask(client, "debates", limit=500)["rows"]
    expected = [row for row in every if keeps(row)]
    found = ask(client, "debates", limit=500, **query)
    assert found["rows"] == expected
    assert found["total"] == ask(client, "summary", **query)["total"] == len(expected)


@pytest.mark.parametrize("column", ["id", "outcome", "stop_reason", "rounds", "tokens", "score", "seconds", "nodes"])
@pytest.mark.parametrize("descending", [False, True])
def test_sorting(client: TestClient, column: str, descending: bool) -> None:
    rows = ask(client, "debates", limit=500, sort=column, descending=descending)["rows"]
    values = [row[column] for row in rows if row[column] is not None]
    assert values == sorted(values, reverse=descending)
    assert [row[column] for row in rows[: len(values)]] == values  # what has no value comes last


def test_the_order_of_the_log(client: TestClient, runs: Path) -> None:
    assert ids(ask(client, "debates", run="second", limit=500)) == Run(runs / "second").ids()
    backwards = ask(client, "debates", run="second", limit=500, descending=True)
    assert ids(backwards) == Run(runs / "second").ids()[::-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hmm, that makes 391", ["thinking#0"]),  # in a model's thinking
        ("VIETA", ["latex#0"]),  # case is ignored
        (r"\frac{6 \pm \sqrt{16}}{2}", ["latex#0"]),
        (golden.RTL, ["שלום/🎉 #1#0"]),
        ("🏳️‍🌈", ["שלום/🎉 #1#0"]),
        (golden.SCRIPT, [HOSTILE]),
        ('"critique"', []),  # a field of the log, and no word of a debate
        ("large-tree", ["large-tree#0"]),  # an id
    ],
)
def test_text_is_found_in_the_words_of_a_debate(client: TestClient, text: str, expected: list[str]) -> None:
    while (found := ask(client, "debates", run="first", q=text))["searched"] < 1:
        pass
    assert ids(found) == expected
    assert ask(client, "summary", run="first", q=text)["total"] == len(expected)


def test_a_search_goes_on_where_the_log_has_grown(tmp_path: Path) -> None:
    run = golden.write(tmp_path / "run", [golden.thinking()])
    library = Library([run], cache=tmp_path / "cache")
    library.refresh()
    asked = Filter(q="larger root")

    def found() -> list[str]:
        while (table := library.table(asked, 0, 9)).searched < 1:
            pass
        return [row.id for row in table.rows]

    assert found() == []
    golden.write(run, [golden.latex()])
    library.refresh()
    assert found() == ["latex#0"]
    library.close()


def test_the_summary_adds_up(client: TestClient) -> None:
    rows = ask(client, "debates", limit=500)["rows"]
    found = ask(client, "summary")
    assert sum(found["outcomes"].values()) == sum(found["domains"].values()) == found["total"] == len(rows)
    assert found["tokens"] == sum(row["tokens"] for row in rows)
    assert sum(bar["count"] for bar in found["rounds"]) == len(rows)
    assert sum(bar["solved"] for bar in found["rounds"]) == found["outcomes"]["solved"]
    graded = [row for row in rows if row["solved"] is not None and row["score"] is not None]
    assert sum(tenth["count"] for tenth in found["calibration"]) == len(graded)
    for tenth in found["calibration"]:
        within = [row for row in graded if tenth["low"] <= row["score"] < tenth["high"] + (tenth["high"] == 1)]
        assert tenth["count"] == len(within)
        assert tenth["mean_score"] == pytest.approx(sum(row["score"] for row in within) / len(within))
        assert tenth["solved"] == sum(row["solved"] for row in within)


def test_a_long_tail_stays_in_the_last_bar(client: TestClient) -> None:
    bars = ask(client, "summary", run="first")["rounds"]
    assert len(bars) > 5
    assert bars[-1]["low"] < golden.NODES - 1 < bars[-1]["high"]
    assert all(one["high"] == other["low"] for one, other in pairwise(bars))


def test_neighbours(client: TestClient) -> None:
    query = {"run": "first", "sort": "tokens", "outcome": "solved"}
    order = ids(ask(client, "debates", limit=500, **query))
    middle = ask(client, "neighbours", at="first", id=order[5], **query)
    assert (middle["position"], middle["total"]) == (5, len(order))
    assert (middle["previous"]["id"], middle["next"]["id"]) == (order[4], order[6])
    first = ask(client, "neighbours", at="first", id=order[0], **query)
    last = ask(client, "neighbours", at="first", id=order[-1], **query)
    assert first["previous"] is None
    assert last["next"] is None
    outside = ask(client, "neighbours", at="first", id="failed#0", **query)
    assert (outside["position"], outside["previous"], outside["next"]) == (None, None, None)


def test_a_debate_is_answered_whole(client: TestClient, runs: Path) -> None:
    for trajectory in Run(runs / "first").trajectories():
        found = ask(client, "debate", run="first", id=trajectory.id)
        assert found["events"] == [event.model_dump(mode="json") for event in trajectory.events]
        assert found["problem"]["statement"] == trajectory.problem.statement
        assert found["row"]["id"] == trajectory.id
    assert [label["node"] for label in ask(client, "debate", run="first", id="wrong-verdict#0")["labels"]] == [1, 2, 3]
    assert "event 3 is missing" in ask(client, "debate", run="first", id="sum-500#0")["error"]


def test_token_ids_and_logprobs_stay_at_home(tmp_path: Path) -> None:
    log = golden.thinking()
    call = log[1].calls[0].model_copy(update={"token_ids": (1, 2, 3), "logprobs": (-0.5, -0.25, -0.125)})
    log[1] = log[1].model_copy(update={"calls": (call,)})
    library = Library([golden.write(tmp_path / "run", [log])], cache=tmp_path / "cache")
    library.refresh()
    found = library.debate("run", "thinking#0").events[1].calls[0]
    assert (found.token_ids, found.logprobs, found.thinking) == (None, None, call.thinking)
    library.close()


def test_thoughts(client: TestClient, runs: Path) -> None:
    journey = ask(client, "thought", run="first", id="latex#0", walk="depth_first")
    shortcut = ask(client, "thought", run="first", id="latex#0", walk="shortcut")
    assert journey["steps"] > shortcut["steps"]
    assert (journey["wrong_turns"], shortcut["wrong_turns"]) == (1, 0)
    thought = Run(runs / "first").trajectory("latex#0").long_thought("shortcut")
    assert [s["text"] for s in shortcut["sentences"]] == [s.text for s in thought.sentences]
    assert {s["node"] for s in shortcut["sentences"]} == {0, 2, 4}
    size = sum(len(s["text"]) for s in ask(client, "thought", run="first", id="long-thought#0")["sentences"])
    assert size > golden.LONG


def test_a_thought_that_can_not_be_told_says_why(client: TestClient) -> None:
    said = ask(client, "thought", 400, run="first", id="failed#0", walk="shortcut")
    assert "no answer that is known to be right" in said["error"]


def test_two_runs_are_compared_on_the_same_problems(client: TestClient) -> None:
    found = ask(client, "compare", a="first", b="second", limit=500)
    rows = {
        run: {row["id"]: row for row in ask(client, "debates", run=run, limit=500)["rows"]}
        for run in ("first", "second")
    }
    assert found["total"] == sum(found["counts"].values()) == 71
    assert (found["unpaired_a"], found["unpaired_b"]) == (9, 0)
    for cell in ("both", "only_a", "only_b", "neither"):
        part = ask(client, "compare", a="first", b="second", cell=cell, limit=500)
        assert part["total"] == len(part["rows"]) == found["counts"][cell] > 0
        solved = {(pair["a"]["outcome"] == "solved", pair["b"]["outcome"] == "solved") for pair in part["rows"]}
        assert solved == {{"both": (1, 1), "only_a": (1, 0), "only_b": (0, 1), "neither": (0, 0)}[cell]}
    for pair in found["rows"]:
        assert pair["a"]["tokens"] == rows["first"][pair["a"]["id"]]["tokens"]
        assert pair["b"]["answer"] == rows["second"][pair["b"]["id"]]["answer"]
    assert 0 < found["p"] <= 1


def test_curves(client: TestClient, tmp_path: Path, runs: Path) -> None:
    found = ask(client, "curves", set="compared")
    assert [curve["name"] for curve in found["curves"]] == ["debate", "majority"]
    assert [point["solved"] for point in found["curves"][0]["points"]] == pytest.approx([0.3, 0.5, 0.7])
    for content in (None, "{}", "[1]", "{", '{"curve": [{"strategy": 1}]}'):
        folder = tmp_path / str(content)
        golden.write(folder / "debate" / "seed-0", [golden.latex()])
        if content is not None:
            (folder / "comparison.json").write_text(content)
        library = Library([folder], cache=tmp_path / "cache")
        said = library.curves(folder.name)
        assert (said.curves, bool(said.error)) == ((), True)
        library.close()


def test_rounds_of_an_improvement_lead_to_the_runs_that_were_compared(runs: Path, tmp_path: Path) -> None:
    with_ledger = tmp_path / "improved"
    shutil.copytree(runs / "improved", with_ledger)
    with (with_ledger / "ledger.jsonl").open("a") as file:
        file.write('{"kind": "decision", "round": 2')  # half written
    library = Library([with_ledger], cache=tmp_path / "cache")
    library.refresh()
    client = TestClient(application(library), base_url=ADDRESS)
    assert [one["kind"] for one in ask(client, "runs")["sets"]] == ["improve"]
    policy, critic = ask(client, "rounds", set="improved")["decisions"]
    assert (policy["solved"], policy["before"], policy["promoted"]) == (0.6, 0.4, True)
    assert policy["low"] < 0.6 < policy["high"]
    assert policy["run"] == critic["rival"] == "improved/round-1/policy-sft/validation"
    assert policy["rival"] == "improved/validation/debate-0-level-0"
    assert not critic["promoted"]
    pair = ask(client, "compare", a=policy["rival"], b=policy["run"])
    assert sum(pair["counts"].values()) == 30
    library.close()
    for content in ("", '{"kind": "decision"}\n', '"decision"\n[1]\n{\n'):
        (with_ledger / "ledger.jsonl").write_text(content)
        library = Library([with_ledger], cache=tmp_path / "other")
        said = library.rounds("improved")
        assert (said.decisions, bool(said.error)) == ((), True)
        library.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/rounds?set=nowhere", 404),
        ("/api/debate?run=first&id=nobody%230", 404),
        ("/api/debate?run=nowhere&id=latex%230", 404),
        ("/api/debate?run=../../etc&id=passwd", 404),
        ("/api/debate?run=%2Fetc&id=passwd", 404),
        ("/api/thought?run=first&id=latex%230&walk=backwards", 422),
        ("/api/debates?run=nowhere", 404),
        ("/api/debates?rounds_min=many", 422),
        ("/api/debates?limit=100000", 422),
        ("/api/debates?sort=by%20luck", 422),
        ("/api/curves?set=nowhere", 404),
        ("/api/compare?a=first", 422),
        ("/api/nothing", 404),
        ("/assets/../app.py", 404),
        ("/assets/..%2F..%2Fapp.py", 404),
        ("/assets/.hidden", 404),
        ("/run.json", 404),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(client: TestClient, path: str, status: int) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert set(response.json()) == {"error", "hint"}
    assert response.json()["error"]
    assert "Traceback" not in response.text


def test_a_review_writes_the_ledger_and_nothing_else(tmp_path: Path) -> None:
    run = golden.write(
        tmp_path / "run", [golden.wrong_verdict(), *(golden.ordinary(n, golden.random.Random(n)) for n in range(1, 9))]
    )
    golden.label(run)
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    library = Library([run], review=True, cache=tmp_path / "cache")
    library.refresh()
    client = TestClient(application(library), base_url=ADDRESS, headers={"origin": ADDRESS})
    queue = ask(client, "review")
    assert queue["total"] == len(queue["doubts"]) > 3
    pieces, after = [], ""
    while after is not None:
        piece = ask(client, "review", limit=2, after=after)
        pieces += piece["doubts"]
        after = piece["more"]
    assert pieces == queue["doubts"]
    doubt = queue["doubts"][0]
    word = {name: doubt[name] for name in ("run", "id", "node")}
    written = client.post("/api/labels", json=word | {"live": True, "reason": "I see <b>how</b>"}).json()
    assert (written["label"]["method"], written["label"]["live"]) == ("human", True)
    assert LabelBook(run).of(doubt["id"])[doubt["node"]].reason == "I see <b>how</b>"
    assert ask(client, "review")["total"] == queue["total"] - 1
    undone = client.post("/api/labels", json=word | {"live": None, "withdrawn": True}).json()
    assert undone["label"] == doubt["label"]
    assert ask(client, "review")["doubts"] == queue["doubts"]
    assert client.post("/api/labels", json=word | {"node": 99, "live": True}).status_code == 400
    assert client.post("/api/labels", json=word | {"node": 0, "live": True}).status_code == 422
    assert client.post("/api/labels", json=word | {"id": "nobody#0", "live": True}).status_code == 404
    after_all = {file.name: file.read_bytes() for file in run.iterdir()}
    assert set(after_all) == set(before)
    assert {name for name in before if before[name] != after_all[name]} == {"labels.jsonl"}
    library.close()


def test_the_description_of_the_api_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == description(), "run: python -m longthought.viewer.openapi"
    assert json.loads(description())["components"]["schemas"]["Row"]
