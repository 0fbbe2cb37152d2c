"""Cut-outs: the opaque regions of a transparent picture, and which of them a figure stands on.

What belongs here: connected regions and the bounds of those that belong together. Not here: the number of regions that
is stored (``quality``), and whether a figure's box is joined with its regions (``main_figure``).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from charassets.images.crops import Box
from charassets.images.quality import LARGE_REGION, OPAQUE

_SIDE = 512  # cells of the long side for finding regions: four times as many take 10 ms a picture instead of 2
_MOST_FILLED = 0.9
"""Share of its bounds from which a region is a picture pasted on a transparent page, or one with rounded or torn edges.
Most painted figures fill .37 to .73 of theirs, none more than .77, a disc fills .79, pictures with torn edges .98."""

_LEAST_HELD = 0.5
"""Share of a region that a box must hold for the rest to be the figure's, too, where there are other large regions: it may be
a sheet. Of one piece all is the figure's, for the gates take it for one by that (decision 076)."""

_SPECK = 0.01  # of the figure's region: dirt left by who cut it out, letters of a signature, sparks


@dataclass(frozen=True)
class Cutout:
    """A picture of which a part is transparent.

    Attributes:
        opaque: (h, w) 0/1 uint8: cells with an opaque pixel in them, at most ``_SIDE`` a side; a cell is a pixel where
            the picture is no larger.
        size: width and height of the picture in pixels.
        bounds: the box around everything opaque, in pixels.
    """

    opaque: NDArray[np.uint8]
    size: tuple[int, int]
    bounds: Box

    @classmethod
    def of(cls, alpha: NDArray[np.uint8]) -> "Cutout | None":
        """The cut-out of a (H, W) alpha channel; None where nothing is opaque, or everything."""
        mask = (alpha >= OPAQUE).astype(np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        if not width or not height or mask.all():
            return None
        return cls(_reduced(mask), (mask.shape[1], mask.shape[0]), Box(x, y, x + width, y + height))

    def around(self, box: Box, head: Box | None = None) -> Box | None:
        """Bounds of the regions that belong to what the box shows, in pixels of the picture.

        They are the region that most of the box's opaque cells lie in, those that are half inside the box, and, where
        no other region is large, all that are more than specks: a hat, a blade or a halo drawn apart.

        Args:
            box: what was seen of a figure, in pixels.
            head: a head seen on its own. Where it lies in the box's region it is the figure's, wherever the box ends.

        Returns:
            None where there is nothing opaque in the box, where its region fills its own bounds as a picture does, or
            where it is not the only large one and the box and the head hold too little of it to vouch for the rest.
        """
        _, found, statistics, _ = cv2.connectedComponentsWithStats(self.opaque, connectivity=8)
        labels = np.asarray(found, np.int32)
        regions = np.asarray(statistics, np.int32)[1:]  # 0 is the page
        areas = regions[:, cv2.CC_STAT_AREA]
        held = self._held(labels, box)
        main = int(held.argmax())
        filled = areas[main] / (regions[main, cv2.CC_STAT_WIDTH] * regions[main, cv2.CC_STAT_HEIGHT])
        if not held[main] or filled > _MOST_FILLED:
            return None
        on_head = held if head is None else self._held(labels, head)
        if head is not None and on_head[main] > on_head.sum() / 2:
            held = self._held(labels, box.joined(head))
        large = areas >= LARGE_REGION * areas.max()
        alone = large[main] and large.sum() == 1
        if held[main] < _LEAST_HELD * areas[main] and not alone:
            return None
        chosen = held >= areas / 2
        if alone:
            chosen |= areas >= _SPECK * areas[main]
        return self._bounds(regions[chosen])

    @property
    def _scale(self) -> tuple[float, float]:
        """Cells a pixel, across and down."""
        return self.opaque.shape[1] / self.size[0], self.opaque.shape[0] / self.size[1]

    def _held(self, labels: NDArray[np.int32], box: Box) -> NDArray[np.int64]:
        """Cells of each region inside a box."""
        across, down = self._scale
        x0, x1 = (round(max(0.0, x) * across) for x in (box.x0, box.x1))
        y0, y1 = (round(max(0.0, y) * down) for y in (box.y0, box.y1))
        return np.bincount(labels[y0:y1, x0:x1].ravel(), minlength=int(labels.max()) + 1)[1:]

    def _bounds(self, regions: NDArray[np.int32]) -> Box:
        """The box around regions, in pixels; cells reach over the edge of what is opaque, the box does not."""
        across, down = self._scale
        left, top = regions[:, cv2.CC_STAT_LEFT], regions[:, cv2.CC_STAT_TOP]
        right, bottom = left + regions[:, cv2.CC_STAT_WIDTH], top + regions[:, cv2.CC_STAT_HEIGHT]
        return Box(
            max(self.bounds.x0, float(left.min()) / across),
            max(self.bounds.y0, float(top.min()) / down),
            min(self.bounds.x1, float(right.max()) / across),
            min(self.bounds.y1, float(bottom.max()) / down),
        )


def _reduced(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = mask.shape
    scale = min(1.0, _SIDE / max(height, width))
    if scale == 1:
        return mask
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Any pixel counts and not the mean of a cell, or a thin shaft would break and its blade fall off.
    return (cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
