"""Groups parted side by side are parted as scipy's tree and scikit-learn's silhouette part each of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score, silhouette_score

from charassets.similarity.parting import PartingRule, parted

RULE = PartingRule(0.3, 6, 2)


def group(size, looks, spread, seed):
    rng = np.random.default_rng(seed)
    vectors = np.eye(8)[rng.integers(0, looks, size)] + rng.normal(0, spread, (size, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


groups = st.lists(
    st.builds(group, st.integers(4, 40), st.integers(1, 7), st.sampled_from([0.05, 0.2, 0.5]), st.integers(0, 1 << 30)),
    min_size=1,
    max_size=6,
)


def by_the_book(vectors):
    distance = np.clip(1 - vectors @ vectors.T, 0, 2).astype(np.float64)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    best, found = RULE.structure, np.zeros(len(vectors), np.int64)
    for count in range(2, min(RULE.most, len(vectors) // RULE.least) + 1):
        parts = fcluster(tree, count, "maxclust")
        if np.bincount(parts)[1:].min() < RULE.least:
            continue
        value = silhouette_score(distance, parts, metric="precomputed")
        if value > best:
            best, found = value, parts
    return found


@given(groups)
@settings(max_examples=60, deadline=None)
def test_every_group_is_parted_as_by_the_book_and_whoever_lies_beside_it(several):
    sizes = np.array([len(vectors) for vectors in several])
    found = np.split(parted(np.concatenate(several), sizes, RULE), np.cumsum(sizes)[:-1])
    for vectors, parts in zip(several, found, strict=True):
        assert adjusted_rand_score(by_the_book(vectors), parts) == 1
        assert np.array_equal(parts, parted(vectors, np.array([len(vectors)]), RULE))
        assert ((parts >= 0) & (parts < RULE.most)).all()


def test_copies_of_one_picture_are_one_part():
    same = np.repeat(group(1, 1, 0.1, 0), 10, axis=0)
    assert set(parted(same, np.array([10]), RULE).tolist()) == {0}
