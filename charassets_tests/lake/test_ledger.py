"""Every source item keeps its shard for ever."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.errors import SourceError
from charassets.lake import ledger
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store


@dataclass(frozen=True)
class Item:
    item_key: str
    kind: str = "file"
    uri: str = "file"
    first: int = 0
    count: int = 1
    digest: str = "d"


def items(*numbers: int) -> list[Item]:
    return [Item(f"{n:04d}.png") for n in numbers]


def where(lake: Lake) -> dict[tuple[str, str], str]:
    places = {}
    for fragment in lake.fragments("source_items"):
        for row in fragment.read(["source", "item_key"]).to_pylist():
            places[row["source"], row["item_key"]] = fragment.manifest.shard
    return places


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(open_store(str(tmp_path)))


def test_a_growing_folder_opens_new_shards_and_never_recuts_old_ones(lake: Lake) -> None:
    assert ledger.update(lake, {"a": items(*range(0, 20, 2))}, 4).new == ["shard-00000", "shard-00001", "shard-00002"]
    before = where(lake)
    change = ledger.update(lake, {"a": items(*range(20))}, 4)  # the new names sort between the old ones
    assert change.new == ["shard-00003", "shard-00004", "shard-00005"]
    assert change.changed == []
    assert {key: shard for key, shard in where(lake).items() if key in before} == before


def test_a_changed_item_changes_its_shard_alone_and_a_gone_item_leaves(lake: Lake) -> None:
    ledger.update(lake, {"a": items(*range(8))}, 4)
    listing = [replace(item, digest="new") if item.item_key == "0005.png" else item for item in items(*range(8))]
    assert ledger.update(lake, {"a": listing}, 4).changed == ["shard-00001"]
    change = ledger.update(lake, {"a": listing[1:]}, 4)
    assert (change.changed, change.gone) == (["shard-00000"], 1)
    assert ledger.update(lake, {"a": listing[1:]}, 4).changed == []


def test_a_source_that_is_not_listed_this_time_stays(lake: Lake) -> None:
    ledger.update(lake, {"a": items(1), "b": items(1, 2)}, 4)
    change = ledger.update(lake, {"b": items(1, 2)}, 4)
    assert (change.gone, change.shards) == (0, ["shard-00000", "shard-00001"])


def test_a_retired_source_leaves_its_shards_empty_and_the_others_alone(lake: Lake) -> None:
    ledger.update(lake, {"a": items(1), "b": items(1, 2)}, 4)
    change = ledger.update(lake, {"a": [], "b": items(1, 2)}, 4)
    assert (change.gone, change.changed, change.unchanged) == (1, ["shard-00000"], ["shard-00001"])
    assert ledger.sources(lake) == {"b"}


def test_pictures_never_share_a_shard_with_archives_and_an_unreadable_item_stands_alone(lake: Lake) -> None:
    tars = [Item("a.tar#0", "tar", count=2), Item("b.tar#0", "tar", count=0), Item("c.tar#0", "tar", count=2)]
    ledger.update(lake, {"s": [*items(1, 2), *tars]}, 100)
    shards = [place for _, place in sorted(where(lake).items())]
    assert len(set(shards)) == 4
    assert shards[0] == shards[1]


def test_sources_never_share_a_shard(lake: Lake) -> None:
    ledger.update(lake, {"a": items(1), "b": items(1)}, 100)
    assert len(set(where(lake).values())) == 2


def test_two_items_with_one_key_are_refused(lake: Lake) -> None:
    with pytest.raises(SourceError, match="twice"):
        ledger.update(lake, {"a": [*items(1), *items(1)]}, 4)


@given(st.lists(st.sets(st.integers(0, 60), max_size=30), min_size=1, max_size=5), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_no_history_of_arrivals_moves_or_loses_an_item(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[set[int]], size: int
) -> None:
    lake = Lake(open_store(str(tmp_path_factory.mktemp("lake"))))
    present: set[int] = set()
    for arrived in arrivals:
        before = where(lake)
        present |= arrived
        ledger.update(lake, {"a": items(*sorted(present))}, size)
        after = where(lake)
        assert len(after) == len(present)
        assert all(after[key] == shard for key, shard in before.items())
        assert all(list(after.values()).count(shard) <= size for shard in set(after.values()))
