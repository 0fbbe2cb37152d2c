"""What the app's page asks the warehouse: the values to filter by, and a page of kept records with their crops.

What belongs here: queries. Not here: how they look (``app.__main__``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from charassets.attributes import vocabulary
from charassets.lake.workspace import Workspace
from charassets.warehouse import connect
from charassets.warehouse.records import column_of

PAGE = 24
"""Records of a page."""

ANY = "(any)"
"""A filter that lets everything through."""


@dataclass(frozen=True)
class Record:
    """A kept record as the page shows it: its values in the order of ``columns``, and its crop (WebP) if it has one."""

    values: tuple[str, ...]
    crop: bytes | None


def columns() -> list[str]:
    """Columns shown and, but for the first, filtered by."""
    return ["record_id", "source", "character_id", *(column_of(name) for name in vocabulary.load().core)]


def choices(workspace: Workspace) -> dict[str, list[str]]:
    """Every filter with the values that occur, most frequent first."""
    with connect(workspace) as con:
        return {
            column: [
                ANY,
                *(
                    str(value)
                    for (value,) in con.execute(
                        f'SELECT "{column}" FROM records WHERE "{column}" IS NOT NULL GROUP BY ALL ORDER BY count(*) DESC, 1'  # noqa: S608
                    ).fetchall()
                ),
            ]
            for column in columns()[1:]
        }


def page(workspace: Workspace, chosen: Mapping[str, str], number: int) -> tuple[int, list[Record]]:
    """How many records pass the filters, and one page of them.

    Args:
        workspace: whose warehouse is asked.
        chosen: column to the value it must have, or ``ANY``.
        number: the page, from 1.
    """
    wanted = {column: value for column, value in chosen.items() if value != ANY and column in columns()}
    where = " AND ".join(f'"{column}" = ?' for column in wanted) or "TRUE"
    shown = ", ".join(f'"{column}"' for column in columns())
    with connect(workspace) as con:
        counted = con.execute(f"SELECT count(*) FROM records WHERE {where}", list(wanted.values())).fetchone()  # noqa: S608
        rows = con.execute(
            f"SELECT {shown} FROM records WHERE {where} ORDER BY character_id NULLS LAST, record_id LIMIT ? OFFSET ?",  # noqa: S608
            [*wanted.values(), PAGE, PAGE * (max(1, number) - 1)],
        ).fetchall()
        crops = dict(
            con.execute(
                "SELECT record_id, crop FROM single_character_images WHERE list_contains(?, record_id)",
                [[row[0] for row in rows]],
            ).fetchall()
        )
    records = [Record(tuple("" if v is None else str(v) for v in row), crops.get(row[0])) for row in rows]
    return (counted[0] if counted else 0), records
