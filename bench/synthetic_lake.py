"""A lake of many synthetic records, committed shard by shard through the real writer: what the collection stages start from.

What belongs here: the rows of the per-shard tables that pictures would have given (measurements, hashes, signatures, vectors,
evidence of heads). Not here: what is computed from them at full size (``scale_steps``), and real pictures (``scale_sample``).
Ids, vectors, hashes and tags are those of ``charassets.studio.load``. Every picture has as many signatures as a picture can
have, and a re-encoded copy shares 60 % of its original's; crops and previews are left out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes.vocabulary import load
from charassets.images.local_features import SIGNATURE_BYTES, SIGNATURES
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.schema import BOOKS, TABLES
from charassets.settings import Settings, load_settings
from charassets.studio.load import records

SHARD = 5_000
DIM = 512
_SHARED = 0.6  # of the signatures of a re-encoded copy
_BOX = {"label": "person", "score": 0.9, "x0": 10.0, "y0": 10.0, "x1": 500.0, "y1": 700.0}
_SEEN = ("Hair Color", "Eye Color", "Gender")  # what the heads of a synthetic picture speak of
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def settings_for(root: Path) -> Settings:
    """The default settings, with the workspace at ``root``."""
    return load_settings({"workspace": str(root)})


def write_lake(
    root: Path, n: int, *, first_shard: int = 0, shards: int | None = None, records_a_shard: int = SHARD
) -> Lake:
    """Commit the per-shard tables of ``n`` records.

    Args:
        root: the workspace.
        n: records of the whole collection, which decides how many characters there are.
        first_shard: the first shard to write; those before it are left as they are.
        shards: how many are written from there on; all that are left, if not given.
        records_a_shard: records of a shard.
    """
    workspace = Workspace.of(settings_for(root))
    workspace.create()
    lake = workspace.open_lake()
    last = None if shards is None else first_shard + shards
    for number, batch in enumerate(records(n, dim=DIM, batch_rows=records_a_shard)):
        if last is not None and number >= last:
            break
        if number >= first_shard:
            _write_shard(lake, f"shard-{number:05d}", pa.table(batch))
    if lake.fragment("edits", "all") is None:
        commit(lake, "edits", "all", {"edit_id": []}, keyed=False)
    return lake


def _write_shard(lake: Lake, shard: str, drawn: pa.Table) -> None:
    ids, n = drawn["record_id"], drawn.num_rows
    item = {"source": ["load"], "item_key": [shard], "kind": ["file"], "uri": ["/load"], "first": [0]}
    commit(lake, "source_items", shard, {**item, "count": [n], "digest": ["d"]}, keyed=False)
    number = _number(ids)
    size = {"width": 512 + number % 1024, "height": 512 + (number >> 10) % 1024}
    place = {"source": ["load"] * n, "item_key": ids, "kind": ["file"] * n, "uri": ids, "format": ["PNG"] * n}
    raw = {"record_id": ids, **place, **size, "image_id": drawn["image_id"], "tags": drawn["tags"]}
    commit(lake, "raw_shards", shard, {**raw, "rating": ["general"] * n})
    content = _number(drawn["image_id"])
    shown = np.where(_number(drawn["copy_of"]) == 0, number, _number(drawn["copy_of"]))
    facts = {"sharpness": 300.0, "brightness": 0.5, "contrast": 0.8, "information": 6.0}
    images = {
        "record_id": ids,
        "image_id": drawn["image_id"],
        **size,
        **{name: [value] * n for name, value in facts.items()},
        "phash": drawn["phash"],
        "phash_mirrored": _mixed(shown * _GOLDEN),
        "boxes": [[_BOX]] * n,
        "tag_figures": [1] * n,
        "tag_flags": [["solo"]] * n,
        "cut_off": [[]] * n,
        "occlusion": [0.0] * n,
        "crop_label": ["person"] * n,
        "crop_score": [0.9] * n,
        "crop_id": drawn["image_id"],
        "signatures": signatures(shown, content, 1),
        "signatures_mirrored": signatures(shown, content, 2),
    }
    commit(lake, "single_character_images", shard, images)
    vectors = {"record_id": ids, "crop_id": drawn["image_id"], "model": ["load@0"] * n, "dim": [DIM] * n}
    commit(lake, "clip_embeddings", shard, {**vectors, "embedding": drawn["embedding"].cast(pa.binary())})
    commit(lake, "visual_evidence", shard, _evidence(ids, drawn["identity"].to_numpy().astype(np.uint64)))


def signatures(shown: NDArray[np.uint64], content: NDArray[np.uint64], salt: int) -> pa.Array:
    """Signatures of pictures: those of one drawing are largely equal, those of equal bytes wholly."""
    words = SIGNATURES * SIGNATURE_BYTES // 8
    steps = (np.arange(1, words + 1, dtype=np.uint64) + np.uint64(salt << 32)) * _GOLDEN
    shared = np.arange(words) < _SHARED * words
    keys = np.where(shared[None], shown[:, None], content[:, None] ^ np.uint64(0x5DEECE66D))
    return pa.array(_mixed(keys + steps[None]).astype("<u8").view(f"V{words * 8}").ravel().tolist(), pa.binary())


def _evidence(ids: pa.ChunkedArray, identity: NDArray[np.uint64]) -> Mapping[str, Sequence | pa.Array]:
    """What heads would say of each picture: the identity's value, two times of three."""
    vocabulary = load()
    names = np.repeat(np.asarray(ids.to_pylist(), object), len(_SEEN))
    values, scores = [], []
    for salt, attribute in enumerate(_SEEN):
        options = [value.name for value in vocabulary.attributes[attribute].values]
        key = _mixed(identity + np.uint64(salt))
        values.append(np.asarray(options, object)[key % np.uint64(len(options))])
        scores.append(0.5 + 0.45 * (_mixed(_number(ids) + np.uint64(salt)) >> np.uint64(40)) / 2.0**24)
    attributes = list(_SEEN) * len(identity)
    rows = {"record_id": names.tolist(), "attribute": attributes, "value": np.stack(values, axis=1).ravel().tolist()}
    return {**rows, "score": np.stack(scores, axis=1).ravel(), "source": ["head"] * len(names)}


def commit(lake: Lake, table: str, shard: str, columns: Mapping, *, keyed: bool = True) -> None:
    """Commit columns; those not given are null (or empty), and so are the books' digests."""
    schema = TABLES[table].arrow
    rows = len(next(iter(columns.values())))
    arrays = [_column(columns.get(field.name), field, rows) for field in schema]
    filled = pa.table(arrays, schema=schema)
    books = BOOKS.empty_table()
    if keyed:
        ids = filled["record_id"].unique().to_pylist()
        books = pa.table(
            [ids, [b"\0" * 16] * len(ids), ["row"] * len(ids), [None] * len(ids), [None] * len(ids)], schema=BOOKS
        )
    with lake.writer(table, shard, schema) as writer:
        writer.add(filled, books)
        writer.commit(f"{table}/{shard}/{rows}", "bench", {})


def _column(given: Any, field: pa.Field, rows: int) -> pa.Array | pa.ChunkedArray:  # noqa: ANN401 - whatever numpy makes
    if given is None:
        given = pa.nulls(rows, field.type) if field.nullable else [_EMPTY[str(field.type)]] * rows
    return given.cast(field.type) if isinstance(given, pa.ChunkedArray) else pa.array(given, field.type)


_EMPTY = {"string": "", "bool": False, "int64": 0, "int32": 0, "float": 0.0, "binary": b""}


def _number(ids: pa.ChunkedArray) -> NDArray[np.uint64]:
    """The numbers behind 16 hexadecimal digits; 0 for a null."""
    return np.array([0 if text is None else int(text, 16) for text in ids.to_pylist()], np.uint64)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
