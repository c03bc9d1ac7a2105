"""The examples: each runs as it stands, and the notebook does in a real kernel."""

import asyncio
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from aiohttp import web
from nbclient import NotebookClient

from tests.fakes.server import FakeServer, completion

EXAMPLES = Path(__file__).parents[1] / "examples"
PRINTED = {
    "chat_model": "17\n",
    "dialect": "42\n",
    "lean_proofs": "constructor\nexact hq\nexact hp\ndone\nsolved: ",
    "extra_node": "42\n['started', 'proposed', 'checked', 'judged', 'judged', 'moved', 'reflected', 'judged',",
    "verifier": "60\n['months: June has 30']",
}
ELSEWHERE = {"debates", "game24"}
"""Examples that are tested with what they extend."""
ASKED = {"countdown", "gsm8k"}
"""Examples that have a test of their own."""


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_prints_what_it_should(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out.startswith(PRINTED[name])


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == PRINTED.keys() | ELSEWHERE | ASKED


def test_the_prompts_of_the_example_reach_the_critic() -> None:
    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "dialect.py"))
    from tests.fakes.scripted import ScriptedChatModel

    critic = ScriptedChatModel(['{"action": "terminate", "score": 0.9}'])
    debate = example["main"](ScriptedChatModel(["6 * 7 = 42.\nAnswer: 42"]), critic)
    assert debate.answer == "42"
    assert "You are a strict critic." in critic.prompts[0]


async def test_gsm8k_is_played_alone_and_as_a_debate_on_a_server(tmp_path: Path) -> None:
    rows = [
        {"question": "A tray holds 12 cups. How many do 3 trays hold?", "answer": "3*12=<<3*12=36>>36\n#### 36"},
        {"question": "A tray holds 9 cups. How many do 4 trays hold?", "answer": "4*9=<<4*9=36>>36\n#### 35"},
    ]
    (tmp_path / "test.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    async def answer(server: FakeServer, request: web.Request, payload: dict[str, Any]) -> web.StreamResponse:
        judged = "response_format" in payload
        return web.json_response(completion('{"action": "terminate", "score": 0.9}' if judged else r"\boxed{36}"))

    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "gsm8k.py"))
    async with FakeServer([answer], models=["qwen"]) as server:
        told = (str(tmp_path / "test.jsonl"), "qwen", server.base_url, tmp_path / "out")
        figures = await asyncio.to_thread(example["main"], *told)
        asked = len(server.questions)
        assert figures["alone"] == (1, 30), "the second reference is another number"
        assert figures["debate"] == (1, 60), "two requests a problem, of 15 tokens"
        assert await asyncio.to_thread(example["main"], *told) == figures
        assert len(server.questions) == asked, "what was played is not played again"


@pytest.mark.lean
def test_lean_confirms_the_proof_of_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "lean_proofs.py"), run_name="__main__")
    assert capsys.readouterr().out.endswith("solved: True\n")


@pytest.mark.slow
def test_countdown_goes_from_problems_to_a_thinker(tmp_path: Path) -> None:
    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "countdown.py"))
    solved, of = example["main"](tmp_path, count=20, epochs=0.1)
    assert 0 <= solved <= of == 2
    assert (tmp_path / "thinker" / "model.safetensors").exists()
    assert example["main"](tmp_path, count=20, epochs=0.1) == (solved, of), "every stage resumes"


@pytest.mark.slow
def test_the_notebook_runs_in_a_kernel() -> None:
    notebook: Any = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)
    assert Path(sys.executable).exists()
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("text/html" in output.get("data", {}) for output in outputs), "a debate is shown as HTML"
    printed = "".join(output.get("text", "") for output in outputs)
    assert "2 of 2: " in printed
    assert "The critic says " in printed
