import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest

from charassets.errors import SourceError
from charassets.schema import RAW_SHARDS, REJECTION_CODES, SOURCE_ITEMS
from charassets.settings import Settings, load_settings
from charassets.sources import open_source
from charassets.sources.fetch import fetch, fetch_one
from charassets.stages.contract import Batch, Outcome
from charassets.stages.raw_shards import RawShards
from charassets_tests.sources.making import DATA, picture, tar_bytes, tree


def settings_of(tmp_path: Path, **sources: Path) -> Settings:
    named = [{"name": name, "path": str(path)} for name, path in sources.items()]
    return load_settings({"workspace": str(tmp_path / "workspace"), "sources": named, "decode_threads": 3})


def listing(settings: Settings, size: int = 4) -> Iterator[Batch]:
    rows = [
        {"source": source.name, **asdict(item)}
        for source in settings.sources
        for item in open_source(source, span=3).list_items()
    ]
    for first in range(0, len(rows), size):
        yield Batch(pa.Table.from_pylist(rows[first : first + size], schema=SOURCE_ITEMS.arrow))


def run(settings: Settings) -> list[Outcome]:
    sources = {source.name: open_source(source, span=3) for source in settings.sources}
    return list(RawShards(settings, sources).process(listing(settings)))


def rows_of(outcomes: list[Outcome]) -> list[dict]:
    return pa.concat_tables([outcome.rows for outcome in outcomes]).to_pylist()


def test_every_record_becomes_a_row_or_a_rejection_in_the_order_of_the_items(tmp_path):
    good = {f"{i:02d}.png": picture(i) for i in range(9)}
    md5 = hashlib.md5(picture(3)).hexdigest()  # noqa: S324
    tree(tmp_path / "in", {
        **good,
        "05.png": b"no picture at all",
        f"danbooru_77_{md5}.png": picture(3),
        f"danbooru_78_{md5}.png": picture(4),
        "x.tar": tar_bytes([*good.items(), ("empty.png", b""), ("words.txt", b"1girl, solo")]),
    })  # fmt: skip
    settings = settings_of(tmp_path, a=tmp_path / "in")
    outcomes = run(settings)
    rows, rejected = rows_of(outcomes), [r for outcome in outcomes for r in outcome.rejected]

    assert len(rows) == 8 + 2 + 9 + 1
    assert sorted(r.code for r in rejected) == ["empty", "not_an_image"]
    assert {r.code for r in rejected} <= REJECTION_CODES.keys()
    assert len({row["record_id"] for row in rows} | {r.record_id for r in rejected}) == len(rows) + 2
    assert len(outcomes) == len(list(listing(settings)))
    assert [row["item_key"] for row in rows] == sorted(row["item_key"] for row in rows)
    posts = {row["post_id"]: row["md5_matches"] for row in rows}
    assert (posts[77], posts[78], posts[None]) == (True, False, None)
    text = rows[-1]
    assert (text["kind"], text["tags"], text["image_id"], text["width"]) == ("text", "1girl, solo", None, None)
    assert outcomes[0].rows.schema == RAW_SHARDS.arrow


def test_a_row_says_what_the_bytes_are_and_fetches_them_again(tmp_path):
    jpeg, png = picture(1, (40, 20), "JPEG"), picture(2, (16, 48))
    tree(tmp_path / "in", {"a.png": jpeg, "b.tar": tar_bytes([("k.png", png)])})
    rows = rows_of(run(settings_of(tmp_path, a=tmp_path / "in")))
    assert [(r["kind"], r["format"], r["width"], r["height"]) for r in rows] == [
        ("file", "JPEG", 40, 20),
        ("tar", "PNG", 16, 48),
    ]
    assert rows[0]["image_id"] == hashlib.sha256(jpeg).hexdigest()[:32]
    assert [fetch_one(row) for row in rows] == [jpeg, png]


def test_bytes_that_changed_since_are_refused_and_the_others_are_fetched(tmp_path):
    tree(tmp_path / "in", {f"{i}.png": picture(i) for i in range(4)} | {"a.txt": "x"})
    outcomes = run(settings_of(tmp_path, a=tmp_path / "in"))
    tree(tmp_path / "in", {"1.png": picture(7, (90, 90))})
    (tmp_path / "in" / "2.png").unlink()
    fetched = list(fetch(pa.concat_tables([outcome.rows for outcome in outcomes])))
    assert [one if isinstance(one, bytes) else one.code for one in fetched] == [
        picture(0),
        "unreadable",
        "missing_file",
        picture(3),
    ]


def test_a_damaged_archive_fails_the_shard_and_names_itself(tmp_path):
    tree(tmp_path / "in", {"a.png": picture(), "bad.tar": tar_bytes([("k.png", picture())])[:700]})
    with pytest.raises(SourceError, match=r"bad\.tar"):
        run(settings_of(tmp_path, a=tmp_path / "in"))


def test_a_source_that_is_no_longer_named_is_asked_for(tmp_path):
    tree(tmp_path / "in", {"a.png": picture()})
    before = settings_of(tmp_path, old=tmp_path / "in")
    with pytest.raises(SourceError, match="source old .*--source old=PATH"):
        list(RawShards(settings_of(tmp_path)).process(listing(before)))


def test_limits_and_mappings_change_the_fingerprint_and_places_do_not(tmp_path):
    def own(**values: object) -> str:
        return RawShards(load_settings(values)).own_fingerprint()

    assert own(images={"min_side": 8}) != own()
    assert own(sources=[{"name": "a", "path": "x", "columns": {"tags": "t"}}]) != own()
    assert own(sources=[{"name": "a", "path": "x"}]) == own()
    assert own(decode_threads=7, workspace=str(tmp_path)) == own()


def test_every_wesnoth_portrait_is_accounted_for(tmp_path):
    folder = DATA / "wesnoth"
    if not folder.is_dir():
        pytest.skip("the real portraits are not on this machine")
    outcomes = run(settings_of(tmp_path, wesnoth=folder))
    assert sum(outcome.rows.num_rows for outcome in outcomes) == 400
    assert not [r for outcome in outcomes for r in outcome.rejected]
