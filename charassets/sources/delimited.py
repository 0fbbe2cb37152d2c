"""CSV, TSV and JSONL: rows by number, without reading the file from its start each time.

What belongs here: finding where records begin, parsing one, refusing what is broken. Not here: what a column means. The
dialect is fixed (RFC 4180 with a header) because guessing dialects splits tag lines into rows without a word.
"""

import csv
from collections.abc import Iterator, Sequence
from typing import IO, Any

import orjson

from charassets.errors import SourceError
from charassets.sources import names, storage, words
from charassets.sources.columns import Form

_STRIDE = 100  # records between two remembered offsets: five million rows cost 50,000 numbers
_MAX_RECORD_BYTES = 4 << 20
_MAX_RECORD_LINES = 1_000  # a field that runs on for longer began with a stray quote
_SAMPLE_ROWS = 100
_GUESS_BYTES = 256 << 10

_Row = tuple[int, dict[str, Any] | str]


class DelimitedRows:
    """The rows of one text table.

    Attributes:
        count: records of the file, broken ones included.
        forms: its columns: of the header, or of the first hundred JSON objects.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        suffix = names.suffix(storage.parts(uri)[-1])
        self._is_json, self._is_tabbed = suffix in {".jsonl", ".ndjson"}, suffix == ".tsv"
        self._delimiter, self._header = ",", list[str]()
        self._offsets: list[int] = []
        self.count = 0
        try:
            with storage.opened(uri) as file:
                self._encoding = _encoding(file.read(_GUESS_BYTES), uri)
                file.seek(0)
                if not self._is_json:
                    self._read_header(file)
                for offset, _ in self._records(file):
                    if self.count % _STRIDE == 0:
                        self._offsets.append(offset)
                    self.count += 1
        except OSError as error:
            raise self._unreadable(error) from None
        self.forms: dict[str, Form] = self._forms()

    def sample(self) -> list[dict[str, Any]]:
        """The first rows that could be parsed."""
        return [row for _, row in self.read(0, _SAMPLE_ROWS, ()) if isinstance(row, dict)]

    def read(self, first: int, count: int, columns: Sequence[str]) -> Iterator[_Row]:  # all are at hand
        """Rows with their numbers; where one is broken, the reason in its place.

        Raises:
            SourceError: the file cannot be read.
        """
        if first >= self.count:
            return
        try:
            with storage.opened(self._uri) as file:
                file.seek(self._offsets[first // _STRIDE])
                for number, (_, row) in enumerate(self._records(file), first // _STRIDE * _STRIDE):
                    if number >= min(first + count, self.count):
                        break
                    if number >= first:
                        yield number, row
        except OSError as error:
            raise self._unreadable(error) from None

    def _records(self, file: IO[bytes]) -> Iterator[_Row]:
        """Byte offset and content of every record from the file's position on."""
        return self._json_records(file) if self._is_json else self._csv_records(file)

    def _json_records(self, file: IO[bytes]) -> Iterator[_Row]:
        lines = _Lines(file, self._encoding)
        while True:
            try:
                line = next(lines, None)
            except _TooLong as error:
                yield lines.begin, str(error)
                lines.skip()
                continue
            if line is None:
                return
            if line.strip():
                yield lines.begin, _json_object(line)
            lines.record_ends()

    def _csv_records(self, file: IO[bytes]) -> Iterator[_Row]:
        lines = _Lines(file, self._encoding)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            try:
                cells = next(reader, None)
            except (csv.Error, _TooLong) as error:
                yield lines.begin, f"broken row: {error}"
                lines.skip()  # only the first line: what a stray quote would swallow are other records
                reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
                continue
            if cells is None:
                return
            if cells:
                wrong = len(cells) != len(self._header)
                told = f"the row has {len(cells)} fields, the header {len(self._header)}"
                yield lines.begin, told if wrong else dict(zip(self._header, cells, strict=True))
            lines.record_ends()

    def _read_header(self, file: IO[bytes]) -> None:
        lines = _Lines(file, self._encoding)
        first = next(lines, "").removeprefix("\ufeff")
        self._delimiter = "\t" if self._is_tabbed else max((",", "\t", ";"), key=first.count)
        cells = next(csv.reader([first], delimiter=self._delimiter), [])
        if any(cell.strip().lstrip("+-").isdigit() for cell in cells):
            raise SourceError(
                "the first line holds values and not the names of columns",
                where=self._uri,
                todo="put a line with names before it",
            )
        self._header = [cell.strip() or f"column_{i}" for i, cell in enumerate(cells)]
        lines.record_ends()
        file.seek(lines.begin)

    def _forms(self) -> dict[str, Form]:
        if not self._is_json:
            return dict.fromkeys(self._header, "text")
        seen: dict[str, Form] = {}
        for row in self.sample():
            for name, value in row.items():
                if value is not None:
                    seen.setdefault(name, "text" if isinstance(value, str) else "words")
        return seen

    def _unreadable(self, error: Exception) -> SourceError:
        return SourceError(
            f"the table cannot be read: {' '.join(str(error).split())[:200]}", where=self._uri, todo="check the file"
        )


class _TooLong(Exception):  # noqa: N818 - it ends a record, not the run
    """A record goes on beyond every sensible length."""


class _Lines:
    """Decoded lines of a binary file, with the offset at which the present record began."""

    def __init__(self, file: IO[bytes], encoding: str | None) -> None:
        self._file, self._encoding = file, encoding
        self.begin = self._position = file.tell()
        self._lines = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(_MAX_RECORD_BYTES + 1)
        if not line:
            raise StopIteration
        self._position += len(line)
        self._lines += 1
        if self._position - self.begin > _MAX_RECORD_BYTES or self._lines > _MAX_RECORD_LINES:
            raise _TooLong(f"it goes on for more than {self._lines - 1:,} lines or {_MAX_RECORD_BYTES:,} bytes")
        if self._encoding is None:
            try:
                return line.decode("utf-8").replace("\0", "")
            except UnicodeDecodeError:
                return words.decoded(line)[0].replace("\0", "")
        return line.decode(self._encoding, "replace").replace("\0", "")

    def record_ends(self) -> None:
        """The next line begins a record."""
        self.begin, self._lines = self._position, 0

    def skip(self) -> None:
        """Go back to the first line of the present record and pass over it."""
        self._file.seek(self.begin)
        while (piece := self._file.readline(_MAX_RECORD_BYTES)) and not piece.endswith(b"\n"):
            pass
        self._position = self._file.tell()
        self.record_ends()


def _json_object(line: str) -> dict[str, Any] | str:
    try:
        value = orjson.loads(line.removeprefix("\ufeff"))
    except orjson.JSONDecodeError as error:
        return f"broken JSON: {error}"
    return value if isinstance(value, dict) else "the line is no JSON object"


def _encoding(head: bytes, where: str) -> str | None:
    """Encoding to fall back on; None for UTF-8, in which single lines may still be something else."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError("the table is in UTF-16", where=where, todo="save it as UTF-8")
    whole_lines = head[: head.rfind(b"\n") + 1] or head
    _, encoding = words.decoded(whole_lines)
    return encoding
