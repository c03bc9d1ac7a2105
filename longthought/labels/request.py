"""The request to label the steps of a run."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from longthought.labels.label import Method
from longthought.request import Request

METHODS: Final = (Method.EXACT, Method.MONTE_CARLO, Method.TREE, Method.MODEL)
"""Methods that need no person."""
SAMPLED_METHODS: Final = (Method.MONTE_CARLO, Method.MODEL)
"""Methods that call models, as jobs of their own."""


def _method(given: Any) -> Any:
    if given not in METHODS:
        raise ValueError(
            f"`method` must be one of {', '.join(METHODS)}, got {str(given)!r}; a person labels with "
            "`longthought label RUN --review`"
        )
    return given


Positive = Annotated[int, Field(ge=1)]


class LabelRequest(Request):
    """Settings of labelling: the method, and the agents that it calls."""

    method: Annotated[Method, BeforeValidator(_method)] = Method.EXACT
    """Method: exact (a solver), monte-carlo (continuations of the policy), tree (the debate's own answers) or model \
(opinions of the critic)."""
    trials: Positive = 8
    """Number of continuations or opinions per step."""
    policy: str | None = None
    """Model that continues from each step (default: the run's own policy)."""
    critic: str | None = None
    """Model that is asked for opinions (default: the run's own critic)."""
    base_url: str | None = None
    """OpenAI-compatible server of that model (default: the run's own)."""
    problems: str | None = None
    """File of the run's problems, for answers that statements alone can't grade."""
    temperature: float | None = Field(default=None, ge=0)
    """Temperature of the model (default: the run's own; 0.7 for several opinions)."""
    limit: Positive | None = None
    """Maximum number of debates (default: all)."""
    concurrency: Positive = 64
    """Maximum number of continuations or opinions in flight."""
