"""Probes: light classifiers on embeddings, trained on the collection's own tags, as an evidence source.

What belongs here: the file of probes, asking them, the source. Not here: training them (``charassets.training.probe_lessons``).

The artefact is called ``heads``: one linear head an attribute on the frozen embedding. A safetensors file holds a matrix and an
offset an attribute, its metadata the options and the temperature, and the embedder that it belongs to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.evidence import Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.vocabulary import Vocabulary
from charassets.errors import VerificationError
from charassets.lake import artefacts
from charassets.lake.workspace import Workspace
from charassets.models.weights import find_embedder
from charassets.settings import Settings

HEADS = "heads"
"""Name of the artefact."""

PROBE = "probe"
"""The source of their answers."""

FLOOR = 0.1
"""Answers below this probability are not kept."""

_TOP = 2
_DECIMALS = 3


@dataclass(frozen=True, eq=False)
class Probe:
    """The classifier of one attribute.

    Attributes:
        options: values of the vocabulary.
        weights: (options, dim) float32. offsets: (options,) float32.
        temperature: what logits are divided by, fitted on tags that were held out.
        n: tagged pictures it was trained on.
        right: share right on tags that were held out.
    """

    options: tuple[str, ...]
    weights: NDArray[np.float32]
    offsets: NDArray[np.float32]
    temperature: float
    n: int
    right: float

    def chances(self, embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, options) probabilities of (n, dim) unit-norm embeddings."""
        # In float32 the last digits depend on how many pictures are multiplied at once.
        logits = embeddings.astype(np.float64) @ self.weights.T.astype(np.float64) + self.offsets
        powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / self.temperature)
        return powers / powers.sum(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Probes:
    """All probes of a collection, and the embedder whose embeddings they read."""

    embedder: str
    probes: Mapping[str, Probe]


def to_bytes(found: Probes) -> bytes:
    """The safetensors file."""
    from safetensors.numpy import save

    tensors = {f"{a}/weights": p.weights for a, p in found.probes.items()}
    tensors |= {f"{a}/offsets": p.offsets for a, p in found.probes.items()}
    facts = {
        a: {"options": p.options, "temperature": p.temperature, "n": p.n, "right": p.right}
        for a, p in found.probes.items()
    }
    return save(tensors, {"embedder": found.embedder, "probes": json.dumps(facts)})


def from_bytes(content: bytes) -> Probes:
    """What ``to_bytes`` wrote.

    Raises:
        VerificationError: it is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
        tensors = load(content)
        facts = json.loads(header["probes"])
        probes = {
            a: Probe(
                tuple(f["options"]),
                tensors[f"{a}/weights"],
                tensors[f"{a}/offsets"],
                f["temperature"],
                f["n"],
                f["right"],
            )
            for a, f in facts.items()
        }
        return Probes(header["embedder"], probes)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise VerificationError(
            f"the heads in force cannot be read: {' '.join(str(error).split())[:120]}",
            where=HEADS,
            todo=f"materialize {HEADS} again",
        ) from error


def embedder_of(settings: Settings) -> str:
    """What ties probes to an embedder: the digest of its weights."""
    return find_embedder(settings.embedder).sha256


class ProbeSource:
    """Asks the promoted probes of the workspace; silent where there are none, or where they belong to another embedder."""

    source = PROBE
    needs_pixels = False

    def __init__(self, settings: Settings, vocabulary: Vocabulary) -> None:
        self._settings, self._vocabulary = settings, vocabulary

    def settings_read(self) -> Mapping[str, JsonValue]:
        """None: the artefact's digest says everything."""
        return {}

    def weights(self) -> Mapping[str, str]:
        """The artefact in force: only a promotion makes evidence stale."""
        return {HEADS: self._artefact.digest} if self._artefact is not None else {}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of what each embedding shows."""
        found: list[list[Evidence]] = [[] for _ in subjects]
        rows = [k for k, subject in enumerate(subjects) if subject.embedding is not None]
        if self._probes is None or not rows:
            return found
        embeddings = np.stack([np.asarray(subjects[k].embedding) for k in rows])
        for attribute, probe in self._probes.probes.items():
            if attribute not in self._vocabulary.attributes or embeddings.shape[1] != probe.weights.shape[1]:
                continue
            known = {value.name for value in self._vocabulary.attributes[attribute].values}
            detail = f"learnt from {probe.n} tagged pictures, right on {probe.right:.0%} of others"
            for k, chances in zip(rows, probe.chances(embeddings), strict=True):
                found[k] += _kept(attribute, probe, chances, detail, known)
        return found

    @cached_property
    def _artefact(self) -> artefacts.Artefact | None:
        return artefacts.current(Workspace.of(self._settings).open_lake().store, HEADS)

    @cached_property
    def _probes(self) -> Probes | None:
        if self._artefact is None:
            return None
        found = from_bytes(self._artefact.content)
        return found if found.embedder == embedder_of(self._settings) else None


def _kept(attribute: str, probe: Probe, chances: NDArray[np.float64], detail: str, known: set[str]) -> list[Evidence]:
    best = np.argsort(-chances, kind="stable")[:_TOP]
    return [
        Evidence(attribute, probe.options[k], round(float(chances[k]), _DECIMALS), PROBE, detail)
        for k in best
        if chances[k] >= FLOOR and probe.options[k] in known
    ]
