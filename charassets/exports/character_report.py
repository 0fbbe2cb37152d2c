"""What a clustering came to, as files for people: numbers, what to look at first, a map, sheets of members.

What belongs here: the files and their content. Not here: the questions (``character_facts``), the pictures
(``character_pictures``), a folder a character (``characters``).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from heapq import nlargest
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from charassets.exports.character_facts import SHOWN, CharacterFacts, characters, totals, unkept
from charassets.exports.character_pictures import Rows, cluster_map, nearest_others, thumbnail
from charassets.exports.job import Format, Job
from charassets.exports.pictures import Picture, crops
from charassets.exports.rows import Row, rows_of, shards
from charassets.schema import CHARACTER_CLUSTERS
from charassets.stages.cluster_health import CHECKS, QUANTILE, findings, measured
from charassets.stages.collection import ALL

MAP = "cluster_visualization.png"
SUMMARY = "clustering_summary.json"
QUALITY = "quality_report.json"
LIST = "characters.jsonl"
"""A line a character, largest first."""

SHEETS = {"biggest": "ten_biggest.webp", "doubtful": "ten_most_doubtful.webp"}
"""Sheets by list, a row a character; missing where no picture of the list can be shown."""

_COMPARED = 20_000  # largest characters among which the nearest other is looked for: 10 MB of vectors


@dataclass
class Report:
    """A report under way: first who is shown, then their pictures as they come by, then the files.

    Attributes:
        job: the export it is part of.
        biggest, doubtful: characters of the two lists.
        rows: members shown of them.
        largest: the characters compared with, largest first.
        thumbnails: pictures seen so far, small.
    """

    job: Job
    biggest: list[CharacterFacts]
    doubtful: list[CharacterFacts]
    rows: Rows
    largest: list[CharacterFacts]
    thumbnails: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    @classmethod
    def begun(cls, job: Job) -> "Report":
        """Write the list of characters, and choose whom the rest shows."""
        largest: list[CharacterFacts] = []
        with (job.folder / LIST).open("wb") as file:

            def written() -> Iterator[CharacterFacts]:
                for character in characters(job.con):
                    file.write(orjson.dumps(character.as_dict()) + b"\n")
                    if len(largest) < _COMPARED:
                        largest.append(character)
                    yield character

            doubtful = nlargest(SHOWN, written(), key=lambda c: (c.doubt, c.pictures, c.character_id))
        biggest = largest[:SHOWN]
        shown = {c.character_id: c for c in (*biggest, *doubtful)}
        return cls(job, biggest, doubtful, Rows.of(job.con, list(shown.values())), largest)

    def see(self, row: Row, picture: Picture) -> None:
        """Keep the picture, small, if it is to be shown."""
        if row.record_id in self.rows.labels and (small := thumbnail(picture.data)) is not None:
            self.thumbnails[row.record_id] = small

    def finish(self) -> None:
        """Write everything else."""
        job = self.job
        (job.folder / MAP).write_bytes(cluster_map(job.con, job.lake, self.biggest))
        for name, shown in (("biggest", self.biggest), ("doubtful", self.doubtful)):
            drawn = self.rows.drawn([self.rows.members[c.character_id] for c in shown], self.thumbnails)
            if drawn is not None:
                (job.folder / SHEETS[name]).write_bytes(drawn)
        _write(job, SUMMARY, {**totals(job.con), "biggest": [c.as_dict() for c in self.biggest]})
        _write(job, QUALITY, self._quality())

    def _quality(self) -> dict[str, Any]:
        nearest = nearest_others(self.job.con, self.job.lake, self.doubtful, self.largest)
        looked_at = [
            {
                **character.as_dict(),
                "reason": character.reason,
                "nearest_other": dict(zip(("character_id", "cosine"), nearest[character.character_id], strict=True))
                if character.character_id in nearest
                else None,
            }
            for character in self.doubtful
        ]
        return {**_health(self.job), "doubtful": looked_at, "unkept": unkept(self.job.con)}


def _health(job: Job) -> dict[str, Any]:
    """The checks of the last run; they are of the whole collection, whatever the export's filter."""
    fragment = job.lake.fragment(CHARACTER_CLUSTERS.name, ALL)
    if fragment is None:
        return {"checks": []}
    health = measured(fragment)
    likeness = np.quantile(health.likeness, [0, QUANTILE, 0.25, 0.5, 0.75, 1]) if len(health.likeness) else ()
    names = ("least", "quantile_05", "quartile", "median", "upper_quartile", "most")
    return {
        "checks": [{**asdict(f), "promises": CHECKS[f.name]} for f in findings(health, job.checks)],
        "likeness": dict(zip(names, (round(float(v), 4) for v in likeness), strict=False)),
        "ids": {"members_before": health.before, "kept": health.kept, "share": health.carried},
    }


def _write(job: Job, name: str, content: dict[str, Any]) -> None:
    (job.folder / name).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def _report_alone(job: Job) -> None:
    report = Report.begun(job)
    for row in job.rows():
        job.index.add(row)
    for shard in shards(job.con):
        rows = {
            r.record_id: r for r in rows_of(job.con, job.lake, shard, job.options) if r.record_id in report.rows.labels
        }
        for row, picture in crops(job.lake, shard, rows) if rows else ():
            if isinstance(picture, Picture):
                report.see(row, picture)
    report.finish()


CHARACTER_REPORT = Format(
    "character_report",
    "what the clustering came to: numbers, a map, sheets; no pictures to train on",
    "1",
    _report_alone,
)
