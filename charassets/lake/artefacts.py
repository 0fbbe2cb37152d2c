"""Versioned artefacts: small learnt files that stages read (heads, fusion policy, calibration), promoted one at a time.

What belongs here: keeping versions and naming the one in force. Not here: what is in them, and whether a new one is better.

``artefacts/<name>/<digest>`` is a version, never changed; ``artefacts/<name>/current.json`` names the one in force and is written
last, whole or not at all. A reader's fingerprint holds the digest, so that only a promotion makes anything stale.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charassets.errors import VerificationError
from charassets.lake.store import Store

_FOLDER = "artefacts"
_DIGITS = 32


@dataclass(frozen=True)
class Artefact:
    """One version.

    Attributes:
        name: heads, fusion_policy or calibration.
        digest: first 32 hex digits of the content's sha256.
        content: the bytes.
        notes: what was measured when it was promoted.
    """

    name: str
    digest: str
    content: bytes
    notes: Mapping[str, Any]


def current(store: Store, name: str) -> Artefact | None:
    """The version in force; None where nothing was ever promoted.

    Raises:
        VerificationError: it is not the content that was promoted.
    """
    pointer = store.read_bytes(_pointer(name))
    if pointer is None:
        return None
    named = json.loads(pointer)
    content = store.read_bytes(f"{_FOLDER}/{name}/{named['digest']}")
    if content is None or digest_of(content) != named["digest"]:
        raise VerificationError(
            f"the {name} in force is damaged or gone",
            where=f"{store.root}/{_FOLDER}/{name}",
            todo=f"delete {_pointer(name)} there to go back to the shipped one, and materialize {name}",
        )
    return Artefact(name, named["digest"], content, named["notes"])


def promote(store: Store, name: str, content: bytes, notes: Mapping[str, Any]) -> Artefact:
    """Put a new version in force; the ones before stay."""
    digest = digest_of(content)
    store.put_bytes(content, f"{_FOLDER}/{name}/{digest}")
    store.put_bytes(json.dumps({"digest": digest, "notes": dict(notes)}, indent=1).encode(), _pointer(name))
    return Artefact(name, digest, content, notes)


def digest_of(content: bytes) -> str:
    """The name of a version."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _pointer(name: str) -> str:
    return f"{_FOLDER}/{name}/current.json"
