"""Load: records by the million with planted identities and copies, made as they are asked for and stored nowhere.

What belongs here: rows of ids, vectors, hashes and tags whose truth is known. Not here: pictures, the benchmarks.
Every value is a hash of the record's number, so that any record can be made without those before it. A vector is the sum of three
random corners of the hypercube: the identity's, the picture's and the record's own. Corners of different keys are nearly
orthogonal (their cosines have a deviation of 1 / sqrt(dim)), so the weights below are the cosines to expect.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.schema import RECORD_ID, Column, Table
from charassets.studio.palette import HAIR_COLORS

_SAME_IDENTITY, _SAME_PICTURE = 0.72, 0.97  # expected cosines
_EXACT = 0.4  # share of copies with the very same bytes
_CROWD = 15  # records an identity has on average
_KEPT, _WRONG = 0.85, 0.04  # shares of tags that a tagger gives, and of hair colours that he gets wrong
_HAIR = tuple(f"{color.lower()} hair" for color in HAIR_COLORS)
_WORDS = (
    ("1girl, solo", "1boy, solo"),
    ("very short hair", "short hair", "medium hair", "long hair", "very long hair"),
    ("blue eyes", "red eyes", "green eyes", "brown eyes", "purple eyes", "yellow eyes", "black eyes"),
    ("school uniform", "kimono", "armor", "dress", "suit", "casual", "robe", "military uniform", "maid"),
    ("glasses", "hat", "scarf", "earrings", "smile", "weapon", "animal ears", "hair ribbon"),
)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

RECORDS = Table(
    "synthetic_records",
    1,
    "One row a synthetic record, with the truth beside what a pipeline would know.",
    (
        RECORD_ID,
        Column("image_id", pa.string(), "Content id; equal for exact copies.", False),
        Column("phash", pa.uint64(), "Perceptual hash; a near copy differs in one bit.", False),
        Column("embedding", pa.binary(), "Unit-norm vector, little-endian float16.", False),
        Column("tags", pa.string(), "Tag line, incomplete and sometimes wrong.", False),
        Column("identity", pa.int64(), "Truth: the character; few have many records and many have few.", False),
        Column("copy_of", pa.string(), "Truth: record_id of the picture this is a copy of; null for originals."),
    ),
)


def records(
    n: int,
    seed: int = 0,
    *,
    dim: int = 512,
    identities: int | None = None,
    copies: float = 0.08,
    batch_rows: int = 8192,
) -> Iterator[pa.RecordBatch]:
    """Make ``n`` records, batch by batch; the batch size changes nothing but the cut.

    Args:
        n: how many.
        seed: the same seed, ``n`` and options give the same rows.
        dim: length of the vectors, a multiple of 64.
        identities: how many characters there are; one to 15 records if not given.
        copies: share of records that copy an earlier one, anywhere before them.
        batch_rows: rows a batch.

    Yields:
        Batches of ``RECORDS``, with ``embedding`` as fixed-size binary of ``2 * dim`` bytes.
    """
    schema = RECORDS.arrow.set(3, pa.field("embedding", pa.binary(2 * dim), False))
    crowd = identities or max(1, n // _CROWD)
    for start in range(0, n, batch_rows):
        numbers = np.arange(start, min(n, start + batch_rows), dtype=np.uint64)
        yield pa.record_batch(_columns(numbers, np.uint64(seed), dim, crowd, copies), schema=schema)


def _columns(numbers: NDArray[np.uint64], seed: np.uint64, dim: int, crowd: int, copies: float) -> list[pa.Array]:
    pictures = _originals(numbers, seed, copies)
    copied = pictures != numbers
    exact = copied & (_unit(numbers, seed, 2) < _EXACT)
    contents = np.where(exact, pictures, numbers)
    identity = (crowd * _unit(pictures, seed, 3) ** 2).astype(np.uint64)
    flips = np.where(copied & ~exact, np.uint64(1) << (_hash(numbers, seed, 5) % np.uint64(64)), np.uint64(0))
    vectors = _vectors((identity, pictures, contents), seed, dim)
    return [
        pa.array(_hex(_hash(numbers, seed, 0))),
        pa.array(_hex(_hash(contents, seed, 6))),
        pa.array(_hash(pictures, seed, 4) ^ flips),
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(2 * dim), len(numbers), [None, pa.py_buffer(vectors)]),
        _tags(identity, contents, seed),
        pa.array(identity.astype(np.int64)),
        pa.array(_hex(_hash(pictures, seed, 0)), mask=~copied),
    ]


def _originals(numbers: NDArray[np.uint64], seed: np.uint64, copies: float) -> NDArray[np.uint64]:
    """For every record the original it shows: itself, or an earlier record that is no copy."""
    found = numbers.copy()
    while (copied := (_unit(found, seed, 1) < copies) & (found > 0)).any():
        found[copied] = _hash(found[copied], seed, 7) % found[copied]
    return found


def _vectors(keys: tuple[NDArray[np.uint64], ...], seed: np.uint64, dim: int) -> NDArray[np.float16]:
    """Unit vectors ``(rows, dim)``: one corner of the hypercube a key, weighed so that shared keys give the cosines above."""
    weights = np.sqrt(np.diff([0, _SAME_IDENTITY, _SAME_PICTURE, 1]))
    total = np.zeros((len(keys[0]), dim), np.float32)
    for salt, (key, weight) in enumerate(zip(keys, weights, strict=True), 10):
        words = _hash(key, seed, salt)[:, None] + np.arange(1, dim // 64 + 1, dtype=np.uint64) * _GOLDEN
        signs = np.unpackbits(_mixed(words).view(np.uint8), axis=1)
        total += np.array([-weight, weight], np.float32)[signs]
    total /= np.sqrt(np.einsum("ij,ij->i", total, total))[:, None]
    return total.astype("<f2")


def _tags(identity: NDArray[np.uint64], contents: NDArray[np.uint64], seed: np.uint64) -> pa.Array:
    """The identity's words, some forgotten, its hair sometimes miscoloured; copied bytes keep their words."""
    hair = _hash(identity, seed, 20) + (_unit(contents, seed, 21) < _WRONG).astype(np.uint64)
    columns = [_worded(_HAIR, hair, _unit(contents, seed, 22) >= _KEPT)]
    for salt, words in enumerate(_WORDS, 30):
        forgotten = (_unit(contents, seed, salt + 10) >= _KEPT) & (salt > 30)  # the count is always there
        columns.append(_worded(words, _hash(identity, seed, salt), forgotten))
    first, *rest = (columns[1], columns[0], *columns[2:])
    return pc.binary_join_element_wise(first, *rest, ", ", null_handling="skip")  # pyright: ignore[reportAttributeAccessIssue]


def _worded(words: tuple[str, ...], keys: NDArray[np.uint64], missing: NDArray[np.bool_]) -> pa.Array:
    return pa.array(words).take(pa.array(keys % np.uint64(len(words)), mask=missing))


def _hash(keys: NDArray[np.uint64], seed: np.uint64, salt: int) -> NDArray[np.uint64]:
    """64 bits a key, unrelated between salts and seeds; different keys give different bits."""
    base = _mixed(np.array([seed], np.uint64) + np.array([salt], np.uint64) * _GOLDEN)
    return _mixed(keys * _GOLDEN + base)


def _unit(keys: NDArray[np.uint64], seed: np.uint64, salt: int) -> NDArray[np.float64]:
    return _hash(keys, seed, salt) / 2.0**64


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014), a bijection of 64-bit numbers."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _hex(keys: NDArray[np.uint64]) -> list[str]:
    return [f"{key:016x}" for key in keys.tolist()]
