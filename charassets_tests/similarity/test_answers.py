"""The answers that are kept: asked for once, the same after they were stored, of use only while both pictures are there."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.similarity.answers import ANSWERS, Answers
from charassets.similarity.candidates import Pairs, keyed
from charassets.similarity.looked import DETAILS, IS_DIFFERENT, NOT_SEEN, Looked
from charassets.similarity.places import Places
from charassets.similarity.previews import Previews

NAMES = [f"i{number:02d}" for number in range(12)]


class Looker:
    """Answers by a rule, and remembers the pairs it was asked about; pairs with ``blind`` in them cannot be seen."""

    def __init__(self, blind: str = "") -> None:
        self.asked: list[tuple[str, str]] = []
        self._blind = blind

    def __call__(self, contents: pa.Array, pairs: Pairs, bits: np.ndarray, mirrored: np.ndarray) -> Looked:
        names = [tuple(contents.take(pa.array(pair)).to_pylist()) for pair in pairs]
        self.asked += [(str(left), str(right)) for left, right in names]
        answers = [NOT_SEEN if self._blind in pair else rule(*pair) for pair in names]
        lines = [detail(*pair) for pair, answer in zip(names, answers, strict=True) if answer > IS_DIFFERENT]
        return Looked(np.array(answers, np.int8), pa.Table.from_pylist(lines, schema=DETAILS))


def rule(left: str, right: str) -> int:
    return (int(left[1:]) * 5 + int(right[1:])) % 3


def detail(left: str, right: str) -> dict[str, object]:
    crop = "left" if rule(left, right) == 2 else None
    box = [float(int(left[1:])), 0.0, float(int(right[1:])), 1.0]
    return {"mirrored": left < "i04", "grey": False, "cropped": crop, "inliers": int(right[1:]), "box": box}


def ask(answers: Answers, names: list[str], pairs: list[tuple[int, int]]) -> list[int]:
    keys = keyed(np.array(pairs, np.int64).reshape(-1, 2))
    none = np.zeros(len(pairs), np.int32)
    return answers.ask(keys, none, none).tolist()


_pairs = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] != pair[1]), max_size=20
)


@settings(deadline=None)
@given(_pairs, _pairs, st.sets(st.integers(0, 11), max_size=4), st.booleans())
def test_an_answer_is_looked_for_once_and_stays_after_it_was_stored(first, second, gone: set[int], compact: bool):
    looker = Looker()
    answers = Answers(looker)
    answers.among(pa.array(NAMES))
    wanted = [rule(NAMES[min(p)], NAMES[max(p)]) for p in first]
    assert ask(answers, NAMES, first) == wanted == ask(answers, NAMES, first)
    assert len(looker.asked) == len(set(looker.asked)) == answers.asked == len({frozenset(p) for p in first})
    kept = answers.kept()
    assert kept.spelled().schema == ANSWERS

    left = [name for i, name in enumerate(NAMES) if i not in gone]  # other pictures, other places
    again = Looker()
    resumed = Answers(again, kept=kept) if compact else Answers(again, kept.spelled())
    resumed.among(pa.array(left))
    place = {name: i for i, name in enumerate(left)}
    pairs = [(NAMES[a], NAMES[b]) for a, b in (*first, *second) if NAMES[a] in place and NAMES[b] in place]
    found = ask(resumed, left, [(place[a], place[b]) for a, b in pairs])
    assert found == [rule(min(pair), max(pair)) for pair in pairs]
    known = {(NAMES[min(p)], NAMES[max(p)]) for p in first}
    assert set(again.asked) == {(min(p), max(p)) for p in pairs} - known
    for row in resumed.kept().spelled().to_pylist():
        alike = row["answer"] != "different"
        told = detail(row["left"], row["right"]) if alike else {"mirrored": False, "grey": False, "cropped": None}
        assert {name: row[name] for name in told} == told


def test_a_pair_that_cannot_be_seen_is_tried_once_a_run_and_never_kept():
    looker = Looker(blind="i03")
    answers = Answers(looker)
    answers.among(pa.array(NAMES))
    assert ask(answers, NAMES, [(3, 5), (1, 2)]) == [NOT_SEEN, rule("i01", "i02")]
    assert ask(answers, NAMES, [(5, 3)]) == [NOT_SEEN]
    assert looker.asked == [("i01", "i02"), ("i03", "i05")]
    assert answers.kept().spelled()["left"].to_pylist() == ["i01"]


def test_previews_come_back_by_place_and_the_first_of_a_content_counts():
    names = pa.array(["b", "a", "nowhere"])
    rows = pa.table(
        {"image_id": ["a", "b", "c", "a", None], "preview": [None, b"of b", b"of c", b"of a", b"of nobody"]}
    )
    again = pa.table({"image_id": ["a", "b"], "preview": [b"another", b"another"]})
    rows, again = (table.append_column("other", table["preview"]) for table in (rows, again))
    batches = [(Places(names).of(table["image_id"]), table) for table in (rows.slice(0, 2), rows.slice(2), again)]
    for found in Previews.gathered(len(names), batches, ["preview", "other"]):
        assert found.there.tolist() == [True, True, False]
        assert (found[0], found[1]) == (b"of b", b"of a")


def test_places_of_names_that_are_not_there_and_of_nothing():
    where = Places(pa.chunked_array([["x", "y"], ["z"]]))
    assert where.of(pa.array(["z", "nobody", None, "x"], pa.string())).tolist() == [2, -1, -1, 0]
    assert where.of(pa.array([], pa.string())).tolist() == []
    assert Places(pa.array([], pa.string())).of(pa.array(["x"])).tolist() == [-1]


def test_answers_of_a_run_that_was_stopped_are_added_to_those_that_are_kept():
    first, second = Answers(Looker()), Answers(Looker())
    for answers, pairs in ((first, [(1, 2), (3, 4)]), (second, [(3, 4), (0, 5), (0, 6)])):
        answers.among(pa.array(NAMES))
        ask(answers, NAMES, pairs)
    told = second.kept().spelled()
    looker = Looker()
    both = Answers(looker, pa.concat_tables([told, told]), first.kept())
    both.among(pa.array(NAMES))
    pairs = [(1, 2), (3, 4), (0, 5), (0, 6)]
    assert ask(both, NAMES, pairs) == [rule(NAMES[a], NAMES[b]) for a, b in pairs]
    assert looker.asked == [] and both.kept().pairs.num_rows == 4
    some = both.kept().among(pa.array(["i00", "i06", "i05", "i03"])).spelled()
    assert [(row["left"], row["right"]) for row in some.to_pylist()] == [("i00", "i05"), ("i00", "i06")]
    for row in some.to_pylist():
        assert row["inliers"] == (int(row["right"][1:]) if row["answer"] != "different" else None)


_NAMES = st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=6)


@given(st.lists(_NAMES, max_size=4))
def test_names_that_come_as_numbers_are_where_they_are_as_strings(chunks: list[list[str | None]]):
    plain = [pa.array(chunk, pa.string()) for chunk in chunks]
    coded = [chunk.dictionary_encode() for chunk in plain]
    where = Places(["c", "a", "x"])
    kind = pa.dictionary(pa.int32(), pa.string())
    found = where.of(pa.chunked_array(coded, kind)).tolist()
    assert found == where.of(pa.chunked_array(plain, pa.string())).tolist()
    assert found == [{"c": 0, "a": 1}.get(name or "", -1) for chunk in chunks for name in chunk]
