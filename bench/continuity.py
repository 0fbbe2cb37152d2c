"""Measures how many members keep the id of their character when pictures are added and everything is clustered again.

python -m bench.continuity --n 20000
"""

import argparse
import sys

import numpy as np
from numpy.typing import NDArray

from bench.vectors import draw
from charassets.similarity.clusters import ClusterRule, cluster_vectors
from charassets.similarity.continuity import inherited
from charassets.similarity.knn import build_graph

_RULE = ClusterRule(3, 2)  # the defaults of the settings
_NEIGHBOURS = 16


def unchanged(vectors: NDArray[np.float16], before: int) -> tuple[float, float, int]:
    """Cluster the first ``before`` vectors, then all.

    Returns:
        Shares of the members of a character before: those in one with the same id now, and those in no character now; and the
        number of the members.
    """
    names = [f"r{k:08d}" for k in range(len(vectors))]
    first = _labels(vectors[:before], names[:before])
    now = _labels(vectors, names)
    old = np.concatenate([first, np.full(len(vectors) - before, -1)])
    heirs = inherited(now[now >= 0], old[now >= 0], int(now.max(initial=-1)) + 1)
    was, still = old >= 0, (old >= 0) & (now >= 0)
    kept = int((heirs[now[still]] == old[still]).sum())
    return kept / int(was.sum()), float((now[was] < 0).mean()), int(was.sum())


def _labels(vectors: NDArray[np.float16], names: list[str]) -> NDArray[np.int64]:
    return cluster_vectors(vectors, build_graph(vectors, _NEIGHBOURS), names, _RULE).label


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Ids of members when pictures are added.")
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--added", type=float, default=0.05, help="share of the pictures that come later")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    sys.stdout.write("| pictures | added | members before | id unchanged | now noise |\n|---|---|---|---|---|\n")
    for seed in range(given.seeds):
        kept, lost, members = unchanged(draw(given.n, seed).vectors, round(given.n * (1 - given.added)))
        sys.stdout.write(f"| {given.n:,} | {given.added:.0%} | {members:,} | {kept:.4f} | {lost:.4f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
