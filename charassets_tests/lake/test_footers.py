"""Footers that are kept: the same rows, read with less."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from charassets.lake import footers
from charassets.lake.footers import Footers


def stored(**columns: list) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, write_page_checksum=True)
    return buffer.getvalue()


def test_a_file_that_is_opened_again_has_the_same_rows_and_its_footer_is_not_read():
    data, kept = stored(a=[1, 2], b=["x", None]), Footers()
    first, names = kept.opened(pa.BufferReader(data), "one")
    assert names == {"a", "b"}
    without = data[:-12] + b"\0" * 8 + data[-4:]
    with pytest.raises(OSError, match="thrift"):
        pq.ParquetFile(pa.BufferReader(without))
    again, names = kept.opened(pa.BufferReader(without), "one")
    assert again.read().equals(first.read()) and again.read().num_rows == 2 and names == {"a", "b"}


def test_the_ones_asked_for_last_are_kept(monkeypatch):
    monkeypatch.setattr(footers, "_MOST", 2)
    kept = Footers()
    for name in ("one", "two", "one", "three"):
        kept.opened(pa.BufferReader(stored(**{name: [1]})), name)
    whole = stored(one=[1])
    assert kept.opened(pa.BufferReader(whole), "one")[0].read().column_names == ["one"]
    assert list(kept._kept) == ["three", "one"]  # noqa: SLF001


def test_a_footer_of_many_row_groups_is_not_kept(monkeypatch):
    monkeypatch.setattr(footers, "_LARGEST", 1)
    kept = Footers()
    assert kept.opened(pa.BufferReader(stored(a=[1], b=[2])), "one")[0].read().num_rows == 1
    assert not kept._kept  # noqa: SLF001
