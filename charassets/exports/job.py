"""What a format is handed: the folder to fill, the records, their pictures, and the index to note them in.

What belongs here: the contract between an export and its format. Not here: any format.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from charassets import progress
from charassets.errors import Rejected
from charassets.exports.index import IndexWriter
from charassets.exports.pictures import Picture, crops, originals
from charassets.exports.rows import Row, rows_of, shards
from charassets.lake.fragments import Lake
from charassets.settings import CheckSettings, ExportSettings

STAGE = "export"
"""Name under which progress is reported."""


@dataclass(frozen=True)
class Job:
    """One export under way.

    Attributes:
        folder: new folder to write into.
        options: what was asked for.
        index: to be told of every record written.
        con: the warehouse, with the temporary table ``chosen``.
        lake: where pictures are.
        checks: limits that a report holds characters against.
        left_out: records that could not be written, by reason.
    """

    folder: Path
    options: ExportSettings
    index: IndexWriter
    con: duckdb.DuckDBPyConnection
    lake: Lake
    checks: CheckSettings
    left_out: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Iterator[Row]:
        """Every chosen record, shard by shard."""
        for shard in shards(self.con):
            count = 0
            for count, row in enumerate(rows_of(self.con, self.lake, shard, self.options), 1):  # noqa: B007 - counted, told below
                yield row
            progress.advance(STAGE, count)

    def pictures(self) -> Iterator[tuple[Row, Picture]]:
        """Every chosen record that has a picture, with it, shard by shard; the others are counted in ``left_out``."""
        read = crops if self.options.pictures == "crop" else originals
        for shard in shards(self.con):
            rows = {row.record_id: row for row in rows_of(self.con, self.lake, shard, self.options)}
            unmet = len(rows)
            for row, picture in read(self.lake, shard, rows):
                unmet -= 1
                if isinstance(picture, Rejected):
                    self.left_out[picture.code] += 1
                else:
                    yield row, picture
            self.left_out["no_picture"] += unmet
            progress.advance(STAGE, len(rows))


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: as people ask for it.
        doc: one line for help and cards.
        code_version: raised by hand when the same records would give other files.
        write: fills the job's folder.
        data_files: where a Hugging Face loader finds a split, with ``{split}``; None where it reads none of it.
        holds_pictures: it does.
    """

    name: str
    doc: str
    code_version: str
    write: Callable[[Job], None]
    data_files: str | None = None
    holds_pictures: bool = False
