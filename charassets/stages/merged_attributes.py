"""Merged attributes: what the words of dropped copies add to the record that was kept of them.

What belongs here: the stage. Not here: which words a keeper takes (``charassets.attributes.merging``), how evidence becomes an
answer (``charassets.attributes.fusion``), and which copies there are (``near_duplicates``). A collection table: no per-shard
stage reads it, so that tonight's groups make no shard stale; the warehouse lays its rows over ``character_attributes``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from charassets.attributes.evidence import COLUMNS
from charassets.attributes.fusion import fuse_table
from charassets.attributes.fusion_files import Learnt, in_force
from charassets.attributes.merging import VERSION, added_words
from charassets.attributes.vocabulary import load
from charassets.lake.workspace import Workspace
from charassets.schema import MERGED_ATTRIBUTES, NEAR_DUPLICATES, TAG_EVIDENCE, VISUAL_EVIDENCE, Table
from charassets.settings import Settings
from charassets.similarity.batches import among, gathered, spelled
from charassets.similarity.places import Places
from charassets.stages.contract import Collection, CollectionStage, JsonValue, Outcome, Reads

_STARS = ("record_id", "group_id", "keeper", "single", "grey")
_EVIDENCE = ("record_id", *COLUMNS)
_READ_AT_ONCE = 65_536
_FUSED_AT_ONCE = 16_384  # records; a ballot holds their options times their sources


class MergedAttributes(CollectionStage):
    """Fuses the attributes to which copies add words once more, with those words.

    Skips: ``no_copies`` (nothing was dropped for it), ``copy`` (dropped itself), ``nothing_added`` (its copies' words say
    nothing that its own do not settle).
    """

    table: ClassVar[Table] = MERGED_ATTRIBUTES
    code_version: ClassVar[str] = f"1.{VERSION}"
    reads: ClassVar[Mapping[str, Reads]] = {
        NEAR_DUPLICATES.name: Reads(_STARS),
        TAG_EVIDENCE.name: Reads(COLUMNS),
        VISUAL_EVIDENCE.name: Reads(COLUMNS),
    }

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.attributes
        self._vocabulary = load()
        self._workspace = Workspace.of(settings)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Thresholds and vocabulary, as for ``character_attributes``."""
        return {"vocabulary": self._vocabulary.digest, **self._settings.model_dump()}

    def weights(self) -> Mapping[str, str]:
        """What fusion has learnt."""
        return dict(self._learnt.digests)

    def compute(self, inputs: Mapping[str, Collection]) -> Outcome:
        """A row for every attribute of a keeper to which words of its copies were added.

        Raises:
            VerificationError: a promoted artefact is damaged.
        """
        stars = inputs[NEAR_DUPLICATES.name].table(_STARS)
        words = _of(inputs[TAG_EVIDENCE.name], _touched(stars))
        added = added_words(stars, words, self._vocabulary)
        own = pa.concat_tables([words, _of(inputs[VISUAL_EVIDENCE.name], added["record_id"].unique())])
        rows = pa.concat_tables([MERGED_ATTRIBUTES.arrow.empty_table(), *self._fused(added, own)])
        place = pc.index_in(rows["record_id"], value_set=stars["record_id"].combine_chunks())  # pyright: ignore[reportAttributeAccessIssue]
        rows = rows.take(pa.array(np.argsort(place.to_numpy(), kind="stable")))
        return Outcome(rows, skipped=_skipped(stars, rows["record_id"].unique()))

    def _fused(self, added: pa.Table, own: pa.Table) -> Iterator[pa.Table]:
        """The answers, an attribute at a time: of a keeper only those are counted again that anything was added to."""
        for name, attribute in self._vocabulary.attributes.items():
            asked = pc.field("attribute") == name
            more, before = added.filter(asked), own.filter(asked)
            alone = replace(self._vocabulary, attributes={name: attribute})
            keepers = more["record_id"].unique()
            for start in range(0, len(keepers), _FUSED_AT_ONCE):
                some = keepers[start : start + _FUSED_AT_ONCE]
                mine = pc.field("record_id").isin(some)
                merged = more.filter(mine)
                evidence = pa.concat_tables([before.filter(mine), merged.select(_EVIDENCE)])
                answers = fuse_table(evidence, some.to_pylist(), self._settings, alone, self._learnt.model)
                yield _with_origin(answers, merged)

    @cached_property
    def _learnt(self) -> Learnt:
        """What is in force, read once a run."""
        return in_force(self._workspace.open_lake().store)


def _touched(stars: pa.Table) -> pa.Array:
    """Dropped copies and the keepers they were dropped for."""
    dropped = stars.filter(~pc.field("keeper"))
    return pa.chunked_array([*dropped["record_id"].chunks, *dropped["group_id"].chunks], pa.string()).unique()


def _of(evidence: Collection, records: pa.Array) -> pa.Table:
    """The evidence about some records."""
    schema = TAG_EVIDENCE.arrow
    kept = [schema.empty_table().select(_EVIDENCE)]
    for batch in gathered(evidence.coded(_EVIDENCE, _READ_AT_ONCE), _READ_AT_ONCE):
        kept.append(spelled(batch.select(_EVIDENCE).filter(among(batch["record_id"], records))))
    return pa.concat_tables(kept).combine_chunks()


def _with_origin(answers: pa.Table, merged: pa.Table) -> pa.Table:
    """Answers about one attribute with the copies whose words were added, and the words."""
    ordered = merged.sort_by([("record_id", "ascending"), ("copy", "ascending"), ("detail", "ascending")])
    told = ordered.group_by("record_id", use_threads=False).aggregate([("copy", "list"), ("detail", "list")])
    place = pc.index_in(answers["record_id"], value_set=told["record_id"].combine_chunks())  # pyright: ignore[reportAttributeAccessIssue]
    copies, words = (told[name].take(place).to_pylist() for name in ("copy_list", "detail_list"))
    columns = [*answers.columns, pa.array([sorted(set(names)) for names in copies]), pa.array(words)]
    return pa.table(columns, names=MERGED_ATTRIBUTES.arrow.names).cast(MERGED_ATTRIBUTES.arrow)


def _skipped(stars: pa.Table, told: pa.Array) -> dict[str, str]:
    """Why each record without a row has none, in the order of the stars."""
    dropped = ~stars["keeper"].to_numpy()
    with_copies = Places(stars["group_id"].filter(pa.array(dropped)).unique()).of(stars["record_id"]) >= 0
    silent = np.flatnonzero(Places(told).of(stars["record_id"]) < 0)
    code = np.select([dropped, with_copies], [0, 1], 2)[silent]
    codes = pa.array(["copy", "nothing_added", "no_copies"]).take(pa.array(code))
    return dict(zip(stars["record_id"].take(pa.array(silent)).to_pylist(), codes.to_pylist(), strict=True))
