"""Keypoints put where any of them is at hand: in one unnamed file, as those of a collection do not fit into memory.

What belongs here: putting away and taking out, within a bound. Not here: finding keypoints (``charassets.images.local_features``).
"""

import os
import shutil
import tempfile
from threading import Lock

import numpy as np

from charassets.images.local_features import KEYPOINT_BYTES, Described

_MOST = 320  # keypoints of a picture: SIFT is asked for 300 and gives a few more where several are equally clear
_SLOT = _MOST * KEYPOINT_BYTES
_SHARE = 0.25  # of the free disk


class KeptKeypoints:
    """Keypoints of n pictures by place, the latest put; for several threads.

    The file lies in ``TMPDIR`` and goes with the object: 44 kB a picture, at most a quarter of what is free there. Where it is
    full the oldest go; where it cannot be written, nothing more is kept.

    Args:
        n: how many pictures.
        most: how many are kept; as many as fit by itself.
    """

    def __init__(self, n: int, most: int | None = None) -> None:
        self._file = tempfile.TemporaryFile(prefix="charassets-keypoints-")  # noqa: SIM115 - goes with the object
        free = shutil.disk_usage(tempfile.gettempdir()).free
        self._slots = max(1, min(n, int(free * _SHARE / _SLOT) if most is None else most))
        self._slot, self._count = np.full(n, -1, np.int64), np.zeros(n, np.int16)
        self._owner = np.full(self._slots, -1, np.int64)
        self._next, self._writable = 0, True
        self._lock = Lock()

    def put(self, place: int, found: Described) -> None:
        """Put a picture's away."""
        if len(found.points) > _MOST:
            return
        data = found.packed()
        with self._lock:
            if not self._writable:
                return
            slot = self._next % self._slots
            if self._owner[slot] >= 0:
                self._slot[self._owner[slot]] = -1
            self._owner[slot] = -1
            try:
                if os.pwrite(self._file.fileno(), data, slot * _SLOT) < len(data):
                    raise OSError("cut short")
            except OSError:
                self._writable = False  # the disk is full: looking again costs time, failing would cost the run
                return
            self._owner[slot], self._slot[place], self._count[place] = place, slot, len(found.points)
            self._next += 1

    def get(self, place: int) -> Described | None:
        """A picture's; None where it is not kept."""
        with self._lock:
            slot, count = int(self._slot[place]), int(self._count[place])
            if slot < 0:
                return None
            return Described.unpacked(os.pread(self._file.fileno(), count * KEYPOINT_BYTES, slot * _SLOT))
