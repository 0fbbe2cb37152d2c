"""Pictures become measurements and crops, crops become vectors: real fragments, real YOLO and CLIP classes."""

import io
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from charassets.errors import Rejected
from charassets.images.crops import head_of
from charassets.images.decode import decode, probe
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.models.registry import load_embedder
from charassets.schema import BOOKS, CLIP_EMBEDDINGS, RAW_SHARDS, SINGLE_CHARACTER_IMAGES
from charassets.settings import ImageSettings, OcrSettings, load_settings
from charassets.sources.fetch import image_id
from charassets.stages.clip_embeddings import ClipEmbeddings
from charassets.stages.contract import Batch
from charassets.stages.runner import run_stage
from charassets.stages.single_character_images import SingleCharacterImages
from charassets.studio.characters import draw_character
from charassets.studio.posing import sample_pose
from charassets.studio.styles import sample_style
from charassets.studio.traits import sample_character
from charassets_tests.models import small_models

SHARD = "shard-00000"
DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {
        "detector": {
            "path": str(small_models.save_yolo(folder / "detector.pt")),
            "image_size": 64,
            "floor_score": 0.999,
        },
        "embedder": {"path": str(small_models.save_clip(folder / "clip"))},
    }


@pytest.fixture
def settings(models, tmp_path):
    return load_settings({**models, "workspace": str(tmp_path)})


def figure(seed=0, transparent=False, size=(120, 160)):
    """A coloured figure, on nothing or on a meadow."""
    rng = np.random.default_rng(seed)
    width, height = size
    pixels = np.full((height, width, 4), (90, 160, 80, 0 if transparent else 255), np.uint8)
    colour = (*(int(c) for c in rng.integers(0, 200, 3)), 255)
    cv2.ellipse(pixels, (width // 2, height), (width // 4, height // 2), 0, 0, 360, colour, -1)
    cv2.circle(pixels, (width // 2, height // 3), height // 5, (240, 200, 170, 255), -1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert("RGBA" if transparent else "RGB").save(buffer, "PNG")
    return buffer.getvalue()


def rows_of(folder, files, tags=None):
    """Rows of ``raw_shards`` for files written below ``folder``; None makes a record of words alone."""
    rows = []
    for name, data in files.items():
        row = {"record_id": name, "source": "s", "item_key": name, "kind": "text", "uri": name}
        if data is not None:
            path = folder / name
            path.write_bytes(data)
            try:
                header = probe(data, ImageSettings())
                row |= {"width": header.width, "height": header.height}
            except Rejected:
                pass
            row |= {"kind": "file", "uri": str(path), "length": len(data), "image_id": image_id(data)}
        rows.append(row | {"tags": (tags or {}).get(name)})
    return pa.Table.from_pylist(rows, schema=RAW_SHARDS.arrow)


def put(lake, rows):
    ids = rows.column("record_id").to_pylist()
    books = [{"record_id": r, "input_digest": b"\0" * 16, "outcome": "row"} for r in ids]
    with lake.writer("raw_shards", SHARD, RAW_SHARDS.arrow) as writer:
        writer.add(rows, pa.Table.from_pylist(books, schema=BOOKS))
        writer.commit("raw" + "".join(map(str, rows.to_pylist())), "raw", {})


def measured(settings, rows, batch_rows=4):
    stage = SingleCharacterImages(settings)
    batches = (Batch(rows.slice(i, batch_rows)) for i in range(0, len(rows), batch_rows))
    return list(stage.process(batches))


def table(outcomes):
    return pa.concat_tables([outcome.rows for outcome in outcomes])


def by_record(outcomes):
    return {row["record_id"]: row for row in table(outcomes).to_pylist()}


def test_every_record_is_a_row_or_a_rejection_in_its_place(settings, tmp_path):
    files = {
        "a.png": figure(1, transparent=True),
        "b.png": figure(2)[:-300],
        "c": None,
        "d.png": figure(3),
        "e.png": b"<html>",
    }
    outcomes = measured(settings, rows_of(tmp_path, files, {"c": "1girl, solo", "d.png": "2girls, comic"}))
    assert table(outcomes).column("record_id").to_pylist() == ["a.png", "c", "d.png"]
    assert [(r.record_id, r.code) for o in outcomes for r in o.rejected] == [
        ("b.png", "undecodable"),
        ("e.png", "not_an_image"),
    ]
    rows = by_record(outcomes)
    assert rows["c"]["width"] is None and rows["c"]["boxes"] is None and rows["c"]["tag_figures"] == 1
    assert rows["d.png"]["tag_figures"] == 2 and rows["d.png"]["tag_flags"] == ["comic"]
    assert table(outcomes).schema.equals(SINGLE_CHARACTER_IMAGES.arrow)


def test_a_cutout_is_cropped_to_its_opaque_part_and_a_tagged_picture_whole(settings, tmp_path):
    files = {"cut.png": figure(1, transparent=True), "tagged.png": figure(2), "plain.png": figure(3)}
    rows = by_record(measured(settings, rows_of(tmp_path, files, {"tagged.png": "solo"})))
    assert rows["cut.png"]["crop_label"] == "cutout" and rows["cut.png"]["cut_off"] == ["bottom"]
    assert 0.1 < rows["cut.png"]["alpha_coverage"] < 0.6 and rows["cut.png"]["alpha_components"] == 1
    x0, _, x1, _ = rows["cut.png"]["crop_box"]
    assert 20 < x0 < 30 and 90 < x1 < 100
    assert rows["tagged.png"]["crop_label"] == "whole" and rows["tagged.png"]["crop_box"] == [0, 0, 120, 160]
    assert rows["plain.png"]["crop_label"] is None and rows["plain.png"]["crop"] is None


def with_a_banner(seed):
    """A drawn character, cut out, who holds a banner on a pole; and its alpha channel."""
    rng = np.random.default_rng(seed)
    pose, style = sample_pose(rng, "front"), sample_style(rng, "flat")
    drawn = draw_character(sample_character(seed), pose, style, size=(420, 360), at=(150, 110), half_head=45)
    opacity = np.maximum(drawn.alpha, 1)[..., None] / 255
    pixels = np.dstack([(drawn.layer[..., :3] / opacity).clip(0, 255).astype(np.uint8), drawn.alpha])
    cv2.line(pixels, (150, 300), (390, 60), (110, 70, 30, 255), 7)
    cv2.fillPoly(pixels, [np.array([(390, 50), (300, 60), (380, 120)])], (180, 20, 30, 255))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue(), pixels[..., 3] >= 128


def test_a_cut_out_figure_keeps_in_its_crop_what_the_detector_leaves_out(tmp_path):
    drawn = {f"{seed}.png": with_a_banner(seed) for seed in range(6)}
    shipped = load_settings({"profile": "mini", "workspace": str(tmp_path)})
    rows = by_record(measured(shipped, rows_of(tmp_path, {name: data for name, (data, _) in drawn.items()})))
    cut_short = 0
    for name, (_, opaque) in drawn.items():
        x0, y0, x1, y1 = rows[name]["crop_box"]
        assert rows[name]["crop_label"] == "person" and opaque[y0:y1, x0:x1].sum() == opaque.sum()
        persons = [
            box for box in rows[name]["boxes"] if box["label"] == "person" and box["score"] == rows[name]["crop_score"]
        ]
        cut_short += persons[0]["x1"] < 320
    assert cut_short >= 4  # or the detector sees banners, and this shows nothing


def test_the_crop_is_a_small_webp_known_by_its_bytes(settings, tmp_path):
    rows = rows_of(tmp_path, {"big.png": figure(1, size=(900, 1500))}, {"big.png": "1girl"})
    row = by_record(measured(settings, rows))["big.png"]
    crop = decode(row["crop"], ImageSettings())
    assert crop.header.format == "WEBP" and max(crop.pixels.shape) == settings.crops.max_side == 512
    assert row["crop_id"] == image_id(row["crop"])


def test_the_answer_does_not_depend_on_threads_and_batches(models, tmp_path):
    files = {f"{i}.png": figure(i, i % 2 == 0, (80 + 10 * i, 120)) for i in range(11)}
    rows = rows_of(tmp_path, files, {"3.png": "1boy"})
    one = load_settings({**models, "decode_threads": 1, "workspace": str(tmp_path)})
    detector = {**models["detector"], "batch": 3}
    other = load_settings({**models, "detector": detector, "decode_threads": 4, "workspace": str(tmp_path)})
    first, second = measured(one, rows, 11), measured(other, rows, 4)
    without_boxes = [name for name in SINGLE_CHARACTER_IMAGES.arrow.names if name != "boxes"]
    assert table(first).select(without_boxes).equals(table(second).select(without_boxes))
    assert SingleCharacterImages(one).own_fingerprint() == SingleCharacterImages(other).own_fingerprint()


def test_boxes_are_those_of_the_detector(models, tmp_path):
    keep_all = {**models["detector"], "floor_score": 0.0, "max_boxes": 5, "second_size": None}
    settings = load_settings({**models, "detector": keep_all, "workspace": str(tmp_path)})
    rows = by_record(measured(settings, rows_of(tmp_path, {"a.png": figure(1), "t": None, "b.png": figure(2)})))
    for name in ("a.png", "b.png"):
        assert len(rows[name]["boxes"]) == 5
        assert all(0 <= b["x0"] <= b["x1"] <= 120 and 0 <= b["y0"] <= b["y1"] <= 160 for b in rows[name]["boxes"])
    assert rows["a.png"]["boxes"] != rows["b.png"]["boxes"] and rows["t"]["boxes"] is None


def test_writing_is_found_outside_the_crop_and_only_where_somebody_asks(settings, tmp_path):
    sheet = np.full((700, 480, 3), 255, np.uint8)
    sheet[:640] = cv2.imdecode(np.frombuffer(figure(size=(480, 640)), np.uint8), cv2.IMREAD_COLOR)
    cv2.putText(sheet, "www.example.com", (40, 685), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
    rows = rows_of(tmp_path, {"signed.png": cv2.imencode(".png", sheet)[1].tobytes()})
    assert table(measured(settings, rows))["writing"].to_pylist() == [None]
    read = settings.model_copy(update={"ocr": OcrSettings(path="reader", max_lines=1)})
    ((line, *more),) = table(measured(read, rows))["writing"].to_pylist()
    assert line["y0"] > 0.9 and line["glyphs"] >= 6
    strip = decode(line["strip"], ImageSettings(min_side=1, max_aspect=100)).pixels
    assert strip.shape[0] <= 96 and strip.shape[1] > 4 * strip.shape[0]
    assert all(other["strip"] is None for other in more), "only as many as are read"
    assert SingleCharacterImages(read).own_fingerprint() != SingleCharacterImages(settings).own_fingerprint()


def test_only_a_few_batches_are_taken_ahead_of_the_answers(settings, tmp_path):
    rows = rows_of(tmp_path, {f"{i}.png": figure(i) for i in range(12)})
    taken = []

    def batches():
        for i in range(12):
            taken.append(i)
            yield Batch(rows.slice(i, 1))

    next(SingleCharacterImages(settings).process(batches()))
    assert len(taken) <= 4


def test_a_change_of_the_detector_or_the_crop_is_another_fingerprint_and_a_gate_is_not(models, tmp_path):
    def prints(**flags):
        return SingleCharacterImages(load_settings({**models, "workspace": str(tmp_path), **flags})).own_fingerprint()

    assert prints(crops={"margin": 0.2}) != prints()
    assert prints(detector={**models["detector"], "floor_score": 0.2}) != prints()
    assert prints(gates={"person_score": 0.9}) == prints() == prints(device="cpu")


def test_crops_become_unit_vectors_of_fixed_size_and_the_rest_is_skipped(settings, tmp_path):
    lake = Lake(open_store(str(tmp_path / "lake")))
    files = {"a.png": figure(1, transparent=True), "b.png": figure(2), "c.png": figure(3, transparent=True), "t": None}
    put(lake, rows_of(tmp_path, files))
    run_stage(SingleCharacterImages(settings), SHARD, lake)
    result = run_stage(ClipEmbeddings(settings), SHARD, lake)
    fragment = lake.fragment("clip_embeddings", SHARD)
    assert fragment is not None
    vectors = fragment.read()
    assert vectors.schema.field("embedding").type == pa.binary(96)
    assert vectors.column("record_id").to_pylist() == ["a.png", "c.png"]
    array = np.stack([np.frombuffer(v, "<f2") for v in vectors.column("embedding").to_pylist()]).astype(np.float32)
    assert np.abs(np.linalg.norm(array, axis=1) - 1).max() < 1e-3
    assert vectors.column("model").to_pylist()[0].startswith("clip@") and result.computed == 4
    books = fragment.read(role="books").to_pylist()
    assert [(b["record_id"], b["code"]) for b in books if b["outcome"] == "skipped"] == [
        ("b.png", "no_crop"),
        ("t", "no_crop"),
    ]


def test_the_head_is_embedded_in_the_same_pass_and_null_where_none_is_seen(settings):
    crop, box = figure(1), [0.25, 0.125, 0.75, 0.625]
    rows = {"record_id": ["a", "b"], "crop_id": ["x", "y"], "head_box": [box, None], "crop": [crop, crop]}
    schema = pa.schema([SINGLE_CHARACTER_IMAGES.arrow.field(name) for name in rows])
    (outcome,) = ClipEmbeddings(settings).process(iter([Batch(pa.table(rows, schema=schema))]))
    seen, unseen = outcome.rows.to_pylist()
    head = head_of(decode(crop, settings.images).pixels, box)
    assert head is not None
    expected = load_embedder(settings.embedder).embed_images([head])[0]
    np.testing.assert_allclose(np.frombuffer(seen["head_embedding"], "<f2"), expected, atol=5e-3)
    assert seen["head_embedding"] != seen["embedding"] == unseen["embedding"] and unseen["head_embedding"] is None


def test_a_new_tag_line_crops_again_and_embeds_nothing_again(settings, tmp_path):
    lake = Lake(open_store(str(tmp_path / "lake")))
    files = {f"{i}.png": figure(i, transparent=True) for i in range(4)}
    for tags, computed in (({}, (4, 4)), ({}, (0, 0)), ({"2.png": "solo, blonde hair"}, (1, 0))):
        put(lake, rows_of(tmp_path, files, tags))
        images = run_stage(SingleCharacterImages(settings), SHARD, lake)
        embedded = run_stage(ClipEmbeddings(settings), SHARD, lake)
        assert (images.computed, embedded.computed) == computed
    fragment = lake.fragment("clip_embeddings", SHARD)
    assert fragment is not None and fragment.read().num_rows == 4 and CLIP_EMBEDDINGS.name == "clip_embeddings"
