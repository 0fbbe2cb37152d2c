"""The assets that learn from the collection: heads, fusion policy and calibration, promoted only if they are better.

What belongs here: when they run and what Dagster shows of them. Not here: what is learnt (``charassets.training``). They read
per-shard tables; only a promotion makes what reads them stale, and the next night brings it up to date. They are no part of
``charassets run``, whose second run must find nothing to do.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg

from charassets.attributes import calibration as curves
from charassets.attributes.fusion_files import CALIBRATION, POLICY, in_force
from charassets.attributes.probes import HEADS
from charassets.defs.failures import translated
from charassets.defs.metadata import pictures
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.images.reliability_plot import reliability_plot
from charassets.training.learning import Learned, learn_calibration, learn_policy
from charassets.training.probe_lessons import learn_heads

PROMISES = (0.02, 0.05, 0.1)
CODE_VERSION = "1"


def _artefact(name: str, description: str, deps: list[str]) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    return dg.asset(
        name=name,
        deps=deps,
        description=description,
        code_version=CODE_VERSION,
        group_name="learning",
        kinds={"scikitlearn"},
        owners=OWNERS,
    )


@_artefact(
    HEADS,
    "Light classifiers on embeddings, trained on the collection's own tags once it has grown by a fifth.",
    ["clip_embeddings", "tag_evidence"],
)
def heads(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Train the heads, if enough new pictures came."""
    with translated(context):
        return _told(learn_heads(workbench.lake, workbench.settings))


@_artefact(
    POLICY,
    "Which fusion strategy is used where: taught by held-back tags and by people's reviews, never by its own confidence.",
    ["tag_evidence", "visual_evidence", "edits"],
)
def fusion_policy(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Teach the choice of strategies."""
    with translated(context):
        return _told(learn_policy(workbench.lake, workbench.settings))


@_artefact(
    CALIBRATION,
    "What a confidence means: fitted on held-back tags, with the thresholds of promises.",
    ["tag_evidence", "visual_evidence", POLICY],
)
def calibration(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Fit the confidence where only the picture speaks."""
    with translated(context):
        learned = learn_calibration(workbench.lake, workbench.settings)
        panels = {name: [(b.confidence, b.right, b.n) for b in bins] for name, bins in learned.reliability.items()}
        plot = pictures({"reliability": reliability_plot(panels)}) if panels else {}
        return _told(learned, {"promises": dg.MetadataValue.md(_promises(workbench)), **plot})


def _told(learned: Learned, more: dict[str, Any] | None = None) -> dg.MaterializeResult:
    metadata: dict[str, Any] = {
        "promoted": learned.promoted,
        "why": learned.why,
        **dict(learned.figures),
        **(more or {}),
    }
    if learned.gain is not None:
        metadata |= {"gain": learned.gain.mean, "gain_low": learned.gain.low, "gain_high": learned.gain.high}
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(learned.digest or "none"))


def _promises(workbench: Workbench) -> str:
    """A table: what each promise costs each attribute."""
    known: dict[str, curves.Calibrated] = dict(in_force(workbench.lake.store).model.calibration.attributes)
    lines = [f"| attribute | {' | '.join(f'wrong at most {p:.0%}: coverage' for p in PROMISES)} |", "|---" * 4 + "|"]
    for name, found in known.items():
        costs = [found.cost(promise) for promise in PROMISES]
        lines.append(f"| {name} | {' | '.join(f'{cost.coverage:.2f}' for cost in costs)} |")
    return "\n".join(lines)
