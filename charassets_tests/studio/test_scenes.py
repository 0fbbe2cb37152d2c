from functools import cache

import numpy as np
import pytest

from charassets.attributes.vocabulary import load
from charassets.studio.characters import draw_character
from charassets.studio.lights import COLORLESS
from charassets.studio.palette import HAIR_COLORS
from charassets.studio.posing import sample_pose
from charassets.studio.scenes import KINDS, draw_portrait, draw_scene
from charassets.studio.sentences import sentence
from charassets.studio.styles import STYLE_NAMES, sample_style
from charassets.studio.traits import PARTS, Attributes, sample_attributes, sample_character

SIDE = 192


@cache
def scenes():
    return [draw_scene(seed, SIDE) for seed in range(60)]


def test_the_same_seed_draws_the_same_scene():
    first, second = draw_scene(5, (160, 120)), draw_scene(5, (160, 120))
    assert np.array_equal(first.pixels, second.pixels)
    assert np.array_equal(first.owners, second.owners)
    assert (first.boxes, first.tags, first.caption) == (second.boxes, second.tags, second.caption)


def test_another_seed_draws_another_scene():
    assert len({scene.pixels.tobytes() for scene in scenes()}) == len(scenes())


def test_pixels_have_the_size_asked_for():
    assert draw_scene(1, (200, 120)).pixels.shape == (120, 200, 3)


def test_boxes_lie_inside_the_picture():
    for scene in scenes():
        for box in scene.boxes:
            assert 0 <= box.x0 < box.x1 <= SIDE
            assert 0 <= box.y0 < box.y1 <= SIDE


def test_a_person_box_is_tight_around_the_pixels_its_character_owns():
    for scene in scenes():
        persons = [box for box in scene.boxes if box.label == "person"]
        assert len(persons) == scene.n_characters == scene.owners.max()
        for number, box in enumerate(persons, 1):
            rows, columns = np.nonzero(scene.owners == number)
            assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (box.x0, box.y0, box.x1, box.y1)


def test_heads_lie_within_persons():
    for scene in scenes():
        persons = [box for box in scene.boxes if box.label == "person"]
        for head in (box for box in scene.boxes if box.label == "head"):
            assert any(p.x0 <= head.x0 and p.y0 <= head.y0 and p.x1 >= head.x1 and p.y1 >= head.y1 for p in persons)


_COUNTS = {
    "single": {1}, "mirror": {1}, "nobody": {0}, "statue": {0}, "gallery": {0}, "group": set(range(1, 7)),
    "sheet": set(range(1, 7)), "comic": set(range(1, 13)), "reference": {2, 3, 4}, "sprites": set(range(5, 13)),
}  # fmt: skip


@cache
def of_kind(kind):
    return [draw_scene(seed, 160, kind=kind) for seed in range(12)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_shows_as_many_characters_as_its_name_says(kind):
    counts = [scene.n_characters for scene in of_kind(kind)]
    assert set(counts) <= _COUNTS[kind]
    if kind in {"group", "sheet", "comic"}:
        assert np.mean(counts) > 1.8


def test_a_reflection_is_the_same_character():
    for scene in of_kind("mirror"):
        assert {"solo", "no humans"} & set(scene.tags.split(", ")) == {"solo"}
        assert [box.label for box in scene.likenesses] == ["reflection"]
        assert [box.label for box in scene.boxes].count("person") == 1
        image = scene.likenesses[0]
        assert scene.owners[int(image.y0) : int(image.y1), int(image.x0) : int(image.x1)].mean() < 0.5


def test_a_mirror_shows_the_face_of_a_figure_seen_from_behind():
    shown = [s.attributes[0] for s in of_kind("mirror") if "face" not in {box.label for box in s.boxes}]
    assert any("Facial Expression" in attributes for attributes in shown)


@pytest.mark.parametrize(("kind", "tag"), [("statue", "statue"), ("gallery", "portrait (object)")])
def test_pictures_of_characters_show_nobody_but_say_what_they_are(kind, tag):
    assert all(scene.likenesses and not scene.boxes and not scene.eyes for scene in of_kind(kind))
    assert sum(tag in scene.tags for scene in of_kind(kind)) > 6


@pytest.mark.parametrize("kind", ["reference", "sprites"])
def test_somebody_drawn_several_times_is_counted_once_in_words(kind):
    for scene in of_kind(kind):
        assert len(set(scene.identities)) == 1
        first = scene.tags.split(", ")[0]
        assert first in {"1girl", "1boy", "1other"}
        assert "solo" not in scene.tags.split(", ")
        assert " times; " in scene.caption
    assert sum("multiple views" in scene.tags for scene in of_kind(kind)) > 6


def test_pages_name_themselves_as_the_tag_parser_reads_them():
    assert sum("comic" in scene.tags.split(", ") for scene in of_kind("comic")) > 6
    assert sum("reference sheet" in scene.tags.split(", ") for scene in of_kind("reference")) > 6


def test_eyes_lie_within_faces_and_are_at_most_two_a_face():
    found = 0
    for scene in scenes():
        faces = [box for box in scene.boxes if box.label == "face"]
        assert len(scene.eyes) <= 2 * len(faces)
        for eye in scene.eyes:
            x, y = (eye.x0 + eye.x1) / 2, (eye.y0 + eye.y1) / 2
            assert any(face.x0 <= x <= face.x1 and face.y0 <= y <= face.y1 for face in faces)
        found += len(scene.eyes)
    assert found > len(scenes())


def test_worn_over_an_eye_means_no_box_for_it():
    worn = {"Headwear": "None", "Hair Style": "Straight", "Hair Length": "Short", "Hair Color": "Black"}
    pose, style = sample_pose(np.random.default_rng(0), "front"), sample_style(np.random.default_rng(0), "cel")
    counts = []
    for accessories in ((), ("Glasses",), ("Eyepatch",), ("Sunglasses",)):
        attributes = sample_attributes(np.random.default_rng(1)) | worn | {"Accessories": accessories}
        counts.append(
            len(draw_portrait(sample_character(3, attributes), 1, 160, framing="head", pose=pose, style=style).eyes)
        )
    assert counts == [2, 2, 1, 0]


def test_where_the_light_takes_the_colours_none_is_claimed():
    colorless = [scene for scene in (draw_scene(seed, 64) for seed in range(150)) if scene.light in COLORLESS]
    assert colorless
    for scene in colorless:
        assert scene.light == "sepia" or np.ptp(scene.pixels, axis=2).max() <= 1
        assert not any({"Hair Color", "Eye Color", "Skin Tone"} & seen.keys() for seen in scene.attributes)


def test_a_fading_bust_ends_before_the_picture_does():
    styles = (sample_style(np.random.default_rng(k), "painterly") for k in range(40))
    busts = [draw_portrait(sample_character(k), k, 128, framing="bust", style=style) for k, style in enumerate(styles)]
    ends = [int(np.flatnonzero(scene.owners.any(axis=1))[-1]) for scene in busts]
    assert 4 < sum(end < 122 for end in ends) < 30


def test_a_sentence_tells_what_is_seen():
    shown: Attributes = {
        "Gender": "Female",
        "Age": "Young Adult",
        "Hair Length": "Long",
        "Hair Color": "Blue",
        "Eye Color": "Red",
    }
    dressed: Attributes = shown | {"Dress": "Kimono"}
    told = sentence([dressed], [7], ["indoors"])
    assert told == "A young woman with long blue hair and red eyes, wearing a kimono; indoors."
    other: Attributes = {"Gender": "Male"}
    assert sentence([shown, other], [7, 8], []) == "One woman and one man together."
    assert sentence([], [], ["tree"]) == "A picture without people; tree."


def test_count_tags_tell_the_number_of_characters():
    for scene in scenes():
        tags = scene.tags.split(", ")
        assert ("no humans" in tags) == (scene.n_characters == 0)
        assert ("solo" in tags) == (scene.n_characters == 1)


def test_the_hair_has_the_colour_the_attribute_names():
    for name in HAIR_COLORS:
        attributes = sample_attributes(np.random.default_rng(1)) | {
            "Hair Color": name, "Hair Length": "Long", "Hair Style": "Straight", "Headwear": "None", "Accessories": (),
        }  # fmt: skip
        who = sample_character(3, attributes)
        rng = np.random.default_rng(2)
        flat = sample_style(rng, "flat")
        figure = draw_character(who, sample_pose(rng, "front"), flat, size=(SIDE, SIDE), at=(96, 90), half_head=45)
        near = np.abs(figure.layer[..., :3] - who.look.hair * 255).max(axis=2) < 8
        assert near[figure.alpha > 200].mean() > 0.1, name


def test_every_attribute_drawn_is_in_the_vocabulary():
    vocabulary = load()
    for seed in range(400):
        attributes = sample_character(seed).attributes
        for name in attributes.keys() - {PARTS}:
            value = attributes[name]
            for one in value if isinstance(value, tuple) else (value,):
                assert vocabulary.attributes[name].value(one).name == one


def test_minors_wear_neither_swimwear_nor_bodysuits():
    worn = {(a["Age"], a["Dress"]) for a in (sample_character(seed).attributes for seed in range(3000))}
    assert ("Young Adult", "Swimwear") in worn
    assert not worn & {(age, dress) for age in ("Child", "Teen") for dress in ("Swimwear", "Bodysuit")}


def test_what_a_picture_does_not_show_is_not_claimed():
    who = sample_character(11)
    rng = np.random.default_rng(0)
    behind = draw_portrait(who, 1, 160, framing="upper", pose=sample_pose(rng, "back"), style=sample_style(rng, "flat"))
    assert not {"Eye Color", "Facial Expression", "Facial Hair"} & behind.attributes[0].keys()
    assert [box.label for box in behind.boxes] == ["person", "head"]
    head = draw_portrait(who, 1, 160, framing="avatar", style=sample_style(rng, "lineart"))
    assert not {"Dress", "Body Type", "Hair Color"} & head.attributes[0].keys()


def test_an_identity_keeps_its_attributes_over_pictures():
    who = sample_character(21)
    for seed in range(8):
        shown = draw_portrait(who, seed, 128).attributes[0]
        for name in ("Hair Color", "Gender", "Dress", "Age"):
            assert shown.get(name, who.attributes.get(name)) == who.attributes.get(name)


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_every_style_draws_every_view(style):
    for view in ("front", "three-quarter", "side", "back"):
        rng = np.random.default_rng(4)
        scene = draw_portrait(sample_character(7), 3, 96, style=sample_style(rng, style), pose=sample_pose(rng, view))
        assert scene.n_characters == 1
        assert scene.pixels.std() > 5
