from functools import cache

import numpy as np
import pytest

from charassets.attributes.vocabulary import load
from charassets.studio.characters import draw_character
from charassets.studio.palette import HAIR_COLORS
from charassets.studio.posing import sample_pose
from charassets.studio.scenes import KINDS, draw_portrait, draw_scene
from charassets.studio.styles import STYLE_NAMES, sample_style
from charassets.studio.traits import PARTS, sample_attributes, sample_character

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


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_shows_as_many_characters_as_its_name_says(kind):
    counts = [draw_scene(seed, 128, kind=kind).n_characters for seed in range(12)]
    wanted = {"single": {1}, "nobody": {0}, "group": set(range(1, 7)), "sheet": set(range(1, 7))}[kind]
    assert set(counts) <= wanted
    if kind in {"group", "sheet"}:
        assert np.mean(counts) > 1.8


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
