import json
import tarfile
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest

from charassets.errors import Rejected
from charassets.images.decode import decode
from charassets.settings import ImageSettings
from charassets.studio import spoiling
from charassets.studio.samples import CONTAINERS, TROUBLES, write_samples
from charassets.studio.scenes import draw_portrait
from charassets.studio.traits import sample_character
from charassets.studio.transforms import NEAR_COPIES


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("samples")
    return out, write_samples(out)


@pytest.fixture(scope="module")
def truth(written):
    return [json.loads(line) for line in written[1].truth.read_text(encoding="utf-8").splitlines()]


def content(out, row):
    if row["member"]:
        with tarfile.open(out / row["path"]) as tar:
            member = tar.extractfile(row["member"])
            assert member is not None
            return member.read()
    if row["row"] is not None:
        return pq.read_table(out / row["path"])["image"][row["row"]].as_py()["bytes"]
    return (out / row["path"]).read_bytes()


def with_trouble(truth, name):
    return [row for row in truth if name in row["trouble"]]


def test_the_same_seed_writes_the_same_bytes(written, tmp_path):
    again = write_samples(tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(written[0]) for path in written[0].rglob("*") if path.is_file())
    assert all((tmp_path / file).read_bytes() == (written[0] / file).read_bytes() for file in files)
    assert again.records == written[1].records


def test_there_are_enough_records_and_the_truth_names_each_once(written, truth):
    assert len(truth) == written[1].records >= 48
    assert len({(row["path"], row["member"], row["row"]) for row in truth}) == len(truth)
    assert {row["container"] for row in truth} == set(CONTAINERS)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_kind_of_trouble_is_planted(truth, trouble):
    assert with_trouble(truth, trouble)


def test_every_sound_record_decodes_and_every_spoiled_one_is_rejected(written, truth):
    for row in truth:
        broken = set(row["trouble"]) & {"truncated", "decompression_bomb"}
        if broken:
            with pytest.raises(Rejected):
                decode(content(written[0], row), ImageSettings())
        else:
            assert decode(content(written[0], row), ImageSettings()).pixels.shape[2] == 3


def test_exact_duplicates_have_the_same_bytes_and_cross_containers(written, truth):
    by_key = {row["key"]: row for row in truth}
    pairs = [(row, by_key[row["copy_of"]]) for row in with_trouble(truth, "exact_duplicate")]
    assert len(pairs) >= 4
    assert all(content(written[0], copy) == content(written[0], first) for copy, first in pairs)
    assert (
        len(
            {
                (copy["container"], first["container"])
                for copy, first in pairs
                if copy["container"] != first["container"]
            }
        )
        >= 2
    )


def test_near_duplicates_have_other_bytes(written, truth):
    by_key = {row["key"]: row for row in truth}
    copies = with_trouble(truth, "near_duplicate")
    assert len(copies) == len(NEAR_COPIES)
    assert all(content(written[0], row) != content(written[0], by_key[row["copy_of"]]) for row in copies)


def test_recurring_characters_appear_in_several_pictures_each(truth):
    pictures = Counter(row["identity"] for row in with_trouble(truth, "recurring_identity"))
    assert len(pictures) >= 3
    assert min(pictures.values()) >= 3


def test_the_bomb_is_small_on_disk_and_beyond_every_limit_decoded():
    assert len(spoiling.bomb()) < 60_000
    with pytest.raises(Rejected) as refused:
        decode(spoiling.bomb(), ImageSettings())
    assert refused.value.code == "too_many_pixels"


def test_spoiled_files_hold_the_picture_they_were_made_from():
    scene = draw_portrait(sample_character(2), 2, 96)
    turned = decode(spoiling.exif_rotated(scene.pixels), ImageSettings()).pixels
    deep = decode(spoiling.sixteen_bit(scene.pixels), ImageSettings()).pixels
    cut_out = decode(spoiling.transparent(scene.pixels, scene.owners), ImageSettings()).pixels
    assert np.abs(turned.astype(int) - scene.pixels).mean() < 6
    assert np.abs(deep.astype(int) - scene.pixels).max() <= 1
    assert (cut_out[scene.owners == 0] == 255).all()
    assert np.array_equal(cut_out[scene.owners > 0], scene.pixels[scene.owners > 0])


@pytest.mark.parametrize("name", NEAR_COPIES)
def test_a_near_copy_is_another_array_of_the_same_picture(name):
    pixels = draw_portrait(sample_character(4), 4, 128, framing="bust").pixels
    copy = NEAR_COPIES[name](pixels)
    assert copy.dtype == np.uint8
    assert not np.array_equal(copy, pixels)
    assert abs(copy.mean() - pixels.mean()) < 45
