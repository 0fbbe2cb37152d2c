"""Pictures as a network that is fine-tuned meets them: varied anew at every epoch, on their own side of the division.

What belongs here: variations that leave every label true, and the data set of one part. Not here: dividing (which comes before) and
the network.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.models.clip import Framing
from charassets.models.picture_networks import Frames, tensor_of

_MIRRORED, _MOVED, _LIT, _SPOILED, _HIDDEN = 0.5, 0.8, 0.6, 0.3, 0.25
"""How often each variation happens."""


def varied(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A (side, side, 3) picture as another artist's scan might show it; colours keep their names, so labels stay true."""
    out = picture[:, ::-1] if rng.random() < _MIRRORED else picture
    side = picture.shape[0]
    if rng.random() < _MOVED:
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.normal(0, 6)), float(rng.uniform(0.9, 1.25)))
        turn[:, 2] += rng.normal(0, 0.04 * side, 2)
        out = cv2.warpAffine(np.ascontiguousarray(out), turn, (side, side), borderValue=(255, 255, 255))
    if rng.random() < _LIT:
        out = np.clip(out * rng.uniform(0.85, 1.15) * rng.uniform(0.97, 1.03, 3), 0, 255).astype(np.uint8)
    if rng.random() < _SPOILED:
        quality = int(rng.integers(35, 90))
        _, data = cv2.imencode(".jpg", np.ascontiguousarray(out), [cv2.IMWRITE_JPEG_QUALITY, quality])
        out = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if rng.random() < _HIDDEN:
        out = _partly_hidden(np.array(out), rng)
    return np.ascontiguousarray(out, np.uint8)


class Part:
    """One part of the pictures as torch's loaders read them: an item is ``pixel_values`` and ``labels``.

    A picture's variation is drawn from seed, epoch and place alone: it is the same however many processes share the work, and the
    same when a run broken off goes on.

    Args:
        frames: all pictures. rows: places of this part. labels: (n,) of all pictures.
        framing: how the network wants them.
        seed: of the variations; None leaves pictures as they are.
        batch: an epoch is whole batches of this many; those left over come first in the next one. A last batch of a few
            pictures would be another one for two processes than for one, and has no statistics of its own.
    """

    def __init__(
        self,
        frames: Frames,
        rows: NDArray[np.int64],
        labels: NDArray[np.int64],
        framing: Framing,
        seed: int | None = None,
        batch: int = 1,
    ) -> None:
        self._frames, self._rows, self._labels, self._framing, self._seed = frames, rows, labels, framing, seed
        self._epoch, self._length = 0, len(rows) // batch * batch or len(rows)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: int) -> Mapping[str, object]:
        row = int(self._rows[(place + self._epoch * self._length) % len(self._rows)])
        picture = np.asarray(self._frames[row])
        if self._seed is not None:
            picture = varied(picture, np.random.default_rng([self._seed, self._epoch, row]))
        return {"pixel_values": tensor_of(picture[None], self._framing)[0], "labels": int(self._labels[row])}

    def begin(self, epoch: int) -> None:
        """An epoch begins. Not called ``set_epoch``: loaders of one and of several processes call that with other numbers."""
        self._epoch = epoch


def _partly_hidden(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A grey patch of at most a sixth of the picture (Zhong et al., 2020, random erasing)."""
    side = picture.shape[0]
    height, width = rng.integers(side // 8, max(side // 8 + 1, int(side * 0.4)), 2)
    top, left = int(rng.integers(0, side - height)), int(rng.integers(0, side - width))
    picture[top : top + height, left : left + width] = int(rng.integers(0, 256))
    return picture
