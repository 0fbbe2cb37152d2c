import warnings

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charassets.errors import UsageError, VerificationError
from charassets.identity import shelf, traits
from charassets.identity.calibration import EMBEDDING, FUSED, auc
from charassets.identity.gallery import made
from charassets.identity.prototypes import medoids
from charassets.identity.recognition import Recogniser, Shown
from charassets.identity.references import checked_name, rows
from charassets.lake.store import open_store
from charassets.settings import IdentitySettings

_DIM = 32
_SETTINGS = IdentitySettings()


def _unit(rng, near=None, spread=0.5):
    vector = rng.normal(size=_DIM) / np.sqrt(_DIM)
    vector = vector if near is None else near + spread * vector
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def _reference(name, vector, hair="Blonde", **more):
    row = {
        "name": name,
        "origin": f"{name}.png",
        "how": "folder",
        "figure": vector.astype("<f2").tobytes(),
        "traits": orjson.dumps({f"Hair Color={hair}": 0.95}),
    }
    return row | more


def _people(rng, characters=12, pictures=4, apart=True):
    shared = _unit(rng)
    centres = [_unit(rng) if apart else shared for _ in range(characters)]
    hair = traits.options()[traits.TRAITS.index("Hair Color")]
    return centres, [
        _reference(f"who {c:02d}", _unit(rng, centre), hair[c % len(hair)])
        for c, centre in enumerate(centres)
        for _ in range(pictures)
    ]


def _shown(vectors, told):
    figure = np.stack(vectors).astype(np.float32)
    return Shown(figure, np.zeros_like(figure), traits.from_mapping(told), [None] * len(figure))


def test_a_new_picture_of_a_character_is_named_and_a_stranger_is_unknown():
    rng = np.random.default_rng(0)
    centres, people = _people(rng)
    recogniser = Recogniser(made(rows(people), "m", _SETTINGS), _SETTINGS)
    known = recogniser.identify(_shown([_unit(rng, c) for c in centres], [{}] * len(centres)), EMBEDDING)
    strangers = recogniser.identify(_shown([_unit(rng) for _ in range(40)], [{}] * 40), EMBEDDING)
    assert [one.name for one in known] == [f"who {c:02d}" for c in range(len(centres))]
    assert sum(one.name is not None for one in strangers) <= 6


def test_hair_tells_characters_of_one_face_apart():
    rng = np.random.default_rng(1)
    centres, people = _people(rng, characters=4, apart=False)
    hair = traits.options()[traits.TRAITS.index("Hair Color")]
    shown = _shown([_unit(rng, centres[0]) for _ in range(4)], [{f"Hair Color={hair[k]}": 0.95} for k in range(4)])
    recogniser = Recogniser(made(rows(people), "m", _SETTINGS), _SETTINGS)
    assert [one.candidates[0].name for one in recogniser.identify(shown, FUSED)] == [f"who {k:02d}" for k in range(4)]


def test_the_nearest_being_nobody_makes_a_picture_unknown():
    rng = np.random.default_rng(2)
    centres, people = _people(rng)
    stranger = _unit(rng, centres[3], 0.3)
    gallery = made(rows([*people, _reference("", stranger)]), "m", _SETTINGS)
    (answer,) = Recogniser(gallery, _SETTINGS).identify(_shown([stranger], [{}]), EMBEDDING)
    assert answer.name is None


def test_a_gallery_comes_back_from_its_bytes_and_damage_is_told(tmp_path):
    rng = np.random.default_rng(3)
    gallery = made(rows(_people(rng)[1]), "m", _SETTINGS)
    again = shelf.parsed(shelf.written(gallery))
    assert again.references.equals(gallery.references)
    assert again.rules == gallery.rules and again.names == gallery.names
    assert again.prototypes.tolist() == gallery.prototypes.tolist()
    with pytest.raises(VerificationError):
        shelf.parsed(b"not a gallery")


def test_every_version_stays_and_an_older_one_is_put_back(tmp_path):
    store = open_store(str(tmp_path))
    rng = np.random.default_rng(4)
    people = _people(rng)[1]
    first = shelf.put(store, made(rows(people[:16]), "m", _SETTINGS), "first")
    second = shelf.put(store, made(rows(people), "m", _SETTINGS), "second")
    assert shelf.digest_in_force(store) == second.digest
    back = shelf.put_back(store, first.digest[:8], frozenset({"e1"}), "went back")
    assert back.digest == first.digest == shelf.digest_in_force(store)
    found = shelf.current(store)
    assert found is not None and found.passed_over == {"e1"} and len(found.gallery.names) == 4
    assert [version.notes["why"] for version in shelf.versions(store)] == ["first", "second", "went back"]
    with pytest.raises(UsageError):
        shelf.put_back(store, "zz", frozenset(), "")


def test_a_damaged_version_is_refused(tmp_path):
    store = open_store(str(tmp_path))
    put = shelf.put(store, made(rows(_people(np.random.default_rng(5))[1]), "m", _SETTINGS), "first")
    (tmp_path / "artefacts" / "gallery" / put.digest).write_bytes(b"changed")
    with pytest.raises(VerificationError):
        shelf.current(store)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 5))
def test_medoids_are_distinct_references_within_the_bound(n, most, seed):
    rng = np.random.default_rng(seed)
    picked = medoids(np.stack([_unit(rng) for _ in range(n)]), most)
    assert len(set(picked.tolist())) == len(picked) == min(n, most)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9), st.lists(st.floats(-5, 5), min_size=1, max_size=9))
def test_auc_of_the_other_way_round_is_the_rest(higher, lower):
    one, other = auc(np.array(higher), np.array(lower)), auc(np.array(lower), np.array(higher))
    assert one is not None and other is not None and one + other == pytest.approx(1)


def test_a_reference_does_not_speak_for_itself():
    told = traits.from_mapping([{"Hair Color=Pink": 1.0}, {"Hair Color=Blue": 1.0}])
    of = traits.profiles(told, np.array([0, 1]), 2)
    asked = np.array([[0, 1], [1, 0]])
    as_known = traits.support(told, of, asked)
    left_out = traits.support(told, of, asked, np.array([0, 1]))
    assert as_known[0, 0] > 0 > as_known[0, 1]
    assert left_out[0, 0] == pytest.approx(0, abs=1e-5)


def test_names_are_one_printable_line():
    assert checked_name("  Mia  of the Hill ") == "Mia of the Hill"
    with pytest.raises(UsageError):
        checked_name("\x00")


def test_a_gallery_of_one_character_is_made_without_a_second_to_compare_with():
    _, people = _people(np.random.default_rng(3), characters=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gallery = made(rows(people), "m", _SETTINGS)
    assert gallery.names == ("who 00",)
    assert all(np.isfinite([rule.known_from, rule.sure_from, rule.slope]).all() for rule in gallery.rules.values())
