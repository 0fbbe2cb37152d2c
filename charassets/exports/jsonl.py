"""JSON lines: an object a record with its attributes, their confidence, its character, its words and where it came from.

What belongs here: the line and the file. Not here: the attribute object itself (``charassets.attributes.record``).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from charassets.exports.job import Format, Job
from charassets.exports.rows import ORIGIN, Row


def line(row: Row) -> dict[str, Any]:
    """The object of a record."""
    values = row.values
    return {
        "record_id": row.record_id,
        "attributes": row.attributes,
        "confidence": row.confidence,
        "character_id": values["character_id"],
        "caption": row.caption,
        "repeats": row.repeats,
        "tags": values["tags"],
        "description": values["description"],
        "origin": {name: values[name] for name in ORIGIN if values[name] is not None},
    }


@contextmanager
def files_by_split(folder: Path, name: str) -> Iterator["SplitFiles"]:
    """Files that are opened when their split first occurs; ``name`` has a ``{split}``."""
    with ExitStack() as stack:
        yield SplitFiles(folder, name, stack)


class SplitFiles:
    """Made by ``files_by_split``."""

    def __init__(self, folder: Path, name: str, stack: ExitStack) -> None:
        self._folder, self._name, self._stack = folder, name, stack
        self._open: dict[str, BinaryIO] = {}

    def of(self, split: str) -> BinaryIO:
        """The file of a split."""
        if split not in self._open:
            path = self._folder / self._name.format(split=split)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[split] = self._stack.enter_context(path.open("wb"))
        return self._open[split]


def _write(job: Job) -> None:
    with files_by_split(job.folder, "{split}.jsonl") as files:
        for row in job.rows():
            files.of(row.split).write(orjson.dumps(line(row)) + b"\n")
            job.index.add(row)


JSONL = Format("jsonl", "a JSON object a record", "2", _write, data_files="{split}.jsonl")
