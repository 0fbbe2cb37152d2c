"""Groups of copies of one picture, from measurements and neighbours to rows.

What belongs here: the order of the steps, and which pairs are looked at. Not here: the steps: what is known of pictures
(``pictures``), what people said (``people``), the answers (``answers``, ``judgement``), the stars (``stars``), the
rows (``account``).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.curation.decisions import Decisions
from charassets.similarity.account import account
from charassets.similarity.answers import Answers
from charassets.similarity.by_hash import by_hash
from charassets.similarity.candidates import Pairs, tidy
from charassets.similarity.close_hashes import HashesBefore
from charassets.similarity.naming import names_of
from charassets.similarity.people import Said
from charassets.similarity.pictures import PICTURES, Measured
from charassets.similarity.shared_before import SharedBefore, Signed, brought_up_to_date
from charassets.similarity.stars import Asking, DuplicateRule, stars, variants
from charassets.similarity.vectors import Embeddings, Vectors
from charassets.similarity.words import SIGNED

__all__ = ["PICTURES", "SIGNED", "Copies", "DuplicateRule", "Signed", "group_duplicates"]


_UNSIGNED = Signed()


@dataclass(frozen=True)
class Copies:
    """The groups, and what the next run goes on from.

    Attributes:
        rows: rows of ``near_duplicates``, in the order of the pictures.
        shared: what pictures share, for the next run to go on from.
        hashes: the close hashes, likewise; None where they are few.
    """

    rows: pa.Table
    shared: SharedBefore
    hashes: HashesBefore | None


def group_duplicates(
    pictures: pa.Table,
    vectors: Vectors | Embeddings,
    near: Pairs,
    rule: DuplicateRule,
    answers: Answers,
    *,
    signed: Signed = _UNSIGNED,
    hashes: HashesBefore | None = None,
    decisions: Decisions | None = None,
    before: pa.Table | None = None,
) -> Copies:
    """The duplicate group of every picture.

    Exact copies (equal ``image_id``) come first: one of them stands for all. Pairs with close hashes, shared corners or near
    embeddings are answered, and those that are copies make connected components; in each the best picture that is left becomes
    a keeper and takes the pictures that are copies *of it*, until none is left. Hence no chain of near misses welds strangers,
    two crops of one original meet at it, and the groups depend on the set of pictures alone: neither on the order of the rows
    nor on the order in which shards came.

    Args:
        pictures: schema ``PICTURES``, one row a record, each record once.
        vectors: their embeddings.
        near: pairs of neighbours by embedding, by row of ``pictures``.
        rule: which pairs are looked at.
        answers: given before, and how to find others; it learns the new ones.
        signed: the pictures' signatures, by row of ``pictures``.
        hashes: the close hashes that the run before found.
        decisions: what people said of copies; it is believed.
        before: ``record_id`` and ``group_name`` of the run before.

    Returns:
        The keeper is the one people chose, then a single character, then the largest by area without its frame, a cut-out, the
        sharpest, the one with most tags, and the first by ``record_id``.
    """
    measured = Measured.of(pictures, vectors)
    answers.among(measured.contents)
    records = pictures["record_id"].combine_chunks()
    people = Said.of(decisions or Decisions(), records, measured)
    asking = Asking(measured, people, rule, answers)
    among = np.flatnonzero(people.original == np.arange(len(people.original)))
    found = _candidates(signed, measured, among, people.original, near, rule, hashes)
    pairs = tidy(np.concatenate([found.pairs, people.tied_pairs(among)]))
    said = asking.answer(pairs)
    keeper = stars(asking, people, pairs, said)[people.original]
    names = names_of(records, keeper, people.rank, before)
    shared = variants(people, pairs, said, keeper)
    return Copies(account(pictures, asking, keeper, names, shared), found.shared, found.hashes)


@dataclass(frozen=True)
class _Candidates:
    """Pairs worth asking about, and what pictures share and which hashes are close, for the next run."""

    pairs: Pairs
    shared: SharedBefore
    hashes: HashesBefore | None


def _candidates(
    signed: Signed,
    measured: Measured,
    among: NDArray[np.int64],
    original: NDArray[np.int64],
    near: Pairs,
    rule: DuplicateRule,
    before: HashesBefore | None,
) -> _Candidates:
    """Pairs of different contents worth asking about, from all three keys."""
    hashed = among[measured.hashed[among]]
    hashed = hashed[np.argsort(measured.rank[hashed])]  # an order that belongs to the pictures
    known = hashed[measured.content[hashed] >= 0]
    place, row = np.full(len(original), -1), np.full(len(measured.contents), -1)
    place[known], row[measured.content[known]] = measured.content[known], known
    words, shared = brought_up_to_date(signed, measured.contents, place)
    close = by_hash(measured.phash[hashed], measured.mirrored[hashed], rule.phash_bits, before)
    pairs = tidy(np.concatenate([original[near], hashed[close.pairs], row[words.pairs]]))
    return _Candidates(pairs[measured.hashed[pairs].all(axis=1)], shared, close.kept)
