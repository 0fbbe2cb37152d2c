"""A folder of pictures with labels: the labels read, and the evidence the pipeline gathers about the pictures.

What belongs here: the label file's format, and the pipeline's own stages run over the folder. Not here: what is measured
(``charassets.evaluation``) or fitted (``fusion``) on the result.

``labels.jsonl`` has a line a picture: ``file`` (path below the folder), ``attributes`` (name to the right value, to a list of
values that are all acceptable - of a multi-valued attribute: that all hold - or to ``Unknown`` where it cannot be seen; what was
not judged is left out) and optionally ``identity``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes.vocabulary import UNKNOWN, Attribute, Vocabulary
from charassets.errors import SourceError
from charassets.lake.workspace import Workspace
from charassets.schema import CLIP_EMBEDDINGS, RAW_SHARDS, TAG_EVIDENCE, VISUAL_EVIDENCE
from charassets.settings import Settings
from charassets.sources.intake import take_in
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import run_stage

LABELS = "labels.jsonl"

_STAGES = ("raw_shards", "single_character_images", "clip_embeddings", "tag_evidence", "visual_evidence")
_SHARD = 2_500


@dataclass(frozen=True)
class Truth:
    """The right answers to one attribute of n records.

    Attributes:
        attribute: attribute of the vocabulary.
        options: its values, ``Unknown`` last.
        accepted: (n, options) bool, every right answer; of a multi-valued attribute the values that hold.
        judged: (n,) bool, records somebody judged.
    """

    attribute: Attribute
    options: tuple[str, ...]
    accepted: NDArray[np.bool_]
    judged: NDArray[np.bool_]


@dataclass(frozen=True)
class Labelled:
    """Labels of pictures by file name."""

    files: tuple[str, ...]
    identities: tuple[str, ...]
    attributes: tuple[Mapping[str, frozenset[str]], ...]

    def take(self, chosen: Sequence[int] | NDArray[np.int64]) -> "Labelled":
        """Some of them, in that order."""
        return Labelled(
            tuple(self.files[i] for i in chosen),
            tuple(self.identities[i] for i in chosen),
            tuple(self.attributes[i] for i in chosen),
        )

    def truths(self, vocabulary: Vocabulary) -> dict[str, Truth]:
        """The right answers of every attribute of the vocabulary, in its order."""
        return {name: self._truth(attribute) for name, attribute in vocabulary.attributes.items()}

    def _truth(self, attribute: Attribute) -> Truth:
        options = (*(value.name for value in attribute.values), UNKNOWN)
        accepted = np.zeros((len(self.files), len(options)), np.bool_)
        judged = np.zeros(len(self.files), np.bool_)
        column = {option: k for k, option in enumerate(options)}
        for row, said in enumerate(self.attributes):
            right = said.get(attribute.name)
            if right is not None:
                judged[row] = True
                accepted[row, [column[value] for value in right if value in column]] = True
        return Truth(attribute, options, accepted, judged)


@dataclass(frozen=True)
class Gathered:
    """What the pipeline says of a labelled folder's pictures.

    Attributes:
        labels: of the n pictures that became records.
        record_ids: their records, in the same order.
        words: ``record_id``, ``tags`` and ``description`` as they came.
        said: rows of ``tag_evidence``. seen: rows of ``visual_evidence``.
        embeddings: (n, dim) float32; rows of zeros for pictures that gave none.
    """

    labels: Labelled
    record_ids: tuple[str, ...]
    words: pa.Table
    said: pa.Table
    seen: pa.Table
    embeddings: NDArray[np.float32]


def read_labels(folder: Path) -> Labelled:
    """The labels of a folder.

    Raises:
        SourceError: there are none, or a line is no label.
    """
    path = folder / LABELS
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        files = tuple(str(line["file"]) for line in lines)
        who = tuple(str(line.get("identity", line["file"])) for line in lines)
        said = tuple({name: _accepted(value) for name, value in line["attributes"].items()} for line in lines)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"labels cannot be read: {' '.join(str(error).split())[:120]}",
            where=str(path),
            todo='write a line a picture: {"file": "a.png", "attributes": {"Hair Color": "Blonde"}}',
        ) from error
    return Labelled(files, who, said)


def gather(folder: Path, labels: Labelled, settings: Settings) -> Gathered:
    """Run the per-shard stages over a folder, in the workspace of the settings; what was computed before is reused.

    Args:
        folder: the pictures with their sidecars.
        labels: theirs.
        settings: models and workspace; the folder is their one source.
    """
    source = {"name": "labelled", "path": str(folder)}
    settings = Settings.model_validate({**settings.model_dump(), "sources": [source], "shards": {"records": _SHARD}})
    workspace = Workspace.of(settings)
    lake = workspace.open_lake()
    with workspace.locked():
        change = take_in(settings, lake).change
        stages = shard_stages(settings)
        for shard in change.shards:
            for name in _STAGES:
                run_stage(stages[name], shard, lake)
    raw = _table(lake.fragments(RAW_SHARDS.name), ["record_id", "item_key", "tags", "description"])
    place = {key: number for number, key in enumerate(raw["item_key"].to_pylist())}
    chosen = [k for k, file in enumerate(labels.files) if file in place]
    records = raw["record_id"].to_pylist()
    ids = tuple(records[place[labels.files[k]]] for k in chosen)
    columns = ["record_id", "attribute", "value", "score", "source", "detail"]
    return Gathered(
        labels.take(chosen),
        ids,
        raw.select(["record_id", "tags", "description"]),
        _table(lake.fragments(TAG_EVIDENCE.name), columns),
        _table(lake.fragments(VISUAL_EVIDENCE.name), columns),
        _vectors(_table(lake.fragments(CLIP_EMBEDDINGS.name), ["record_id", "embedding"]), ids),
    )


def _accepted(value: str | Sequence[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


def _table(fragments: Sequence, columns: list[str]) -> pa.Table:
    return pa.concat_tables([fragment.read(columns).select(columns) for fragment in fragments])


def _vectors(embedded: pa.Table, ids: Sequence[str]) -> NDArray[np.float32]:
    rows = embedded["embedding"].to_pylist()
    place = {record: k for k, record in enumerate(embedded["record_id"].to_pylist())}
    dim = len(rows[0]) // 2 if rows else 0
    answer = np.zeros((len(ids), dim), np.float32)
    for number, record in enumerate(ids):
        if record in place:
            answer[number] = np.frombuffer(rows[place[record]], "<f2")
    return answer
