"""The verdict joins boxes, tags and transparency, says why, and is the same query in memory and in a warehouse."""

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charassets.schema import RAW_SHARDS, SINGLE_CHARACTER_IMAGES
from charassets.settings import GateSettings, load_settings
from charassets.sources.fetch import image_id
from charassets.stages.contract import Batch
from charassets.stages.gates import VERDICTS, gate_row, verdict_sql, verdicts
from charassets.stages.single_character_images import SingleCharacterImages

DATA = Path(__file__).parents[2].parent / "shared" / "data"
COCO = DATA / "weights" / "yolov8n_int8_openvino_model"
needs_art = pytest.mark.skipif(not COCO.is_dir(), reason="../shared/data is not there")

LEFT, RIGHT, WHOLE = (20, 40, 180, 400), (220, 60, 370, 400), (0, 0, 400, 400)


def box(label, score, corners):
    return dict(zip(("label", "score", "x0", "y0", "x1", "y1"), (label, score, *corners), strict=True))


def person(score, corners=LEFT):
    return box("person", score, corners)


def head(score, corners=(70, 40, 130, 110)):
    return box("head", score, corners)


def picture(record="r", boxes=(), **changes):
    """A good opaque picture without tags; ``changes`` are columns."""
    good = {"width": 400, "height": 400, "sharpness": 300.0, "brightness": 0.5, "contrast": 0.6, "information": 7.0}
    return {
        "record_id": record,
        "image_id": "i",
        "boxes": list(boxes),
        "tag_flags": [],
        "cut_off": [],
        **good,
        **changes,
    }


def judge(*pictures, **gates):
    table = pa.Table.from_pylist(list(pictures), schema=SINGLE_CHARACTER_IMAGES.arrow)
    return verdicts(table, GateSettings(**gates)).to_pylist()


def verdict(*boxes, gates=None, **changes):
    (answer,) = judge(picture(boxes=boxes, **changes), **(gates or {}))
    assert answer["verdict"] in VERDICTS and answer["reason"]
    return answer["verdict"]


def cutout(**changes):
    return {"alpha_coverage": 0.4, "alpha_components": 1, "crop_label": "cutout", "cut_off": ["bottom"], **changes}


def test_boxes_alone_decide_where_tags_are_silent():
    assert verdict(person(0.8)) == "single"
    assert verdict(person(0.8), person(0.7, RIGHT)) == "multiple"
    assert verdict() == "none"
    assert verdict(person(0.2)) == "ambiguous"
    assert verdict(box("horse", 0.9, LEFT)) == "none"


def test_several_boxes_on_one_figure_are_one_figure():
    bust, shifted = (40, 40, 160, 180), (25, 55, 190, 400)
    assert verdict(person(0.9), person(0.8, bust), person(0.7, shifted)) == "single"


def test_a_box_around_a_group_does_not_swallow_the_figures_in_it():
    assert verdict(person(0.9, (10, 30, 395, 400)), person(0.6, LEFT), person(0.5, RIGHT)) == "multiple"


def test_somebody_in_front_of_a_figure_is_a_doubt():
    assert verdict(person(0.9, WHOLE), person(0.5, (100, 200, 260, 400))) == "ambiguous"


def test_a_passer_by_in_the_background_is_no_second_figure():
    assert verdict(person(0.9), person(0.8, (300, 300, 330, 390))) == "single"


def test_a_weak_second_figure_is_a_doubt_and_the_gate_can_be_moved():
    weak = (person(0.9), person(0.2, RIGHT))
    assert verdict(*weak) == "ambiguous"
    assert verdict(*weak, gates={"second_figure_score": 0.25, "large_figure_area": 1.0}) == "single"
    assert verdict(*weak, gates={"person_score": 0.2}) == "multiple"
    assert verdict(person(0.9), person(0.06, RIGHT)) == "ambiguous"
    assert verdict(person(0.9), person(0.06, (330, 200, 390, 400))) == "single"


def test_heads_tell_figures_apart_better_than_bodies():
    assert verdict(person(0.9, WHOLE), head(0.8), head(0.7, (250, 50, 310, 120))) == "multiple"
    assert verdict(head(0.8)) == "single"
    assert verdict(person(0.8), head(0.8)) == "single"
    # Two bodies and one head: somebody turned away, or a coat on a hook.
    assert verdict(person(0.8), person(0.7, RIGHT), head(0.8)) == "ambiguous"


def test_faces_serve_where_there_is_nothing_else():
    face, other = box("face", 0.6, (70, 50, 120, 110)), box("face", 0.5, (260, 60, 310, 120))
    assert verdict(face) == "single" and verdict(face, other) == "multiple"


def test_tags_confirm_the_boxes_or_contradict_them():
    assert verdict(person(0.8), tag_figures=1) == "single"
    assert verdict(person(0.8), person(0.2, RIGHT), tag_figures=1) == "single"
    assert verdict(person(0.8), person(0.7, RIGHT), tag_figures=1) == "ambiguous"
    assert verdict(tag_figures=1) == "single"
    assert verdict(tag_figures=1, gates={"trust_solo_tags": False}) == "ambiguous"
    assert verdict(tag_figures=0) == "none"
    assert verdict(person(0.8), tag_figures=0) == "ambiguous"
    assert verdict(person(0.8), person(0.7, RIGHT), tag_figures=2) == verdict(tag_figures=3) == "multiple"
    assert verdict(person(0.8), tag_figures=2) == "ambiguous"


@pytest.mark.parametrize("flag", ["multiple_views", "comic", "reference_sheet", "collage", "variations"])
def test_a_page_with_the_same_figure_several_times_is_flagged(flag):
    (answer,) = judge(picture(boxes=[person(0.9)], tag_figures=1, tag_flags=["solo", flag]))
    assert answer["verdict"] == "ambiguous" and flag in answer["reason"]
    assert verdict(person(0.9), tag_figures=1, tag_flags=["chibi", "solo"]) == "single"


def test_a_cutout_of_one_piece_is_one_figure_unless_the_detector_objects():
    assert verdict(**cutout()) == "single"
    assert verdict(person(0.9), person(0.2, RIGHT), **cutout(crop_label="person")) == "single"
    assert verdict(person(0.9), person(0.6, RIGHT), **cutout(crop_label="person")) == "multiple"
    assert verdict(**cutout(), gates={"trust_cutouts": False}) == "none"


def test_a_floating_object_on_nothing_is_not_taken_for_a_figure():
    assert verdict(**cutout(cut_off=[])) == "ambiguous"
    assert verdict(person(0.06), **cutout(cut_off=[])) == "single"


def test_several_pieces_or_torn_edges_are_no_cutout_of_a_figure():
    assert verdict(**cutout(alpha_components=3)) == "ambiguous"
    assert verdict(**cutout(alpha_coverage=0.98)) == "none"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"height": 63}, "63 pixels"),
        ({"sharpness": 2.0}, "blurred"),
        ({"information": 0.1}, "almost nothing to see"),
    ],
)
def test_what_cannot_be_judged_is_low_quality_and_says_by_how_much(changes, word):
    (answer,) = judge(picture(boxes=[person(0.9)], **changes))
    assert answer["verdict"] == "low_quality" and word in answer["reason"]


def test_a_record_of_words_shows_nobody():
    (answer,) = judge({"record_id": "t", "tag_figures": 1, "tag_flags": ["solo"]})
    assert answer["verdict"] == "none" and "words" in answer["reason"]


def test_reasons_carry_the_numbers_behind_them():
    (answer,) = judge(picture(boxes=[person(0.91), person(0.54, RIGHT)]))
    assert answer["reason"] == "two figures apart (0.91 and 0.54)"


BOXES = st.lists(
    st.builds(
        lambda label, score, x, y, w, h: box(label, score, (x, y, x + w, y + h)),
        st.sampled_from(["person", "head", "face", "dog"]),
        st.floats(0.0625, 1, width=32),
        st.integers(0, 300),
        st.integers(0, 300),
        st.integers(0, 100),
        st.integers(0, 100),
    ),
    max_size=6,
)


@hypothesis_settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(BOXES, st.none() | st.integers(0, 3)), min_size=1, max_size=6), st.randoms())
def test_every_record_gets_one_verdict_that_depends_on_nothing_else(rows, random):
    pictures = [picture(f"r{i}", boxes, tag_figures=tags) for i, (boxes, tags) in enumerate(rows)]
    together = judge(*pictures)
    assert [answer["record_id"] for answer in together] == [p["record_id"] for p in pictures]
    assert [judge(p)[0] for p in pictures] == together
    shuffled = [{**p, "boxes": random.sample(p["boxes"], len(p["boxes"]))} for p in pictures]
    if all(len({b["score"] for b in p["boxes"]}) == len(p["boxes"]) for p in pictures):
        assert judge(*shuffled) == together


def test_a_warehouse_view_of_the_same_text_answers_the_same(tmp_path):
    rows = [picture("one", [person(0.9)]), picture("two", [person(0.9), person(0.8, RIGHT)]), picture("zero")]
    table = pa.Table.from_pylist(rows, schema=SINGLE_CHARACTER_IMAGES.arrow)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.register("given", table)
        connection.register("given_gates", gate_row(GateSettings()))
        connection.execute(
            "CREATE TABLE pictures AS SELECT * FROM given; CREATE TABLE gates AS SELECT * FROM given_gates"
        )
        connection.execute(f"CREATE VIEW verdicts AS {verdict_sql('pictures', 'gates')}")
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT record_id, verdict, reason FROM verdicts ORDER BY record_id").fetchall()
    expected = sorted((a["record_id"], a["verdict"], a["reason"]) for a in judge(*rows))
    assert found == expected


def rows_of(folders):
    """Rows of the pictures of some folders, of every n-th picture of each."""
    rows = []
    for folder, every in folders.items():
        for path in sorted((DATA / folder).iterdir())[::every]:
            if path.suffix in (".png", ".jpg", ".webp"):
                data = path.read_bytes()
                identity = {"record_id": f"{folder}/{path.name}", "source": "s", "item_key": path.name, "kind": "file"}
                rows.append({**identity, "uri": str(path), "length": len(data), "image_id": image_id(data)})
    return pa.Table.from_pylist(rows, schema=RAW_SHARDS.arrow)


@needs_art
@pytest.mark.slow
def test_real_art_is_told_apart(tmp_path):
    settings = load_settings({"detector": {"path": str(COCO), "image_size": 640}, "workspace": str(tmp_path)})
    rows = rows_of({"groups_dev": 1, "nochar_dev": 1, "wesnoth/portraits": 4})
    batches = iter([Batch(rows)])
    table = pa.concat_tables([outcome.rows for outcome in SingleCharacterImages(settings).process(batches)])
    found = {a["record_id"]: a["verdict"] for a in verdicts(table, settings.gates).to_pylist()}
    labels = [json.loads(line) for line in (DATA / "groups_dev" / "labels.jsonl").read_text().splitlines()]
    kinds = {f"groups_dev/{label['file']}": label["kind"].split()[0] for label in labels}

    def singles(belongs):
        return sum(answer == "single" for record, answer in found.items() if belongs(record))

    assert singles(lambda r: kinds.get(r) == "composite") <= 1
    assert singles(lambda r: r.startswith("nochar_dev/")) <= 4
    assert singles(lambda r: kinds.get(r) == "one") >= 18
    portraits = sum(record.startswith("wesnoth/portraits/") for record in found)
    assert singles(lambda r: r.startswith("wesnoth/portraits/")) >= 0.9 * portraits
