"""The examples: each runs as it stands, and the notebook does in a real kernel."""

import runpy
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"
PRINTED = {
    "chat_model": "17\n",
    "dialect": "42\n",
    "extra_node": "42\n['started', 'proposed', 'checked', 'judged', 'judged', 'moved', 'reflected', 'judged',",
    "verifier": "60\n['months: June has 30']",
}
ELSEWHERE = {"debates", "game24"}
"""Examples that are tested with what they extend."""


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_prints_what_it_should(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out.startswith(PRINTED[name])


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == PRINTED.keys() | ELSEWHERE


def test_the_prompts_of_the_example_reach_the_critic() -> None:
    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "dialect.py"))
    from tests.fakes.scripted import ScriptedChatModel

    critic = ScriptedChatModel(['{"action": "terminate", "score": 0.9}'])
    debate = example["main"](ScriptedChatModel(["6 * 7 = 42.\nAnswer: 42"]), critic)
    assert debate.answer == "42"
    assert "You are a strict critic." in critic.prompts[0]


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
