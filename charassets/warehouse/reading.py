"""Opening the warehouse to read it.

What belongs here: the read-only connection and what the file says of itself. Not here: building (``build``).
"""

from pathlib import Path

import duckdb

from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.warehouse.sql import literal


def connect(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the warehouse as it stands now.

    It stays on the file it was opened on: after a rebuild it goes on reading the old one. DuckDB would hand a second direct
    connection of the same process that old file too; attaching it to a connection of its own always opens the present one.

    Raises:
        UsageError: there is no warehouse yet.
    """
    if not workspace.warehouse.is_file():
        raise UsageError("there is no warehouse yet", where=str(workspace.warehouse), todo="run `charassets run` first")
    con = duckdb.connect(
        config={"temp_directory": f"{workspace.warehouse}.spill"}
    )  # by default it is the working directory
    con.execute(f"ATTACH {literal(str(workspace.warehouse))} AS charassets (READ_ONLY)")
    con.execute("USE charassets")
    search_from(con, workspace.root)
    return con


def search_from(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let the views' relative paths start at the workspace, whatever the process's working directory."""
    if "," not in str(folder):  # a comma separates folders; the views then hold absolute paths (``load.Location``)
        con.execute(f"SET file_search_path = {literal(str(folder))}")


def fingerprint_of(workspace: Workspace) -> str | None:
    """What the present warehouse was built from; None where there is none that can be read."""
    try:
        with connect(workspace) as con:
            row = con.execute("SELECT fingerprint FROM meta").fetchone()
    except (UsageError, duckdb.Error):
        return None
    return None if row is None else str(row[0])


def files_read(workspace: Workspace) -> frozenset[str]:
    """Files of the lake, below its root, that queries on the present warehouse read: a sweep has to spare them."""
    if not workspace.warehouse.is_file():
        return frozenset()
    with connect(workspace) as con:
        return frozenset(path for (path,) in con.execute("SELECT path FROM fragments").fetchall())
