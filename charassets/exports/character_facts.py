"""The characters of an export in numbers: the table of them, the whole, and which ones a person should look at first.

What belongs here: questions over ``chosen`` and ``records``. Not here: pictures (``character_pictures``), files
(``character_report``).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

SHOWN = 10
"""Characters of each list that people are shown."""

_BUCKETS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000)  # least pictures of each bar of the histogram

# Of copies, text and noise there is no similarity. A representative is like itself, which says nothing.
_CHARACTERS = """
    SELECT
        character_id, any_value(character_names.name) AS name, count(*) AS pictures,
        round(min(similarity::DOUBLE) FILTER (NOT representative), 4) AS least_alike,
        round(median(similarity::DOUBLE) FILTER (NOT representative), 4) AS median_alike,
        round(min(character_probability::DOUBLE), 4) AS weakest,
        count(*) FILTER (len(disagrees_on) > 0) AS disagreeing,
        1 + coalesce(max(sub_cluster), 0) AS sub_clusters,
        count(*) FILTER (moment_of IS NOT NULL) AS thinned,
        coalesce(any_value(record_id) FILTER (character_representative), min(record_id)) AS representative
    FROM records SEMI JOIN chosen USING (record_id)
    LEFT JOIN character_names USING (character_id)
    LEFT JOIN (SELECT record_id, similarity, representative FROM character_clusters) AS looks USING (record_id)
    WHERE character_id IS NOT NULL GROUP BY character_id
"""


@dataclass(frozen=True)
class CharacterFacts:
    """A character.

    Attributes:
        character_id: id.
        name: what people call it.
        pictures: pictures chosen.
        least_alike, median_alike: cosine of its members with its representative; None where there is one member.
        weakest: least strength of membership, 0-1.
        disagreeing: pictures that contradict what most of its pictures show of a stable trait.
        sub_clusters: views, poses or dresses its pictures fall into.
        thinned: pictures that are frames of another one's moment.
        representative: record that stands for it.
    """

    character_id: str
    name: str | None
    pictures: int
    least_alike: float | None
    median_alike: float | None
    weakest: float | None
    disagreeing: int
    sub_clusters: int
    thinned: int
    representative: str

    @property
    def doubt(self) -> float:
        """0 for twins that agree on everything: half unlikeness of the members, half share of the disagreeing ones."""
        return round((1 - (self.median_alike if self.median_alike is not None else 1)) / 2 + self._odd / 2, 4)

    @property
    def _odd(self) -> float:
        return self.disagreeing / self.pictures

    @property
    def reason(self) -> str:
        """Why a person should look, in words."""
        alike = (
            "" if self.median_alike is None else f"half of its pictures are less alike than {self.median_alike:.2f}; "
        )
        return f"{alike}{self.disagreeing} of {self.pictures} contradict the others on a trait"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "doubt": self.doubt}


def characters(con: duckdb.DuckDBPyConnection) -> Iterator[CharacterFacts]:
    """Every character of the chosen records, largest first, streamed."""
    cursor = con.execute(f"SELECT * FROM ({_CHARACTERS}) ORDER BY pictures DESC, character_id")  # noqa: S608 - constant
    while rows := cursor.fetchmany(1024):
        yield from (CharacterFacts(*row) for row in rows)


def totals(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The whole in numbers: pictures, characters, noise, how many characters have how many pictures."""
    pictures, clustered, found = con.execute(
        "SELECT count(*) FILTER (NOT text_only), count(character_id), count(DISTINCT character_id) "
        "FROM records SEMI JOIN chosen USING (record_id)"
    ).fetchall()[0]
    sizes = con.execute(f"SELECT pictures, count(*) FROM ({_CHARACTERS}) GROUP BY 1").fetchall()  # noqa: S608 - constant
    histogram: dict[int, int] = dict.fromkeys(_BUCKETS, 0)
    for size, count in sizes:
        histogram[max(least for least in _BUCKETS if least <= size)] += count
    largest = max((size for size, _ in sizes), default=0)
    return {
        "pictures": pictures,
        "characters": found,
        "clustered": clustered,
        "noise": pictures - clustered,
        "noise_share": round(1 - clustered / pictures, 4) if pictures else 0.0,
        "largest": largest,
        "largest_share": round(largest / clustered, 4) if clustered else 0.0,
        "characters_by_least_size": {str(least): count for least, count in histogram.items() if count},
    }


def unkept(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What people decided and what does not hold after the last run."""
    found = con.execute('SELECT table_name, what, edit_id, actor, "at" FROM unkept ORDER BY ALL')
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
