"""What is kept of shared corners shortens the next search and changes nothing that it finds."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.images.local_features import SIGNATURE_BYTES
from charassets.similarity import shared_before, words
from charassets.similarity.shared_before import SharedBefore, Signed, brought_up_to_date

_CORNERS = [bytes([number] * SIGNATURE_BYTES) for number in range(6)]
_RUNS = st.lists(
    st.tuples(st.frozensets(st.integers(0, 30), max_size=20), st.sampled_from("ab"), st.booleans()),
    min_size=1,
    max_size=5,
)
"""Which pictures are there in each run, what made their signatures, and whether those before go on being there."""


class Shelf:
    """Pictures with corners that belong to them; counts what is read of them."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        sides = [
            [b"".join(_CORNERS[i] for i in random.integers(0, 6, random.integers(0, 3))) for _ in range(31)]
            for _ in "ab"
        ]
        self.signed = pa.table(
            {name: pa.array(side, pa.binary()) for name, side in zip(words.SIGNED, sides, strict=True)}
        )
        self.read = 0

    def of(self, pictures: list[int], made_by: str, before: SharedBefore | None) -> Signed:
        def read(wanted: np.ndarray | None) -> Iterator[tuple[np.ndarray, pa.Table]]:
            rows = np.arange(len(pictures)) if wanted is None else np.flatnonzero(wanted)
            self.read += len(rows)
            for row in rows.tolist():
                yield np.array([row]), self.signed.slice(pictures[row], 1)

        return Signed(read, made_by, before)


def run(shelf: Shelf, pictures: list[int], made_by: str, before: SharedBefore | None) -> SharedBefore:
    """Rows in some order of their own, contents in theirs, as in a collection."""
    contents = pa.array(sorted(f"{picture:02d}" for picture in pictures), pa.string())
    place = np.array([sorted(pictures).index(picture) for picture in pictures], np.int64)
    _, kept = brought_up_to_date(shelf.of(pictures, made_by, before), contents, place)
    return kept


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 50), _RUNS, st.randoms(use_true_random=False))
def test_every_run_finds_what_a_first_run_finds(seed: int, runs: list, random):
    shelf, before, there = Shelf(seed), None, frozenset()
    for chosen, made_by, stay in runs:
        there = there | chosen if stay else chosen
        pictures = random.sample(sorted(there), len(there))
        before = run(shelf, pictures, made_by, before)
        first = run(shelf, sorted(there), made_by, None)
        assert before.pairs.sort_by([("left", "ascending"), ("right", "ascending"), ("mirrored", "ascending")]) == (
            first.pairs.sort_by([("left", "ascending"), ("right", "ascending"), ("mirrored", "ascending")])
        )
        assert before.among == first.among


def test_an_addition_reads_the_new_pictures_and_passes_over_the_old_once():
    shelf = Shelf(1)
    before = run(shelf, list(range(28)), "a", None)
    shelf.read = 0
    run(shelf, list(range(30)), "a", before)
    assert shelf.read == 2 + 30


@pytest.mark.parametrize(("pictures", "made_by"), [(range(1, 30), "a"), (range(30), "b"), (range(30), "longer words")])
def test_all_is_searched_again_where_pictures_went_or_were_made_anew_or_words_grew(pictures, made_by, monkeypatch):
    shelf = Shelf(1)
    before = run(shelf, list(range(28)), "a", None)
    shelf.read = 0
    if made_by == "longer words":
        made_by = "a"
        monkeypatch.setattr(words, "WIDE_FROM", 29)
    kept = run(shelf, list(pictures), made_by, before)
    assert shelf.read == len(pictures)
    assert kept.pairs == run(shelf, list(pictures), made_by, None).pairs


def test_a_picture_without_content_is_left_out():
    shelf = Shelf(1)
    contents, place = pa.array(["00"]), np.array([-1, 0])
    _, kept = brought_up_to_date(shelf.of([3, 4], "a", None), contents, place)
    assert kept.among["image_id"].to_pylist() == ["00"] and kept.pairs.schema == shared_before.PAIRS
