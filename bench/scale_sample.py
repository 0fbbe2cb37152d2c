"""What the stages that need pixels cost a picture: every per-shard stage over drawn pictures, and close looks at their previews.

    python -m bench.scale_sample --n 60 240

What belongs here: CPU seconds, memory and disk a record on a sample. Not here: stages that are run at full size (``scale``).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.scale_steps import memory_mb
from charassets.images.preview import decoded
from charassets.lake import ledger
from charassets.lake.fragments import Lake
from charassets.lake.workspace import Workspace
from charassets.models.registry import load_detector, load_embedder
from charassets.settings import load_settings
from charassets.similarity.judgement import Seen, judge
from charassets.similarity.looker import in_the_calling_thread
from charassets.sources import open_source
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import run_stage
from charassets.studio.scenes import draw_scene

_SIDE = 768
_LOOKED_AT, _COMPARED = 60, 200


def main() -> None:
    """A line of JSON a size, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[60, 240], help="pictures")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.write(json.dumps(_sampled(options.one)) + "\n")
        return
    for n in options.n:
        command = [sys.executable, "-m", "bench.scale_sample", "--one", str(n)]
        one_thread = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")}
        done = subprocess.run(command, env=one_thread, check=True, capture_output=True, text=True)
        sys.stdout.write(done.stdout.splitlines()[-1] + "\n")
        sys.stdout.flush()


def _sampled(n: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="charassets-") as folder:
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        for number in range(n):
            scene = draw_scene(number, size=256)
            picture = Image.fromarray(scene.pixels).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
            picture.save(pictures / f"{number:05d}.jpg", quality=90)
            (pictures / f"{number:05d}.txt").write_text(scene.tags, encoding="utf-8")
        source = {"name": "drawn", "path": str(pictures)}
        settings = load_settings({"workspace": f"{folder}/work", "sources": [source]})
        lake = Workspace.of(settings).open_lake()
        listings = {s.name: open_source(s).list_items() for s in settings.sources}
        (shard,) = ledger.update(lake, listings, n).shards
        blank = [np.zeros((256, 256, 3), np.uint8)] * 8  # the first batch loads and compiles
        load_detector(settings.detector, settings.device).detect(blank)
        load_embedder(settings.embedder, settings.device).embed_images(blank)
        spent = {}
        for name, stage in shard_stages(settings).items():
            started = time.process_time()
            run_stage(stage, shard, lake)
            spent[name] = round(time.process_time() - started, 3)
        size = sum(p.stat().st_size for p in Path(f"{folder}/work").rglob("*") if p.is_file())
        return {"n": n, "cpu": spent, "peak_mb": memory_mb("VmHWM"), "bytes": size, "looks": _looks(lake, shard)}


def _looks(lake: Lake, shard: str) -> dict[str, float]:
    """Milliseconds of a picture that is looked at for the first time, and of a pair of such pictures."""
    fragment = lake.fragment("single_character_images", shard)
    assert fragment is not None
    previews = [p for p in fragment.read(["preview"])["preview"].to_pylist() if p][:_LOOKED_AT]
    started = time.process_time()
    seen = [Seen(decoded(preview)) for preview in previews]
    assert sum(len(one.keypoints.points) for one in seen)  # which are found when they are asked for
    picture = time.process_time() - started
    pairs = np.random.default_rng(0).integers(0, len(seen), (_COMPARED, 2))
    started = time.process_time()
    with in_the_calling_thread():
        for left, right in pairs.tolist():
            judge(seen[left], seen[right], 64, 64)
    pair = time.process_time() - started
    return {"picture_ms": round(1000 * picture / len(seen), 2), "pair_ms": round(1000 * pair / len(pairs), 2)}


if __name__ == "__main__":
    main()
