"""Versioned artefacts: small learnt files that stages read (heads, fusion policy, calibration), promoted one at a time.

What belongs here: keeping versions and naming the one in force. Not here: what is in them, and whether a new one is better.

``artefacts/<name>/<digest>`` is a version, never changed; ``artefacts/<name>/history.jsonl`` lists what was put in force and when;
``artefacts/<name>/current.json`` names the one in force and is written last, whole or not at all. A reader's fingerprint holds the
digest, so that only a promotion makes anything stale.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from charassets.errors import VerificationError
from charassets.lake.store import Store

_FOLDER = "artefacts"
_DIGITS = 32


@dataclass(frozen=True)
class Artefact:
    """One version.

    Attributes:
        name: heads, fusion_policy, calibration or gallery.
        digest: first 32 hex digits of the content's sha256.
        content: the bytes.
        notes: what was measured when it was promoted.
    """

    name: str
    digest: str
    content: bytes
    notes: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """A line of an artefact's history.

    Attributes:
        digest: the version that was put in force.
        at: when, ISO 8601 in UTC.
        notes: what was told then.
    """

    digest: str
    at: str
    notes: Mapping[str, Any]


def names(store: Store) -> list[str]:
    """Artefacts of which a version is in force, sorted."""
    return sorted(name for name in store.folders(_FOLDER) if store.read_bytes(_pointer(name)) is not None)


def digest_in_force(store: Store, name: str) -> str | None:
    """The digest of the version in force; None where nothing was ever promoted. Does not read the version."""
    pointer = store.read_bytes(_pointer(name))
    return None if pointer is None else json.loads(pointer)["digest"]


def history(store: Store, name: str) -> list[Version]:
    """Everything that was ever put in force, the latest last."""
    lines = (store.read_bytes(_history(name)) or b"").splitlines()
    return [Version(**json.loads(line)) for line in lines]


def content_of(store: Store, name: str, digest: str) -> bytes:
    """The bytes of a version.

    Raises:
        VerificationError: it is damaged or gone.
    """
    content = store.read_bytes(f"{_FOLDER}/{name}/{digest}")
    if content is None or digest_of(content) != digest:
        raise VerificationError(
            f"version {digest} of {name} is damaged or gone",
            where=f"{store.root}/{_FOLDER}/{name}",
            todo="choose another",
        )
    return content


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
    """Put a new version in force; the ones before stay.

    Raises:
        BusyError: another process promoted a version at the same moment.
    """
    digest = digest_of(content)
    store.put_bytes(content, f"{_FOLDER}/{name}/{digest}")
    line = {"digest": digest, "at": datetime.now(UTC).isoformat(timespec="seconds"), "notes": dict(notes)}
    tag = store.tag(_history(name))  # first: a line another process adds after this makes the put below refuse
    before = store.read_bytes(_history(name)) or b""
    store.put_if(before + json.dumps(line).encode() + b"\n", _history(name), tag)
    store.put_bytes(json.dumps({"digest": digest, "notes": dict(notes)}, indent=1).encode(), _pointer(name))
    return Artefact(name, digest, content, notes)


def digest_of(content: bytes) -> str:
    """The name of a version."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _pointer(name: str) -> str:
    return f"{_FOLDER}/{name}/current.json"


def _history(name: str) -> str:
    return f"{_FOLDER}/{name}/history.jsonl"
