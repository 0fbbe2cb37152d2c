"""Cluster consensus: the vote of each character's pictures on its stable traits, and the pictures that disagree.

What belongs here: the stage. Not here: the vote and the reasons (``charassets.attributes.consensus``). A collection table: no
per-shard stage reads it, so that a nightly re-clustering makes no shard stale.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes import consensus
from charassets.attributes.consensus import Dissent, Votes
from charassets.attributes.evidence import WORDS
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.schema import (
    CHARACTER_ATTRIBUTES,
    CHARACTER_CLUSTERS,
    CLUSTER_CONSENSUS,
    MERGED_ATTRIBUTES,
    TAG_EVIDENCE,
    Table,
)
from charassets.settings import Settings
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads

_ANSWER = ("record_id", "attribute", "value", "confidence", "status", "sources")
_WORDED = ("record_id", "attribute", "value")
_BATCH = 65_536


class ClusterConsensus(CollectionStage):
    """Votes within characters. Skips: ``noise`` (no character), ``no_majority`` (none on any trait)."""

    table: ClassVar[Table] = CLUSTER_CONSENSUS
    code_version: ClassVar[str] = "2"
    reads: ClassVar[Mapping[str, Reads]] = {
        CHARACTER_CLUSTERS.name: Reads(("record_id", "character_id", "probability")),
        CHARACTER_ATTRIBUTES.name: Reads(_ANSWER),
        MERGED_ATTRIBUTES.name: Reads(_ANSWER),
        TAG_EVIDENCE.name: Reads(_WORDED),
    }

    def __init__(self, settings: Settings) -> None:
        self._vocabulary = load()

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The vocabulary, and the rule of the vote."""
        rule = {"voters": consensus.MIN_VOTERS, "share": consensus.MIN_SHARE, "traits": list(consensus.STABLE)}
        return {"vocabulary": self._vocabulary.digest, "vote": rule}

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every trait that a picture's character agrees on, told or not by the picture itself."""
        clusters = inputs[CHARACTER_CLUSTERS.name].table(["record_id", "character_id", "probability"])
        members = clusters.filter(pc.field("character_id").is_valid())
        skipped = dict.fromkeys(clusters.filter(~pc.field("character_id").is_valid())["record_id"].to_pylist(), "noise")
        names = members["record_id"].to_pylist()
        traits = [name for name in consensus.STABLE if name in self._vocabulary.attributes]
        tables = inputs[CHARACTER_ATTRIBUTES.name], inputs[MERGED_ATTRIBUTES.name]
        answers = _answers(*tables, members["record_id"], (*traits, "Dress"))
        hidden = _hidden(inputs[TAG_EVIDENCE.name], members["record_id"])
        rows = _Rows(members, answers, hidden)
        for trait in traits:
            rows.add(trait, tuple(value.name for value in self._vocabulary.attributes[trait].values))
        table = rows.table()
        skipped |= dict.fromkeys(set(names) - set(table["record_id"].to_pylist()), "no_majority")
        return Outcome(table, skipped=skipped)


class _Rows:
    """Gathers the rows of the table, trait by trait.

    Args:
        members: clustered records.
        answers: decided answers about them; ``place`` is the row in ``members``.
        hidden: attribute to the places whose words say that it cannot be seen.
    """

    def __init__(self, members: pa.Table, answers: pa.Table, hidden: Mapping[str, set[int]]) -> None:
        self._records = members["record_id"].to_pylist()
        encoded = members["character_id"].combine_chunks().dictionary_encode()
        self._character = encoded.indices.to_numpy().astype(np.int64)
        self._names = encoded.dictionary.to_pylist()
        self._membership = members["probability"].to_numpy()
        self._answers, self._hidden = answers, hidden
        dressed = answers.filter((pc.field("attribute") == "Dress") & (pc.field("value") == "Costume"))
        self._costumed = set(dressed["place"].to_pylist())
        self._found: list[tuple] = []

    def add(self, trait: str, options: tuple[str, ...]) -> None:
        """Vote on one trait."""
        mine = self._answers.filter(pc.field("attribute") == trait)
        known = mine.filter(pc.field("value").isin(options))
        place = known["place"].to_numpy()
        option = pc.index_in(known["value"], value_set=pa.array(options)).to_numpy().astype(np.int64)  # pyright: ignore[reportAttributeAccessIssue]
        weight = known["confidence"].to_numpy().astype(np.float64)
        votes = consensus.vote(self._character[place], option, weight, (len(self._names), len(options)))
        own = np.full(len(self._records), -1, np.int64)
        own[place] = option
        sources = dict(zip(mine["place"].to_pylist(), mine["sources"].to_pylist(), strict=True))
        for k in np.flatnonzero(votes.winner[self._character] >= 0).tolist():
            self._row(k, trait, options, votes, own, sources)

    def _row(
        self,
        k: int,
        trait: str,
        options: tuple[str, ...],
        votes: Votes,
        own: NDArray[np.int64],
        sources: Mapping[int, list[str]],
    ) -> None:
        character = self._character[k]
        winner = options[votes.winner[character]]
        value = options[own[k]] if own[k] >= 0 else UNKNOWN
        unseen = k in self._hidden.get(trait, set())
        if value == UNKNOWN:
            verdict = consensus.HIDDEN if unseen else consensus.FILLS
        else:
            verdict = consensus.AGREES if consensus.alike(trait, value, winner) else consensus.DIFFERS
        self._found.append(
            (k, character, trait, winner, float(votes.share[character]), int(votes.voters[character]), value, verdict)
            + (sources.get(k, []), unseen)
        )

    def table(self) -> pa.Table:
        """The rows, records in their order, with the likely reason of each disagreement."""
        counts: dict[int, int] = {}
        for row in self._found:
            counts[row[0]] = counts.get(row[0], 0) + (row[7] == consensus.DIFFERS)
        self._found.sort(key=lambda row: row[0])
        rows = [
            {
                "record_id": self._records[k],
                "character_id": self._names[character],
                "attribute": trait,
                "consensus": winner,
                "share": share,
                "voters": voters,
                "value": value,
                "verdict": verdict,
                "reason": self._why(k, trait, counts[k], sources, hidden=hidden)
                if verdict == consensus.DIFFERS
                else None,
            }
            for k, character, trait, winner, share, voters, value, verdict, sources, hidden in self._found
        ]
        return pa.Table.from_pylist(rows, schema=CLUSTER_CONSENSUS.arrow)

    def _why(self, k: int, trait: str, disagreements: int, sources: list[str], *, hidden: bool) -> str:
        return consensus.reason(
            Dissent(
                attribute=trait,
                disagreements=disagreements,
                membership=float(self._membership[k]),
                words=any(source in WORDS for source in sources),
                picture=any(source not in WORDS for source in sources),
                costume=k in self._costumed,
                hidden=hidden,
            )
        )


def _answers(
    answers: Collection, merged: Collection, records: pa.ChunkedArray, attributes: tuple[str, ...]
) -> pa.Table:
    """The decided answers about some records, with the words of copies where there are any; ``place`` is the record's row."""
    anew = merged.table(_ANSWER)
    replaced = _keys(anew).combine_chunks()
    kept = [_told(anew, records, attributes)]
    for batch in answers.batches(_ANSWER, _BATCH):
        stands = pc.invert(pc.is_in(_keys(batch), value_set=replaced))  # pyright: ignore[reportAttributeAccessIssue]
        kept.append(_told(batch.filter(stands), records, attributes))
    return pa.concat_tables(kept)


def _keys(answers: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(answers["record_id"], answers["attribute"], "\n")  # pyright: ignore[reportAttributeAccessIssue]


def _told(answers: pa.Table, records: pa.ChunkedArray, attributes: tuple[str, ...]) -> pa.Table:
    decided = (pc.field("status") == "decided") & pc.field("attribute").isin(attributes)
    return _placed(answers.select(_ANSWER).filter(decided), records)


def _hidden(evidence: Collection, records: pa.ChunkedArray) -> dict[str, set[int]]:
    """Attribute to the rows of records whose words say that it cannot be seen."""
    found: dict[str, set[int]] = {}
    for batch in evidence.batches(_WORDED, _BATCH):
        unseen = _placed(batch.filter(pc.field("value") == UNKNOWN), records)
        for attribute, place in zip(unseen["attribute"].to_pylist(), unseen["place"].to_pylist(), strict=True):
            found.setdefault(attribute, set()).add(place)
    return found


def _placed(rows: pa.Table, records: pa.ChunkedArray) -> pa.Table:
    place = pc.index_in(rows["record_id"], value_set=records.combine_chunks())  # pyright: ignore[reportAttributeAccessIssue]
    return rows.append_column("place", place).filter(pc.field("place").is_valid())
