"""Times every model stage of the pipeline against the naive composition of the same models, in the same run.

Naive means what a first script does: Pillow decodes the whole picture, ultralytics predicts one picture at a time, and
transformers embeds one crop at a time in float32 with the model's own processor. Both ways use the same weights and the
same pictures. Run with ``make bench``; figures are ratios, since the machine's speed drifts.
"""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from charassets.lake import ledger
from charassets.lake.workspace import Workspace
from charassets.models.registry import load_detector, load_embedder
from charassets.models.weights import find_detector, find_embedder
from charassets.settings import Settings, load_settings
from charassets.sources import open_source
from charassets.stages.pipeline import shard_stages
from charassets.stages.runner import run_stage


@dataclass
class ModelClock:
    """Seconds spent inside the models while a stage ran."""

    seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def around(self, owner: object, method: str) -> Iterator[None]:
        """Count the time of every call of a method."""
        inner: Callable[..., object] = getattr(owner, method)

        def timed(*args: object, **options: object) -> object:
            started = time.perf_counter()
            try:
                return inner(*args, **options)
            finally:
                self.seconds += time.perf_counter() - started

        setattr(owner, method, timed)
        try:
            yield
        finally:
            delattr(owner, method)


def main() -> None:
    """Draw or take pictures, run both ways, print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="charassets-bench-") as folder:
        pictures = _pictures(options, Path(folder) / "pictures")
        flags = {"profile": options.profile, "workspace": folder + "/workspace", "shards": {"records": 100_000},
                 "sources": [{"name": "bench", "path": str(pictures)}]}  # fmt: skip
        if options.detector:
            flags["detector"] = {"path": options.detector, "image_size": 640}
        if options.embedder:
            flags["embedder"] = {"path": options.embedder}
        settings = load_settings(flags)
        ours = _ours(settings)
        naive = _naive(settings, sorted(p for p in pictures.rglob("*") if p.suffix == ".jpg")[: options.naive])
    _print(ours, naive, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=240, help="pictures drawn")
    parser.add_argument("--naive", type=int, default=60, help="pictures the naive way is timed on")
    parser.add_argument("--side", type=int, default=1024, help="side of a drawn picture in pixels")
    parser.add_argument("--images", type=Path, help="use this folder of JPEGs instead of drawing")
    parser.add_argument("--profile", default="mini")
    parser.add_argument("--detector", help="other detector weights")
    parser.add_argument("--embedder", help="other embedder folder")
    return parser.parse_args()


def _pictures(options: argparse.Namespace, folder: Path) -> Path:
    if options.images:
        return options.images
    from charassets.studio.scenes import draw_scene

    folder.mkdir(parents=True)
    for number in range(options.n):
        scene = draw_scene(number, size=256)
        picture = Image.fromarray(scene.pixels).resize((options.side, options.side), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:05d}.jpg", quality=90)
        (folder / f"{number:05d}.txt").write_text(scene.tags, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Timing:
    """Records, wall seconds and seconds inside a model."""

    records: int
    seconds: float
    model_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds else 0.0


def _ours(settings: Settings) -> dict[str, Timing]:
    lake = Workspace.of(settings).open_lake()
    listings = {source.name: open_source(source).list_items() for source in settings.sources}
    (shard,) = ledger.update(lake, listings, settings.shards.records).shards
    timings: dict[str, Timing] = {}
    detector = load_detector(settings.detector, settings.device)
    embedder = load_embedder(settings.embedder, settings.device)
    warm = [np.zeros((256, 256, 3), np.uint8)] * settings.detector.batch
    detector.detect(warm)
    embedder.embed_images(warm)
    clocks = {"single_character_images": (detector, "detect"), "clip_embeddings": (embedder, "embed_images")}
    for name, stage in shard_stages(settings).items():
        clock = ModelClock()
        if name in clocks:
            with clock.around(*clocks[name]):
                result = run_stage(stage, shard, lake)
        else:
            result = run_stage(stage, shard, lake)
        timings[name] = Timing(result.computed, result.seconds, clock.seconds)
    return timings


def _naive(settings: Settings, paths: list[Path]) -> dict[str, Timing]:
    from ultralytics import YOLO

    yolo = YOLO(str(find_detector(settings.detector).path), task="detect")
    side = settings.detector.image_size
    yolo.predict(np.zeros((side, side, 3), np.uint8), imgsz=side, verbose=False)
    started = time.perf_counter()
    crops = []
    for path in paths:
        picture = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
        found: Any = yolo.predict(picture, imgsz=side, conf=settings.detector.floor_score, verbose=False)
        boxes = found[0].boxes.xyxy.tolist()
        crop = picture.crop(tuple(boxes[0])) if boxes else picture
        buffer = io.BytesIO()
        crop.save(buffer, "WEBP", quality=settings.crops.webp_quality)
        crops.append(buffer.getvalue())
    detect = time.perf_counter() - started
    embed = _naive_embedding(settings, crops)
    return {"single_character_images": Timing(len(paths), detect), "clip_embeddings": Timing(len(crops), embed)}


def _naive_embedding(settings: Settings, crops: list[bytes]) -> float:
    import torch
    from transformers import AutoImageProcessor, AutoModel

    import charassets.models.mini_clip  # noqa: F401 - registers the shipped model's class

    path = find_embedder(settings.embedder).path
    model = AutoModel.from_pretrained(path, use_safetensors=True, dtype=torch.float32).eval()
    processor = AutoImageProcessor.from_pretrained(path)
    started = time.perf_counter()
    with torch.no_grad():
        for data in crops:
            picture = Image.open(io.BytesIO(data)).convert("RGB")
            model.get_image_features(**processor(images=picture, return_tensors="pt"))
    return time.perf_counter() - started


def _print(ours: dict[str, Timing], naive: dict[str, Timing], options: argparse.Namespace) -> None:
    table = Table(title=f"images a second, {options.side} px JPEG, profile {options.profile}")
    for heading in ("stage", "ours", "naive", "ratio", "not model"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for name, timing in ours.items():
        other = naive.get(name)
        table.add_row(
            name,
            f"{timing.rate:,.0f}",
            f"{other.rate:,.0f}" if other else "",
            f"{timing.rate / other.rate:.1f}x" if other else "",
            f"{1 - timing.model_seconds / timing.seconds:.0%}" if timing.model_seconds else "",
        )
    images = max(t.records for t in ours.values())
    whole, by_hand = images / sum(t.seconds for t in ours.values()), 1 / sum(1 / t.rate for t in naive.values())
    model = sum(t.model_seconds for t in ours.values()) / sum(t.seconds for t in ours.values())
    table.add_row(
        "whole", f"{whole:,.0f}", f"{by_hand:,.0f}", f"{whole / by_hand:.1f}x", f"{1 - model:.0%}", style="bold"
    )
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    main()
