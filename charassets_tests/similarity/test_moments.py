"""Frames of one moment count once: what is a sequence, and what follows at once and looks alike."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity.moments import ALIKE, Frames, moment_of
from charassets.similarity.sub_clusters import VIEWS, sub_clusters, view_of

_COLUMNS = {
    "source": pa.string(),
    "item_key": pa.string(),
    "episode": pa.string(),
    "scene": pa.int32(),
    "time_s": pa.float64(),
}


def frames(*rows):
    """From (name,) or (name, episode, scene, time)."""
    whole = [("art", *row, *(None,) * (4 - len(row))) for row in rows]
    columns = zip(*whole, strict=True)
    return Frames.of(
        pa.table([pa.array(c, t) for c, t in zip(columns, _COLUMNS.values(), strict=True)], list(_COLUMNS))
    )


def turned(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16)


def test_numbered_names_are_sequences_and_post_numbers_are_not():
    found = frames(
        ("ep01_0001.png",), ("ep01_0002.png",), ("ep02_0001.png",), ("1234567.jpg",), ("solo.png",), ("a/7.png",)
    )
    assert found.sequence[0] == found.sequence[1] != found.sequence[2] >= 0
    assert found.sequence[3:].tolist() == [-1, -1, -1]
    assert found.at[:2].tolist() == [1, 2]


def test_frames_that_follow_at_once_and_look_alike_show_one_moment():
    names = [(f"ep_{k:04d}.png",) for k in (1, 2, 3, 5, 4)]
    assert moment_of(turned(0, 2, 90, 92, 91), frames(*names)).tolist() == [0, 0, 2, 2, 2]
    assert moment_of(turned(0, 0, 0), frames(*((f"ep_{k:03d}.png",) for k in (1, 3, 4)))).tolist() == [0, 1, 1]


def test_a_slow_pan_ends_because_frames_are_compared_with_the_one_that_stands():
    names = [(f"ep_{k:04d}.png",) for k in range(12)]
    found = moment_of(turned(*range(0, 120, 10)), frames(*names))
    assert found.tolist() == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10]  # a cosine of .95 is 18 degrees


def test_frames_of_a_video_belong_together_within_a_scene_and_two_seconds():
    rows = [("v.mp4", "ep", 1, 0.5), ("v.mp4", "ep", 1, 2.0), ("v.mp4", "ep", 1, 5.0), ("v.mp4", "ep", 2, 5.5)]
    assert moment_of(turned(0, 0, 0, 0), frames(*rows)).tolist() == [0, 0, 2, 3]


@given(st.permutations(range(10)), st.lists(st.integers(0, 90), min_size=10, max_size=10))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_changes_nothing_and_every_frame_is_like_the_one_that_stands(order, degrees):
    names = [(f"ep_{k:04d}.png",) for k in range(10)]
    vectors = turned(*degrees)
    found = moment_of(vectors, frames(*names))
    again = moment_of(vectors[list(order)], frames(*(names[k] for k in order)))
    assert {order[k]: order[again[k]] for k in range(10)} == dict(enumerate(found.tolist()))
    single = vectors.astype(np.float32)
    assert all(k == stands or single[k] @ single[stands] >= ALIKE for k, stands in enumerate(found))
    assert (found[found] == found).all()


def test_a_character_falls_into_the_looks_it_has_and_one_look_stays_whole():
    rng = np.random.default_rng(0)
    looks = np.repeat(np.eye(16, dtype=np.float32)[:3], (5, 4, 6), axis=0)
    vectors = looks + rng.normal(0, 0.08, looks.shape)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    label = np.array([0] * 15)
    assert sub_clusters(vectors, label).tolist() == [1] * 5 + [2] * 4 + [0] * 6
    label[9:] = 1
    label[0] = -1
    found = sub_clusters(vectors, label)
    assert found[0] == -1 and set(found[9:].tolist()) == {0} and found[1:9].tolist() == [0] * 4 + [1] * 4


def test_many_members_are_parted_like_few():
    rng = np.random.default_rng(1)
    looks = np.repeat(np.eye(8, dtype=np.float32)[:2], (900, 600), axis=0)
    vectors = looks + rng.normal(0, 0.1, looks.shape)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    assert sub_clusters(vectors, np.zeros(1500, np.int64)).tolist() == [0] * 900 + [1] * 600


def test_a_framing_is_named_by_the_height_of_the_head():
    assert view_of(np.array([0.8, 0.5, 0.3, 0.15, np.nan])).to_pylist() == [*VIEWS, None]
