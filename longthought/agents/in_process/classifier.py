"""Scores of steps from a token-classification model in this process; waiting requests are batched.

It knows pieces of text, not debates. Importing this module does not import torch.
"""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from longthought.agents.in_process.load import expect_packages
from longthought.agents.in_process.quiet import quietly
from longthought.errors import ModelError

MAX_BATCH: Final = 64
"""Maximum number of requests in one forward pass."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One score from 0 to 1 for each piece but the first; no scores if the pieces exceed the model's context."""

    scores: tuple[float, ...]
    tokens: int
    """Number of tokens of all pieces together."""


class Scoring:
    """Scores pieces of text with the model of a folder; the weights are loaded with the first request."""

    def __init__(self, path: Path) -> None:
        """Take the folder of the model.

        Raises:
            ModelError: if a package is missing.

        """
        expect_packages(f"scorer:{path}")
        self._path = path
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="longthought-scoring")
        self._lock = threading.Lock()
        self._waiting: list[tuple[list[str], Future[Scores]]] = []
        self._loaded: tuple[Any, Any] | None = None

    async def score(self, pieces: Sequence[str]) -> Scores:
        """Score the end of every piece but the first, which is the problem.

        Raises:
            ModelError: if the model can't be loaded.

        """
        future: Future[Scores] = Future()
        with self._lock:
            self._waiting.append((list(pieces), future))
        self._worker.submit(self._work)  # the first call takes all waiting requests; later ones find none
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish the requests under way and release the model."""
        self._worker.shutdown(wait=True)
        self._loaded = None

    def _work(self) -> None:
        with self._lock:
            taken, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        requests = [(pieces, future) for pieces, future in taken if future.set_running_or_notify_cancel()]
        if not requests:
            return
        try:
            self._loaded = self._loaded or _load(self._path)
            answers = _scores(*self._loaded, [pieces for pieces, _ in requests])
        except Exception as error:  # the error is for the callers, not for this thread
            for _, future in requests:
                future.set_exception(error)
            return
        for (_, future), answer in zip(requests, answers, strict=True):
            future.set_result(answer)


def encode(tokenizer: Any, pieces: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return the tokens of all pieces in sequence, and the position of the last token of each piece but the first."""
    tokens: list[int] = []
    ends: list[int] = []
    for index, piece in enumerate(pieces):
        tokens += tokenizer(piece, add_special_tokens=index == 0)["input_ids"]
        ends.append(len(tokens) - 1)
    return tokens, ends[1:]


def _load(path: Path) -> tuple[Any, Any]:
    with quietly(f"scorer:{path}"):
        import torch
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        models: Any = AutoModelForTokenClassification  # the types of transformers are partial
        tokenizers: Any = AutoTokenizer
        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            model = models.from_pretrained(path, dtype=torch.float32 if device == "cpu" else "auto").to(device).eval()
            return tokenizers.from_pretrained(path), model
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"scorer:{path}: can't be loaded ({reason}); train the scorer again") from error


def _scores(tokenizer: Any, model: Any, requests: Sequence[Sequence[str]]) -> list[Scores]:
    import torch

    encoded = [encode(tokenizer, pieces) for pieces in requests]
    context: int = model.config.get_text_config().max_position_embeddings
    rows = [tokens if len(tokens) <= context else tokens[:1] for tokens, _ in encoded]
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
    with torch.inference_mode():
        scores: list[list[float]] = model(input_ids=ids, attention_mask=mask).logits[..., 0].float().sigmoid().tolist()
    return [
        Scores(tuple(row[end] for end in ends) if len(tokens) <= context else (), len(tokens))
        for (tokens, ends), row in zip(encoded, scores, strict=True)
    ]
