"""An export from a page: looked at before, written in the background, one at a time.

What belongs here: starting one and saying how far it is. Not here: formats, splits and cards (``charassets.exports``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock, Thread
from typing import Any

from pydantic import ValidationError

from charassets import progress
from charassets.errors import BusyError, CharassetsError, UsageError
from charassets.exports.export import count, export
from charassets.exports.publishing import Published
from charassets.exports.rows import choose, rows_of, shards
from charassets.lake.workspace import Workspace
from charassets.settings import ExportSettings, Settings
from charassets.warehouse.live import LiveWarehouse


@dataclass
class Writing:
    """The export that is being written, or was written last.

    Attributes:
        options: what was asked for.
        expected: records it will hold.
        done: records written so far.
        published: what stands now; None before it is done.
        error: why it failed.
        running: it is still being written.
    """

    options: ExportSettings
    expected: int
    done: int = 0
    published: Published | None = None
    error: str = ""
    running: bool = True


@dataclass
class Desk:
    """Where exports are asked for: one is written at a time."""

    current: Writing | None = None
    _lock: Lock = field(default_factory=Lock)

    def start(self, settings: Settings, options: ExportSettings) -> Writing:
        """Begin to write.

        Raises:
            BusyError: another one is being written.
            UsageError: the filter cannot be understood, or lets nothing through.
        """
        expected = sum(count(settings, options).values())
        if not expected:
            raise UsageError("no record passes", where=options.filter or "export", todo="loosen the filter")
        with self._lock:
            if self.current is not None and self.current.running:
                raise BusyError(
                    "an export is being written", where=self.current.options.name, todo="wait for it to end"
                )
            self.current = writing = Writing(options, expected)
        Thread(target=_write, args=(settings, writing), name="export", daemon=True).start()
        return writing


@dataclass
class _Heard(progress.Reporter):
    """Counts what is written."""

    writing: Writing

    def records(self, stage: str, done: int, *, reused: bool) -> None:  # noqa: ARG002 - as it is heard
        self.writing.done += done


def _write(settings: Settings, writing: Writing) -> None:
    try:
        with progress.reported_to(_Heard(writing)):
            writing.published = export(settings, writing.options)
    except CharassetsError as error:
        writing.error = str(error)
    except Exception as error:  # noqa: BLE001 - the thread's only way to tell
        writing.error = f"it failed: {type(error).__name__}"
    finally:
        writing.running = False


def preview(settings: Settings, options: ExportSettings, rows: int) -> list[dict[str, Any]]:
    """The first records of an export, as its lines would say it: split, character, attributes, caption."""
    workspace = Workspace.of(settings)
    lake = workspace.open_lake()
    found: list[dict[str, Any]] = []
    with LiveWarehouse(workspace).view() as view:
        con = view.con
        choose(con, options)
        for shard in shards(con):
            for row in islice(rows_of(con, lake, shard, options), rows - len(found)):
                shown = {"record_id": row.record_id, "split": row.split, "character": row.values["character_id"]}
                found.append({**shown, "attributes": dict(row.attributes), "caption": row.caption})
            if len(found) >= rows:
                break
    return found


def options_of(said: Mapping[str, Any]) -> ExportSettings:
    """What a form asks for.

    Raises:
        UsageError: a value out of bounds.
    """
    try:
        return ExportSettings.model_validate(
            {
                "name": said.get("name") or said.get("format") or "jsonl",
                "format": said.get("format") or "jsonl",
                "filter": said.get("filter", ""),
                "caption": said.get("caption") or ExportSettings().caption,
                "min_confidence": said.get("min_confidence") or 0,
                "balance": said.get("balance") or 1,
                "pictures": said.get("pictures") or "crop",
                "split": {"validation": said.get("validation") or 0, "test": said.get("test") or 0},
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "export"
        raise UsageError(
            f"{name}: {first['msg'].removeprefix('Value error, ')}", todo="change it and look again"
        ) from None
