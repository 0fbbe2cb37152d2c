import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charassets.similarity.tracks import Sightings, TrackRule, joined_again, stretches

RULE = TrackRule(likeness=0.6, gap_s=10.0)
HERE, THERE = (0.1, 0.1, 0.5, 0.9), (0.6, 0.1, 0.9, 0.9)


def sightings(degrees, scene=None, time_s=None, place=None, box=None):
    n = len(degrees)
    angle = np.radians(degrees)
    return Sightings(
        np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32),
        np.zeros(n, np.int64) if scene is None else np.array(scene),
        np.arange(n, dtype=np.float64) if time_s is None else np.array(time_s, np.float64),
        np.arange(n) if place is None else np.array(place),
        np.full((n, 4), np.nan, np.float32) if box is None else np.array(box, np.float32),
    )


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (sightings([0, 10, 20, 30]), [0, 0, 0, 0]),
        (sightings([0, 10, 100, 110]), [0, 0, 1, 1]),  # another person
        (sightings([0, 0, 0, 0], scene=[0, 0, 1, 1]), [0, 0, 1, 1]),  # a cut
        (sightings([0, 0, 0, 0], place=[0, 1, 3, 4]), [0, 0, 1, 1]),  # a frame with nobody
        (sightings([0, 0, 0, 0], time_s=[0, 1, 30, 31]), [0, 0, 1, 1]),  # too long after
        (sightings([0, 55], box=[HERE, HERE]), [0, 0]),  # cosine .57, in the same place
        (sightings([0, 55], box=[HERE, THERE]), [0, 1]),
        (sightings([0, 55]), [0, 1]),
    ],
)
def test_a_stretch_is_one_figure_on_consecutive_frames_of_a_scene(seen, expected):
    assert stretches(seen, RULE).tolist() == expected


def test_who_returns_is_the_same_track_and_somebody_like_neither_is_his_own():
    looks = sightings([0, 100, 5, 95, 220]).looks
    assert joined_again(looks, np.arange(5), [None] * 5, RULE).tolist() == [0, 1, 0, 1, 2]


def test_one_name_is_one_track_however_unlike_and_two_names_are_two_however_alike():
    looks = sightings([0, 170, 5]).looks
    assert joined_again(looks, np.arange(3), ["mia", "mia", "ren"], RULE).tolist() == [0, 0, 1]


def test_a_chain_of_strangers_does_not_bring_two_names_together():
    looks = sightings([0, 8, 16, 24]).looks
    track = joined_again(looks, np.arange(4), ["mia", None, None, "ren"], RULE)
    assert track[0] != track[3]
    assert len(set(track.tolist())) == 2


@given(
    st.lists(st.tuples(st.integers(0, 359), st.booleans(), st.sampled_from([None, "a", "b"])), min_size=1, max_size=12)
)
def test_tracks_are_numbered_by_appearance_and_names_never_mix(frames):
    degrees, cut, _ = zip(*frames, strict=True)
    seen = sightings(degrees, scene=np.cumsum(cut))
    stretch = stretches(seen, RULE)
    assert set(np.diff(stretch).tolist()) <= {0, 1} and stretch[0] == 0
    names = [frames[int(np.flatnonzero(stretch == k)[0])][2] for k in range(int(stretch[-1]) + 1)]
    track = joined_again(seen.looks, stretch, names, RULE)
    assert [t for k, t in enumerate(track.tolist()) if t not in track[:k]] == list(range(len(set(track.tolist()))))
    for number in set(track.tolist()):
        assert len({name for name, t in zip(names, track.tolist(), strict=True) if t == number} - {None}) <= 1
    for name in {"a", "b"} & set(names):
        assert len({t for other, t in zip(names, track.tolist(), strict=True) if other == name}) == 1
