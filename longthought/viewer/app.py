"""The routes of the server: each hands its request to the library and answers with a type of `answers`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from longthought.errors import LongthoughtError
from longthought.thoughts.walks import Walk
from longthought.viewer.answers import (
    Debate,
    Neighbours,
    Objection,
    ReviewQueue,
    Runs,
    Summary,
    Table,
    Thought,
    Written,
)
from longthought.viewer.comparison_answers import Cell, Comparison, Curves, Rounds
from longthought.viewer.errors import UnknownError
from longthought.viewer.guard import Guard
from longthought.viewer.questions import Filter, Word

if TYPE_CHECKING:
    from longthought.viewer.library import Library

PAGE: Final = Path(__file__).parent / "page" / "dist"
"""The built page."""
_LIMIT: Final = 500
"""Maximum number of rows in an answer."""

RunName = Annotated[str, Query(description="The name of the run.", max_length=4096)]
SetName = Annotated[str, Query(description="The name of the set.", max_length=4096)]
DebateId = Annotated[str, Query(description="The name of the debate.", max_length=4096)]
Offset = Annotated[int, Query(ge=0, description="Number of rows to leave out.")]
Limit = Annotated[int, Query(ge=0, le=_LIMIT, description="Maximum number of rows.")]


def application(library: "Library", *, page: Path = PAGE) -> FastAPI:
    """Return the server's application.

    Args:
        library: The runs on view.
        page: The folder of the built page.

    """
    app = FastAPI(
        title="longthought viewer", version="1", docs_url=None, redoc_url=None, openapi_url=None,
        responses={"4XX": {"model": Objection, "description": "The request was refused."}},
    )  # fmt: skip
    app.add_middleware(Guard, writable=library.review)
    _answer_errors(app)
    _add_reading(app, library)
    _add_review(app, library)
    _add_page(app, page)
    return app


def _add_reading(app: FastAPI, library: "Library") -> None:
    @app.get("/api/runs")
    def runs() -> Runs:  # pyright: ignore[reportUnusedFunction]
        """Return the runs and sets on view, with their counts."""
        return library.runs()

    @app.get("/api/debates")
    def debates(  # pyright: ignore[reportUnusedFunction]
        filter: Annotated[Filter, Query()], offset: Offset = 0, limit: Limit = 100
    ) -> Table:
        """Return a window of the table of debates."""
        return library.table(filter, offset, limit)

    @app.get("/api/summary")
    def summary(filter: Annotated[Filter, Query()]) -> Summary:  # pyright: ignore[reportUnusedFunction]
        """Return figures of all debates that pass a filter."""
        return library.summary(filter)

    @app.get("/api/neighbours")
    def neighbours(  # pyright: ignore[reportUnusedFunction]
        filter: Annotated[Filter, Query()], at: RunName, id: DebateId
    ) -> Neighbours:
        """Return the debates before and after a debate of the run `at` in the table."""
        return library.neighbours(filter, at, id)

    @app.get("/api/debate")
    def debate(run: RunName, id: DebateId) -> Debate:  # pyright: ignore[reportUnusedFunction]
        """Return one debate with all its events."""
        return library.debate(run, id)

    @app.get("/api/thought")
    def thought(  # pyright: ignore[reportUnusedFunction]
        run: RunName, id: DebateId, walk: Walk = Walk.CHRONOLOGICAL
    ) -> Thought:
        """Return a debate as one long thought."""
        return library.thought(run, id, walk)

    @app.get("/api/compare")
    def compare(  # pyright: ignore[reportUnusedFunction]
        a: RunName, b: RunName, cell: Cell | None = None, offset: Offset = 0, limit: Limit = 100
    ) -> Comparison:
        """Compare two runs on the debates that both have; the most different costs first."""
        return library.compare(a, b, cell, offset, limit)

    @app.get("/api/curves")
    def curves(set: SetName) -> Curves:  # pyright: ignore[reportUnusedFunction]
        """Return the curves that the report of a set holds."""
        return library.curves(set)

    @app.get("/api/rounds")
    def rounds(set: SetName) -> Rounds:  # pyright: ignore[reportUnusedFunction]
        """Return the decisions of an improvement loop."""
        return library.rounds(set)


def _add_review(app: FastAPI, library: "Library") -> None:
    @app.get("/api/review")
    def review(  # pyright: ignore[reportUnusedFunction]
        run: Annotated[tuple[str, ...], Query(description="Names of runs or of sets (default: all).")] = (),
        after: Annotated[str, Query(description="`more` of the answer before.")] = "",
        limit: Limit = 50,
    ) -> ReviewQueue:
        """Return the steps that a person should look at."""
        return library.queue(run, after, limit)

    @app.post("/api/labels")
    def labels(word: Word) -> Written:  # pyright: ignore[reportUnusedFunction]
        """Write the word of a person on a step; only with `--review`."""
        return library.write(word)


def _add_page(app: FastAPI, page: Path) -> None:
    @app.get("/", include_in_schema=False)
    def index() -> Response:  # pyright: ignore[reportUnusedFunction]
        if not (page / "index.html").is_file():
            return _objection(503, "The page is not built.", "Run `npm run build` in longthought/viewer/page.")
        return FileResponse(page / "index.html", headers={"cache-control": "no-cache"})

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        file = page / "assets" / name
        if file.parent != page / "assets" or name.startswith(".") or not file.is_file():
            return _objection(404, f"There is no {name!r} in the page.")
        return FileResponse(file, headers={"cache-control": "public, max-age=31536000, immutable"})


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(LongthoughtError)
    def on_purpose(_: Request, error: Any) -> Response:  # pyright: ignore[reportUnusedFunction]
        return _objection(404 if isinstance(error, UnknownError) else 400, str(error))

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: Any) -> Response:  # pyright: ignore[reportUnusedFunction]
        first = error.errors()[0]
        return _objection(422, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}.")

    @app.exception_handler(HTTPException)
    def unknown(_: Request, error: Any) -> Response:  # pyright: ignore[reportUnusedFunction]
        return _objection(error.status_code, f"{error.detail}.", "All addresses of the page begin with /?.")


def _objection(status: int, error: str, hint: str = "") -> JSONResponse:
    return JSONResponse(Objection(error=error, hint=hint).model_dump(), status)
