import hashlib

import numpy as np
import pyarrow as pa
import pytest

from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.schema import BOOKS, TABLES
from charassets.similarity.answers import ANSWERS
from charassets.similarity.answers import CONTENTS as CONTENTS_SCHEMA
from charassets.similarity.answers import GIVEN as GIVEN_SCHEMA
from charassets.similarity.looked import ANSWER_NAMES, IS_DIFFERENT
from charassets.similarity.looked import DETAILS as DETAILS_SCHEMA
from charassets.stages.near_duplicates import ANSWERED, CONTENTS, DETAILS, GIVEN
from charassets.stages.promises import CONTRACTS

A, B = "0" * 31 + "a", "0" * 31 + "b"


@pytest.fixture
def lake(tmp_path):
    return Lake(open_store(str(tmp_path / "lake")))


def commit(lake, table, rows, records):
    """A fragment with these rows whose books say that these records have rows."""
    schema = TABLES[table].arrow
    books = [(record, hashlib.md5(record.encode()).digest(), "row", None, None) for record in records]  # noqa: S324
    with lake.writer(table, "shard-00000", schema) as writer:
        columns = [list(column) for column in zip(*books, strict=True)]
        writer.add(pa.Table.from_pylist(rows, schema=schema), pa.table(columns, schema=BOOKS))
        writer.commit("f", "s", {})
    return lake.fragment(table, "shard-00000")


def broken(lake, fragment):
    answers = {c.name: c.broken(lake, fragment) for c in CONTRACTS[fragment.manifest.table]}
    return {name for name, what in answers.items() if what}


def embedding(record, vector):
    data = np.asarray(vector, "<f2").tobytes()
    return {"record_id": record, "crop_id": record, "model": "m", "dim": len(vector), "embedding": data}


def with_head(record, vector, head):
    return {**embedding(record, vector), "head_embedding": np.asarray(head, "<f2").tobytes()}


def evidence(record, attribute, value, score=0.5):
    return {"record_id": record, "attribute": attribute, "value": value, "score": score, "source": "tag"}


def test_a_sound_fragment_keeps_every_promise(lake):
    assert (
        broken(lake, commit(lake, "clip_embeddings", [embedding(A, [1, 0]), embedding(B, [0.6, 0.8])], [A, B])) == set()
    )
    words = [evidence(A, "Hair Color", "Blonde"), evidence(A, "Hair Color", "Unknown")]
    assert broken(lake, commit(lake, "tag_evidence", words, [A])) == set()


@pytest.mark.parametrize("vector", [[2, 0], [np.nan, 1], [np.inf, 0], [0, 0]])
def test_an_embedding_that_is_not_of_norm_one_is_found(lake, vector):
    rows = [embedding(A, [1, 0]), embedding(B, vector)]
    assert broken(lake, commit(lake, "clip_embeddings", rows, [A, B])) == {"embeddings_unit_norm"}
    rows = [embedding(A, [1, 0]), with_head(B, [1, 0], vector)]
    assert broken(lake, commit(lake, "clip_embeddings", rows, [A, B])) == {"embeddings_unit_norm"}


def test_two_rows_of_one_record_are_found(lake):
    rows = [embedding(A, [1, 0]), embedding(A, [0, 1])]
    assert broken(lake, commit(lake, "clip_embeddings", rows, [A])) == {"keys_unique"}


def test_a_record_that_is_in_the_books_but_not_in_the_rows_is_found(lake):
    assert broken(lake, commit(lake, "clip_embeddings", [embedding(A, [1, 0])], [A, B])) == {"books_balance"}


def test_a_word_outside_the_vocabulary_is_found(lake):
    assert broken(lake, commit(lake, "tag_evidence", [evidence(A, "Hair Color", "Plaid")], [A])) == {
        "values_in_vocabulary"
    }
    assert broken(lake, commit(lake, "tag_evidence", [evidence(A, "Shoe Size", "44")], [A])) == {"values_in_vocabulary"}


def test_a_score_beyond_one_is_found(lake):
    rows = [evidence(A, "Hair Color", "Blonde", score=1.5)]
    assert broken(lake, commit(lake, "tag_evidence", rows, [A])) == {"scores_are_fractions"}


def test_a_flipped_bit_is_found(lake, tmp_path):
    fragment = commit(lake, "clip_embeddings", [embedding(A, [1, 0])], [A])
    part = tmp_path / "lake" / fragment.path()
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(bytes(data))
    files = next(c for c in CONTRACTS["clip_embeddings"] if c.name == "files_match_manifest")
    assert "damaged" in files.broken(lake, fragment)


def near(record, group, **values):
    row = {"record_id": record, "group_id": group, "group_name": group, "keeper": record == group, "single": True}
    return {**row, "relation": "self" if record == group else "duplicate", "reason": "same picture", **values}


def placed(answers):
    """The same answers as they are kept since decision 073: by place among contents."""
    names = sorted({row[side] for row in answers for side in ("left", "right")})
    answers = sorted(answers, key=lambda row: (row["left"], row["right"]))
    codes = [ANSWER_NAMES.index(row["answer"]) for row in answers]
    pairs = [[names.index(row[side]) for row in answers] for side in ("left", "right")]
    alike = [{"mirrored": False, "grey": False} for code in codes if code != IS_DIFFERENT]
    tables = [pa.table([names], schema=CONTENTS_SCHEMA), pa.table([*pairs, codes], schema=GIVEN_SCHEMA)]
    return dict(
        zip((CONTENTS, GIVEN, DETAILS), [*tables, pa.Table.from_pylist(alike, schema=DETAILS_SCHEMA)], strict=True)
    )


def commit_copies(lake, rows, answers=(), *, older=False):
    """Copies with the contents they would have: the record's name, or for exact ones that of the keeper."""
    contents = [{"record_id": r["record_id"], "image_id": r.pop("image", r["record_id"])} for r in rows]
    commit(lake, "single_character_images", contents, [r["record_id"] for r in rows])
    schema = TABLES["near_duplicates"].arrow
    books = [(r["record_id"], b"\0" * 16, "row", None, None) for r in rows]
    kept = [dict(zip(("left", "right", "answer"), line, strict=True), mirrored=False, grey=False) for line in answers]
    with lake.writer("near_duplicates", "all", schema) as writer:
        columns = [list(column) for column in zip(*books, strict=True)]
        writer.add(pa.Table.from_pylist(rows, schema=schema), pa.table(columns, schema=BOOKS))
        if older:
            writer.keep(ANSWERED, pa.Table.from_pylist(kept, schema=ANSWERS))
        else:
            for role, table in placed(kept).items():
                writer.keep(role, table)
        writer.commit("f", "s", {})
    return lake.fragment("near_duplicates", "all")


@pytest.mark.parametrize("older", [False, True])
def test_copies_confirmed_by_bytes_a_close_look_two_keys_or_a_person_keep_the_promise(lake, older):
    rows = [
        near("a", "a"),
        near("b", "a", relation="exact", image="a"),
        near("c", "a"),
        near("d", "a", cosine=0.99, phash_distance=2),
        near("e", "a", reason="same picture, a person says; of the two the larger is kept"),
    ]
    assert (
        broken(lake, commit_copies(lake, rows, [("a", "c", "duplicate"), ("a", "z", "different")], older=older))
        == set()
    )


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize(
    ("member", "answers"),
    [
        (near("b", "a"), []),
        (near("b", "a"), [("a", "b", "different"), ("b", "c", "duplicate")]),
        (near("b", "a", cosine=0.99, phash_distance=2), [("a", "b", "variant")]),
        (near("b", "a", relation="exact"), []),
        (near("b", "c", cosine=0.99, phash_distance=2), []),
        (near("b", "a", keeper=True), []),
    ],
)
def test_a_copy_that_its_keeper_does_not_know_is_found(lake, member, answers, older):
    assert broken(lake, commit_copies(lake, [near("a", "a"), dict(member)], answers, older=older)) == {
        "copies_confirmed"
    }
