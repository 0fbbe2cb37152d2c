"""Publishing an export: choose, write, prove, swap into place.

What belongs here: the order of work. Not here: any format.
"""

from pathlib import Path
from typing import Any

import duckdb

from charassets.errors import CharassetsError, UsageError
from charassets.exports.card import card
from charassets.exports.character_report import CHARACTER_REPORT
from charassets.exports.characters import CHARACTERS
from charassets.exports.coco import COCO
from charassets.exports.delimited import CSV
from charassets.exports.hugging_face import HUGGING_FACE, IMAGEFOLDER
from charassets.exports.index import INDEX, IndexWriter
from charassets.exports.job import Format, Job
from charassets.exports.jsonl import JSONL
from charassets.exports.kohya import KOHYA
from charassets.exports.publishing import Published, publish
from charassets.exports.rows import choose
from charassets.exports.splits import LEAKS
from charassets.exports.tables import PARQUET, SQLITE
from charassets.exports.webdataset import WEBDATASET
from charassets.lake.fingerprint import fingerprint
from charassets.lake.workspace import Workspace
from charassets.models.catalogue import models_of
from charassets.settings import ExportSettings, Settings
from charassets.warehouse.live import LiveWarehouse
from charassets.warehouse.sql import literal

FORMATS: dict[str, Format] = {
    made.name: made
    for made in (
        JSONL,
        CSV,
        PARQUET,
        SQLITE,
        IMAGEFOLDER,
        HUGGING_FACE,
        WEBDATASET,
        KOHYA,
        COCO,
        CHARACTERS,
        CHARACTER_REPORT,
    )
}
"""Every format by name."""

CODE_VERSION = "1"
"""Raised by hand when the choice, the card or the index would be another."""


class NothingPassesError(UsageError):
    """No record passes the filter of an export; what was published before stays as it is."""


def export(
    settings: Settings, options: ExportSettings, folder: Path | None = None, *, replace_edited: bool = False
) -> Published:
    """Publish the kept records of a workspace.

    Args:
        settings: of the workspace.
        options: which records, in which format.
        folder: where; by default ``WORKSPACE/exports/NAME``.
        replace_edited: replace an export that somebody edited since.

    Raises:
        NothingPassesError: no record passes.
        UsageError: an unknown format, a filter that cannot be understood, no warehouse yet, a folder that is not to be replaced.
        StorageError: the folder cannot be written, or the lake is newer than the warehouse.
    """
    made_by = format_named(options.format)
    workspace = Workspace.of(settings)
    with LiveWarehouse(workspace).view() as view:  # what people decided since the last run counts too
        con = view.con
        built_from = con.execute("SELECT fingerprint FROM meta").fetchall()[0][0]
        asked = options.model_dump(exclude={"name"})
        sources = [(source.name, source.license) for source in settings.sources]
        wanted = fingerprint(
            {
                "code": [CODE_VERSION, made_by.code_version],
                "warehouse": [built_from, view.overlay.head],
                "options": asked,
                "checks": settings.checks.model_dump() if made_by in (CHARACTERS, CHARACTER_REPORT) else None,
                "sources": sources,
            }
        )

        def write(scratch: Path) -> dict[str, Any]:
            return _written(con, scratch, made_by, options, settings, built_from)

        done = publish(folder or workspace.exports / options.name, wanted, write, replace_edited=replace_edited)
    if folder is None and workspace.remote is not None:
        workspace.remote.push_folder(f"{workspace.exports.name}/{options.name}")
    return done


def count(settings: Settings, options: ExportSettings) -> dict[str, int]:
    """How many records an export would choose, by split: what ``--dry-run`` shows.

    Raises:
        UsageError: as ``export``.
    """
    format_named(options.format)
    with LiveWarehouse(Workspace.of(settings)).view() as view:
        choose(view.con, options)
        return dict(view.con.execute("SELECT split, count(*) FROM chosen GROUP BY ALL ORDER BY ALL").fetchall())


def format_named(name: str) -> Format:
    """A format by name.

    Raises:
        UsageError: there is no such format.
    """
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}", where="export", todo=f"choose one of {', '.join(FORMATS)}")
    return FORMATS[name]


def leaks(folder: Path) -> list[tuple[object, ...]]:
    """What stands on two sides of an export; empty, or the export is broken."""
    with duckdb.connect() as con:
        return con.execute(LEAKS.replace(f"'{INDEX}'", literal(str(folder / INDEX)))).fetchall()


def _written(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    made_by: Format,
    options: ExportSettings,
    settings: Settings,
    built_from: str,
) -> dict[str, Any]:
    choose(con, options)
    chosen = _count(con)
    if not chosen:
        raise NothingPassesError("no record passes", where=options.filter or "export", todo="loosen the filter")
    with IndexWriter(folder) as index:
        job = Job(folder, options, index, con, Workspace.of(settings).open_lake(), settings.checks)
        made_by.write(job)
    if index.written + job.left_out.total() != chosen:
        raise CharassetsError(
            f"{chosen:,} records were chosen and {index.written + job.left_out.total():,} accounted for",
            where=made_by.name,
            todo="report this as a bug",
        )
    if found := leaks(folder):
        raise CharassetsError(f"{len(found)} groups stand on two sides, e.g. {found[0]}", todo="report this as a bug")
    facts = {
        "format": made_by.name,
        "name": options.name,
        "code_version": made_by.code_version,
        "warehouse": built_from,
        "options": options.model_dump(),
        "chosen": chosen,
        "records": index.written,
        "by_split": dict(sorted(index.by_split.items())),
        "repeated": index.repeated,
        "empty_captions": index.wordless,
        "left_out": dict(job.left_out),
        "picture_bytes": index.picture_bytes,
    }
    text = card(con, made_by, options, facts, settings.sources, models_of(settings))
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "leaks.sql").write_text(f"{LEAKS};\n", encoding="utf-8")
    return facts


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return (con.execute("SELECT count(*) FROM chosen").fetchone() or (0,))[0]
