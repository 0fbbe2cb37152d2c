"""The asset that trains the classifiers of the settings anew, and what Dagster shows of each.

What belongs here: when they are trained and what is shown. Not here: training (``charassets.classifiers``). Like the other
assets that learn it is no part of ``charassets run``.
"""

from typing import Any

import dagster as dg

from charassets.classifiers.spec import Spec, Tuning
from charassets.classifiers.training import Trained, train
from charassets.defs.failures import translated
from charassets.defs.metadata import pictures
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.images.contact_sheet import MAX_BYTES

_SHOWN = ("confusion.webp", "roc.webp", "curve.webp")


@dg.asset(
    deps=["clip_embeddings", "design_features", "visual_evidence", "warehouse"],
    description="Trained classifiers of the settings that name a label; a version takes effect only if it is better.",
    code_version="1",
    group_name="learning",
    kinds={"scikitlearn"},
    owners=OWNERS,
)
def classifiers(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Train every classifier of the settings whose label is given there."""
    metadata: dict[str, Any] = {}
    for one in workbench.settings.classifiers:
        if one.label is not None:
            tuning = Tuning(one.backbone, one.revision, one.look, one.epochs, lora=one.lora)
            spec = Spec(
                one.name, one.label, one.method, one.features, one.together, attribute=one.attribute, tuning=tuning
            )
            with translated(context):
                trained = train(workbench.workspace, workbench.lake, spec)
            metadata |= _told(one.name, trained) if trained is not None else {}
    return dg.MaterializeResult(metadata=metadata or {"trained": 0})


def _told(name: str, trained: Trained) -> dict[str, Any]:
    scores = trained.report["test"]["scores"]
    numbers = {f"{name}/{score}": round(found["value"], 4) for score, found in scores.items()}
    ranges = {f"{name}/{score}_low": round(found["low"], 4) for score, found in scores.items()}
    files = {f"{name}/{file.removesuffix('.webp')}": trained.run.folder / file for file in _SHOWN}
    small = {key: data for key, path in files.items() if path.is_file() and len(data := path.read_bytes()) <= MAX_BYTES}
    return {**numbers, **ranges, f"{name}/promoted": trained.promoted, f"{name}/why": trained.why, **pictures(small)}
