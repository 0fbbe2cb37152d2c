"""Kills a worker or the driver of a run on Ray without warning at random moments, and looks at what the next run makes of it.

    python -m bench.kills --trials 20

Each trial starts from an empty lake over the same pictures. A worker's death must not end the run; after the driver's, a
second run goes on. Then every fragment must have the bytes of an undisturbed run, ``verify`` must find no damage, and no
manifest that stood when the kill struck may have been written again: nothing is computed twice but what was in flight.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench.ray_lake import cluster, content_of, draw_source, drive, fragments_of, new_workspace, settings_of
from charassets.defs.ray_cluster import ready_environment
from charassets.lake.verify import verify
from charassets.lake.workspace import Workspace

LIGHT = ("raw_shards", "tag_evidence")
MODELS = ("raw_shards", "single_character_images", "clip_embeddings", "tag_evidence", "visual_evidence")

_COMPUTED = "computed"
_DRIVERS = multiprocessing.get_context(
    "forkserver"
)  # modules are loaded once, and drivers are killed at work, not at imports


@dataclass(frozen=True)
class Trial:
    """What one kill came to.

    Attributes:
        struck: who was killed.
        after_s: seconds from the run's start to the kill.
        stood: fragments that were committed then.
        fragments: fragments of an undisturbed run.
        rewritten: fragments that stood and were written again; must be 0.
        computed_after: fragments that the second run computed, after the driver's death.
        damage: what ``verify`` found; must be 0.
        same: every manifest, and so every file, is as in the undisturbed run.
    """

    struck: str
    after_s: float
    stood: int
    fragments: int
    rewritten: int
    computed_after: int | None
    damage: int
    same: bool

    @property
    def held(self) -> bool:
        """Whether everything that was promised is so."""
        return self.rewritten == 0 and self.damage == 0 and self.same


def main() -> None:
    """Run the trials and print the table; exit code 1 where a promise was broken."""
    options = _options()
    tables = MODELS if options.models else LIGHT
    chance = random.Random(options.seed)
    ready_environment()  # before drivers inherit it
    _DRIVERS.set_forkserver_preload(["bench.ray_lake", "charassets.defs.plain_ray", "ray"])
    with tempfile.TemporaryDirectory(prefix="charassets-kills-") as name, cluster(options.workers + 1) as address:
        folder = Path(name)
        source = draw_source(folder / "pictures", options.pictures, 160)
        ray = {"address": address, "workers": options.workers}
        undisturbed = folder / "undisturbed"
        new_workspace(undisturbed, source, options.shard_records, ray)
        started = time.monotonic()
        _ended_well(_driver(undisturbed, tables))
        seconds, wanted = time.monotonic() - started, content_of(undisturbed)
        trials = []
        for number in range(options.trials):
            root = folder / f"trial-{number}"
            new_workspace(root, source, options.shard_records, ray)
            moment = chance.randrange(len(wanted)), chance.uniform(0, 0.2)
            trials.append(_trial(root, tables, ("worker", "driver")[number % 2], moment, wanted))
            print(f"{number + 1}/{options.trials}: {trials[-1]}", file=sys.stderr)
            shutil.rmtree(root)
    _print(trials, options, seconds)
    sys.exit(not all(trial.held for trial in trials))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=120, help="pictures drawn")
    parser.add_argument("--shard-records", type=int, default=5)
    parser.add_argument(
        "--models", action="store_true", help="the model stages too; without it what reads files and words"
    )
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _driver(root: Path, tables: Sequence[str]) -> BaseProcess:
    """A process that brings the tables up to date, and then writes down how many fragments it computed."""
    process = _DRIVERS.Process(target=_drive, args=(root, tables))
    process.start()
    return process


def _drive(root: Path, tables: Sequence[str]) -> None:
    computed = sum(count for count, _ in drive(settings_of(root), tables).values())
    (root / _COMPUTED).write_text(str(computed), encoding="utf-8")


def _ended_well(driver: BaseProcess) -> None:
    driver.join()
    if driver.exitcode:
        raise SystemExit(f"a run that should have come to its end left with {driver.exitcode}")


def _trial(
    root: Path, tables: Sequence[str], victim: str, moment: tuple[int, float], wanted: dict[str, bytes]
) -> Trial:
    """Strike when so many fragments stand, and a fraction of a second later."""
    started = time.monotonic()
    driver = _driver(root, tables)
    while len(fragments_of(root)) < moment[0] and driver.is_alive():
        time.sleep(0.01)
    time.sleep(moment[1])
    stood, struck, computed = fragments_of(root), victim, None
    if victim == "worker":
        struck = _kill_a_worker(driver)
    else:
        driver.kill()
    struck_s = time.monotonic() - started
    driver.join()
    if driver.exitcode == -signal.SIGKILL:
        _ended_well(_driver(root, tables))
        computed = int((root / _COMPUTED).read_text(encoding="utf-8"))
    else:
        _ended_well(driver)
    after, lake = fragments_of(root), Workspace.of(settings_of(root)).open_lake()
    rewritten = sum(after.get(name) != told for name, told in stood.items())
    same = content_of(root) == wanted
    return Trial(struck, struck_s, len(stood), len(wanted), rewritten, computed, len(verify(lake).damage), same)


def _kill_a_worker(driver: BaseProcess) -> str:
    """Kill a worker that is at a shard; where the run ends before one is, there is nobody to kill."""
    while driver.is_alive():
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if " ".join(process.cmdline()).startswith("ray::ShardWorker.run"):
                    os.kill(process.pid, signal.SIGKILL)
                    return "worker"
        time.sleep(0.005)
    return "nobody"


def _print(trials: list[Trial], options: argparse.Namespace, seconds: float) -> None:
    shards = -(-options.pictures // options.shard_records)
    what = f"{options.workers} workers, {shards} shards of {options.shard_records}, seed {options.seed}"
    title = f"{what}, undisturbed run {seconds:.1f} s"
    table = Table(title=title)
    for heading in (
        "struck",
        "after s",
        "stood",
        "of",
        "written again",
        "computed by next run",
        "damage",
        "same bytes",
    ):
        table.add_column(heading, justify="left" if heading == "struck" else "right")
    for t in trials:
        next_run = "" if t.computed_after is None else str(t.computed_after)
        table.add_row(t.struck, f"{t.after_s:.1f}", str(t.stood), str(t.fragments), str(t.rewritten), next_run,
                      str(t.damage), "yes" if t.same else "NO")  # fmt: skip
    Console(file=sys.stdout, width=110).print(table)
    print(f"{sum(t.held for t in trials)} of {len(trials)} held")


if __name__ == "__main__":
    main()
