"""Cluster consensus: the vote of each character's pictures on its stable traits, and the pictures that disagree.

What belongs here: the stage. Not here: the vote and the reasons (``charassets.attributes.consensus``). A collection table: no
per-shard stage reads it, so that a nightly re-clustering makes no shard stale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes import consensus
from charassets.attributes.consensus import Dissent
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
from charassets.similarity.batches import among, gathered, spelled
from charassets.similarity.places import Places
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.decided_answers import decided, decided_answers

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
        traits = [name for name in consensus.STABLE if name in self._vocabulary.attributes]
        tables = inputs[CHARACTER_ATTRIBUTES.name], inputs[MERGED_ATTRIBUTES.name]
        answers = _answers(*tables, members["record_id"], (*traits, "Dress"))
        hidden = _hidden(inputs[TAG_EVIDENCE.name], members["record_id"])
        rows = _Rows(members, answers, hidden)
        for trait in traits:
            rows.add(trait, tuple(value.name for value in self._vocabulary.attributes[trait].values))
        table = rows.table()
        told = Places(table["record_id"].unique()).of(members["record_id"]) >= 0
        skipped |= dict.fromkeys(members["record_id"].filter(pa.array(~told)).to_pylist(), "no_majority")
        return Outcome(table, skipped=skipped)


@dataclass(frozen=True)
class _Trait:
    """The votes on one trait beside each picture whose character has a majority; arrays of one length.

    Attributes:
        place: int64: the picture's row in ``members``, rising.
        columns: of the table, but for ``record_id``, ``character_id`` and ``reason``.
        differs: which pictures disagree.
        dissents: what is known of each that does, in order, but for how often it disagrees.
    """

    place: NDArray[np.int64]
    columns: Mapping[str, pa.Array]
    differs: NDArray[np.bool_]
    dissents: Sequence[Dissent]


class _Rows:
    """Gathers the rows of the table, trait by trait.

    Args:
        members: clustered records.
        answers: decided answers about them; ``place`` is the row in ``members``.
        hidden: attribute to the places whose words say that it cannot be seen.
    """

    def __init__(self, members: pa.Table, answers: pa.Table, hidden: Mapping[str, NDArray[np.int64]]) -> None:
        self._records = members["record_id"].combine_chunks()
        encoded = members["character_id"].combine_chunks().dictionary_encode()
        self._character = encoded.indices.to_numpy().astype(np.int64)
        self._names = encoded.dictionary
        self._membership = members["probability"].to_numpy()
        self._answers, self._hidden = answers, hidden
        dressed = answers.filter((pc.field("attribute") == "Dress") & (pc.field("value") == "Costume"))
        self._costumed = self._at(dressed["place"].to_numpy())
        self._found: list[_Trait] = []

    def _at(self, places: NDArray[np.int64] | None) -> NDArray[np.bool_]:
        """Whether each member is among the places."""
        found = np.zeros(len(self._records), bool)
        if places is not None:
            found[places] = True
        return found

    def add(self, trait: str, options: tuple[str, ...]) -> None:
        """Vote on one trait."""
        mine = self._answers.filter(pc.equal(self._answers["attribute"], trait))  # pyright: ignore[reportAttributeAccessIssue]
        option = Places(options).of(mine["value"])
        known = option >= 0
        place, option = mine["place"].to_numpy()[known], option[known]
        weight = mine["confidence"].to_numpy()[known].astype(np.float64)
        votes = consensus.vote(self._character[place], option, weight, (len(self._names), len(options)))
        own = np.full(len(self._records), -1, np.int64)
        own[place] = option
        told = np.flatnonzero(votes.winner[self._character] >= 0)
        character, value = self._character[told], own[told]
        winner = votes.winner[character]
        unseen = self._at(self._hidden.get(trait))[told]
        same = np.array([[consensus.alike(trait, a, b) for b in options] for a in options], bool)[value, winner]
        verdict = np.select([value >= 0, unseen], [np.where(same, 0, 1), 2], 3)
        verdicts = pa.array([consensus.AGREES, consensus.DIFFERS, consensus.HIDDEN, consensus.FILLS])
        columns = {
            "attribute": pa.repeat(trait, len(told)),
            "consensus": pa.array(options).take(pa.array(winner)),
            "share": pa.array(votes.share[character].astype(np.float32)),
            "voters": pa.array(votes.voters[character].astype(np.int32)),
            "value": pa.array(options).take(pa.array(value, mask=value < 0)).fill_null(UNKNOWN),
            "verdict": verdicts.take(pa.array(verdict)),
        }
        differs = verdict == 1
        self._found.append(_Trait(told, columns, differs, self._dissents(trait, mine, told[differs], unseen[differs])))

    def _dissents(
        self, trait: str, mine: pa.Table, places: NDArray[np.int64], unseen: NDArray[np.bool_]
    ) -> list[Dissent]:
        """What is known of the pictures that disagree."""
        at = np.zeros(len(self._records), np.int64)
        at[mine["place"].to_numpy()] = np.arange(len(mine))
        sources = mine["sources"].take(pa.array(at[places])).to_pylist()
        return [
            Dissent(
                attribute=trait,
                disagreements=0,
                membership=float(self._membership[place]),
                words=any(source in WORDS for source in said),
                picture=any(source not in WORDS for source in said),
                costume=bool(self._costumed[place]),
                hidden=bool(hidden),
            )
            for place, said, hidden in zip(places.tolist(), sources, unseen.tolist(), strict=True)
        ]

    def table(self) -> pa.Table:
        """The rows, records in their order, with the likely reason of each disagreement."""
        if not self._found:
            return CLUSTER_CONSENSUS.arrow.empty_table()
        counts = np.zeros(len(self._records), np.int64)
        for trait in self._found:
            counts[trait.place[trait.differs]] += 1
        pieces = [self._piece(trait, counts) for trait in self._found]
        order = np.argsort(np.concatenate([trait.place for trait in self._found]), kind="stable")
        return pa.concat_tables(pieces).take(pa.array(order)).combine_chunks()

    def _piece(self, trait: _Trait, counts: NDArray[np.int64]) -> pa.Table:
        times = counts[trait.place[trait.differs]].tolist()
        why = [consensus.reason(replace(d, disagreements=n)) for d, n in zip(trait.dissents, times, strict=True)]
        line = np.cumsum(trait.differs) - 1
        columns = {
            "record_id": self._records.take(pa.array(trait.place)),
            "character_id": self._names.take(pa.array(self._character[trait.place])),
            **trait.columns,
            "reason": pa.array(why, pa.string()).take(pa.array(line, mask=~trait.differs)),
        }
        schema = CLUSTER_CONSENSUS.arrow
        return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


def _answers(
    answers: Collection, merged: Collection, records: pa.ChunkedArray, attributes: tuple[str, ...]
) -> pa.Table:
    """The decided answers about some records, with the words of copies where there are any; ``place`` is the record's row."""
    anew = merged.table(_ANSWER)
    replaced, places = _keys(anew).combine_chunks(), Places(records)
    whose = anew["record_id"].unique()
    kept = [_placed(decided(anew, attributes), places)]
    for batch in decided_answers(answers, _ANSWER, attributes):
        touched = among(batch["record_id"], whose)
        told = spelled(batch.filter(touched))
        stands = pc.invert(pc.is_in(_keys(told), value_set=replaced))  # pyright: ignore[reportAttributeAccessIssue]
        kept += [_placed(rows, places) for rows in (batch.filter(pc.invert(touched)), told.filter(stands))]  # pyright: ignore[reportAttributeAccessIssue]
    return pa.concat_tables(kept)


def _keys(answers: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(answers["record_id"], answers["attribute"], "\n")  # pyright: ignore[reportAttributeAccessIssue]


def _hidden(evidence: Collection, records: pa.ChunkedArray) -> dict[str, NDArray[np.int64]]:
    """Attribute to the rows of records whose words say that it cannot be seen."""
    read = evidence.coded(_WORDED, _BATCH)
    unknown = (spelled(batch.filter(among(batch["value"], pa.array([UNKNOWN])))) for batch in read)
    places = Places(records)
    unseen = [_placed(rows, places).select(["attribute", "place"]) for rows in gathered(unknown, _BATCH)]
    if not unseen:
        return {}
    told = pa.concat_tables(unseen)
    attributes = told["attribute"].unique().to_pylist()
    return {name: told.filter(pc.field("attribute") == name)["place"].to_numpy() for name in attributes}


def _placed(rows: pa.Table, records: Places) -> pa.Table:
    """The rows of records that have a place, with it in place of the record."""
    place = records.of(rows["record_id"])
    return rows.drop_columns("record_id").append_column("place", pa.array(place)).filter(pa.array(place >= 0))
