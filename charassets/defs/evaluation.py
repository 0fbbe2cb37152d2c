"""The asset that measures how right attributes are, by source and fused, and its checks.

What belongs here: what Dagster shows of it. Not here: measuring (``charassets.evaluation``). It belongs to the job `learn`: what
was just promoted is measured on truth that nothing was fitted on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from charassets.attributes.calibration import error_of
from charassets.defs.failures import translated
from charassets.defs.metadata import pictures
from charassets.defs.partitions import OWNERS
from charassets.defs.resources import Workbench
from charassets.evaluation.measures import FUSED, Measured
from charassets.evaluation.standards import FEWEST, MOST_OFF, Breach, broken_promises, miscalibrated
from charassets.evaluation.workspace import Evaluated, evaluate_workspace
from charassets.images.reliability_plot import reliability_plot

RIGHT, CALIBRATED = "right_as_promised", "confidence_means_it"

_CHECKS = {
    RIGHT: "No attribute is right less often than its threshold promises.",
    CALIBRATED: f"The expected calibration error of the answers told is at most {MOST_OFF} for every attribute.",
}
_CONFUSIONS = 40  # lines of the table: the commonest of all


@dg.asset(
    deps=["heads", "fusion_policy", "calibration", "edits"],
    description="How right attributes are: precision, recall, coverage, confusions and calibration of every attribute, by source "
    "and fused, on labelled or drawn pictures and on people's reviews.",
    code_version="1",
    group_name="learning",
    kinds={"python"},
    owners=OWNERS,
    check_specs=[dg.AssetCheckSpec(name, asset="evaluation", description=says) for name, says in _CHECKS.items()],
)
def evaluation(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Measure what is in force."""
    with translated(context):
        found = evaluate_workspace(workbench.lake, workbench.settings)
    return dg.MaterializeResult(
        metadata=_metadata(found),
        data_version=dg.DataVersion(found.digest),
        check_results=[
            _checked(RIGHT, {t: broken_promises(m, workbench.settings.attributes) for t, m in found.measured.items()}),
            _checked(CALIBRATED, {truth: miscalibrated(measured) for truth, measured in found.measured.items()}),
        ],
    )


def _metadata(found: Evaluated) -> dict[str, Any]:
    """Numbers under stable keys, which plot over time; tables; a reliability diagram an attribute."""
    metadata: dict[str, Any] = {f"records/{truth}": n for truth, n in found.records.items()}
    for truth, measured in found.measured.items():
        fused = [m for m in measured if m.source == FUSED and m.told]
        for m in fused:
            metadata[f"{truth}/precision/{m.attribute}"] = round(m.precision, 4)
            metadata[f"{truth}/coverage/{m.attribute}"] = round(m.coverage, 4)
            metadata[f"{truth}/ece/{m.attribute}"] = round(error_of(m.told_bins), 4)
        metadata[f"{truth}/by_source"] = dg.MetadataValue.md(_by_source(measured))
        metadata[f"{truth}/confusions"] = dg.MetadataValue.md(_confusions(fused))
        panels = {m.attribute: [(b.confidence, b.right, b.n) for b in m.told_bins] for m in fused}
        if panels:
            metadata |= pictures({f"{truth}/reliability": reliability_plot(panels)})
    return metadata


def _by_source(measured: Iterable[Measured]) -> str:
    lines = ["| attribute | source | judged | told | precision | recall | coverage | ECE |", "|---" * 8 + "|"]
    for m in measured:
        right, error = (f"{m.precision:.3f}", f"{error_of(m.told_bins):.3f}") if m.told else ("-", "-")
        source = f"**{m.source}**" if m.source == FUSED else m.source
        lines.append(
            f"| {m.attribute} | {source} | {m.judged} | {m.told} | {right} | {m.recall:.3f} | {m.coverage:.3f} | {error} |"
        )
    return "\n".join(lines)


def _confusions(fused: Sequence[Measured]) -> str:
    wrong = [(n, m.attribute, right, told) for m in fused for right, told, n in m.confusions()]
    lines = ["| attribute | right | told | times |", "|---" * 4 + "|"]
    lines += [
        f"| {name} | {right} | {told} | {n} |" for n, name, right, told in sorted(wrong, reverse=True)[:_CONFUSIONS]
    ]
    return "\n".join(lines)


def _checked(name: str, breaches: Mapping[str, Iterable[Breach]]) -> dg.AssetCheckResult:
    """A warning: what was promoted stays in force until something better is, and people should know."""
    found = {f"{truth}: {b.attribute}": b.words for truth, those in breaches.items() for b in those}
    return dg.AssetCheckResult(
        check_name=name,
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{who} {words}" for who, words in found.items()) or _CHECKS[name],
        metadata={"short": found, "fewest_answers": FEWEST},
    )
