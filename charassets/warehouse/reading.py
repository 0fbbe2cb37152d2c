"""Opening the warehouse to read it.

What belongs here: the read-only connection and what the file says of itself. Not here: building (``build``).
"""

from pathlib import Path

import duckdb

from charassets.errors import BusyError, CharassetsError, StorageError, UsageError, VerificationError
from charassets.lake.workspace import Workspace
from charassets.settings import is_uri
from charassets.warehouse.sql import literal

_NEW_ENOUGH_S = 10.0  # of a look whether a workspace in an object store has a newer warehouse


def connect(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the warehouse as it stands now.

    It stays on the file it was opened on: after a rebuild it goes on reading the old one. DuckDB would hand a second direct
    connection of the same process that old file too; attaching it to a connection of its own always opens the present one.

    Raises:
        UsageError: there is no warehouse yet.
        BusyError: another program has it open for writing.
        StorageError: it cannot be opened.
        VerificationError: the file is damaged, or none that this DuckDB reads.
    """
    bring(workspace)
    if not workspace.warehouse.is_file():
        raise UsageError("there is no warehouse yet", where=str(workspace.warehouse), todo="run `charassets run` first")
    con = duckdb.connect(
        config={"temp_directory": f"{workspace.warehouse}.spill"}
    )  # by default it is the working directory
    try:
        con.execute(f"ATTACH {literal(str(workspace.warehouse))} AS charassets (READ_ONLY)")
    except duckdb.Error as error:
        con.close()
        raise _unopened(workspace.warehouse, str(error)) from None
    con.execute("USE charassets")
    search_from(con, workspace.root)
    open_far_files(con, workspace)
    return con


def _unopened(file: Path, said: str) -> CharassetsError:
    """What DuckDB said when it was to open a file, which has no codes, as an error of ours."""
    if "Could not set lock" in said:
        todo = "close it there, or open it with `duckdb -readonly`"
        return BusyError("another program has the warehouse open for writing", where=str(file), todo=todo)
    words = " ".join(said.split())[:200]
    if "Cannot open file" in said:
        return StorageError(f"the warehouse cannot be opened: {words}", where=str(file), todo="check the permissions")
    todo = "run `charassets run`: it is built again from the lake"
    return VerificationError(f"the warehouse cannot be read: {words}", where=str(file), todo=todo)


def bring(workspace: Workspace) -> None:
    """Fetch the warehouse of a workspace in an object store, if a newer one lies there.

    Raises:
        StorageError: the store cannot be read.
    """
    if workspace.remote is not None:
        workspace.remote.pull(workspace.warehouse.name, _NEW_ENOUGH_S)


def open_far_files(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Let the views read a lake in an object store, by ranges: the columns and row groups a query needs, and no more.

    DuckDB's own reader of such stores is an extension that it fetches from the network; the store is open here already.
    """
    if not is_uri(workspace.lake_root):
        return
    from fsspec.implementations.arrow import ArrowFSWrapper

    from charassets.lake.object_store import ObjectStore

    store = workspace.open_lake().store
    if not isinstance(store, ObjectStore):
        return

    class Far(ArrowFSWrapper):
        """The store under the scheme the views name."""

        protocol = store.root.partition("://")[0]  # pyright: ignore[reportAssignmentType] - how fsspec asks for it

    con.register_filesystem(Far(store.filesystem, skip_instance_cache=True))


def search_from(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let the views' relative paths start at the workspace, whatever the process's working directory."""
    if "," not in str(folder):  # a comma separates folders; the views then hold absolute paths (``load.Location``)
        con.execute(f"SET file_search_path = {literal(str(folder))}")


def fingerprint_of(workspace: Workspace) -> str | None:
    """What the present warehouse was built from; None where there is none, or none of ours.

    Raises:
        CharassetsError: it cannot be opened.
    """
    try:
        with connect(workspace) as con:
            row = con.execute("SELECT fingerprint FROM meta").fetchone()
    except (UsageError, duckdb.Error):
        return None
    return None if row is None else str(row[0])


def files_read(workspace: Workspace) -> frozenset[str]:
    """Files of the lake, below its root, that queries on the present warehouse read: a sweep has to spare them."""
    bring(workspace)
    if not workspace.warehouse.is_file():
        return frozenset()
    with connect(workspace) as con:
        return frozenset(path for (path,) in con.execute("SELECT path FROM fragments").fetchall())
