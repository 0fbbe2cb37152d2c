"""imagededup's perceptual hash and BK-tree on the files that ``bench.duplicates`` asks about.

What belongs here: calling the library. Not here: what its pairs are compared with.
"""

import importlib.util
import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TypeVar

PHASH_BITS = 10
"""imagededup's default: most differing bits of two copies."""

Name = TypeVar("Name", bound=Hashable)


def imagededup_pairs(files: Mapping[Name, Path]) -> tuple[set[frozenset[Name]], float]:
    """The pairs it calls copies, and the CPU seconds that took, hashing included."""
    if importlib.util.find_spec("imagededup") is None:
        raise SystemExit("imagededup is not installed (pip install -e .[bench])")
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    started = _cpu()
    names = {str(i): name for i, name in enumerate(files)}
    hashes = {key: hasher.encode_image(image_file=str(files[name])) for key, name in names.items()}
    found = hasher.find_duplicates(
        encoding_map=hashes, max_distance_threshold=PHASH_BITS, search_method="bktree", num_dist_workers=0
    )
    pairs = {frozenset((names[key], names[str(other)])) for key, others in found.items() for other in others}
    return pairs, _cpu() - started


def _cpu() -> float:
    """CPU seconds of this process and of those it waited for: the library compares in one of its own."""
    return sum(os.times()[:4])
