"""Character clusters: which of the kept pictures show the same character, over the whole collection.

What belongs here: which records take part. Not here: the clustering (``charassets.similarity.clusters``).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from itertools import count
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from charassets.attributes.vocabulary import load
from charassets.curation.claims import Cut, Tie
from charassets.curation.decisions import Decisions, replay
from charassets.curation.links import Links, settle
from charassets.curation.log import Edit
from charassets.curation.operations import NOBODY
from charassets.curation.snapshot import edits_of
from charassets.curation.unkept import unkept
from charassets.schema import (
    CHARACTER_ATTRIBUTES,
    CHARACTER_CLUSTERS,
    CLIP_EMBEDDINGS,
    EDITS,
    KNN_GRAPH,
    NEAR_DUPLICATES,
    RAW_SHARDS,
    SINGLE_CHARACTER_IMAGES,
    Table,
)
from charassets.settings import Settings
from charassets.similarity.clusters import ClusterRule, Clusters, character_id, cluster_vectors, likeness
from charassets.similarity.continuity import carried_over
from charassets.similarity.decided import decided
from charassets.similarity.joined import joined, looks, measured_anew
from charassets.similarity.stored import COLUMNS as GRAPH_COLUMNS
from charassets.similarity.stored import StoredGraph, read_graph
from charassets.similarity.sub_clusters import sub_clusters
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import HEAD_COLUMNS, gather, of_rows
from charassets.stages.carried_ids import HEEDED, carried, heeded, newly_said
from charassets.stages.cluster_health import CARRIED, UNKEPT
from charassets.stages.cluster_members import READS as MEMBER_READS
from charassets.stages.cluster_members import for_all, moments, views
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.known_traits import READS, TRAITS, traits_of


class CharacterClusters(CollectionStage):
    """Clusters one record of each duplicate group, frames of one moment as one, then does as people said.

    The other records are skipped: ``not_single``, ``duplicate`` or ``no_embedding``.
    """

    table: ClassVar[Table] = CHARACTER_CLUSTERS
    code_version: ClassVar[str] = "10"
    reads: ClassVar[Mapping[str, Reads]] = {
        NEAR_DUPLICATES.name: Reads(("record_id", "keeper", "group_id", "single")),
        KNN_GRAPH.name: Reads(GRAPH_COLUMNS),
        CLIP_EMBEDDINGS.name: Reads((*VECTOR_COLUMNS, "head_embedding")),
        EDITS.name: Reads(tuple(EDITS.arrow.names)),
        **READS,
        **MEMBER_READS,
    }
    continues: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        rule = settings.clusters
        self._rule = ClusterRule(rule.min_cluster_size, rule.min_samples, rule.max_share)
        self._head_weight, self._traits_weight, self._vocabulary = rule.head_weight, rule.traits_weight, load()

    def settings_read(self) -> Mapping[str, JsonValue]:
        """The cluster rule, the weights of heads and traits, and what the traits' values are."""
        weighed = {
            "head": self._head_weight,
            "weight": self._traits_weight,
            "traits": list(TRAITS),
            "vocabulary": self._vocabulary.digest,
        }
        return {"clusters": asdict(self._rule), "joined": weighed}

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every keeper that was embedded.

        Raises:
            CharassetsError: the shards were embedded by different models.
        """
        records = inputs[NEAR_DUPLICATES.name].table(["record_id", "keeper", "group_id", "single"])
        skipped = dict.fromkeys(records.filter(~pc.field("single"))["record_id"].to_pylist(), "not_single")
        records = records.filter(pc.field("single"))
        skipped.update(dict.fromkeys(records.filter(~pc.field("keeper"))["record_id"].to_pylist(), "duplicate"))
        stored = read_graph(inputs[KNN_GRAPH.name].batches(GRAPH_COLUMNS))
        keepers = records.filter(pc.field("keeper"))["record_id"].to_pylist()
        rows = stored.rows_of(keepers)
        skipped.update((keepers[i], "no_embedding") for i in np.flatnonzero(rows < 0))
        names = [keepers[i] for i in np.flatnonzero(rows >= 0)]
        rows = rows[rows >= 0]
        figures = gather(inputs[CLIP_EMBEDDINGS.name].batches(VECTOR_COLUMNS), names).values
        stands = moments(inputs[RAW_SHARDS.name], names, figures)
        standing = np.flatnonzero(stands == np.arange(len(stands)))
        graph = stored.graph.contracted(_keepers_of(stored, records, rows, stands), rows[standing])
        vectors = self._joined(figures, inputs, names)
        asked, chosen = [names[i] for i in standing], of_rows(vectors, standing)
        found = cluster_vectors(chosen, measured_anew(graph, chosen), asked, self._rule)
        edits = edits_of(inputs[EDITS.name].table(EDITS.arrow.names))
        told, last = heeded(edits), inputs.get(self.name)
        new = newly_said(told, last and last.beside(HEEDED))
        keeper_of = _keepers(edits, new, records, names, stands)
        now = replay(edits)
        said = _said(now, keeper_of)
        decisions = decided(found, chosen, asked, said.same, said.different, _shown(now, keeper_of))
        clusters = for_all(decisions, standing, stands)
        before = _names_before(last)
        parts = _Parts(
            sub_clusters(figures, clusters.label), views(inputs[SINGLE_CHARACTER_IMAGES.name], names), stands
        )
        rows = _rows(names, clusters, likeness(vectors, clusters), parts, before)
        at = dict(zip(names, rows["character_id"].to_pylist(), strict=True))
        held = {record: at[keeper] for record, keeper in keeper_of.items() if keeper in at}
        kept = carried(at, before, {keeper_of.get(record, record) for record in new})
        return Outcome(rows, skipped=skipped, extras={UNKEPT: unkept(edits, held), CARRIED: kept, HEEDED: told})

    def _joined(
        self, figures: NDArray[np.float16], inputs: Mapping[str, Collection], names: Sequence[str]
    ) -> NDArray[np.float16]:
        """Figures, heads and traits in one vector each."""
        heads = gather(inputs[CLIP_EMBEDDINGS.name].batches(HEAD_COLUMNS), names, "head_embedding")
        known = traits_of(inputs[CHARACTER_ATTRIBUTES.name], names, self._vocabulary)
        return joined(looks(figures, heads, self._head_weight), known, self._traits_weight)


@dataclass(frozen=True)
class _Parts:
    """What the n rows are within their character: sub-cluster, view, and the row of the frame whose moment each shows."""

    sub_cluster: NDArray[np.int64]
    view: list[str | None]
    stands: NDArray[np.int64]


def _keepers_of(
    stored: StoredGraph, records: pa.Table, rows: NDArray[np.int64], stands: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For every row of the graph the row of what stands for it, -1 where it is in no group or the keeper has no row.

    That is its group's keeper, or the frame of whose moment the keeper is (``stands``, places in ``rows``).
    """
    keeper = np.full(len(stored.record_ids), -1)
    member = stored.rows_of(records["record_id"])
    leader = stored.rows_of(records["group_id"])
    embedded = member >= 0
    keeper[member[embedded]] = leader[embedded]
    frame = np.arange(len(keeper))
    frame[rows] = rows[stands]
    return np.where(keeper >= 0, frame[keeper], -1)


def _keepers(
    edits: Sequence[Edit], new: Set[str], records: pa.Table, names: Sequence[str], stands: NDArray[np.int64]
) -> dict[str, str]:
    """Of the records that edits speak of and that are there: the picture that stands for each, often itself.

    Those of ``new`` are among them: an edit that was undone does not stand any more.
    """
    frame: dict[str, str] = {
        names[i]: names[int(standing)] for i, standing in enumerate(stands.tolist()) if i != standing
    }
    named = sorted(new | {record for edit in edits for _, record in edit.operation.claims().touched})
    copies = records.filter(pc.field("record_id").isin(pa.array(named, pa.string())))
    kept: dict[str, str] = dict(zip(copies["record_id"].to_pylist(), copies["group_id"].to_pylist(), strict=True))
    return {record: frame.get(keeper, keeper) for record, keeper in kept.items()}


def _shown(now: Decisions, keeper: Mapping[str, str]) -> dict[str, str | None]:
    """Whom people say the records show, in terms of keepers; of two words on copies of one picture the later."""
    said = sorted(now.identities.items(), key=lambda item: item[1].edit.seq)
    return {keeper.get(record, record): None if word.value == NOBODY else word.value for record, word in said}


def _said(now: Decisions, keeper: Mapping[str, str]) -> Links:
    """What people decided, in terms of keepers: a copy stands for the picture that is kept in its place."""
    said = now.characters

    def kept(group: frozenset[str]) -> frozenset[str]:
        return frozenset(keeper.get(record, record) for record in group)

    ties = [Tie("character", kept(group)) for group in said.same]
    cuts = [Cut("character", kept(left), kept(right)) for left, right in said.different]
    return settle([*cuts, *ties])  # copies of one picture may have been cut apart and tied: the tie is believed


def _names_before(before: Collection | None) -> dict[str, str]:
    """Record to the character it was in the run before; noise has none."""
    if before is None:
        return {}
    rows = before.table(["record_id", "character_id"])
    pairs = zip(rows["record_id"].to_pylist(), rows["character_id"].to_pylist(), strict=True)
    return {record: name for record, name in pairs if name is not None}


def _characters(records: list[str], clusters: Clusters, before: Mapping[str, str]) -> list[str]:
    """The name of every cluster: the one most of its members had before, else the next that was free."""
    members = [[records[i] for i in np.flatnonzero(clusters.label == label)] for label in range(clusters.count)]
    taken = set(before.values())
    free = (name for name in map(character_id, count()) if name not in taken)
    return [name or next(free) for name in carried_over(before, members)]


def _rows(
    records: list[str], clusters: Clusters, similarity: NDArray[np.float32], parts: _Parts, before: Mapping[str, str]
) -> pa.Table:
    called = _characters(records, clusters, before)
    names = [None if label < 0 else called[label] for label in clusters.label.tolist()]
    alike = pa.array(similarity, mask=np.isnan(similarity))
    part = pa.array(parts.sub_cluster.astype(np.int32), mask=parts.sub_cluster < 0)
    moment = [records[row] if row != k else None for k, row in enumerate(parts.stands.tolist())]
    columns = [records, names, clusters.probability, clusters.representative, alike, part, parts.view, moment]
    return pa.table(columns, schema=CHARACTER_CLUSTERS.arrow)
