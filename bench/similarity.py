"""Times the neighbour graph and the characters against named peers: same vectors, same run, a process a method.

CPU seconds of one thread (``--threads`` for more) and the peak memory of the method's own process. Searches of FAISS are
timed on a sample of queries and extrapolated to all (marked ~); ours runs on all. Run with ``make bench-similarity``;
figures are ratios, since the machine's speed drifts.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.similarity_peers import METHODS, Answer, K
from bench.vectors import DIM, Drawn, draw

THRESHOLDS = (0.93, 0.95, 0.97)
_TRUTH = 1_000  # queries whose true neighbours are computed
_SAMPLE = 4_000  # queries FAISS is timed on
_WARM = 2_000  # vectors of a first run that is not timed


def main() -> None:
    """Draw the vectors, run every method in a process of its own, print the tables."""
    options = _options()
    if options.method:
        print(json.dumps(_measure(options.method, options.n[0], Path(options.folder))))
        return
    for n in options.n:
        with tempfile.TemporaryDirectory(prefix="charassets-bench-") as folder:
            _save(draw(n), Path(folder))
            results = {name: _run(name, n, folder, options) for name in _chosen(options.only)}
        _print(n, results, options.threads)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[20_000, 200_000], help="collection sizes")
    parser.add_argument("--only", nargs="*", default=[], help="methods whose name contains one of these")
    parser.add_argument("--threads", type=int, default=1, help="threads of every method")
    parser.add_argument("--timeout", type=int, default=3_600, help="seconds a method may take")
    parser.add_argument("--method", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def _chosen(only: list[str]) -> list[str]:
    return [name for name in METHODS if not only or any(part.lower() in name.lower() for part in only)]


def _save(drawn: Drawn, folder: Path) -> None:
    """Vectors and truth, with the true neighbours of some rows, half of them planted copies."""
    random = np.random.default_rng(1)
    n = len(drawn.vectors)
    copies = np.flatnonzero(drawn.copy_of >= 0)
    asked = np.concatenate([random.choice(n, min(n, _SAMPLE) - _TRUTH, replace=False), random.choice(copies, _TRUTH)])
    truth = random.permutation(len(asked))[:_TRUTH]
    np.save(folder / "vectors.npy", drawn.vectors)
    np.savez(
        folder / "truth.npz",
        identity=drawn.identity,
        copy_of=drawn.copy_of,
        asked=asked,
        known=asked[truth],
        nearest=_true_neighbours(drawn.vectors, asked[truth]),
    )


def _true_neighbours(vectors: NDArray[np.float16], rows: NDArray[np.int64]) -> NDArray[np.int32]:
    from charassets.similarity.exact import FlatSearcher

    found = FlatSearcher().candidates(vectors, rows, np.arange(len(vectors)), K + 1)
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(rows), K)


def _run(name: str, n: int, folder: str, options: argparse.Namespace) -> dict[str, Any]:
    method = METHODS[name]
    if importlib.util.find_spec(method.needs) is None:
        return {"skipped": f"{method.needs} is not installed (pip install -e .[bench])"}
    if n > method.most[0]:
        return {"skipped": method.most[1]}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads))
    command = [sys.executable, "-m", "bench.similarity", "--n", str(n), "--method", name, "--folder", folder]
    print(f"{n:,} vectors: {name} ...", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            command, env={**os.environ, **threads}, capture_output=True, text=True, timeout=options.timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return {"skipped": f"took longer than {options.timeout} s"}
    if done.returncode:
        return {"skipped": (done.stderr.strip().splitlines() or ["failed without a word"])[-1][:120]}
    result = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps({"n": n, "method": name, **result}), file=sys.stderr, flush=True)
    return result


def _measure(name: str, n: int, folder: Path) -> dict[str, Any]:
    """One method, in this process."""
    truth = np.load(folder / "truth.npz")
    vectors = np.load(folder / "vectors.npy", mmap_mode="c")
    METHODS[name].run(vectors[:_WARM], np.arange(_WARM // 2), time.process_time)  # imports and compiles
    answer = METHODS[name].run(vectors, truth["asked"], time.process_time)
    peak = _peak_gb()
    parts = {part: round(seconds, 3) for part, seconds in answer.seconds.items()}
    result: dict[str, Any] = {"seconds": answer.total(n), "parts": parts, "sampled": bool(answer.sampled), "peak": peak}
    if answer.labels is not None:
        return {**result, **_agreement(truth["identity"], answer.labels)}
    return {**result, **_found(answer, truth)}


def _peak_gb() -> float:
    """Peak memory of this process in GB; the kernel's ru_maxrss would count that of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**20


def _found(answer: Answer, truth: Any) -> dict[str, Any]:  # noqa: ANN401 - numpy's archive has no public type
    assert answer.neighbours is not None
    place = np.full(len(truth["identity"]), -1)
    place[answer.rows] = np.arange(len(answer.rows))
    lists = answer.neighbours[place[truth["known"]]]
    hits = [len(np.intersect1d(ours, true)) / K for ours, true in zip(lists, truth["nearest"], strict=True)]
    copies = answer.rows[truth["copy_of"][answer.rows] >= 0]
    original = truth["copy_of"][copies][:, None]
    found = answer.neighbours[place[copies]] == original
    sampled = np.isin(copies, truth["asked"])  # those that FAISS was asked about
    result: dict[str, Any] = {"recall": float(np.mean(hits)), "copies": float(found[sampled].any(axis=1).mean())}
    if answer.cosines is not None:
        result["thresholds"] = {str(t): _at(t, answer, truth, found, place[copies]) for t in THRESHOLDS}
    return result


def _at(
    threshold: float,
    answer: Answer,
    truth: Any,  # noqa: ANN401
    found: NDArray[np.bool_],
    copies: NDArray[np.int64],
) -> dict[str, float]:
    """Precision of the pairs at a cosine, and share of planted copies among them."""
    assert answer.cosines is not None and answer.neighbours is not None
    near, place = np.nonzero(answer.cosines >= threshold)
    root = np.where(truth["copy_of"] >= 0, truth["copy_of"], np.arange(len(truth["copy_of"])))
    right = root[near] == root[answer.neighbours[near, place]]
    recall = (found & (answer.cosines[copies] >= threshold)).any(axis=1).mean()
    return {"precision": float(right.mean()) if len(right) else 1.0, "recall": float(recall)}


def _agreement(identity: NDArray[np.int32], labels: NDArray[np.int64]) -> dict[str, float]:
    from sklearn.metrics import adjusted_rand_score

    ari = adjusted_rand_score(_alone(identity.astype(np.int64)), _alone(labels))
    return {"ari": float(ari), "covered": float((labels >= 0).mean()), "clusters": int(labels.max()) + 1}


def _alone(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every noise point a cluster of its own: calling all of it one cluster would be rewarded."""
    noise = labels < 0
    return np.where(noise, labels.max() + 1 + np.cumsum(noise), labels)


def _print(n: int, results: dict[str, dict[str, Any]], threads: int) -> None:
    console = Console(width=150)
    for clusters, columns in ((False, ("recall@16", "copies found")), (True, ("ARI", "covered"))):
        ran = {name: r for name, r in results.items() if METHODS[name].clusters == clusters}
        base = next((r["seconds"] for r in ran.values() if "seconds" in r), None)
        title = f"{'characters' if clusters else 'neighbours'}: {n:,} x {DIM}, {threads} thread(s)"
        table = Table("method", "CPU s", "x ours", "peak GB", *columns, "parts", title=title)
        for name, r in ran.items():
            if base is None or "skipped" in r:
                table.add_row(name, "-", "-", "-", "-", "-", r.get("skipped", ""))
                continue
            values = ("ari", "covered") if clusters else ("recall", "copies")
            shown = [
                f"{'~' if r['sampled'] else ''}{r['seconds']:.1f}",
                f"{r['seconds'] / base:.2f}",
                f"{r['peak']:.2f}",
            ]
            parts = ", ".join(f"{part} {seconds:g}" for part, seconds in r["parts"].items())
            table.add_row(name, *shown, *(f"{r[v]:.4f}" for v in values), parts)
        console.print(table)
        for threshold, at in next(iter(ran.values()), {}).get("thresholds", {}).items():
            console.print(
                f"ours, pairs at cosine {threshold}: precision {at['precision']:.4f}, copies {at['recall']:.4f}"
            )


if __name__ == "__main__":
    main()
