"""The tars, read by ``webdataset`` and by our own reader."""

import hashlib
import json
import tarfile

from charassets.exports.export import export
from charassets.settings import SourceSettings
from charassets.sources import open_source
from charassets_tests.exports.conftest import PICTURED, asked
from charassets_tests.warehouse.small_lake import picture_of


def test_webdataset_reads_every_sample(settings, out):
    import webdataset

    export(settings, asked("webdataset"), out)
    samples = list(webdataset.WebDataset(str(out / "train-000000.tar"), shardshuffle=False))
    found = {json.loads(sample["json"])["record_id"]: sample for sample in samples}
    assert set(found) == PICTURED
    for name, sample in found.items():
        assert sample["webp"] == picture_of(name)
        assert sample["txt"].decode() == json.loads(sample["json"])["caption"]
        assert json.loads(sample["json"])["attributes"]["Gender"] == "Female"


def test_members_are_sorted_and_timeless_and_the_index_knows_the_bytes(settings, out):
    export(settings, asked("webdataset"), out)
    (entry,) = json.loads((out / "index.json").read_bytes())["tars"]
    with tarfile.open(out / entry["tar"]) as tar:
        members = tar.getmembers()
    assert [m.name for m in members] == sorted(m.name for m in members)
    assert {(m.mtime, m.uid, m.gid, m.uname) for m in members} == {(0, 0, 0, "")}
    assert hashlib.sha256((out / entry["tar"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["samples"] == len(PICTURED)


def test_two_exports_are_equal_byte_for_byte(settings, tmp_path):
    files = [export(settings, asked("webdataset"), tmp_path / name).manifest["files"] for name in "ab"]
    assert files[0] == files[1]


def test_our_own_reader_takes_it_as_a_source(settings, out):
    export(settings, asked("webdataset"), out)
    source = open_source(SourceSettings(name="back", path=str(out / "train-000000.tar")))
    records = [record for item in source.list_items() for record in source.read(item)]
    assert {record.data for record in records} == {picture_of(name) for name in PICTURED}
