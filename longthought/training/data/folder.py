"""A folder of training data: its files, and how they are read; `writer` writes them.

    meta.json            {"schema_version", "format", "dialect", "role", …}
    train.jsonl          or train.parquet
    validation.jsonl     or validation.parquet; may be missing

Nothing here knows tokenizers or trainers.
"""

import hashlib
import json
import logging
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from longthought.agents.catalogue import DIALECT_NAMES
from longthought.errors import ConfigError, ProblemError
from longthought.schema import expect_readable
from longthought.training.request import Role

DATA_SCHEMA: Final = 1
Split = Literal["train", "validation"]
SPLITS: Final[tuple[Split, ...]] = ("train", "validation")
META: Final = "meta.json"
_LOADERS: Final = {".jsonl": "json", ".parquet": "parquet"}


class Meta(BaseModel):
    """The fields that `meta.json` must have; further fields are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: int = DATA_SCHEMA
    format: str
    """Such as `sft-journey` or `dpo-policy`."""
    dialect: str
    role: Role


@dataclass(frozen=True)
class DataFolder:
    """A folder of training data that can be read."""

    path: Path
    meta: Meta

    @classmethod
    def open(cls, path: Path) -> "DataFolder":
        """Open a folder.

        Raises:
            ProblemError: if the folder holds no training data, or comes from a newer longthought.

        """
        folder = cls(path, _meta(path))
        if folder.meta.dialect not in DIALECT_NAMES:
            raise ProblemError(
                f"{path / META}: unknown dialect {folder.meta.dialect!r}; choose from {', '.join(DIALECT_NAMES)}"
            )
        if "train" not in folder.files:
            raise ProblemError(
                f"{path}: holds neither train.jsonl nor train.parquet; write them with `longthought export`"
            )
        return folder

    @cached_property
    def files(self) -> Mapping[Split, Path]:
        """The file of each split that the folder has."""
        found: dict[Split, Path] = {}
        for split in SPLITS:
            files = [file for suffix in _LOADERS if (file := self.path / f"{split}{suffix}").is_file()]
            if len(files) > 1:
                raise ProblemError(f"{self.path}: holds both {files[0].name} and {files[1].name}; remove one of them")
            if files:
                found[split] = files[0]
        return found

    @cached_property
    def fingerprint(self) -> str:
        """A digest of every row, by which a training recognises its data."""
        digest = hashlib.sha256()
        for _, file in sorted(self.files.items()):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()[:16]

    def rows(self, split: Split) -> Any:
        """Return a split as a `datasets.Dataset`, memory-mapped; the folder must have it.

        Raises:
            ProblemError: if it can't be read, or holds nothing.

        """
        import datasets  # pyright: ignore[reportMissingTypeStubs]

        file = self.files[split]
        library: Any = datasets
        kind, where = _LOADERS[file.suffix], {split: str(file)}
        try:
            with _quiet():
                rows: Any = library.load_dataset(kind, data_files=where, split=split) if file.stat().st_size else ()
        except (library.exceptions.DatasetGenerationError, ValueError, OSError) as error:
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            raise ProblemError(f"{file}: can't be read ({reason}); export it again") from error
        if not len(rows):
            raise ProblemError(f"{file}: holds no examples; export from a run that solved something")
        return rows

    def expect_role(self, role: str | None) -> Role:
        """Return the role that the data are for.

        Raises:
            ConfigError: if `role` names another one.

        """
        if role is not None and role != self.meta.role:
            raise ConfigError(
                f"`role` {role}: {self.path} holds {self.meta.format} data for the {self.meta.role}; "
                f"leave `role` out, or export data for the {role}"
            )
        return self.meta.role


@contextmanager
def _quiet() -> Generator[None]:
    """Keep the library from logging the errors that it raises."""
    log = logging.getLogger("datasets")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def expect_apart(folder: DataFolder, splits: Mapping[Split, Any]) -> None:
    """Raise if a problem or a prompt of the training split stands in the validation split too.

    Raises:
        ProblemError: naming how many and the first.

    """
    if "validation" not in splits:
        return
    held_out = dict(_keys(splits["validation"]))
    shared = {key: shown for key, shown in _keys(splits["train"]) if key in held_out}
    if shared:
        first = next(iter(shared.values()))
        raise ProblemError(
            f"{folder.path}: {len(shared)} of the validation split's problems or prompts stand in the training split, "
            f"such as {first[:80]!r}; split by problem, as `longthought export` does"
        )


def _keys(rows: Any) -> Iterator[tuple[bytes, str]]:
    """Yield a digest and a readable form of each row's prompt, and of its problem where that is named."""
    columns = [c for c in ("problem", "prompt", "messages") if c in rows.column_names]
    for row in rows.select_columns(columns):
        for column in columns:
            shown = _shown(row[column]) if column != "messages" else _shown(_before_reply(row[column]))
            kind = "problem" if column == "problem" else "prompt"
            yield hashlib.blake2b(f"{kind} {shown}".encode(), digest_size=12).digest(), shown


def _before_reply(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    until = next((at for at, m in enumerate(messages) if m["role"] == "assistant"), len(messages))
    return messages[:until]


def _shown(value: object) -> str:
    if isinstance(value, list):  # the last message says most, so it comes first
        messages = cast("list[dict[str, str]]", value)
        return "\n".join(message.get("content") or "" for message in reversed(messages))
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _meta(path: Path) -> Meta:
    file = path / META
    if not path.is_dir():
        raise ProblemError(f"{path}: no such folder; write one with `longthought export RUN --format … --out {path}`")
    if not file.is_file():
        raise ProblemError(
            f'{path}: no {META} there; write {{"format": "policy", "dialect": "prose", "role": "policy"}} into it, '
            "or export the data with `longthought export`"
        )
    try:
        fields: Any = json.loads(file.read_text())
        found: Any = cast("dict[str, Any]", fields).get("schema_version", DATA_SCHEMA)
        if isinstance(found, int):
            expect_readable(file, "data", found, DATA_SCHEMA, ProblemError)
        return Meta.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise ProblemError(
            f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}; export the data again"
        ) from error
    except (ValueError, AttributeError) as error:
        raise ProblemError(f"{file}: not a JSON object ({error}); export the data again") from error
