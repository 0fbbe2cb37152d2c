import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charassets.attributes import consensus
from charassets.attributes.consensus import Dissent, alike, reason, vote
from charassets.schema import CHARACTER_ATTRIBUTES, CHARACTER_CLUSTERS, MERGED_ATTRIBUTES, TAG_EVIDENCE
from charassets.settings import load_settings
from charassets.stages.cluster_consensus import ClusterConsensus


class Held:
    """Rows as a collection step sees them."""

    def __init__(self, rows, schema):
        self._rows = pa.Table.from_pylist(rows, schema=schema)

    @property
    def rows(self):
        return self._rows.num_rows

    def table(self, columns):
        return self._rows.select(list(columns))

    def coded(self, columns, batch_rows=4096):
        table = self.table(columns)
        coded = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in table.columns]
        yield pa.table(coded, schema=pa.schema([f.with_type(c.type) for f, c in zip(table.schema, coded, strict=True)]))


def told(record, attribute, value, sources=("tag",), confidence=0.9, status="decided"):
    row = {"record_id": record, "attribute": attribute, "value": value, "confidence": confidence}
    return {**row, "status": status, "sources": list(sources)}


def consented(answers, members, hidden=(), merged=()):
    clusters = [{"record_id": r, "character_id": c, "probability": p, "representative": False} for r, c, p in members]
    evidence = [
        {"record_id": r, "attribute": a, "value": "Unknown", "score": 0.6, "source": "tag", "detail": ""}
        for r, a in hidden
    ]
    outcome = ClusterConsensus(load_settings()).compute(
        {
            "character_clusters": Held(clusters, CHARACTER_CLUSTERS.arrow),
            "character_attributes": Held(answers, CHARACTER_ATTRIBUTES.arrow),
            "merged_attributes": Held(
                [dict(row, copies=["c"], words=["w"]) for row in merged], MERGED_ATTRIBUTES.arrow
            ),
            "tag_evidence": Held(evidence, TAG_EVIDENCE.arrow),
        }
    )
    rows = {(row["record_id"], row["attribute"]): row for row in outcome.rows.to_pylist()}
    return rows, outcome.skipped


ANN = [(f"ann-{k}", "character_001", 0.9) for k in range(6)]


def test_a_strong_majority_stands_beside_every_picture_of_the_character():
    answers = [told(r, "Eye Color", "Blue") for r, _, _ in ANN[:4]] + [told("ann-4", "Eye Color", "Red")]
    rows, skipped = consented(answers, [*ANN, ("loner", None, 0.0)], hidden=[("ann-5", "Eye Color")])
    assert {r: rows[r, "Eye Color"]["verdict"] for r, _, _ in ANN} == {
        "ann-0": "agrees", "ann-1": "agrees", "ann-2": "agrees", "ann-3": "agrees", "ann-4": "differs", "ann-5": "hidden",
    }  # fmt: skip
    odd = rows["ann-4", "Eye Color"]
    assert (odd["consensus"], odd["value"], odd["reason"], odd["voters"]) == ("Blue", "Red", "tag_error", 5)
    assert odd["share"] == pytest.approx(0.8)
    assert skipped == {"loner": "noise"}


def test_two_answers_are_no_majority_and_neither_is_a_split():
    rows, skipped = consented([told("ann-0", "Gender", "Female"), told("ann-1", "Gender", "Female")], ANN)
    assert not rows
    assert set(skipped.values()) == {"no_majority"}
    split = [told(r, "Gender", "Female" if k % 2 else "Male") for k, (r, _, _) in enumerate(ANN)]
    assert not consented(split, ANN)[0]


def test_an_undecided_answer_has_no_vote_and_can_be_filled_from_the_others():
    answers = [told(r, "Hair Color", "Black") for r, _, _ in ANN[:3]]
    answers += [
        told("ann-3", "Hair Color", "Red", status="ambiguous"),
        told("ann-4", "Hair Color", "Unknown", status="unknown"),
    ]
    rows, _ = consented(answers, ANN)
    assert {rows[f"ann-{k}", "Hair Color"]["verdict"] for k in (3, 4, 5)} == {"fills"}
    assert rows["ann-3", "Hair Color"]["voters"] == 3


def test_what_copies_say_of_their_keeper_is_its_vote():
    answers = [told(r, "Eye Color", "Blue") for r, _, _ in ANN[:4]]
    answers += [told("ann-4", "Eye Color", "Unknown", status="unknown"), told("ann-5", "Eye Color", "Blue")]
    lent = [told("ann-4", "Eye Color", "Blue"), told("ann-5", "Eye Color", "Green", status="ambiguous")]
    rows, _ = consented(answers, ANN, merged=lent)
    assert rows["ann-4", "Eye Color"]["verdict"] == "agrees"
    assert (rows["ann-5", "Eye Color"]["value"], rows["ann-5", "Eye Color"]["verdict"]) == ("Unknown", "fills")
    assert rows["ann-0", "Eye Color"]["voters"] == 5


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Dissent("Eye Color", 1, 0.9, words=True, picture=False, costume=False, hidden=True), "closed_eyes"),
        (Dissent("Eye Color", 2, 0.9, words=True, picture=False, costume=False, hidden=False), "other_person"),
        (Dissent("Gender", 1, 0.2, words=True, picture=False, costume=False, hidden=False), "other_person"),
        (Dissent("Hair Color", 1, 0.9, words=True, picture=True, costume=True, hidden=False), "costume"),
        (Dissent("Hair Color", 1, 0.9, words=True, picture=False, costume=False, hidden=False), "tag_error"),
        (Dissent("Hair Color", 1, 0.9, words=False, picture=True, costume=False, hidden=False), "misread_picture"),
        (Dissent("Hair Color", 1, 0.9, words=True, picture=True, costume=False, hidden=False), "unclear"),
    ],
)
def test_the_likely_reason_is_the_first_that_fits(case, expected):
    assert reason(case) == expected
    assert expected in consensus.REASONS


def test_ages_that_people_do_not_tell_apart_are_no_disagreement():
    assert alike("Age", "Teen", "Young Adult")
    assert not alike("Age", "Child", "Teen")
    assert not alike("Hair Color", "Teen", "Young Adult")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.floats(0.5, 1)), max_size=40), st.randoms())
def test_a_vote_does_not_depend_on_the_order_and_a_winner_has_a_strong_majority(ballots, random):
    def counted(rows):
        columns = [np.array(column) for column in zip(*rows, strict=True)] or [
            np.empty(0, int),
            np.empty(0, int),
            np.empty(0),
        ]
        return vote(columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2].astype(float), (3, 4))

    first = counted(ballots)
    random.shuffle(ballots)
    again = counted(ballots)
    assert np.array_equal(first.winner, again.winner)
    strong = first.winner >= 0
    assert (first.share[strong] >= consensus.MIN_SHARE - 1e-9).all()
    assert (first.voters[strong] >= consensus.MIN_VOTERS).all()
