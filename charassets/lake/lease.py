"""Holding a workspace in an object store for writing: one object, taken and renewed by conditional puts.

What belongs here: taking, renewing, losing. Not here: the lock of a folder, which the kernel keeps (``workspace``). Whoever dies
falls silent, and after the time written in the lease another may take it; a holder who was silent too long notices before it
commits anything (``check``). Ages are told by the store's clock, so that clocks of machines may differ.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from charassets.errors import BusyError, StorageError
from charassets.lake.s3 import Bucket, ChangedError

NAME = "run.lease"
_RENEWALS = 3  # in the time of a lease: one may be lost to the network


@dataclass(frozen=True)
class Holding:
    """What a lease says: who holds it, from which copy of the workspace, and how many seconds its silence may last."""

    holder: str
    copy: str
    seconds: float
    age_s: float
    tag: str

    @property
    def runs_out_s(self) -> float:
        """Seconds until it may be taken; negative where it may be."""
        return self.seconds - self.age_s


def holding(bucket: Bucket) -> Holding | None:
    """The lease as it stands; None where nobody has held it, or it was given back.

    Raises:
        StorageError: the store cannot be asked.
    """
    found, body = bucket.look(NAME), bucket.get(NAME)
    if found is None or body is None:
        return None
    said = _read(body[0])
    if not said.get("holder"):
        return None
    return Holding(
        str(said["holder"]), str(said.get("copy")), float(said.get("seconds") or 0), max(0.0, found.age_s), body[1]
    )


def still_held(bucket: Bucket) -> Callable[[], None]:
    """A check for a worker of the run that holds the workspace now: that the same run still does.

    The check raises a ``BusyError`` where it does not.
    """

    def holder() -> str | None:
        found = holding(bucket)
        return found.holder if found is not None else None

    ours = holder()

    def check() -> None:
        if holder() != ours:
            raise BusyError("the run of this worker no longer holds the workspace", where=bucket.uri, todo="run again")

    return check


class Lease:
    """One holder's lease.

    Args:
        bucket: the workspace.
        seconds: how long its silence may last.
        copy: which copy of the workspace the holder works on. Another process of the same copy that holds the folder's lock
            proves that the holder is dead, and need not wait.
    """

    def __init__(self, bucket: Bucket, seconds: float, copy: str) -> None:
        self._bucket, self._seconds, self._copy = bucket, seconds, copy
        self._holder = uuid.uuid4().hex
        self._tag: str | None = None
        self._renewed = 0.0
        self._lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="workspace lease", daemon=True)

    def take(self) -> None:
        """Hold the workspace, and renew it from now on.

        Raises:
            BusyError: somebody holds it.
        """
        present = self._bucket.get(NAME)
        standing = holding(self._bucket) if present else None
        if standing is not None and standing.runs_out_s > 0 and standing.copy != self._copy:
            raise BusyError(
                "another run works on this workspace",
                where=self._bucket.uri,
                todo=f"wait for it to end; if it died, the workspace is free in {standing.runs_out_s:.0f} s",
            )
        self._renewed = time.monotonic()
        try:
            self._tag = self._bucket.put(self._said(), NAME, present[1] if present else None, conditional=True)
        except ChangedError:
            if not self._is_ours():
                raise BusyError(
                    "another run took this workspace just now", where=self._bucket.uri, todo="wait for it to end"
                ) from None
        self._thread.start()

    def give_back(self) -> None:
        """Let the next one in at once."""
        self._ended.set()
        self._thread.join()
        if self._tag is None or self._lost:
            return
        try:
            self._bucket.put(json.dumps({"holder": None}).encode(), NAME, self._tag, conditional=True)
        except (ChangedError, StorageError):
            return  # somebody took it, or it runs out by itself

    def check(self) -> None:
        """Make sure that the workspace is still held, before something is published in it.

        Raises:
            BusyError: it is not: this process was stopped or cut off for too long, and another may be at work.
        """
        if self._lost or time.monotonic() - self._renewed > self._seconds:
            raise BusyError(
                "this run lost its hold on the workspace: it was silent for too long",
                where=self._bucket.uri,
                todo="run again; what is finished is kept",
            )

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / _RENEWALS):
            asked = time.monotonic()
            try:
                self._tag = self._bucket.put(self._said(), NAME, self._tag, conditional=True)
                self._renewed = asked
            except ChangedError:
                if not self._is_ours():
                    self._lost = True
                    return
            except StorageError:
                continue  # told where it matters: `check` refuses once the time is up

    def _is_ours(self) -> bool:
        """Whether the store has our own last put, whose answer was lost on the way."""
        try:
            body = self._bucket.get(NAME)
        except StorageError:
            return True
        if body is None or _read(body[0]).get("holder") != self._holder:
            return False
        self._tag = body[1]
        return True

    def _said(self) -> bytes:
        # The number makes every renewal another version, so that its tag differs.
        said = {"holder": self._holder, "copy": self._copy, "seconds": self._seconds, "renewed": time.monotonic_ns()}
        return json.dumps(said).encode()


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
