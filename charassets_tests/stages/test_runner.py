"""The runner computes what changed, copies the rest, and balances the books."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets import progress
from charassets.errors import CharassetsError, UsageError
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.schema import BOOKS, TABLES
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Rejection, Stage
from charassets.stages.runner import run_stage
from charassets_tests.listener import Listener

SHARD = "shard-00000"
EVIDENCE = TABLES["tag_evidence"].arrow


class Words(Stage):
    """One evidence row a word of the tag line; a line `bad` is rejected, an empty one skipped."""

    table = TABLES["tag_evidence"]
    code_version = "1"
    reads: ClassVar[Mapping[str, Reads]] = {"raw_shards": Reads(("tags",))}
    batch_rows = 3

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.seen: list[str] = []

    def settings_read(self) -> Mapping[str, JsonValue]:
        return {"prefix": self.prefix}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        for batch in batches:
            lines, rejected, skipped = [], [], {}
            for record, tags in zip(batch.record_ids, batch.records.column("tags").to_pylist(), strict=True):
                self.seen.append(record)
                if tags == "bad":
                    rejected.append(Rejection(record, "undecodable", "it is bad"))
                elif not tags:
                    skipped[record] = "no_evidence"
                else:
                    lines += [{"record_id": record, "attribute": "Hair Color", "value": self.prefix + word, "score": 1.0,
                               "source": "tag"} for word in tags.split()]  # fmt: skip
            yield Outcome(pa.Table.from_pylist(lines, schema=EVIDENCE), rejected, skipped)


class Count(Stage):
    """Driver raw_shards with the words as a side: one row a record with the number of its words."""

    table = TABLES["character_attributes"]
    code_version = "1"
    reads: ClassVar[Mapping[str, Reads]] = {"raw_shards": Reads(("source",)), "tag_evidence": Reads(("value",))}
    batch_rows = 2

    def settings_read(self) -> Mapping[str, JsonValue]:
        return {}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        for batch in batches:
            words = batch.sides["tag_evidence"].column("record_id").to_pylist()
            fixed = {"attribute": "n", "confidence": 1, "status": "decided", "sources": []}
            rows = [{"record_id": r, "value": str(words.count(r)), **fixed} for r in batch.record_ids]
            yield Outcome(pa.Table.from_pylist(rows, schema=self.schema))


def put_raw(lake: Lake, lines: Mapping[str, str | None]) -> None:
    schema = TABLES["raw_shards"].arrow
    rows = [
        {"record_id": r, "source": "s", "item_key": r, "kind": "text", "uri": "u", "tags": t} for r, t in lines.items()
    ]
    books = [{"record_id": r, "input_digest": b"\0" * 16, "outcome": "row"} for r in lines]
    with lake.writer("raw_shards", SHARD, schema) as writer:
        writer.add(pa.Table.from_pylist(rows, schema=schema), pa.Table.from_pylist(books, schema=BOOKS))
        writer.commit(str(sorted(lines.items(), key=str)), "raw", {})


def words(lake: Lake) -> list[tuple[str, str]]:
    fragment = lake.fragment("tag_evidence", SHARD)
    assert fragment is not None
    return [(row["record_id"], row["value"]) for row in fragment.read(["record_id", "value"]).to_pylist()]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(open_store(str(tmp_path)))


LINES = {"r1": "red long", "r2": "bad", "r3": "", "r4": "blue", "r5": "a b c"}


def test_the_books_balance_and_say_why(lake: Lake) -> None:
    put_raw(lake, LINES)
    manifest = run_stage(Words(), SHARD, lake).manifest
    assert manifest.counts == {"in": 5, "row": 3, "rejected": 1, "skipped": 1}
    assert manifest.rejections == {"undecodable": 1}
    fragment = lake.fragment("tag_evidence", SHARD)
    assert fragment is not None
    books = fragment.read(role="books").to_pylist()
    assert [(line["record_id"], line["outcome"], line["code"]) for line in books] == [
        ("r1", "row", None),
        ("r2", "rejected", "undecodable"),
        ("r3", "skipped", "no_evidence"),
        ("r4", "row", None),
        ("r5", "row", None),
    ]


def test_second_run_computes_nothing(lake: Lake) -> None:
    put_raw(lake, LINES)
    run_stage(Words(), SHARD, lake)
    again = Words()
    result = run_stage(again, SHARD, lake)
    assert (result.unchanged, result.computed, again.seen) == (True, 0, [])


def test_a_deleted_file_is_made_again(lake: Lake) -> None:
    put_raw(lake, LINES)
    before = run_stage(Words(), SHARD, lake).manifest
    lake.store.delete(f"tag_evidence/{SHARD}/{before.file('rows').name}")
    result = run_stage(Words(), SHARD, lake)
    assert (result.computed, result.manifest) == (5, before)
    assert words(lake)[0] == ("r1", "red")


def test_only_the_edited_line_is_computed_again(lake: Lake) -> None:
    put_raw(lake, LINES)
    run_stage(Words(), SHARD, lake)
    put_raw(lake, {**LINES, "r4": "green"})
    again = Words()
    result = run_stage(again, SHARD, lake)
    assert again.seen == ["r4"]
    assert (result.computed, result.reused) == (1, 4)
    assert words(lake) == [("r1", "red"), ("r1", "long"), ("r4", "green"), ("r5", "a"), ("r5", "b"), ("r5", "c")]


def test_a_changed_setting_computes_everything(lake: Lake) -> None:
    put_raw(lake, LINES)
    run_stage(Words(), SHARD, lake)
    again = Words(prefix="x")
    assert run_stage(again, SHARD, lake).reused == 0
    assert again.seen == list(LINES)


def test_an_upstream_rewrite_with_equal_content_stops_there(lake: Lake) -> None:
    put_raw(lake, LINES)
    run_stage(Words(), SHARD, lake)
    with lake.writer("raw_shards", SHARD, TABLES["raw_shards"].arrow) as writer:
        fragment = lake.fragment("raw_shards", SHARD)
        assert fragment is not None
        writer.add(fragment.read(), fragment.read(role="books"))
        writer.commit("another fingerprint", "another stage", {})
    assert run_stage(Words(), SHARD, lake).unchanged


def test_side_rows_arrive_with_their_records_and_an_edit_reaches_only_theirs(lake: Lake) -> None:
    put_raw(lake, LINES)
    run_stage(Words(), SHARD, lake)
    run_stage(Count(), SHARD, lake)
    put_raw(lake, {**LINES, "r1": "red long dark"})
    run_stage(Words(), SHARD, lake)
    result = run_stage(Count(), SHARD, lake)
    fragment = lake.fragment("character_attributes", SHARD)
    assert fragment is not None
    assert fragment.read(["value"]).column(0).to_pylist() == ["3", "0", "0", "1", "3"]
    assert (result.computed, result.reused) == (1, 4)


lines_of = st.dictionaries(
    st.integers(0, 40).map(lambda n: f"r{n:02d}"), st.sampled_from(["", "bad", "a", "a b", "b c d", "e"]), max_size=25
)


@given(lines_of, lines_of)
@settings(max_examples=80, deadline=None)
def test_reuse_gives_the_same_bytes_as_computing_from_nothing(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], after: dict[str, str]
) -> None:
    reused, fresh = (Lake(open_store(str(tmp_path_factory.mktemp("lake")))) for _ in range(2))
    put_raw(reused, before)
    run_stage(Words(), SHARD, reused)
    put_raw(reused, after)
    put_raw(fresh, after)
    one, two = run_stage(Words(), SHARD, reused).manifest, run_stage(Words(), SHARD, fresh).manifest
    assert one.to_bytes() == two.to_bytes()


def test_a_stage_that_loses_a_record_is_stopped_and_nothing_is_written(lake: Lake) -> None:
    class Forgetful(Words):
        def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
            for outcome in super().process(batches):
                yield Outcome(outcome.rows, outcome.rejected, {})

    put_raw(lake, LINES)
    with pytest.raises(CharassetsError, match="accounts for"):
        run_stage(Forgetful(), SHARD, lake)
    assert lake.fragment("tag_evidence", SHARD) is None


def test_a_missing_input_is_told(lake: Lake) -> None:
    with pytest.raises(UsageError, match="needs raw_shards"):
        run_stage(Words(), SHARD, lake)


def test_progress_counts_every_record_once_and_tells_reuse_apart(lake: Lake) -> None:
    put_raw(lake, LINES)
    heard = Listener()
    for _ in range(2):
        with progress.reported_to(heard):
            run_stage(Words(), SHARD, lake)
    assert sum(n for _, n, reused in heard.told if not reused) == 5
    assert heard.told[-1] == ("tag_evidence", 5, True)


class Beside(Stage):
    """Driver tag_evidence with the tag line as a side, of which there are more records than have evidence."""

    table = TABLES["character_attributes"]
    code_version = "1"
    reads: ClassVar[Mapping[str, Reads]] = {"tag_evidence": Reads(("value",)), "raw_shards": Reads(("tags",))}
    batch_rows = 2

    def settings_read(self) -> Mapping[str, JsonValue]:
        return {}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        fixed = {"attribute": "n", "confidence": 1, "status": "decided", "sources": []}
        for batch in batches:
            lines = dict(zip(*batch.sides["raw_shards"].to_pydict().values(), strict=True))
            rows = [{"record_id": r, "value": str(lines.get(r)), **fixed} for r in batch.record_ids]
            yield Outcome(pa.Table.from_pylist(rows, schema=self.schema))


def test_side_rows_of_records_that_the_driver_lacks_hold_up_nobody(tmp_path):
    lake = Lake(open_store(str(tmp_path)))
    put_raw(lake, {f"r{k}": None if k % 3 == 1 else f"word{k}" for k in range(40)})
    run_stage(Words(), SHARD, lake)
    run_stage(Beside(), SHARD, lake)
    fragment = lake.fragment("character_attributes", SHARD)
    assert fragment is not None
    found = {row["record_id"]: row["value"] for row in fragment.read(["record_id", "value"]).to_pylist()}
    assert found == {f"r{k}": f"word{k}" for k in range(40) if k % 3 != 1}
