"""Character clusters: which of the kept pictures show the same character, over the whole collection.

What belongs here: which records take part. Not here: the clustering (``charassets.similarity.clusters``).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
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
from charassets.similarity.continuity import Forebears
from charassets.similarity.decided import decided
from charassets.similarity.joined import joined, looks, measured_anew
from charassets.similarity.places import Places
from charassets.similarity.stored import COLUMNS as GRAPH_COLUMNS
from charassets.similarity.stored import StoredGraph, read_graph
from charassets.similarity.sub_clusters import sub_clusters
from charassets.similarity.vectors import COLUMNS as VECTOR_COLUMNS
from charassets.similarity.vectors import WITH_HEADS, Vectors, gather_each, of_rows, one_thread
from charassets.stages.carried_ids import HEEDED, carried, heeded, newly_said
from charassets.stages.cluster_health import CARRIED, UNKEPT
from charassets.stages.cluster_members import READS as MEMBER_READS
from charassets.stages.cluster_members import for_all, moments, views
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads
from charassets.stages.known_traits import READS, TRAITS, traits_of

_ROW = ("record_id", "character_id")


class CharacterClusters(CollectionStage):
    """Clusters one record of each duplicate group, frames of one moment as one, then does as people said.

    The other records are skipped: ``not_single``, ``duplicate`` or ``no_embedding``.
    """

    table: ClassVar[Table] = CHARACTER_CLUSTERS
    code_version: ClassVar[str] = "11"
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

    @one_thread()
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
        keepers = records.filter(pc.field("keeper"))["record_id"].combine_chunks()
        rows = stored.rows_of(keepers)
        skipped.update(dict.fromkeys(keepers.filter(pa.array(rows < 0)).to_pylist(), "no_embedding"))
        names, rows = keepers.filter(pa.array(rows >= 0)), rows[rows >= 0]
        whole, heads = gather_each(inputs[CLIP_EMBEDDINGS.name].batches, names, WITH_HEADS)
        figures = whole.values
        stands = moments(inputs[RAW_SHARDS.name], names, figures)
        standing = np.flatnonzero(stands == np.arange(len(stands)))
        graph = stored.graph.contracted(_keepers_of(stored, records, rows, stands), rows[standing])
        vectors = self._joined(figures, heads, inputs[CHARACTER_ATTRIBUTES.name], names)
        asked, chosen = names.take(pa.array(standing)), of_rows(vectors, standing)
        found = cluster_vectors(chosen, measured_anew(graph, chosen), asked, self._rule)
        edits = edits_of(inputs[EDITS.name].table(EDITS.arrow.names))
        told, last = heeded(edits), inputs.get(self.name)
        new = newly_said(told, last and last.beside(HEEDED))
        keeper_of = _keepers(edits, new, records, names, stands)
        now = replay(edits)
        said = _said(now, keeper_of)
        decisions = decided(found, chosen, asked, said.same, said.different, _shown(now, keeper_of))
        clusters = for_all(decisions, standing, stands)
        earlier = None if last is None else last.table(_ROW)
        before = Forebears.read(names, earlier)
        called = before.called(clusters.label, clusters.count, character_id)
        parts = _Parts(
            sub_clusters(figures, clusters.label), views(inputs[SINGLE_CHARACTER_IMAGES.name], names), stands
        )
        rows = _rows(names, called, clusters, likeness(vectors, clusters), parts)
        held = _held(keeper_of, rows)
        kept = carried(rows.select(_ROW), earlier, {keeper_of.get(record, record) for record in new})
        return Outcome(rows, skipped=skipped, extras={UNKEPT: unkept(edits, held), CARRIED: kept, HEEDED: told})

    def _joined(
        self, figures: NDArray[np.float16], heads: Vectors, answers: Collection, names: pa.Array
    ) -> NDArray[np.float16]:
        """Figures, heads and traits in one vector each."""
        known = traits_of(answers, names, self._vocabulary)
        return joined(looks(figures, heads, self._head_weight), known, self._traits_weight)


@dataclass(frozen=True)
class _Parts:
    """What the n rows are within their character: sub-cluster, view, and the row of the frame whose moment each shows."""

    sub_cluster: NDArray[np.int64]
    view: pa.Array
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
    edits: Sequence[Edit], new: Set[str], records: pa.Table, names: pa.Array, stands: NDArray[np.int64]
) -> dict[str, str]:
    """Of the records that edits speak of and that are there: the picture that stands for each, often itself.

    Those of ``new`` are among them: an edit that was undone does not stand any more.
    """
    named = sorted(new | {record for edit in edits for _, record in edit.operation.claims().touched})
    copies = records.filter(pc.field("record_id").isin(pa.array(named, pa.string())))
    row = Places(names).of(copies["group_id"])
    frame = names.take(pa.array(np.append(stands, -1)[row], mask=row < 0))
    standing = pc.coalesce(frame, copies["group_id"].combine_chunks())  # pyright: ignore[reportAttributeAccessIssue]
    return dict(zip(copies["record_id"].to_pylist(), standing.to_pylist(), strict=True))


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


def _held(keeper_of: Mapping[str, str], rows: pa.Table) -> dict[str, str | None]:
    """The character of each record whose keeper has a row."""
    row = Places(rows["record_id"]).of(pa.array(list(keeper_of.values()), pa.string()))
    found = rows["character_id"].take(pa.array(row, mask=row < 0)).to_pylist()
    return {record: at for record, at, there in zip(keeper_of, found, (row >= 0).tolist(), strict=True) if there}


def _rows(
    records: pa.Array, called: Sequence[str], clusters: Clusters, similarity: NDArray[np.float32], parts: _Parts
) -> pa.Table:
    names = pa.array(called, pa.string()).take(pa.array(clusters.label, mask=clusters.label < 0))
    alike = pa.array(similarity, mask=np.isnan(similarity))
    part = pa.array(parts.sub_cluster.astype(np.int32), mask=parts.sub_cluster < 0)
    moment = records.take(pa.array(parts.stands, mask=parts.stands == np.arange(len(parts.stands))))
    columns = [records, names, clusters.probability, clusters.representative, alike, part, parts.view, moment]
    return pa.table(columns, schema=CHARACTER_CLUSTERS.arrow)
