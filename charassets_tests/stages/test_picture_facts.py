"""Facts of pictures that are kept from run to run: the same as facts read anew, and only what changed is read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.settings import GateSettings
from charassets.stages.collection import ALL, StoredCollection, run_collection
from charassets.stages.near_duplicates import NearDuplicates, _of_shards
from charassets.stages.picture_facts import PictureFacts
from charassets_tests.warehouse.small_lake import RECORDS, Drawn, built_lake, settings_for, write_shards

GATES = GateSettings()


class Watched(StoredCollection):
    """Notes which shards rows are read of."""

    def __init__(self, lake: Lake, table: str, read: set[str], fragments: Sequence | None = None) -> None:
        self._parts = lake.fragments(table) if fragments is None else fragments
        super().__init__(table, self._parts)
        self._lake, self._name, self._read = lake, table, read

    def batches(self, columns: Sequence[str], batch_rows: int = 4096) -> Iterator[pa.Table]:
        self._read.update(self.versions)
        return super().batches(columns, batch_rows)

    def parts(self) -> "list[Watched]":
        return [Watched(self._lake, self._name, self._read, [part]) for part in self._parts]


class Kept(StoredCollection):
    """What a run kept beside its rows, in memory."""

    def __init__(self, facts: PictureFacts) -> None:
        super().__init__("near_duplicates", [])
        self._tables = facts.extras()

    def beside(self, role: str) -> pa.Table | None:
        return self._tables.get(role)


def facts(
    lake: Lake, before: PictureFacts | None = None, gates: GateSettings = GATES
) -> tuple[PictureFacts, list[set[str]]]:
    """The facts, and the shards whose pictures and tags were read."""
    read: list[set[str]] = [set(), set()]
    tables = [
        Watched(lake, name, told) for name, told in zip(("single_character_images", "raw_shards"), read, strict=True)
    ]
    return PictureFacts.read(*tables, gates, Kept(before) if before else None), read


def opened(folder: Path) -> Lake:
    workspace = Workspace.of(settings_for(folder))
    workspace.create()
    return workspace.open_lake()


def test_only_shards_that_changed_are_read_again(tmp_path: Path):
    lake = opened(tmp_path)
    write_shards(lake)
    first, read = facts(lake)
    assert read == [{"shard-00000", "shard-00001"}] * 2  # shard-00002 has no pictures yet
    assert first.rows["record_id"].to_pylist() == [
        d.name for s in (0, 1) for d in RECORDS if d.shard == f"shard-0000{s}" and not d.rejected_by
    ]
    told = {row["record_id"]: row for row in first.rows.to_pylist()}
    assert told["words"]["image_id"] is None and not told["words"]["single"]
    assert told["ann-1"]["single"] and told["ann-1"]["tags"] == 3 and not told["two"]["single"]

    again, read = facts(lake, first)
    assert read == [set(), set()]
    assert again.rows.equals(first.rows) and again.of.equals(first.of)

    write_shards(lake, [replace(d, tags="1girl, solo, long_hair, smile") for d in RECORDS if d.shard == "shard-00001"])
    richer, read = facts(lake, again)
    assert read == [{"shard-00001"}] * 2
    assert richer.rows.equals(facts(lake)[0].rows)
    assert {row["tags"] for row in richer.rows.to_pylist() if row["record_id"] in ("ann-3", "ben-3")} == {4}

    strict, read = facts(lake, richer, GateSettings(min_sharpness=1000.0))
    assert read == [{"shard-00000", "shard-00001"}] * 2 and not any(strict.rows["single"].to_pylist())


def test_a_lake_without_pictures_has_no_facts(tmp_path: Path):
    found, _ = facts(opened(tmp_path))
    assert found.rows.num_rows == 0 and len(found.pictured) == 0 and found.by_shard(np.empty(0, np.int64)) == []


shards = st.dictionaries(
    st.sampled_from(["shard-00000", "shard-00001", "shard-00003"]),
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.booleans(), st.integers(1, 3)),
        max_size=4,
        unique_by=lambda t: t[0],
    ),
)


@given(st.lists(shards, min_size=1, max_size=3))
@hypothesis_settings(max_examples=25, deadline=None)
def test_whatever_comes_and_goes_facts_are_those_of_a_run_from_nothing(
    tmp_path_factory: pytest.TempPathFactory, states
):
    lake, before = opened(tmp_path_factory.mktemp("ws")), None
    for state in states:
        for shard in set(lake.shards("single_character_images")) - set(state):
            for table in ("single_character_images", "raw_shards"):
                lake.store.delete(f"{table}/{shard}/manifest.json")
        write_shards(
            lake,
            [
                Drawn(
                    f"{shard}-{name}", shard=shard, text_only=words, tags=", ".join(["1girl", "solo", "smile"][:tags])
                )
                for shard, drawn in state.items()
                for name, words, tags in drawn
            ],
        )
        before, _ = facts(lake, before)
        anew, _ = facts(lake)
        assert before.rows.equals(anew.rows) and before.of.equals(anew.of)


def test_the_stage_goes_on_from_what_it_kept_and_gives_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = settings_for(tmp_path / "grown")
    _, grown = built_lake(settings, [d for d in RECORDS if d.shard == "shard-00000"])
    write_shards(grown, RECORDS)
    read: list[str] = []
    batches = StoredCollection.batches

    def watched(self: StoredCollection, columns: Sequence[str], batch_rows: int = 4096) -> Iterator[pa.Table]:
        if "boxes" in columns:
            read.extend(self.versions)
        return batches(self, columns, batch_rows)

    monkeypatch.setattr(StoredCollection, "batches", watched)
    run_collection(NearDuplicates(settings), grown)
    assert read == ["shard-00001"]
    fragments = [
        grown.fragment("near_duplicates", ALL),
        built_lake(settings_for(tmp_path / "whole"))[1].fragment("near_duplicates", ALL),
    ]
    rows = [fragment.read().drop_columns(["group_name"]) for fragment in fragments if fragment]
    assert rows[0].equals(rows[1])


def test_words_alone_and_then_pictures_are_compared_as_if_at_once(tmp_path: Path):
    settings = settings_for(tmp_path)
    _, lake = built_lake(settings, [Drawn("words", text_only=True)])
    for more in ([Drawn("later", shard="shard-00001", text_only=True)], [Drawn("ann", shard="shard-00003")]):
        write_shards(lake, more)
        run_collection(NearDuplicates(settings), lake)
    fragment = lake.fragment("near_duplicates", ALL)
    assert fragment is not None and fragment.read(["record_id"]).to_pylist() == [{"record_id": "ann"}]
    assert fragment.manifest.counts == {"in": 3, "row": 1, "skipped": 2, "rejected": 0}


def test_shards_in_which_nothing_is_wanted_are_not_read(tmp_path: Path):
    lake, read = opened(tmp_path), set()
    write_shards(lake)
    images = Watched(lake, "single_character_images", read)
    found, _ = facts(lake)
    named = found.rows["record_id"].to_pylist()
    for wanted, shards in (("ben-3", {"shard-00001"}), ("ann-1", {"shard-00000"}), ("nobody there", set())):
        read.clear()
        place = np.where(np.array(named) == wanted, 0, -1)
        rows = [
            record
            for own, batch in _of_shards(images, found.by_shard(place), ["record_id"])
            for record in batch["record_id"].filter(pa.array(own >= 0)).to_pylist()
        ]
        assert rows == [record for record in named if record == wanted] and read == shards
