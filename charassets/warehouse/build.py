"""Building the warehouse: beside the present one, then in its place, so that readers see the old or the new and never a lock.

What belongs here: when to build and how to publish. Not here: what is in it (``load``, ``records``).
"""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from charassets.attributes.fusion_files import CALIBRATION, Learnt, in_force
from charassets.attributes.vocabulary import load as load_vocabulary
from charassets.errors import CharassetsError, StorageError
from charassets.lake.fingerprint import fingerprint
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import TABLES
from charassets.settings import Settings
from charassets.stages.gates import verdict_sql
from charassets.warehouse import evaluation
from charassets.warehouse.calibration import create_calibration
from charassets.warehouse.identities import create_said
from charassets.warehouse.load import Fragments, Location, load_lake
from charassets.warehouse.names import create_names
from charassets.warehouse.quarantine import create_quarantined
from charassets.warehouse.reading import connect, fingerprint_of, open_far_files, search_from
from charassets.warehouse.records import create_records, create_verdicts
from charassets.warehouse.reviews import create_fused, create_reviews
from charassets.warehouse.sql import comment, identifier, literal
from charassets.warehouse.unkept import create_unkept

CODE_VERSION = "11"
"""Raised by hand when the same manifests would give other tables."""

STORAGE_VERSION = "v1.2.0"
"""DuckDB's file format: read by every release from 1.2 on, while that of 2.0 is unreadable before it."""

_MEMORY = "4GB"  # what is larger spills to disk; DuckDB's own default is 80 % of the machine, which others need too
_STALE_S = 24 * 3600.0  # an unfinished file of this age has no builder left


@dataclass(frozen=True)
class WarehouseResult:
    """What a build did.

    Attributes:
        path: the DuckDB file.
        fingerprint: digest of the manifests and settings it holds.
        unchanged: it held them already; nothing was built.
        rows: rows of every native table.
        bytes: size of the file.
        seconds: wall time of the call.
    """

    path: Path
    fingerprint: str
    unchanged: bool
    rows: dict[str, int]
    bytes: int
    seconds: float


def build(workspace: Workspace, lake: Lake, settings: Settings) -> WarehouseResult:
    """Bring the warehouse up to date with the lake.

    Raises:
        StorageError: the file cannot be written; the one before stays.
        VerificationError: a file of the lake is not the one its manifest names.
    """
    started = time.perf_counter()
    fragments = {table: lake.fragments(table) for table in TABLES}
    location = Location.of(workspace.root, lake.store.root)
    learnt = in_force(lake.store)
    wanted = _fingerprint(fragments, location, settings, learnt, evaluation.digest(lake.store))
    unchanged = _standing(workspace) == wanted
    if not unchanged:
        workspace.create()
        with _replacing(workspace.warehouse) as path, _writing(path, workspace) as con:
            load_lake(con, fragments, location)
            create_verdicts(con, settings.gates)
            create_fused(con)
            create_quarantined(con, fragments)
            create_reviews(con, fragments)
            create_said(con, fragments)
            create_records(con, fragments)
            create_names(con, fragments)
            create_unkept(con, fragments)
            create_calibration(con, learnt)
            evaluation.create_evaluation(con, lake.store)
            _write_meta(con, wanted)
        if workspace.remote is not None:
            workspace.remote.push(workspace.warehouse.name)
    return WarehouseResult(
        path=workspace.warehouse,
        fingerprint=wanted,
        unchanged=unchanged,
        rows=_row_counts(workspace),
        bytes=workspace.warehouse.stat().st_size,
        seconds=time.perf_counter() - started,
    )


def _standing(workspace: Workspace) -> str | None:
    """What the present warehouse was built from; one that cannot be opened is replaced."""
    try:
        return fingerprint_of(workspace)
    except CharassetsError:
        return None


def is_current(workspace: Workspace, lake: Lake, settings: Settings) -> bool:
    """Whether the warehouse is what ``build`` would make now.

    Raises:
        CharassetsError: it cannot be opened.
    """
    fragments = {table: lake.fragments(table) for table in TABLES}
    location = Location.of(workspace.root, lake.store.root)
    digest = evaluation.digest(lake.store)
    return fingerprint_of(workspace) == _fingerprint(fragments, location, settings, in_force(lake.store), digest)


def _fingerprint(fragments: Fragments, location: Location, settings: Settings, learnt: Learnt, measured: str) -> str:
    manifests = {
        table: {
            f.manifest.shard: [f.manifest.fingerprint, *(entry.sha256 for entry in f.manifest.files)] for f in found
        }
        for table, found in fragments.items()
    }
    return fingerprint(
        {
            "code": CODE_VERSION,
            "storage": STORAGE_VERSION,
            "schemas": {name: table.version for name, table in TABLES.items()},
            "manifests": manifests,
            "prefix": location.prefix,
            "gates": settings.gates.model_dump(),
            "verdict": verdict_sql("pictures", "gates"),
            "vocabulary": load_vocabulary().digest,
            "calibration": learnt.digests[CALIBRATION],
            "evaluation": measured,
        }
    )


@contextmanager
def _replacing(final: Path) -> Iterator[Path]:
    """A temporary path that takes the place of ``final`` when the block succeeds, and is removed when it fails."""
    for left in final.parent.glob(f"{final.name}.*.tmp*"):
        with suppress(FileNotFoundError):  # another builder was faster
            if time.time() - left.stat().st_mtime > _STALE_S:
                _remove(left)
    temporary = final.with_name(f"{final.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(final)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        what = " ".join(str(error).split())
        raise StorageError(
            f"cannot write the warehouse: {what}", where=str(final), todo="check space and permissions"
        ) from error
    finally:
        for left in final.parent.glob(f"{temporary.name}*"):  # the file, its log, what it spilled
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path, workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose default database is the new file at ``path``; closing it leaves one file and no log."""
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": f"{path}.spill"}) as con:
        search_from(con, workspace.root)
        open_far_files(con, workspace)
        con.execute(f"ATTACH {literal(str(path))} AS building (STORAGE_VERSION {literal(STORAGE_VERSION)})")
        con.execute("USE building")
        yield con
        con.execute("USE memory")
        con.execute("DETACH building")


def _write_meta(con: duckdb.DuckDBPyConnection, wanted: str) -> None:
    con.execute("CREATE TABLE meta AS SELECT $1 AS fingerprint, $2 AS code_version", [wanted, CODE_VERSION])
    con.execute(comment("TABLE", "meta", "One row: what this file was built from. It is derived; never write to it."))
    con.execute(
        comment("COLUMN", "meta.fingerprint", "Digest of all manifests and settings: unchanged, nothing is built.")
    )
    con.execute(comment("COLUMN", "meta.code_version", "Version of the code that laid out the tables."))


def _row_counts(workspace: Workspace) -> dict[str, int]:
    with connect(workspace) as con:
        names = con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'charassets' ORDER BY table_name"
        ).fetchall()
        counts = (con.execute(f"SELECT count(*) FROM {identifier(name)}").fetchone() for (name,) in names)  # noqa: S608
        return {name: int(count[0]) if count else 0 for (name,), count in zip(names, counts, strict=True)}
