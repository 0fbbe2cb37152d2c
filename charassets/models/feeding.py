"""Getting pictures to a model while it computes, so that a GPU waits for nobody.

What belongs here: batches made ready in threads, one ahead of the model, and their way onto the device. Not here: how a picture is
framed, and the model (``clip``).
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Frame = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""A picture of any size as the model wants it."""


def framed_batches(
    images: Sequence[NDArray[np.uint8]], frame: Frame, batch: int, threads: int
) -> Iterator[NDArray[np.uint8]]:
    """(n, H, W, 3) batches of the pictures in their order, the last one shorter.

    Args:
        images: pictures of any size.
        frame: makes all of them one size.
        batch: pictures a batch.
        threads: threads that frame, one batch ahead of who takes them; 1 frames when a batch is asked for, and leaves the
            cores to a model that computes on them.
    """
    pieces = [images[first : first + batch] for first in range(0, len(images), batch)]
    if threads == 1:
        yield from (np.stack([frame(image) for image in piece]) for piece in pieces)
        return
    with ThreadPoolExecutor(threads, "frame") as pool:
        ahead = deque(pool.map(frame, piece) for piece in pieces[:1])
        for following in pieces[1:]:
            ahead.append(pool.map(frame, following))
            yield np.stack(list(ahead.popleft()))
        yield from (np.stack(list(last)) for last in ahead)


def sent(pixels: NDArray[np.uint8], device: str) -> "torch.Tensor":
    """A batch on the device, as bytes: four times less to carry than single precision.

    To a GPU it goes from page-locked memory without waiting, while the batch before is computed; torch keeps the memory until
    the copy is done.
    """
    import torch

    tensor = torch.from_numpy(pixels)
    if device == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
