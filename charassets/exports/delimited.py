"""CSV, safe to open in a spreadsheet.

What belongs here: the file, and the guard against cells that a spreadsheet would run as formulas. Not here: the columns.
"""

import csv
import io

import pyarrow as pa

from charassets.exports.columns import flat, schema
from charassets.exports.job import Format, Job
from charassets.exports.jsonl import files_by_split

GUARD = "'"
"""Put before a text that a spreadsheet would run. Texts that begin with it get one more, so that one can be taken off again."""

_RISKY = frozenset("=+-@\t\r\n＝＋－＠'")  # OWASP's list of CSV injection, the full-width forms and the guard itself  # noqa: RUF001


def guarded(text: str | None) -> str | None:
    """A text that no spreadsheet takes for a formula."""
    return GUARD + text if text and text[0] in _RISKY else text


def unguarded(text: str) -> str:
    """The text that ``guarded`` was given."""
    return text.removeprefix(GUARD)


def _write(job: Job) -> None:
    columns = schema()
    texts = {field.name for field in columns if pa.types.is_string(field.type)} if not job.options.raw_csv else set()
    with files_by_split(job.folder, "{split}.csv") as files:
        begun: set[str] = set()
        for row in job.rows():
            file = files.of(row.split)
            if row.split not in begun:
                begun.add(row.split)
                file.write(_line(columns.names))
            values = flat(row)
            file.write(_line([guarded(v) if n in texts else v for n in columns.names for v in (values[n],)]))
            job.index.add(row)


def _line(cells: list) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


CSV = Format("csv", "a flat row a record; no cell is a formula", "1", _write, data_files="{split}.csv")
