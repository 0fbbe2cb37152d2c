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

from charassets.errors import CharassetsError, Rejected
from charassets.identity import shelf
from charassets.identity.drawings import Picture
from charassets.identity.recognition import Identified, Recogniser, Shown, head_of
from charassets.identity.traits import encoded
from charassets.images.decode import decode
from charassets.lake.store import Store
from charassets.lake.workspace import Workspace
from charassets.models.registry import load_embedder
from charassets.schema import (
    CHARACTER_ATTRIBUTES,
    CHARACTER_IDENTITIES,
    CLIP_EMBEDDINGS,
    SINGLE_CHARACTER_IMAGES,
    Table,
)
from charassets.settings import ImageSettings, Settings
from charassets.stages.contract import Batch, JsonValue, Outcome, Reads, Stage

_CROP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)  # crops are our own, and narrow ones have been let through
_PICTURES = ("crop", "head_box", "phash", "phash_mirrored", "signatures", "signatures_mirrored", "preview")
_ANSWERS = ("attribute", "value", "confidence", "status")


class CharacterIdentities(Stage):
    """Recognises the characters of the gallery in force.

    Without one every record is skipped as ``no_gallery``, and what another embedder embedded than the gallery's references as
    ``other_embedder``: a new model must not stop a run because of an old gallery.
    """

    table: ClassVar[Table] = CHARACTER_IDENTITIES
    code_version: ClassVar[str] = "2"
    reads: ClassVar[Mapping[str, Reads]] = {
        CLIP_EMBEDDINGS.name: Reads(("crop_id", "model", "embedding"), key=("crop_id", "model")),
        SINGLE_CHARACTER_IMAGES.name: Reads(
            ("crop_id", "image_id", *_PICTURES), key=("crop_id", "image_id", "head_box")
        ),
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
        return {"metric": identity.metric, "tags": identity.tags, "doubt": identity.doubt}

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
        figure = np.stack([np.frombuffer(v, "<f2") for v in batch.records["embedding"].to_pylist()]).astype(np.float32)
        facts = batch.sides[CHARACTER_ATTRIBUTES.name].select(["record_id", *_ANSWERS])
        told = zip(*(facts.column(name).to_pylist() for name in facts.column_names), strict=True)
        found = [rows.get(record, {}) for record in ids]
        return Shown(figure, self._heads(found, figure.shape[1]), encoded(told, ids), [_picture(row) for row in found])

    def _heads(self, rows: list[dict[str, Any]], dim: int) -> NDArray[np.float32]:
        vectors = np.zeros((len(rows), dim), np.float32)
        heads = [(i, head) for i, row in enumerate(rows) if (head := _head(row)) is not None]
        if heads:
            embedder = load_embedder(self._settings.embedder, self._settings.device)
            vectors[[i for i, _ in heads]] = embedder.embed_images([head for _, head in heads])
        return vectors


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


def _head(row: Mapping[str, Any]) -> NDArray[np.uint8] | None:
    if row.get("crop") is None or row.get("head_box") is None:
        return None
    try:
        return head_of(decode(row["crop"], _CROP_LIMITS).pixels, row["head_box"])
    except Rejected:
        return None
