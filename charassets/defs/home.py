"""Dagster's home: the folder its settings are read from, filled the first time.

What belongs here: the settings file of the instance. Not here: opening the instance (``in_process``).
"""

import os
from pathlib import Path

from charassets.errors import UsageError

SETTINGS = Path(__file__).with_name("dagster.yaml")
"""Settings of the Dagster instance; only the copy in the workspace is read once ``DAGSTER_HOME`` is set."""

POSTGRES = "DAGSTER_PG_URL"
"""Environment variable with the address of a PostgreSQL database; a home made where it is set keeps its history there."""


def prepare(home: Path) -> None:
    """Make ``home`` Dagster's, with the project's settings where it has none: they are then the user's to change.

    Raises:
        UsageError: the address of the database names a driver that dagster-postgres does not bring, or the home was made before
            the address was given and keeps its history elsewhere.
    """
    if os.environ.get(POSTGRES, "").startswith(("postgresql://", "postgres://")):
        # SQLAlchemy 2.1 reads these as psycopg 3
        raise UsageError("the address names no driver", where=POSTGRES, todo="begin it with postgresql+psycopg2://")
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists():
        text = SETTINGS.read_text(encoding="utf-8")
        settings.write_text(_with_postgres(text) if os.environ.get(POSTGRES) else text, encoding="utf-8")
    elif os.environ.get(POSTGRES) and not any(line.startswith("storage:") for line in settings.open(encoding="utf-8")):
        raise UsageError(
            f"{POSTGRES} is set, and this Dagster home keeps its history in files",
            where=str(settings),
            todo="switch the block `storage:` on in this file, or unset the variable",
        )
    os.environ["DAGSTER_HOME"] = str(home)


def _with_postgres(text: str) -> str:
    """The settings with the block about PostgreSQL switched on."""
    lines = text.splitlines(keepends=True)
    first = lines.index("# storage:\n")
    for place in range(first, len(lines)):
        if not lines[place].startswith("# "):
            break
        lines[place] = lines[place].removeprefix("# ")
    return "".join(lines)
