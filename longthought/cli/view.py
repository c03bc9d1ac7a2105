"""`longthought view`: debates in a browser, or one debate as an HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longthought.errors import ConfigError, RunFolderError

if TYPE_CHECKING:
    from longthought.trajectories.trajectory import Trajectory


def view(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run folders, or folders of `evaluate`.")],
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on this machine (default: a free one from 8467 on).")
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Let the page label doubtful steps in labels.jsonl of the run.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser, if there is one.")] = True,
    export: Annotated[
        str | None, typer.Option(metavar="ID", help="Write this debate as one HTML file instead; needs --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The HTML file to write.")] = None,
) -> None:
    """Read debates in a browser: trees, dialogues, long thoughts.

    Example: `longthought view runs/first` or `longthought view runs/first --export countdown-2-9-11-20-83 --out a.html`

    The server listens on this machine alone, uses no network, and follows a job that is still running. It writes
    nothing but labels, and those only with --review.
    """
    if (export is None) != (out is None):
        raise ConfigError("--export and --out belong together: give both, or none to serve the page")
    if export is not None and out is not None:
        _export(runs, export, out)
        return
    _serve(runs, port, review=review, browser=browser)


def _serve(runs: list[Path], port: int | None, *, review: bool, browser: bool) -> None:
    from longthought.extras import expect_installed

    expect_installed(("fastapi", "uvicorn", "msgspec"), "viewer", "`longthought view`", ConfigError)
    import webbrowser

    from longthought.cli.stopping import stoppable
    from longthought.viewer.library import Library
    from longthought.viewer.serving import PORT, address, forwarding, has_browser, listening, serve

    with Library(runs, review=review) as library, listening(port) as listener:
        place, taken = address(listener), listener.getsockname()[1]
        if port is None and taken != PORT:
            typer.echo(f"port {PORT} is in use, so this is port {taken}")
        typer.echo(f"reading {', '.join(map(str, runs))} at {place}  (Ctrl-C to stop)")
        if command := forwarding(taken):
            typer.echo(f"from your own machine: {command}\nand then open {place} there")
        elif browser and has_browser():
            webbrowser.open(place)
        with stoppable(lambda: "stopped"):
            serve(library, listener)


def _export(runs: list[Path], name: str, out: Path) -> None:
    from longthought.files import write_whole
    from longthought.trajectories.html import page

    found = _found(runs, name if "#" in name else f"{name}#0")
    if out.is_file() and not _is_page(out):
        raise ConfigError(f"--out {out}: there is something else in it already; name a new file")
    try:
        write_whole(out, page(found))
    except OSError as error:
        raise ConfigError(f"--out {out}: can't be written ({error.strerror}); choose another file") from error
    typer.echo(f"wrote {out}")


def _is_page(file: Path) -> bool:
    """Say whether a file is empty or holds a page, which another one may replace."""
    with file.open("rb") as opened:
        return opened.read(9).lower() in (b"", b"<!doctype")


def _found(runs: list[Path], name: str) -> "Trajectory":
    """Return the debate from the first run that has it."""
    from longthought.trajectories.run import Run
    from longthought.viewer.folders import Set, opened

    missing: RunFolderError | None = None
    for one in (run for given in opened(runs) for run in (given.members() if isinstance(given, Set) else [given])):
        run = Run(one.path)
        try:
            return run.trajectory(name)
        except RunFolderError as error:
            missing = missing or error
    assert missing is not None
    raise missing
