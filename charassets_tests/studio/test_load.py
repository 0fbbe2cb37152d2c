import numpy as np
import pyarrow as pa
import pytest

from charassets.studio.load import RECORDS, records

DIM = 256


@pytest.fixture(scope="module")
def table():
    return pa.Table.from_batches(records(6000, 3, dim=DIM, identities=300))


@pytest.fixture(scope="module")
def vectors(table):
    joined = b"".join(table["embedding"].to_pylist())
    return np.frombuffer(joined, "<f2").reshape(-1, DIM).astype(np.float32)


def test_the_batch_size_changes_nothing_but_the_cut(table):
    again = pa.Table.from_batches(records(6000, 3, dim=DIM, identities=300, batch_rows=777))
    assert again.combine_chunks().equals(table.combine_chunks())


def test_another_seed_makes_other_records(table):
    other = pa.Table.from_batches(records(50, 4, dim=DIM, identities=300))
    assert not set(other["record_id"].to_pylist()) & set(table["record_id"].to_pylist())


def test_the_first_of_a_million_records_comes_without_the_others():
    first = next(records(10**6, batch_rows=100))
    assert first.num_rows == 100
    assert first.schema.names == RECORDS.arrow.names


def test_record_ids_are_unique_and_vectors_have_unit_norm(table, vectors):
    assert len(set(table["record_id"].to_pylist())) == len(table)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 2e-3


def test_copies_name_an_original_and_lie_beside_it(table, vectors):
    places = {record: k for k, record in enumerate(table["record_id"].to_pylist())}
    pairs = [(k, places[first]) for k, first in enumerate(table["copy_of"].to_pylist()) if first is not None]
    assert 0.05 < len(pairs) / len(table) < 0.11
    copies, firsts = np.array(pairs).T
    assert (firsts < copies).all()
    assert (vectors[copies] * vectors[firsts]).sum(axis=1).min() > 0.93
    phash, images = table["phash"].to_numpy(), np.array(table["image_id"].to_pylist())
    distances = np.bitwise_count(phash[copies] ^ phash[firsts])
    exact = images[copies] == images[firsts]
    assert 0.3 < exact.mean() < 0.5
    assert (distances == ~exact).all()
    assert (vectors[copies[exact]] == vectors[firsts[exact]]).all()


def test_pictures_of_one_identity_lie_closer_than_those_of_two(table, vectors):
    identity, originals = table["identity"].to_numpy(), table["copy_of"].is_null().to_numpy()
    near = vectors[originals][:1500] @ vectors[originals][:1500].T
    same = identity[originals][:1500, None] == identity[originals][:1500]
    np.fill_diagonal(same, False)
    np.fill_diagonal(near, 0)
    assert near[same].mean() == pytest.approx(0.72, abs=0.03)
    assert near[same].min() > near[~same].max()


def test_identities_are_of_very_unequal_size(table):
    sizes = np.bincount(table["identity"].to_numpy())
    assert sizes.max() > 8 * np.median(sizes)


def test_tags_mostly_agree_within_an_identity(table):
    lines = [line.split(", ") for line in table["tags"].to_pylist()]
    identity = table["identity"].to_numpy()
    largest = np.bincount(identity).argmax()
    hair = [tag for line, who in zip(lines, identity, strict=True) if who == largest for tag in line]
    counts = np.array(sorted(hair.count(tag) for tag in set(hair)))
    members = (identity == largest).sum()
    assert counts[-1] == members  # the count tag is always there
    assert 0.7 * members < counts[-3] < members
