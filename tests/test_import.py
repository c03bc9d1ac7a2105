"""What importing loads: nothing heavy, until it is asked for."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "langgraph", "langchain_core", "fastapi", "uvicorn")


def loaded_after(code: str) -> set[str]:
    """Run code in an interpreter of its own, and return what it then has loaded of the heavy packages."""
    program = f"{code}\nimport sys\nprint('loaded:', *(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import longthought, longthought as lt; lt.__version__, dir(lt)") == set()


def test_reading_runs_loads_nothing_heavy() -> None:
    assert loaded_after("import longthought as lt; lt.Run, lt.Trajectory, lt.load, lt.Task") == set()


def test_requests_load_nothing_heavy() -> None:
    code = "import longthought as lt; lt.train, lt.TrainingRequest(), lt.ExportRequest(), lt.LabelRequest()"
    assert loaded_after(code) == set()


def test_the_front_door_loads_no_torch() -> None:
    assert loaded_after("import longthought as lt; lt.solve, lt.generate, lt.policy") == {"langchain_core"}


def test_the_command_line_loads_nothing_heavy_for_its_help() -> None:
    code = (
        "import sys, longthought.cli.main as cli\n"
        "asked = ('', 'generate', 'solve', 'view', 'label', 'rewrite', 'export', 'train sft', 'code-thoughts')\n"
        "for words in ('--version', *(f'{command} --help' for command in asked)):\n"
        "    sys.argv = ['longthought', *words.split()]\n"
        "    try:\n"
        "        cli.main()\n"
        "    except SystemExit as ended:\n"
        "        assert not ended.code, ended.code\n"
    )
    assert loaded_after(code) == set()
