"""The mini models' report: every figure aimed at, beside a guess and bare pixels, and what fell short.

What belongs here: which figures are shown, and the aims' verdict. Not here: how each is measured (``detector_figures``,
``embedder_figures``, ``head_figures``). The real sets are only ever read to measure.

    python -m charassets.training.scorecard --data ../shared/data
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from charassets.models.heads import load_heads
from charassets.models.registry import load_detector, load_embedder
from charassets.settings import Settings, load_settings
from charassets.similarity.clusters import ClusterRule
from charassets.training import detector_figures, embedder_figures, head_figures, thresholds
from charassets.training.figures import Figure, table
from charassets.training.real_sets import Crop, crops, portraits

DATA = Path(__file__).parents[2].parent / "shared" / "data"
"""Where the real sets lie beside a checkout."""


def figures(settings: Settings, data: Path | None, seen: list[Crop]) -> Iterator[Figure]:
    """Everything measured, aims first.

    Args:
        settings: the models.
        data: folder of the real sets, or None for drawings only.
        seen: crops of the real portraits; empty without the sets.
    """
    detector, embedder = load_detector(settings.detector), load_embedder(settings.embedder)
    heads = load_heads(settings.heads) if settings.heads else None
    yield from detector_figures.counts(detector, data)
    if data is not None:
        yield from detector_figures.gated(settings, data)
    if heads is not None and seen:
        yield from head_figures.on_real(heads, seen)
    if data is not None:
        yield from embedder_figures.real_copies(embedder, data)
    rule = ClusterRule(settings.clusters.min_cluster_size, settings.clusters.min_samples)
    yield embedder_figures.clustered(embedder, rule)
    yield detector_figures.rate(detector)
    if heads is not None:
        yield embedder_figures.rate(embedder, heads)
        yield from head_figures.on_drawings(heads)
    yield from embedder_figures.on_drawings(embedder)


def report(settings: Settings, data: Path | None) -> str:
    """The whole report as Markdown."""
    seen = list(crops(portraits(data), settings)) if data is not None else []
    found = list(figures(settings, data, seen))
    short = [f"- {f.set}, {f.what}: {f.value:.2f}, aimed at {f.aim:.2f}" for f in found if f.short]
    parts = [table(found)]
    if settings.heads is not None and seen:
        heads = load_heads(settings.heads)
        parts.append("At the shipped thresholds, on real art as the pipeline crops it:")
        parts.append(thresholds.table(heads.questions, thresholds.answers_on(heads, seen)))
    parts.append("\n".join(["Short of the aim (marked ! above):", *short]) if short else "Every aim is reached.")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the mini models.")
    parser.add_argument("--data", type=Path, default=DATA if DATA.is_dir() else None, help="folder of the real sets")
    parser.add_argument("--detector", default="mini:detector")
    parser.add_argument("--embedder", default="mini:embedder")
    parser.add_argument("--heads", default="mini:heads")
    parser.add_argument(
        "--size", type=int, help="input of the detector at the first look, pixels; the profile's if absent"
    )
    given = parser.parse_args()
    models = {
        "detector": {"path": given.detector, **({"image_size": given.size} if given.size else {})},
        "embedder": {"path": given.embedder},
        "heads": {"path": given.heads},
    }
    if given.data is None:
        sys.stderr.write("the real sets are not at hand: drawings only\n")
    sys.stdout.write(report(load_settings({"profile": "mini", **models}), given.data))


if __name__ == "__main__":
    main()
