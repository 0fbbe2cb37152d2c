"""Runs the growing parts of the pipeline at several sizes, each step in a process of its own, and keeps what it cost.

    python -m bench.scale --n 10000 100000 --folder /scratch/scale --out build/scale.jsonl

``make bench-scale`` adds the report (``scale_report``). Lakes of ``--folder`` are kept and gone on with; without it they lie in
a temporary folder, one size at a time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from bench.scale_steps import AT_SIZE, Cost, measured, run_step
from bench.synthetic_lake import write_lake
from charassets.settings import load_settings
from charassets.stages.pipeline import collection_stages

SIZES = (10_000, 100_000, 1_000_000)


def main() -> None:
    """Every size, every step."""
    options = _options()
    if options.step:
        print(json.dumps(_one(options.step, options.n[0], Path(options.folder)).as_dict()))
        return
    out = Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    for n in options.n:
        scratch = nullcontext(options.folder) if options.folder else tempfile.TemporaryDirectory(prefix="charassets-")
        with scratch as folder:
            root = Path(str(folder)) / str(n)
            for step in steps():
                if not options.only or step in options.only:
                    _run(step, n, root, out, options.threads)


def steps() -> list[str]:
    """The synthetic shards, the per-shard stages of words, the collection stages, the warehouse, the questions of the pages."""
    return ["write", *AT_SIZE[:2], *collection_stages(load_settings({})), "warehouse", "queries"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=list(SIZES), help="collection sizes")
    parser.add_argument("--only", nargs="*", default=[], help="these steps alone, on lakes that are there")
    parser.add_argument("--folder", help="where the lakes lie")
    parser.add_argument("--out", default="build/scale.jsonl", help="costs are appended here, a line of JSON each")
    parser.add_argument("--threads", type=int, default=1, help="threads of every step")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    return parser.parse_args()


def _one(step: str, n: int, root: Path) -> Cost:
    if step != "write":
        return run_step(step, n, root)

    def write() -> int:
        write_lake(root, n)
        return n

    return measured(step, n, root, write)


def _run(step: str, n: int, root: Path, out: Path, threads: int) -> None:
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    command = [sys.executable, "-m", "bench.scale", "--step", step, "--n", str(n), "--folder", str(root)]
    print(f"{n:,}: {step} ...", file=sys.stderr, flush=True)
    done = subprocess.run(command, env={**os.environ, **limits}, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["failed without a word"])[-1]
        raise SystemExit(f"{step} at {n:,} records: {last}")
    line = done.stdout.strip().splitlines()[-1]
    print(line, file=sys.stderr, flush=True)
    with out.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    main()
