"""Trains the probes on a collection's tags, and promotes them if they read tags they have not seen better than those in force.

What belongs here: embeddings and labels from the lake, the fit, the comparison. Not here: asking them (``probes``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.ballots import collect
from charassets.attributes.probes import HEADS, Probe, Probes, embedder_of, from_bytes, to_bytes
from charassets.attributes.vocabulary import load
from charassets.lake import artefacts
from charassets.lake.fragments import Lake
from charassets.schema import CLIP_EMBEDDINGS, TAG_EVIDENCE
from charassets.settings import Settings
from charassets.similarity.vectors import gather
from charassets.stages.collection import StoredCollection
from charassets.training.fusion_contest import gain
from charassets.training.held_back import HELD_BACK, read_rows, spread
from charassets.training.learning import Learned

MOST = 20_000
"""Tagged pictures a probe is trained on at most."""

GROWN = 1.2
"""How much a collection has to grow before it teaches again: less teaches little, and every promotion costs new evidence."""

_ENOUGH = 20  # pictures of a value, to learn it at all
_FEWEST = 300  # pictures of an attribute
_TEMPERATURES = np.geomspace(0.3, 5.0, 40)
_STRENGTH = 30.0  # of the fit: embeddings of norm 1 need large weights
_SEED = 23


def learn_heads(lake: Lake, settings: Settings, *, again: bool = False) -> Learned:
    """Train on the tags of the collection.

    Args:
        lake: the lake.
        settings: the embedder.
        again: train although the collection has hardly grown.
    """
    before = artefacts.current(lake.store, HEADS)
    digest = before.digest if before else ""
    shards = [s for s in lake.shards(CLIP_EMBEDDINGS.name) if lake.fragment(TAG_EVIDENCE.name, s) is not None]
    rows = sum(f.rows for s in shards if (f := lake.fragment(CLIP_EMBEDDINGS.name, s)) is not None)
    if before is not None and not again and rows < GROWN * before.notes["embedded"]:
        return Learned(HEADS, False, f"{rows} pictures are not a fifth more than last time", None, digest)
    lessons = _lessons(lake, spread(lake, CLIP_EMBEDDINGS.name, MOST))
    if not lessons:
        return Learned(HEADS, False, "too few tagged pictures to learn from", None, digest)
    embedder = embedder_of(settings)
    known = from_bytes(before.content) if before is not None else None
    rival = known.probes if known is not None and known.embedder == embedder else {}
    trained, scores = {}, {}
    for name, (vectors, labels, options) in lessons.items():
        part = np.random.default_rng([_SEED, len(labels)]).random(len(labels))
        probe = _trained(vectors, labels, options, part)
        unseen = part >= _SEEN_BELOW
        scores[name] = (
            _hits(probe, vectors[unseen], labels[unseen], options),
            _hits(rival.get(name), vectors[unseen], labels[unseen], options, labels[~unseen]),
        )
        trained[name] = probe
    ours, theirs = (np.concatenate([pair[k] for pair in scores.values()]) for k in (0, 1))
    better = gain(ours, theirs, _numbers(scores))
    figures: dict[str, Any] = {f"right/{name}": round(float(pair[0].mean()), 4) for name, pair in scores.items()}
    figures |= {f"right_before/{name}": round(float(pair[1].mean()), 4) for name, pair in scores.items()}
    figures["embedded"] = rows
    if better.low <= 0:
        return Learned(HEADS, False, "unseen tags are read no better by them", better, digest, figures)
    made = artefacts.promote(lake.store, HEADS, to_bytes(Probes(embedder, trained)), figures)
    return Learned(HEADS, True, "unseen tags are read better by them", better, made.digest, figures)


_TRAIN_BELOW, _SEEN_BELOW = 0.7, 0.85  # trained on the first part, its temperature on the next, compared on the rest

Lesson = tuple[NDArray[np.float32], NDArray[np.int64], tuple[str, ...]]


def _lessons(lake: Lake, shards: list[str]) -> dict[str, Lesson]:
    """Attribute to embeddings, labels and options, of the records whose tags say one value plainly."""
    said = read_rows(lake, TAG_EVIDENCE.name, shards).filter(pc.field("source") == HELD_BACK)
    records = pc.unique(said["record_id"]).to_pylist()  # pyright: ignore[reportAttributeAccessIssue]
    fragments = [lake.fragment(CLIP_EMBEDDINGS.name, shard) for shard in shards]
    embedded = StoredCollection(CLIP_EMBEDDINGS.name, [fragment for fragment in fragments if fragment is not None])
    vectors = gather(embedded.batches, records)
    answer: dict[str, Lesson] = {}
    for ballot in collect(said, records, load()):
        if ballot.attribute.multi:
            continue
        plain = ballot.plain & ~ballot.closed
        sure = (plain.sum(axis=1) == 1) & ~ballot.hidden & (vectors.row >= 0)
        labels = plain.argmax(axis=1)
        common = np.bincount(labels[sure], minlength=len(ballot.options)) >= _ENOUGH
        rows = np.flatnonzero(sure & common[labels])
        options = np.flatnonzero(common)
        if len(rows) >= _FEWEST and len(options) > 1:
            place = np.searchsorted(options, labels[rows])
            values = np.asarray(vectors.values[vectors.row[rows]], np.float32)
            answer[ballot.attribute.name] = values, place, tuple(ballot.options[int(k)] for k in options)
    return answer


def _trained(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], options: tuple[str, ...], part: NDArray[np.float64]
) -> Probe:
    from sklearn.linear_model import LogisticRegression

    first, then = part < _TRAIN_BELOW, (part >= _TRAIN_BELOW) & (part < _SEEN_BELOW)
    fitted = LogisticRegression(C=_STRENGTH, max_iter=300).fit(vectors[first], labels[first])
    weights = np.zeros((len(options), vectors.shape[1]), np.float32)
    offsets = np.full(len(options), -30.0, np.float32)  # an option that fell into no training row is never said
    if len(fitted.classes_) == 2 and len(fitted.coef_) == 1:
        weights[fitted.classes_] = np.stack([-fitted.coef_[0], fitted.coef_[0]]) / 2
        offsets[fitted.classes_] = np.array([-fitted.intercept_[0], fitted.intercept_[0]]) / 2
    else:
        weights[fitted.classes_], offsets[fitted.classes_] = fitted.coef_, fitted.intercept_
    losses = []
    for temperature in _TEMPERATURES:
        chances = Probe(options, weights, offsets, float(temperature), 0, 0.0).chances(vectors[then])
        losses.append(-np.log(np.maximum(chances[np.arange(then.sum()), labels[then]], 1e-9)).mean())
    warm = round(float(_TEMPERATURES[int(np.argmin(losses))]), 4)
    unseen = part >= _SEEN_BELOW
    right = Probe(options, weights, offsets, warm, 0, 0.0).chances(vectors[unseen]).argmax(axis=1) == labels[unseen]
    return Probe(options, weights, offsets, warm, int(first.sum()), round(float(right.mean()), 4))


def _hits(
    probe: Probe | None,
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    options: tuple[str, ...],
    common: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """(n,) whether a probe is right; without one, whether the commonest answer is."""
    if probe is None:
        commonest = np.bincount(common if common is not None else labels).argmax()
        return (labels == commonest).astype(np.float64)
    best = [probe.options[k] for k in probe.chances(vectors).argmax(axis=1)]
    return np.array([said == options[k] for said, k in zip(best, labels, strict=True)], np.float64)


def _numbers(scores: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> NDArray[np.int64]:
    return np.concatenate([np.arange(len(pair[0])) for pair in scores.values()])
