"""Galleries on disk: every version is kept, one is in force, and an older one can be put back.

What belongs here: the file and its versions. Not here: what is in it (``gallery``).

A version is one Parquet file, named by the digest of its bytes: a row a reference picture, and the rules as JSON in its metadata.
No pickle is written or read.
"""

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from charassets.errors import UsageError, VerificationError
from charassets.identity.calibration import Rule, Trial
from charassets.identity.gallery import Gallery
from charassets.identity.references import REFERENCES
from charassets.lake import artefacts
from charassets.lake.store import Store

NAME = "gallery"
"""Of the artefact."""

_KEY = b"charassets"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Shelved:
    """A version of the gallery.

    Attributes:
        digest: names it.
        gallery: what it holds.
        passed_over: edits that are not to become references: they were taken back with the version that held them.
        notes: what was told when it was put in force.
    """

    digest: str
    gallery: Gallery
    passed_over: frozenset[str]
    notes: Mapping[str, Any]


def current(store: Store) -> Shelved | None:
    """The gallery in force; None where there is none.

    Raises:
        VerificationError: it is damaged, or of another version of the code.
    """
    found = artefacts.current(store, NAME)
    if found is None:
        return None
    return Shelved(found.digest, parsed(found.content), frozenset(found.notes.get("passed_over", ())), found.notes)


def digest_in_force(store: Store) -> str | None:
    """The name of the version in force, without reading it."""
    return artefacts.digest_in_force(store, NAME)


def put(
    store: Store,
    gallery: Gallery,
    why: str,
    figures: Mapping[str, Any] | None = None,
    passed_over: frozenset[str] = frozenset(),
) -> Shelved:
    """Put a gallery in force; the versions before stay."""
    return _promoted(store, gallery, written(gallery), why, figures or {}, passed_over)


def versions(store: Store) -> list[artefacts.Version]:
    """Every version that was ever put in force, the latest last."""
    return artefacts.history(store, NAME)


def put_back(store: Store, digest: str, passed_over: frozenset[str], why: str) -> Shelved:
    """Put an older version in force again.

    Args:
        store: the lake's.
        digest: the version, or its first digits.
        passed_over: edits that stand now and are not to become references, until somebody puts a later version in force.
        why: for the history.

    Raises:
        UsageError: there is no such version.
        VerificationError: it is damaged.
    """
    known = {version.digest for version in versions(store)}
    chosen = sorted(known if not digest else {name for name in known if name.startswith(digest)})
    if len(chosen) != 1:
        raise UsageError(
            f"{len(chosen)} versions of the gallery begin with {digest[:40]!r}",
            where="gallery",
            todo="`charassets gallery list --versions` shows them",
        )
    content = artefacts.content_of(store, NAME, chosen[0])
    return _promoted(store, parsed(content), content, why, {}, passed_over)


def _promoted(
    store: Store, gallery: Gallery, content: bytes, why: str, figures: Mapping[str, Any], passed_over: frozenset[str]
) -> Shelved:
    size = {"characters": len(gallery.names), "references": gallery.references.num_rows}
    notes = {"why": why, **size, "passed_over": sorted(passed_over), **figures}
    return Shelved(artefacts.promote(store, NAME, content, notes).digest, gallery, passed_over, notes)


def written(gallery: Gallery) -> bytes:
    """The bytes of a version."""
    told = {
        "format": _FORMAT,
        "model": gallery.model,
        "prototypes": gallery.prototypes.tolist(),
        "rules": {mode: rule.as_json() for mode, rule in gallery.rules.items()},
        "trials": {mode: asdict(trial) for mode, trial in gallery.trials.items()},
    }
    table = gallery.references.cast(REFERENCES).replace_schema_metadata({_KEY: orjson.dumps(told)})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_statistics=False, store_schema=True)
    return sink.getvalue()


def parsed(content: bytes) -> Gallery:
    """The gallery in the bytes of a version.

    Raises:
        VerificationError: it is none, or of another version of the code.
    """
    try:
        table = pq.read_table(pa.BufferReader(content))
        told = orjson.loads((table.schema.metadata or {})[_KEY])
        if told["format"] != _FORMAT:
            raise KeyError("format")
        references = table.replace_schema_metadata(None).cast(REFERENCES)
        return Gallery(
            tuple(sorted({name for name in references["name"].to_pylist() if name})),
            references,
            np.array(told["prototypes"], np.int64),
            str(told["model"]),
            {mode: Rule.from_json(rule) for mode, rule in told["rules"].items()},
            {mode: Trial(**trial) for mode, trial in told["trials"].items()},
        )
    except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise VerificationError(
            "the gallery cannot be read by this version",
            where=NAME,
            todo="`charassets gallery rollback` to another version",
        ) from error
