"""``bench.identity`` on a small cast: every figure is there, and the gallery learns through the edit log."""

import math

import pytest

from bench.identity import measured
from bench.identity_cast import Sizes, cast

SMALL = Sizes(characters=8, references=3, queries=5, strangers=2)

pytestmark = pytest.mark.usefixtures("own_environment")


def test_half_of_the_cast_shares_a_face_with_others_and_with_a_stranger():
    people = cast(Sizes())
    known = [member for member in people if member.name]
    assert (len(known), len(people)) == (200, 250)
    assert len({member.name for member in known}) == 200
    faces = [member.face for member in people if member.face is not None]
    assert sum(member.face is not None for member in known) == 100
    assert {faces.count(face) for face in faces} == {5}


def test_a_small_cast_is_recognised_and_corrections_make_references(tmp_path, capsys):
    found = {one.what: one for one in measured(tmp_path, SMALL)}
    assert "references added" in capsys.readouterr().out
    assert found["queries in which a figure was found"].n == 50
    fused = found["all, fused: right name first"]
    assert fused.n > 30 and fused.low <= fused.value <= fused.high
    assert fused.value > 1 / SMALL.characters + 0.2
    held_out = found["held out, after 2 rounds: right name first"]
    assert 0 < held_out.n < fused.n
    assert all(math.isnan(one.low) or one.low <= one.value <= one.high for one in found.values())
