"""What people decided about characters, laid over what clustering found: ties join, cuts part, names gather.

What belongs here: the joins and the partings. Not here: contradictions among decisions, which are settled before
(``charassets.curation.links``), and names, which are carried over afterwards (``continuity``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.similarity.clusters import Clusters, renamed, representatives
from charassets.similarity.named import gather_named
from charassets.similarity.places import Places

_SAID = 1.0
"""Strength of membership of a record that people put where it is."""


def decided(
    clusters: Clusters,
    vectors: NDArray[np.float16],
    record_ids: Sequence[str] | pa.Array,
    same: Sequence[frozenset[str]],
    different: Sequence[tuple[frozenset[str], frozenset[str]]],
    names: Mapping[str, str | None] | None = None,
) -> Clusters:
    """Clusters that contradict no decision.

    A tie joins the clusters of its records whole, and takes its records out of the noise. A cut parts a cluster that holds
    records of both its sides: the side with fewer of them leaves (of equal sides the right one), with what is tied to it; two
    or more records that leave are a character of their own, a single one is noise. Without decisions the clusters come back as
    they are. Names gather and part single records (``named``); a tie or cut goes before what names say.

    Args:
        clusters: as found.
        vectors: (n, d) float16, unit norm, from which representatives are chosen anew.
        record_ids: the n records.
        same: disjoint groups of records that show one character; records that are not here are passed over.
        different: pairs of groups no two records of which show one character; no group of ``same`` crosses a pair.
        names: record to the name of the character it shows, None for nobody of the gallery.
    """
    spoken = sorted(
        {*(names or {}), *(r for group in same for r in group), *(r for cut in different for g in cut for r in g)}
    )
    if not spoken:
        return clusters
    places = Places(record_ids).of(pa.array(spoken, pa.string()))
    row = {record: place for record, place in zip(spoken, places.tolist(), strict=True) if place >= 0}
    ties = [rows for group in same if len(rows := sorted(row[r] for r in group if r in row)) > 1]
    cuts = [([row[r] for r in left if r in row], [row[r] for r in right if r in row]) for left, right in different]
    label, said = clusters.label.copy(), np.zeros(len(record_ids), bool)
    for tied in ties:
        _join(label, np.array(tied), said)
    tied_to = {i: tied for tied in ties for i in tied}
    gather_named(label, said, {row[r]: name for r, name in (names or {}).items() if r in row}, tied_to)
    for left, right in cuts:
        _part(label, left, right, tied_to, said)
    if np.array_equal(label, clusters.label):
        return clusters
    label = renamed(label, record_ids)
    strength = np.where(label < 0, 0, np.where(said, _SAID, clusters.probability)).astype(np.float32)
    return Clusters(label, strength, representatives(vectors, label, record_ids))


def _join(label: NDArray[np.int64], tied: NDArray[np.int64], said: NDArray[np.bool_]) -> None:
    found = Counter(label[tied][label[tied] >= 0].tolist())
    target = min(found, key=lambda name: (-found[name], name)) if found else int(label.max(initial=-1)) + 1
    said[tied[label[tied] < 0]] = True
    label[np.isin(label, list(found))] = target
    label[tied] = target


def _part(
    label: NDArray[np.int64],
    left: Sequence[int],
    right: Sequence[int],
    tied_to: dict[int, list[int]],
    said: NDArray[np.bool_],
) -> None:
    sides = [{int(name): [i for i in side if label[i] == name] for name in set(label[side])} for side in (left, right)]
    for name in sorted((sides[0].keys() & sides[1].keys()) - {-1}):
        stay_left, stay_right = sides[0][name], sides[1][name]
        leaving = stay_left if len(stay_left) < len(stay_right) else stay_right
        with_them = sorted({j for i in leaving for j in tied_to.get(i, [i])})
        label[with_them] = int(label.max()) + 1 if len(with_them) > 1 else -1
        said[with_them] = True
