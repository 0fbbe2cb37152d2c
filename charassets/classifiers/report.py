"""The report of a training: one JSON object, the same in words, and four pictures.

What belongs here: telling what was measured. Not here: measuring (``measures``, ``importance``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.classifiers.examples import Examples
from charassets.classifiers.importance import Importance
from charassets.classifiers.measures import Measured
from charassets.classifiers.spec import Spec
from charassets.errors import Rejected
from charassets.images.contact_sheet import sheet
from charassets.images.decode import decode
from charassets.images.line_plot import line_plot, table_plot
from charassets.models.trained import AnyClassifier
from charassets.models.tuned import FINETUNE
from charassets.settings import ImageSettings

_CROP_LIMITS = ImageSettings(min_side=1, max_aspect=1e6)
_SHOWN = 40

Curve = Mapping[str, Mapping[str, float]]


def as_json(
    spec: Spec,
    examples: Examples,
    classifier: AnyClassifier,
    found: Measured,
    curve: Curve,
    best: str,
    important: Sequence[Importance],
) -> dict[str, Any]:
    """Everything of the report as JSON values."""
    counts = {
        part: {
            value: int(((examples.parts == k) & (examples.labels == c)).sum())
            for c, value in enumerate(examples.values)
        }
        for k, part in enumerate(("train", "validation", "test"))
    }
    return {
        "spec": spec.to_json(),
        "values": list(examples.values),
        "left_out": examples.left_out,
        "pictures": counts,
        "groups": int(len(np.unique(examples.groups))),
        "test": {
            "n": found.n,
            "groups": found.groups,
            "scores": {name: asdict(score) for name, score in found.scores.items()},
            "classes": [asdict(one) for one in found.classes],
            "confusion": found.confusion.tolist(),
            "majority": found.majority,
            "chance": found.chance,
            "calibration_error": found.error,
            "roc": found.roc,
        },
        "best": best,
        "temperature": classifier.temperature,
        "curve": {step: dict(losses) for step, losses in curve.items()},
        "importance": [asdict(one) for one in important],
    }


def as_text(report: Mapping[str, Any]) -> str:
    """The report in Markdown."""
    spec, test = report["spec"], report["test"]
    over = f"{spec['method']} on {', '.join(spec['features'])}"
    if spec["method"] == FINETUNE:
        adapters = f", LoRA of rank {spec['tuning']['lora']}" if spec["tuning"]["lora"] else ""
        over = (
            f"{spec['tuning']['backbone']} fine-tuned{adapters} on the {spec['tuning']['look']}, kept: {report['best']}"
        )
    lines = [
        f"# {spec['name']}: {over}, label `{spec['label']}`",
        "",
        f"{test['n']} unseen pictures in {test['groups']} groups; bound by {', '.join(spec['together'])}; seed {spec['seed']}."
        + (" **Labels were dealt out anew: a control that has to score at chance.**" if spec["shuffle_labels"] else ""),
        "",
        "| score | value | 95 % interval |",
        "|---|---|---|",
        *(f"| {name} | {s['value']:.3f} | {s['low']:.3f} to {s['high']:.3f} |" for name, s in test["scores"].items()),
        f"| always the commonest label | {test['majority']:.3f} | |",
        f"| expected calibration error | {test['calibration_error']:.3f} | |",
        "",
        "| label | train | unseen | precision | recall | F1 | AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in test["classes"]:
        numbers = " | ".join(f"{one[name]:.3f}" for name in ("precision", "recall", "f1", "auc"))
        lines.append(f"| {one['value']} | {report['pictures']['train'][one['value']]} | {one['n']} | {numbers} |")
    if report["importance"]:
        lines += ["", "| goes by | accuracy lost when dealt anew | Shapley value |", "|---|---|---|"]
    for one in report["importance"]:
        shapley = "" if one["shapley"] is None else f"{one['shapley']:.3f}"
        lines.append(f"| {one['thing']} | {one['drop']:.3f} ± {one['spread']:.3f} | {shapley} |")
    return "\n".join(lines) + "\n"


def pictures(report: Mapping[str, Any]) -> dict[str, bytes]:
    """Confusion matrix, ROC curves and losses as WebP, by file name."""
    test, steps = report["test"], report["curve"]
    sides = list(dict.fromkeys(side for losses in steps.values() for side in losses))
    losses = {
        side: [(float(k + 1), one[side]) for k, one in enumerate(steps.values()) if side in one] for side in sides
    }
    made = {
        "confusion.webp": table_plot(np.array(test["confusion"]), report["values"], "truth by row, answer by column"),
        "roc.webp": line_plot(test["roc"], "ROC, unseen pictures", "others let in", "found", square=True),
    }
    if losses:
        made["curve.webp"] = line_plot(losses, f"loss, kept: {report['best']}", "step", "loss")
    return made


def misclassified(
    crops: Mapping[str, bytes],
    record_ids: Sequence[str],
    truth: NDArray[np.int64],
    chances: NDArray[np.float64],
    values: Sequence[str],
) -> bytes | None:
    """A sheet of the surest wrong answers, each with answer and truth; None where all are right."""
    answers = chances.argmax(axis=1)
    wrong = np.flatnonzero(answers != truth)
    wrong = wrong[np.argsort(-chances[wrong, answers[wrong]], kind="stable")][:_SHOWN]
    shown, labels = [], []
    for k in wrong.tolist():
        try:
            shown.append(decode(crops[record_ids[int(k)]], _CROP_LIMITS).pixels)
        except (Rejected, KeyError):
            continue
        labels.append(f"{values[int(answers[k])]}, is {values[int(truth[k])]}")
    return sheet(shown, labels, columns=6, tile=120, max_bytes=400_000) if shown else None
