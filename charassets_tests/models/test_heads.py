"""The attribute heads load from real files, look where they should, and answer each crop by itself."""

import hashlib
import json

import numpy as np
import pytest

from charassets.errors import ModelMissingError
from charassets.models.heads import find_heads, head_square, load_heads, square_at
from charassets.settings import HeadSettings

ASKED = [
    {"name": "Hair Color", "attribute": "Hair Color", "options": ["Black", "Blonde", "Unknown"]},
    {"name": "Glasses", "attribute": "Accessories", "options": ["None", "Glasses"], "min_confidence": 0.8},
]


@pytest.fixture
def folder(tmp_path):
    """Heads with random weights, as training writes them."""
    import torch
    from safetensors.torch import save_file

    from charassets.models.mini_heads import HeadsNetwork

    torch.manual_seed(3)
    network = HeadsNetwork(32, [3, 2])
    save_file({name: tensor.half() for name, tensor in network.state_dict().items()}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"side": 32, "questions": ASKED}))
    return tmp_path


def load(folder, **changes):
    return load_heads(HeadSettings(path=str(folder), **changes), "cpu")


def pictures(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40 + 7 * k, 30 + 5 * k, 3), np.uint8) for k in range(count)]


def test_every_question_is_answered_with_chances_that_sum_to_one(folder):
    heads = load(folder)
    answers = heads.read(pictures(3), [None, (0.2, 0.0, 0.8, 0.4), None])
    assert {name: chances.shape for name, chances in answers.items()} == {"Hair Color": (3, 3), "Glasses": (3, 2)}
    for chances in answers.values():
        assert chances.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert [question.min_confidence for question in heads.questions] == [None, 0.8]


def test_no_crops_get_no_answers(folder):
    assert load(folder).read([], [])["Hair Color"].shape == (0, 3)


def test_an_answer_does_not_depend_on_the_company(folder):
    crops, places = pictures(5), [None, (0.1, 0.1, 0.6, 0.5), None, (0.0, 0.0, 1.0, 1.0), None]
    together = load(folder, batch=2).read(crops, places)["Hair Color"]
    for k in range(5):
        alone = load(folder).read(crops[k : k + 1], places[k : k + 1])["Hair Color"]
        assert alone[0] == pytest.approx(together[k], abs=1e-5)


def test_a_found_head_changes_what_is_looked_at(folder):
    crop = pictures(1)[0]
    answers = load(folder).read([crop, crop], [None, (0.5, 0.5, 0.9, 0.9)])["Hair Color"]
    assert not np.allclose(answers[0], answers[1])


def test_the_square_around_a_head_holds_the_head_and_repeats_the_edge_beyond_the_crop():
    crop = np.zeros((100, 60, 3), np.uint8)
    crop[:20, 20:40] = (250, 10, 10)
    square = head_square(crop, (20 / 60, 0.0, 40 / 60, 0.2), 27)
    red = (square[..., 0] > 128).mean()
    assert red > 0.5  # the head fills its box, and the box 55 % of the square; the row above the crop repeats it
    assert (square[0, 13] == square[3, 13]).all()


def test_a_much_larger_head_is_shrunk_without_noise():
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    small = square_at(stripes, (200, 200), 400, 40)
    assert small.std() < 13  # of 127 in the stripes
    assert abs(small.mean() - 127.5) < 6


def test_the_files_are_named_with_their_digests(folder):
    weights = find_heads(HeadSettings(path=str(folder)))
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert weights.files["model.safetensors"] == weights.sha256 == digest
    assert load(folder).weights() == weights.files


def test_another_pinned_digest_is_refused(folder):
    with pytest.raises(ModelMissingError, match="not the pinned ones"):
        load(folder, sha256="0" * 64)


def test_missing_heads_are_one_clear_line(tmp_path):
    with pytest.raises(ModelMissingError, match="heads are not there"):
        load(tmp_path / "nowhere")


def test_heads_that_do_not_fit_their_questions_are_refused(folder):
    (folder / "config.json").write_text(json.dumps({"side": 32, "questions": ASKED[:1]}))
    with pytest.raises(ModelMissingError, match="cannot be opened"):
        load(folder)
