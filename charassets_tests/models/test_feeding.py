"""Batches reach the model in order, whoever makes them ready."""

import numpy as np
import pytest

from charassets.models.feeding import framed_batches, sent


def framed(image):
    return np.broadcast_to(image[:1, :1], (4, 4, 3)).copy()


def pictures(count):
    return [np.full((5 + number, 7, 3), number, np.uint8) for number in range(count)]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 4, 11])
def test_every_picture_comes_once_in_its_order(threads, count):
    batches = list(framed_batches(pictures(count), framed, 4, threads))
    assert [len(batch) for batch in batches] == [4] * (count // 4) + ([count % 4] if count % 4 else [])
    assert [int(picture[0, 0, 0]) for batch in batches for picture in batch] == list(range(count))


def test_a_picture_that_cannot_be_framed_is_heard_of_though_threads_frame():
    def fails(image):
        raise ValueError("no such picture")

    with pytest.raises(ValueError, match="no such picture"):
        list(framed_batches(pictures(3), fails, 2, 2))


def test_a_batch_arrives_as_the_bytes_it_was():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), np.uint8)
    import torch

    arrived = sent(pixels, "cpu")
    assert arrived.dtype == torch.uint8 and np.array_equal(arrived.numpy(), pixels)


def test_a_batch_arrives_on_the_gpu_from_locked_memory():
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    pixels = np.random.default_rng(0).integers(0, 256, (64, 224, 224, 3), np.uint8)
    arrived = sent(pixels, "cuda")
    torch.cuda.synchronize()
    assert arrived.is_cuda and np.array_equal(arrived.cpu().numpy(), pixels)
