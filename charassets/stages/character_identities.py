"""Character identities: which character of the workspace's gallery each picture shows.

What belongs here: the stage: gathering what is known of the records of a batch. Not here: recognising
(``charassets.identity.recognition``). The gallery is an artefact: only a new version of it makes this table stale.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.errors import CharassetsError
from charassets.identity import shelf
from charassets.identity.drawings import Picture
from charassets.identity.recognition import Identified, Recogniser, Shown
from charassets.identity.traits import encoded
from charassets.lake.store import Store
from charassets.lake.workspace import Workspace
from charassets.schema import (
    CHARACTER_ATTRIBUTES,
    CHARACTER_IDENTITIES,
    CLIP_EMBEDDINGS,
    SINGLE_CHARACTER_IMAGES,
    Table,
)
from charassets.settings import Settings
from charassets.similarity.judgement import VERSION as JUDGEMENT
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage

_PICTURES = ("phash", "phash_mirrored", "signatures", "signatures_mirrored", "preview")
_ANSWERS = ("attribute", "value", "confidence", "status")


class CharacterIdentities(Stage):
    """Recognises the characters of the gallery in force.

    Without one every record is skipped as ``no_gallery``, and what another embedder embedded than the gallery's references as
    ``other_embedder``: a new model must not stop a run because of an old gallery.
    """

    table: ClassVar[Table] = CHARACTER_IDENTITIES
    code_version: ClassVar[str] = f"3.{JUDGEMENT}"
    reads: ClassVar[Mapping[str, Reads]] = {
        CLIP_EMBEDDINGS.name: Reads(
            ("crop_id", "model", "embedding", "head_embedding"), key=("crop_id", "model", "head_embedding")
        ),
        SINGLE_CHARACTER_IMAGES.name: Reads(("crop_id", "image_id", *_PICTURES), key=("crop_id", "image_id")),
        CHARACTER_ATTRIBUTES.name: Reads(_ANSWERS),
    }

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def uses_gpu(self) -> bool:
        """The embedder, which looks at heads."""
        return True

    def settings_read(self) -> Mapping[str, JsonValue]:
        """Metric, and when to doubt; what made the gallery is in its digest."""
        identity = self._settings.identity
        return {name: getattr(identity, name) for name in ("metric", "tags", "doubt", "drawings")}

    def weights(self) -> Mapping[str, str]:
        """The gallery in force."""
        return {"gallery": shelf.digest_in_force(self._store) or "none"}

    def process(self, batches: Iterator[Batch]) -> Iterator[Outcome]:
        """Answer every batch.

        Raises:
            VerificationError: the gallery is damaged.
        """
        shelved = shelf.current(self._store)
        recogniser = None if shelved is None else Recogniser(shelved.gallery, self._settings.identity)
        for batch in batches:
            if recogniser is None:
                yield Outcome(self.schema.empty_table(), skipped=dict.fromkeys(batch.record_ids, "no_gallery"))
            elif batch.records["model"].unique().to_pylist() != [recogniser.gallery.model]:
                yield Outcome(self.schema.empty_table(), skipped=dict.fromkeys(batch.record_ids, "other_embedder"))
            else:
                shown = self.shown(batch)
                yield Outcome(to_table(batch.record_ids, recogniser.identify(shown)))

    @cached_property
    def _store(self) -> Store:
        return Workspace.of(self._settings).open_lake().store

    def shown(self, batch: Batch) -> Shown:
        """What is known of the records of a batch."""
        ids = batch.record_ids
        side = batch.sides[SINGLE_CHARACTER_IMAGES.name].select(["record_id", *_PICTURES])
        rows = {row["record_id"]: row for row in side.to_pylist()}
        figure, head = _vectors(batch.records)
        facts = batch.sides[CHARACTER_ATTRIBUTES.name].select(["record_id", *_ANSWERS])
        told = zip(*(facts.column(name).to_pylist() for name in facts.column_names), strict=True)
        found = [rows.get(record, {}) for record in ids]
        return Shown(figure, head, encoded(told, ids), [_picture(row) for row in found])


def checked_model(recogniser: Recogniser, models: list[str]) -> None:
    """Refuse pictures that another embedder embedded than the gallery's references.

    Raises:
        CharassetsError: they were.
    """
    if models != [recogniser.gallery.model]:
        raise CharassetsError(
            f"the gallery was made with {recogniser.gallery.model}, the pictures were embedded by {', '.join(models)}",
            where="gallery",
            todo="use the profile it was made with, or `charassets gallery add --anew`",
        )


def to_table(ids: list[str], found: list[Identified]) -> pa.Table:
    """Rows of the table."""
    columns = CHARACTER_IDENTITIES.arrow.names[1:]
    values: dict[str, list[Any]] = {
        name: [getattr(one, name) for one in found] for name in columns if name != "candidates"
    }
    values["candidates"] = [[vars(candidate) for candidate in one.candidates] for one in found]
    return pa.table({"record_id": ids, **{name: values[name] for name in columns}}, schema=CHARACTER_IDENTITIES.arrow)


def _picture(row: Mapping[str, Any]) -> Picture | None:
    if row.get("preview") is None or row.get("phash") is None:
        return None
    empty = b""
    return Picture(
        row["phash"],
        row["phash_mirrored"],
        row["signatures"] or empty,
        row["signatures_mirrored"] or empty,
        row["preview"],
    )


def _vectors(records: pa.Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Figures and heads, (n, d) each; the head's are zero where none was seen."""
    figures, heads = (records[name].to_pylist() for name in ("embedding", "head_embedding"))
    silent = bytes(len(figures[0])) if figures else b""
    figure, head = (
        np.frombuffer(b"".join(column), "<f2").astype(np.float32).reshape(len(figures), -1)
        for column in (figures, [silent if vector is None else vector for vector in heads])
    )
    return figure, head
