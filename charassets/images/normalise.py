"""Optional evening-out of a picture before the models see it. Off by default: models were trained on pictures as they are.

What belongs here: the three changes that ``ImageSettings`` can switch on. Not here: anything measured, which stays raw.
"""

import numpy as np
from numpy.typing import NDArray

from charassets.images.decode import Decoded
from charassets.images.quality import OPAQUE
from charassets.settings import ImageSettings

_LARGEST_GAIN = 2.0  # a monochrome picture has no grey world; beyond a factor of two the cast is the artist's


def normalised(picture: Decoded, settings: ImageSettings) -> NDArray[np.uint8]:
    """The (H, W, 3) pixels with mask, white balance and contrast applied as the settings say; a copy only if they do."""
    pixels, alpha = picture.pixels, picture.alpha
    visible = None if alpha is None else alpha >= OPAQUE
    if settings.mask_background and visible is not None:
        pixels = np.where(visible[:, :, None], pixels, np.uint8(255))
    if visible is not None and not visible.any():
        return pixels
    if settings.white_balance:
        pixels = _per_channel(pixels, visible, _grey_world(pixels, visible))
    if settings.stretch_contrast:
        pixels = _per_channel(pixels, visible, _stretch(pixels, visible))
    return pixels


def _grey_world(pixels: NDArray[np.uint8], visible: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """(3, 256) tables that give all channels the same mean (Buchsbaum 1980), each gain within a factor of two."""
    seen = pixels.reshape(-1, 3) if visible is None else pixels[visible]
    means = np.maximum(seen.mean(axis=0), 1.0)
    gains = np.clip(means.mean() / means, 1 / _LARGEST_GAIN, _LARGEST_GAIN)
    return gains[:, None] * np.arange(256)


def _stretch(pixels: NDArray[np.uint8], visible: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """(3, 256) tables that spread the 1st to 99th percentile over the range, alike in all channels: hues keep."""
    seen = pixels.reshape(-1, 3) if visible is None else pixels[visible]
    low, high = np.percentile(seen, [1, 99])
    table = (np.arange(256) - low) * (255 / max(high - low, 1.0))
    return np.broadcast_to(table, (3, 256))


def _per_channel(
    pixels: NDArray[np.uint8], visible: NDArray[np.bool_] | None, tables: NDArray[np.float64]
) -> NDArray[np.uint8]:
    levels = np.clip(np.rint(tables), 0, 255).astype(np.uint8)
    changed = np.stack([levels[channel][pixels[:, :, channel]] for channel in range(3)], axis=2)
    return changed if visible is None else np.where(visible[:, :, None], changed, pixels)
