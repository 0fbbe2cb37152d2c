"""JSON lines: one object a kept record, with its attributes, their confidence, its character and where it came from.

What belongs here: the line, and publishing the file. Not here: the attribute object itself (``charassets.attributes.record``).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from charassets.attributes.evidence import Evidence
from charassets.attributes.fusion import DECIDED
from charassets.attributes.record import WORDED, record_json
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.errors import StorageError
from charassets.lake.fingerprint import fingerprint
from charassets.lake.store import LocalStore
from charassets.lake.workspace import Workspace
from charassets.warehouse import connect
from charassets.warehouse.records import column_of

CODE_VERSION = "1"
"""Raised by hand when the same records would give other lines."""

FILE = "records.jsonl"
MANIFEST = "records.manifest.json"

_ROWS = 4_096
_ORIGIN = (
    *("source", "uri", "member", "item_key", "row", "image_id", "width", "height", "crop_box"),
    *("rating", "post_id", "artist", "character", "copyright", "episode", "scene", "frame", "time_s"),
)
_SELECT = """
    WITH words AS (
        SELECT record_id, list(struct_pack(attribute, value, score, source, detail)) AS said
        FROM tag_evidence WHERE list_contains($1, attribute) GROUP BY record_id
    )
    SELECT records.*, words.said FROM records LEFT JOIN words USING (record_id) ORDER BY shard, item_key, record_id
"""


@dataclass(frozen=True)
class ExportResult:
    """What an export published.

    Attributes:
        path: the file.
        rows: its lines.
        bytes: its size.
        sha256: digest of its bytes.
        unchanged: the file stood already for this warehouse; nothing was written.
    """

    path: Path
    rows: int
    bytes: int
    sha256: str
    unchanged: bool


def export(workspace: Workspace, folder: Path) -> ExportResult:
    """Publish ``records.jsonl`` and its manifest in ``folder``.

    The file appears whole or not at all, the manifest after it; a file whose manifest names another warehouse is written anew.

    Raises:
        UsageError: there is no warehouse yet.
        StorageError: the folder cannot be written.
    """
    store = LocalStore(folder)
    with connect(workspace) as con:
        built_from = con.execute("SELECT fingerprint FROM meta").fetchall()
        wanted = fingerprint({"code": CODE_VERSION, "warehouse": built_from})
        before = _published(store, folder, wanted)
        if before is not None:
            return before
        rows = con.sql(_SELECT, params=[sorted(WORDED)]).to_arrow_reader(_ROWS)
        scratch = store.scratch(FILE)
        try:
            facts = _write(scratch, (row for batch in rows for row in batch.to_pylist()))
            store.put_file(scratch, FILE)
        finally:
            scratch.unlink(missing_ok=True)
    store.put_bytes(orjson.dumps({"fingerprint": wanted, "file": FILE, **facts}, option=orjson.OPT_INDENT_2), MANIFEST)
    return ExportResult(folder / FILE, unchanged=False, **facts)


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """The object of one row of ``records``, with its words under ``said``."""
    answers = [
        {"attribute": name, "value": row[column], "status": DECIDED, "confidence": row[f"{column}_confidence"]}
        for name in load().attributes
        if row[column := column_of(name)] not in (None, UNKNOWN)
    ]
    attributes = record_json(answers, [Evidence(**said) for said in row["said"] or ()])
    confidence = {a["attribute"]: round(a["confidence"], 4) for a in answers if a["attribute"] in attributes}
    return {
        "record_id": row["record_id"],
        "attributes": attributes,
        "confidence": confidence,
        "character_id": row["character_id"],
        "tags": row["tags"],
        "description": row["description"],
        "origin": {name: row[name] for name in _ORIGIN if row[name] is not None},
    }


def _write(path: Path, rows: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    digest, size, count = hashlib.sha256(), 0, 0
    try:
        with path.open("wb") as file:
            for row in rows:
                data = orjson.dumps(line(row)) + b"\n"
                digest.update(data)
                size += file.write(data)
                count += 1
    except OSError as error:
        raise StorageError(f"cannot write: {error}", where=str(path), todo="check space and permissions") from error
    return {"rows": count, "bytes": size, "sha256": digest.hexdigest()}


def _published(store: LocalStore, folder: Path, wanted: str) -> ExportResult | None:
    """The export that stands, where it is of this warehouse and whole."""
    data, path = store.read_bytes(MANIFEST), folder / FILE
    try:
        manifest = orjson.loads(data or b"{}")
        whole = path.stat().st_size == manifest["bytes"]
    except (orjson.JSONDecodeError, KeyError, TypeError, OSError):
        return None
    if manifest["fingerprint"] != wanted or not whole:
        return None
    return ExportResult(path, manifest["rows"], manifest["bytes"], manifest["sha256"], unchanged=True)
