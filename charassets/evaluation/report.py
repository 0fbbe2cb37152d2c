"""The evaluation as Markdown.

What belongs here: tables and the sentences around them. Not here: any number's making.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from charassets.evaluation.drawn import PROMISES, DrawnFigures
from charassets.evaluation.measures import FUSED, Measured
from charassets.evaluation.real import OnSet
from charassets.training.fusion_contest import CONTESTANTS, Interval

ENOUGH = 1_000
"""Answers from which an attribute's calibration error is its own and not chance's."""


def of_folder(measured: Iterable[Measured], records: int, title: str) -> str:
    """A labelled folder: one table of all attributes by source, one of confusions."""
    rows = [m for m in measured if m.judged]
    lines = [f"# {title}", "", f"{records} pictures. {_HOW}", "", *_measures(rows), "", "## Commonest errors", ""]
    return "\n".join([*lines, *_confusions(rows)]) + "\n"


def of_drawn(found: DrawnFigures) -> str:
    """The drawn set."""
    rows = [m for a in found.attributes for m in (a.fused, *a.sources)]
    better = sum(a.gain.low > 0 for a in found.attributes)
    worse = [a.fused.attribute for a in found.attributes if a.gain.high < 0]
    lines = [
        "## Studio portraits",
        "",
        _DRAWN.format(n=found.records, winner=found.winner),
        "",
        "### Fused against the best single source",
        "",
    ]
    lines += ["| attribute | fused | best source | alone | gain | 95 % interval |", "|---|---|---|---|---|---|"]
    for a in found.attributes:
        alone = next(m for m in a.sources if m.source == a.best)
        reach = f"{a.gain.low:+.4f} to {a.gain.high:+.4f}"
        lines.append(
            f"| {a.fused.attribute} | {a.fused.reward:.4f} | {a.best} | {alone.reward:.4f} | {a.gain.mean:+.4f} | {reach} |"
        )
    verdict = f"significantly worse on {', '.join(worse)}" if worse else "nowhere significantly worse"
    lines += ["", f"Significantly better on {better} of {len(found.attributes)} attributes, {verdict}.", ""]
    lines += ["### By source and fused", "", *_measures(rows), "", *_calibration(found), "", *_contest(found), ""]
    lines += [*_promises(found), "", *_planted(found), "", "### Commonest errors of the fused answers", ""]
    lines += _confusions([a.fused for a in found.attributes])
    return "\n".join(lines) + "\n"


def of_real(
    found: Sequence[OnSet],
    attributes: Sequence[str] = ("Hair Color",),
    by_others: Mapping[str, Mapping[str, tuple[float | None, float]]] = MappingProxyType({}),
) -> str:
    """Real art.

    Args:
        found: every attribute on every set.
        attributes: told first.
        by_others: attribute to set to share right and coverage under limits chosen on the other sets.
    """
    lines = ["## Real art", "", _REAL, ""]
    sources = sorted({source for one in found for source in one.alone})
    for attribute in dict.fromkeys([*attributes, *(one.attribute for one in found)]):
        rows = [one for one in found if one.attribute == attribute]
        if not rows:
            continue
        lines += [
            f"### {attribute}",
            "",
            f"| set | n | fused: right | coverage | best candidate | {' | '.join(sources)} | majority |",
        ]
        lines.append("|---" * (6 + len(sources)) + "|")
        for one in rows:
            alone = " | ".join(f"{one.alone[s]:.2f}" if s in one.alone else "" for s in sources)
            right = "-" if one.precision is None else f"{one.precision:.2f}"
            lines.append(
                f"| {one.set} | {one.n} | {right} | {one.coverage:.2f} | {one.forced:.2f} | {alone} | {one.majority:.2f} |"
            )
        lines += ["", *_transfer(by_others.get(attribute, {}))]
    return "\n".join(lines)


def _transfer(by_others: Mapping[str, tuple[float | None, float]]) -> list[str]:
    if not by_others:
        return []
    lines = [
        "Each set under limits that were chosen on the others alone: how far they transfer to a hand not seen.",
        "",
    ]
    lines += ["| set | fused: right | coverage |", "|---|---|---|"]
    for name, (right, share) in by_others.items():
        lines.append(f"| {name} | {'-' if right is None else f'{right:.2f}'} | {share:.2f} |")
    return [*lines, ""]


_HOW = (
    "Precision: right among the answers told. Recall: right among those there were to give. Coverage: told against those there "
    "were to give, above 1 where things are told that cannot be seen. ECE: expected calibration error over all candidate answers. "
    "Reward: 1 right, 0 wrong, 0.5 for none where there was one to give."
)
_DRAWN = (
    "{n} pictures, drawn by `charassets.studio.labelled`, their tags corrupted by `charassets.studio.mistagging` at its realistic "
    "rates. Truth is exact. Each is measured by what was fitted on three quarters of the identities, never its own "
    "(cross-validation); each source alone too, so that the comparison is with the best it can do. The zero-shot source is "
    "switched off in the mini profile: it is listed and takes no part. Fused is the winner of the contest below, {winner}."
)
_REAL = (
    "Pictures tagged `solo` and nothing else, by the shipped defaults, where the attribute can be seen. `fused: right` is the "
    "precision of what is told, `coverage` how many pictures get an answer, `best candidate` how often the best one is right if it "
    "had to be told. Then each source alone, silence counted as wrong, and the commonest right answer. How far the picture's "
    "sources are believed was chosen on these sets; no curve was fitted on them."
)


def _measures(rows: Sequence[Measured]) -> list[str]:
    lines = ["| attribute | source | precision | recall | coverage | ECE | answers | reward |", "|---" * 8 + "|"]
    for m in rows:
        name = f"**{m.source}**" if m.source == FUSED else m.source
        numbers = (
            f"{m.precision:.3f} | {m.recall:.3f} | {m.coverage:.3f} | {m.error:.3f} | {m.candidates} | {m.reward:.3f}"
        )
        lines.append(f"| {m.attribute} | {name} | {numbers} |")
    return lines


def _calibration(found: DrawnFigures) -> list[str]:
    fused = [a.fused for a in found.attributes]
    rated = [m for m in fused if m.candidates >= ENOUGH] or fused
    worst = max(rated, key=lambda m: m.error)
    lines = [
        "### Calibration",
        "",
        f"ECE over the answers of all attributes: {found.pooled_error:.4f}. The worst attribute with ",
    ]
    lines[-1] += f"{ENOUGH} answers or more is {worst.attribute}: {worst.error:.3f}."
    lines += ["", "| attribute | confidence → share right, bin by bin |", "|---|---|"]
    for m in rated:
        lines.append(f"| {m.attribute} | {', '.join(f'{b.confidence:.2f} → {b.right:.2f}' for b in m.bins)} |")
    return lines


def _contest(found: DrawnFigures) -> list[str]:
    lines = [
        "### Best fixed strategy, learned choice, stacking",
        "",
        f"Mean reward on unseen identities, {len(found.seeds)} seeds, ",
    ]
    lines[-1] += "each with other corruptions and another split. The fixed strategy is the best of each attribute."
    lines += ["", f"| seed | {' | '.join(CONTESTANTS)} |", "|---" * (1 + len(CONTESTANTS)) + "|"]
    for k, seed in enumerate(found.seeds):
        lines.append(f"| {k} | {' | '.join(f'{seed[name]:.4f}' for name in CONTESTANTS)} |")
    lines.append("")
    for better, worse, gap in found.differences:
        lines.append(f"- {better} minus {worse}: {_told(gap)}")
    return lines


def _told(gap: Interval) -> str:
    verdict = "better" if gap.low > 0 else "worse" if gap.high < 0 else "no difference that can be told"
    return f"{gap.mean:+.4f}, 95 % interval {gap.low:+.4f} to {gap.high:+.4f}: {verdict}"


def _promises(found: DrawnFigures) -> list[str]:
    lines = [
        "### Promises",
        "",
        "Thresholds read from some identities, examined on others: share wrong (coverage).",
    ]
    lines += [
        "",
        f"| attribute | {' | '.join(f'at most {p:.0%} wrong' for p in PROMISES)} |",
        "|---" * (1 + len(PROMISES)) + "|",
    ]
    names = dict.fromkeys(k.attribute for k in found.promises)
    for name in names:
        cells = []
        for promise in PROMISES:
            kept = next(k for k in found.promises if (k.attribute, k.promise) == (name, promise))
            cells.append(f"{kept.wrong / kept.told:.3f} ({kept.coverage:.2f})" if kept.told else "nothing told")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    totals = []
    for promise in PROMISES:
        these = [k for k in found.promises if k.promise == promise]
        told, wrong = sum(k.told for k in these), sum(k.wrong for k in these)
        totals.append(f"{wrong / max(1, told):.4f} of {told}")
    lines.append(f"| all | {' | '.join(totals)} |")
    return lines


def _planted(found: DrawnFigures) -> list[str]:
    lines = [
        "### Planted tag errors",
        "",
        "Plain tags of gender, hair, eyes, age and scars, four pictures of each identity.",
    ]
    lines += ["", "| found by | planted | flagged | precision | recall |", "|---|---|---|---|---|"]
    for way in found.found:
        lines.append(f"| {way.way} | {way.planted} | {way.flagged} | {way.precision:.3f} | {way.recall:.3f} |")
    return lines


def _confusions(rows: Sequence[Measured]) -> list[str]:
    lines = ["| attribute | source | right value → answer (times) |", "|---|---|---|"]
    for m in rows:
        if told := "; ".join(f"{right} → {said} ({n})" for right, said, n in m.confusions()):
            lines.append(f"| {m.attribute} | {m.source} | {told} |")
    return lines
