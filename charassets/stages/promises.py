"""What must hold of a committed fragment whatever its stage computed: the promises the checks in Dagster examine.

What belongs here: plain functions from a fragment to what is wrong with it. Not here: who asks and what happens then.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from charassets.attributes import vocabulary
from charassets.attributes.evidence import CLASSIFIED
from charassets.design.catalogue import CATALOGUE
from charassets.errors import StorageError, VerificationError
from charassets.lake.fragments import Fragment, Lake, verify_file
from charassets.schema import (
    CHARACTER_ATTRIBUTES,
    CHARACTER_CLUSTERS,
    CHARACTER_IDENTITIES,
    CLIP_EMBEDDINGS,
    CLUSTER_CONSENSUS,
    DESIGN_FEATURES,
    KNN_GRAPH,
    MERGED_ATTRIBUTES,
    NEAR_DUPLICATES,
    RAW_SHARDS,
    SINGLE_CHARACTER_IMAGES,
    TAG_EVIDENCE,
    TRACKS,
    VISUAL_EVIDENCE,
)
from charassets.similarity.answers import DUPLICATE
from charassets.similarity.stored import stored_lists
from charassets.stages.near_duplicates import ANSWERED, answers_of

UNIT_NORM_TOLERANCE = 2e-3
"""A unit vector of 512 values rounded to float16 keeps its norm to 5e-5; bfloat16 left unnormalised is off by 3e-3."""


EXACT = "exact"
"""Relation of a copy with the bytes of its keeper."""

PERSON_SAYS = "a person says"
"""Words in the reason of a copy that a person called one."""


@dataclass(frozen=True)
class Contract:
    """One promise: its name, the promise in words, and the function that says how a fragment breaks it (or nothing)."""

    name: str
    says: str
    broken: Callable[[Lake, Fragment], str | None]


def books_balance(lake: Lake, fragment: Fragment) -> str | None:
    """Records in = records with rows + rejected + skipped, and the rows are of the records the books name."""
    counts = fragment.manifest.counts
    if counts["in"] != counts["row"] + counts["rejected"] + counts["skipped"]:
        return (
            f"{counts['in']} records in, but {counts['row']} + {counts['rejected']} + {counts['skipped']} accounted for"
        )
    with_rows = fragment.read(["record_id"]).column("record_id").unique()
    return None if len(with_rows) == counts["row"] else f"rows of {len(with_rows)} records, books of {counts['row']}"


def files_match_manifest(lake: Lake, fragment: Fragment) -> str | None:
    """Every file has the bytes whose sha256 the manifest names."""
    try:
        for entry in fragment.manifest.files:
            verify_file(lake.store, fragment.path(entry.role), entry)
    except (VerificationError, StorageError) as error:
        return str(error)
    return None


def unique_by(*key: str) -> Callable[[Lake, Fragment], str | None]:
    """No two rows with the same values in these columns."""

    def broken(lake: Lake, fragment: Fragment) -> str | None:
        rows = fragment.read(list(key))
        double = rows.num_rows - rows.group_by(list(key)).aggregate([]).num_rows
        return f"{double} rows repeat a key" if double else None

    return broken


def unit_norm(lake: Lake, fragment: Fragment) -> str | None:
    """Embeddings are finite, of length ``dim`` and of norm 1."""
    for batch in fragment.batches(["dim", "embedding", "head_embedding"], 4096):
        dims = set(batch.column("dim").to_pylist())
        stored = [*batch.column("embedding").to_pylist(), *batch.column("head_embedding").drop_null().to_pylist()]
        data = b"".join(stored)
        if len(dims) > 1 or len(data) != len(stored) * 2 * next(iter(dims), 0):
            return f"vectors are not {sorted(dims)} values long"
        vectors = np.frombuffer(data, dtype="<f2").astype(np.float32).reshape(len(stored), -1)
        norms = np.linalg.norm(vectors, axis=1)
        wrong = int((~(np.abs(norms - 1.0) <= UNIT_NORM_TOLERANCE)).sum())  # a NaN is wrong too
        if wrong:
            return f"{wrong} vectors are not finite or not of norm 1"
    return None


def in_vocabulary(lake: Lake, fragment: Fragment) -> str | None:
    """Attributes and values are the vocabulary's (or Unknown)."""
    known = vocabulary.load().attributes
    rows = fragment.read(["attribute", "value"]).group_by(["attribute", "value"]).aggregate([])
    for attribute, joined in zip(rows.column("attribute").to_pylist(), rows.column("value").to_pylist(), strict=True):
        if attribute.startswith(CLASSIFIED):  # a trained classifier's own labels
            continue
        if attribute not in known:
            return f"attribute {attribute!r} is not in the vocabulary"
        allowed = {value.name for value in known[attribute].values} | {vocabulary.UNKNOWN}
        values = joined.split(vocabulary.MULTI_SEPARATOR) if known[attribute].multi else [joined]
        if strange := set(values) - allowed:
            return f"{attribute}: {min(strange)!r} is not in the vocabulary"
    return None


def fractions_within(*columns: str) -> Callable[[Lake, Fragment], str | None]:
    """Columns that hold shares or probabilities stay between 0 and 1."""

    def broken(lake: Lake, fragment: Fragment) -> str | None:
        rows = fragment.read(list(columns))
        for column in columns:
            values = rows.column(column).drop_null().to_numpy()
            if len(values) and not (values.min() >= 0 and values.max() <= 1):
                return f"{column} reaches from {values.min():g} to {values.max():g}"
        return None

    return broken


def within_their_range(lake: Lake, fragment: Fragment) -> str | None:
    """Design features are finite and within the range the catalogue gives, rounding allowed for."""
    for feature in CATALOGUE:
        values = fragment.read([feature.name]).column(feature.name).to_numpy()
        slack = 1e-3 * max(1.0, abs(feature.low) if np.isfinite(feature.low) else 1.0)
        if len(values) and not (
            np.isfinite(values).all() and values.min() >= feature.low - slack and values.max() <= feature.high + slack
        ):
            return f"{feature.name} reaches from {values.min():g} to {values.max():g}"
    return None


def frames_in_one_track(lake: Lake, fragment: Fragment) -> str | None:
    """Every frame is of one track, its stretches count them all and lie between its first and last second."""
    rows = fragment.read(["record_id", "records", "frames", "stretches", "first_s", "last_s"]).to_pylist()
    frames = [record for row in rows for record in row["records"]]
    if len(frames) != len(set(frames)):
        return f"{len(frames) - len(set(frames))} frames are of two tracks"
    for row in rows:
        seconds = [second for part in row["stretches"] for second in (part["first_s"], part["last_s"])]
        counted = sum(part["frames"] for part in row["stretches"])
        if (counted, row["frames"]) != (len(row["records"]),) * 2 or row["record_id"] not in row["records"]:
            return f"the track of {row['record_id']} does not count its frames"
        if seconds != sorted(seconds) or (seconds[0], seconds[-1]) != (row["first_s"], row["last_s"]):
            return f"the track of {row['record_id']} is not in order of time"
    return None


def neighbours_are_rows(lake: Lake, fragment: Fragment) -> str | None:
    """Every list names other rows of the table, by falling cosine, each once, and has its gaps at the end."""
    done = 0
    for batch in fragment.batches(["neighbours", "cosines"], 4096):
        lists = stored_lists(batch)
        near, cosines = lists.neighbours, lists.cosines
        rows = np.arange(done, done + len(near), dtype=np.int32)[:, None]
        if ((near < -1) | (near >= fragment.rows)).any() or (near == rows).any():
            return f"a row between {done} and {done + len(near)} names itself or no row"
        if not np.isfinite(cosines).all() or (np.diff(cosines, axis=1) > 0).any():
            return f"a row between {done} and {done + len(near)} has its neighbours out of order"
        ordered = np.sort(near, axis=1)
        if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
            return f"a row between {done} and {done + len(near)} names a neighbour twice"
        done += len(near)
    return None


def copies_are_confirmed(lake: Lake, fragment: Fragment) -> str | None:
    """Groups of copies are stars: each member names a keeper, and was itself confirmed against it.

    Confirmed is a copy with the same bytes, one that a close look called a duplicate, one where both keys agree because nobody
    could look, and one that a person called the same picture.
    """
    rows = fragment.read(["record_id", "group_id", "keeper", "relation", "cosine", "phash_distance", "reason"])
    own = pc.equal(rows["record_id"], rows["group_id"])  # pyright: ignore[reportAttributeAccessIssue]
    wrong = rows.filter(pc.not_equal(own, rows["keeper"]))  # pyright: ignore[reportAttributeAccessIssue]
    if wrong.num_rows:
        return f"{wrong['record_id'][0]} is a keeper and a copy, or neither"
    keepers = rows.filter(pc.field("keeper"))["record_id"].combine_chunks()
    members = rows.filter(~pc.field("keeper"))
    astray = members.filter(~pc.field("group_id").isin(keepers))
    if astray.num_rows:
        return f"{astray['record_id'][0]} is a copy of {astray['group_id'][0]}, which is no keeper"
    contents = _contents(lake, {*members["record_id"].to_pylist(), *members["group_id"].to_pylist()})
    answers = _answers(fragment, pa.array(sorted(set(contents.values())), pa.string()))
    loose = [row for row in members.to_pylist() if not _is_confirmed(row, contents, answers)]
    return f"{len(loose)} copies are not confirmed, e.g. {loose[0]['record_id']} of its keeper" if loose else None


def _is_confirmed(row: Mapping[str, Any], contents: Mapping[str, str], answers: Mapping[tuple[str, str], str]) -> bool:
    left, right = sorted(contents.get(row[name], "") for name in ("record_id", "group_id"))
    if row["relation"] == EXACT:
        return left == right != ""
    answer = answers.get((left, right))
    looked = answer == DUPLICATE or (answer is None and row["cosine"] is not None and row["phash_distance"] is not None)
    return looked or PERSON_SAYS in row["reason"]


def _contents(lake: Lake, records: Set[str]) -> dict[str, str]:
    """The content id of some records."""
    found: dict[str, str] = {}
    for fragment in lake.fragments(SINGLE_CHARACTER_IMAGES.name) if records else ():
        rows = fragment.read(["record_id", "image_id"])
        rows = rows.filter(pc.field("record_id").isin(pa.array(sorted(records))) & pc.field("image_id").is_valid())
        found.update(zip(rows["record_id"].to_pylist(), rows["image_id"].to_pylist(), strict=True))
    return found


def _answers(fragment: Fragment, contents: pa.Array) -> dict[tuple[str, str], str]:
    """The answers about pairs of some contents."""
    kept = answers_of(lambda role: fragment.read(role=role) if fragment.manifest.has(role) else None)
    if kept is not None:
        rows = kept.among(contents).spelled()
    elif fragment.manifest.has(ANSWERED):
        rows = fragment.read(["left", "right", "answer"], role=ANSWERED)
    else:
        return {}
    pairs = zip(rows["left"].to_pylist(), rows["right"].to_pylist(), strict=True)
    return dict(zip(pairs, rows["answer"].to_pylist(), strict=True))


_BOOKS = Contract("books_balance", "Every record in is a row, a rejection or a skip, once.", books_balance)
_FILES = Contract("files_match_manifest", "Stored bytes are the bytes the manifest names.", files_match_manifest)
_ONE_ROW = Contract("keys_unique", "No record has two rows.", unique_by("record_id"))
_WITHIN = Contract("features_within_range", "Features are finite and within their range.", within_their_range)
_WORDS = Contract("values_in_vocabulary", "Attributes and values are the vocabulary's.", in_vocabulary)
_SCORES = Contract("scores_are_fractions", "Scores lie between 0 and 1.", fractions_within("score"))
_ANSWERS = (
    _BOOKS,
    _FILES,
    Contract("keys_unique", "No record has two rows of one attribute.", unique_by("record_id", "attribute")),
    _WORDS,
    Contract("confidences_are_fractions", "Confidences lie between 0 and 1.", fractions_within("confidence")),
)

CONTRACTS: dict[str, tuple[Contract, ...]] = {
    RAW_SHARDS.name: (_BOOKS, _FILES, _ONE_ROW),
    SINGLE_CHARACTER_IMAGES.name: (_BOOKS, _FILES, _ONE_ROW),
    CLIP_EMBEDDINGS.name: (
        _BOOKS,
        _FILES,
        _ONE_ROW,
        Contract("embeddings_unit_norm", "Embeddings are finite and of norm 1.", unit_norm),
    ),
    CHARACTER_IDENTITIES.name: (_BOOKS, _FILES, _ONE_ROW),
    DESIGN_FEATURES.name: (_BOOKS, _FILES, _ONE_ROW, _WITHIN),
    TAG_EVIDENCE.name: (_BOOKS, _FILES, _WORDS, _SCORES),
    VISUAL_EVIDENCE.name: (_BOOKS, _FILES, _WORDS, _SCORES),
    CHARACTER_ATTRIBUTES.name: _ANSWERS,
    MERGED_ATTRIBUTES.name: _ANSWERS,
    KNN_GRAPH.name: (
        _BOOKS,
        _FILES,
        _ONE_ROW,
        Contract("neighbours_are_rows", "Neighbours are other rows, nearest first, none twice.", neighbours_are_rows),
    ),
    NEAR_DUPLICATES.name: (
        _BOOKS,
        _FILES,
        _ONE_ROW,
        Contract("copies_confirmed", "Every copy is confirmed against its keeper itself.", copies_are_confirmed),
    ),
    CHARACTER_CLUSTERS.name: (_BOOKS, _FILES, _ONE_ROW),
    CLUSTER_CONSENSUS.name: (
        _BOOKS,
        _FILES,
        Contract("keys_unique", "No record has two rows of one trait.", unique_by("record_id", "attribute")),
        _WORDS,
        Contract("shares_are_fractions", "Shares lie between 0 and 1.", fractions_within("share")),
    ),
    TRACKS.name: (
        _BOOKS,
        _FILES,
        Contract("keys_unique", "No two tracks have one name.", unique_by("track_id")),
        Contract("frames_in_one_track", "Every frame is of one track, in order of time.", frames_in_one_track),
        Contract("shares_are_fractions", "Shares lie between 0 and 1.", fractions_within("share")),
    ),
}
"""The promises of every table, by table name."""
