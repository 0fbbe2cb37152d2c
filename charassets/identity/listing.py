"""Which files are whose reference pictures: by folder and file name, or by a table that says so.

What belongs here: names and paths. Not here: opening pictures (``charassets.enrolment``).
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from charassets.errors import UsageError

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".avif", ".tif", ".tiff"})
"""Endings of files in a folder that are taken for pictures; what the bytes are is the decoder's to say."""


_TABLES = {".csv", ".parquet"}


def rows_of_table(table: Path) -> list[tuple[str, Path]]:
    """Name and picture of every row of a .csv or .parquet with the columns ``name`` and ``path``.

    Raises:
        UsageError: it cannot be read, or lacks a column.
    """
    if table.suffix.lower() not in _TABLES:
        raise UsageError(
            "that is neither a folder nor a table",
            where=str(table),
            todo="give a folder of folders, a .csv or a .parquet",
        )
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    try:
        if table.suffix.lower() == ".parquet":
            rows = pq.read_table(table, columns=["name", "path"])
        else:
            text = csv.ConvertOptions(
                include_columns=["name", "path"], column_types={"name": pa.string(), "path": pa.string()}
            )
            rows = csv.read_csv(table, convert_options=text)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"the table cannot be read: {' '.join(str(error).split())[:120]}",
            where=str(table),
            todo="give a .csv or .parquet with the columns name and path",
        ) from None
    cells = zip(rows["name"].to_pylist(), rows["path"].to_pylist(), strict=True)
    return [(str(name), table.parent / str(path)) for name, path in cells if name and path]


def pictures_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and picture, in order; links are not followed out of the folder."""
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            continue
        if entry.is_dir():
            inside = (path for path in sorted(entry.iterdir()) if path.suffix.lower() in PICTURES and path.is_file())
            yield from ((entry.name, path) for path in inside if not path.is_symlink())
        elif entry.suffix.lower() in PICTURES:
            yield entry.stem, entry


def empty_folders(folder: Path) -> list[str]:
    """Characters without a picture: folders below this one in which ``pictures_of`` finds none."""
    named = {path.parent for _, path in pictures_of(folder)}
    return sorted(e.name for e in folder.iterdir() if e.is_dir() and not e.is_symlink() and e not in named)


def words_beside(path: Path) -> str | None:
    """The tag line that lies beside a picture."""
    sidecar = path.with_suffix(".txt")
    return sidecar.read_text(encoding="utf-8", errors="replace")[:20_000] if sidecar.is_file() else None
