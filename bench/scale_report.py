"""From the costs that ``bench.scale`` kept to growth exponents, a table and a plot.

    python -m bench.scale_report build/scale.jsonl --plot docs/images/scaling.png

What belongs here: the fit, the table, the plot. Not here: measuring; the words of ``docs/scaling.md``, which are written by hand
around the table.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Costs = Mapping[str, Sequence[Mapping[str, Any]]]
"""Costs of every step, by rising size; of a step that ran several times at one size the last."""


def main() -> None:
    """Print the table; draw the plot where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("costs", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    costs = read(options.costs)
    sys.stdout.write("\n".join(table(costs)) + "\n")
    sys.stdout.write("\n".join(latency_table(costs)) + "\n")
    if options.plot:
        draw(costs, options.plot)


def read(path: Path) -> Costs:
    """The costs of a file of JSON lines."""
    last: dict[tuple[str, int], Mapping[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        cost = json.loads(line)
        last[cost["step"], cost["n"]] = cost
    steps = dict.fromkeys(step for step, _ in last)
    return {step: [last[key] for key in sorted(last) if key[0] == step] for step in steps}


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of seconds over sizes on logarithmic axes, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(seconds, 1e-3)), 1)[0])


def table(costs: Costs) -> list[str]:
    """Markdown: a row a step, columns a size, the exponent from the second smallest size on."""
    sizes = sorted({cost["n"] for found in costs.values() for cost in found})
    heads = "".join(f" {n:,} |" for n in sizes)
    lines = [f"| step, CPU s / peak MB / disk MB |{heads} exponent |", "|---|" + "---|" * (len(sizes) + 1)]
    for step, found in costs.items():
        if step == "queries":
            continue
        at = {cost["n"]: cost for cost in found}
        cells = [
            f"{at[n]['cpu']:.1f} / {at[n]['peak_mb']:,.0f} / {max(0, at[n]['disk_mb']):,.0f}" if n in at else ""
            for n in sizes
        ]
        large = [cost for cost in found if cost["n"] > sizes[0]] if len(found) > 2 else found  # noqa: PLR2004
        grown = exponent([c["n"] for c in large], [c["cpu"] for c in large]) if len(large) > 1 else None
        lines.append(f"| {step} | {' | '.join(cells)} | {'' if grown is None else f'{grown:.2f}'} |")
    return lines


def latency_table(costs: Costs) -> list[str]:
    """Markdown: a row a question, milliseconds at each size."""
    found = costs.get("queries", [])
    if not found:
        return []
    heads = "".join(f" {cost['n']:,} |" for cost in found)
    lines = ["", f"| question, ms |{heads}", "|---|" + "---|" * len(found)]
    for question in found[-1]["latencies"]:
        times = " | ".join(f"{cost['latencies'].get(question, 0):,.0f}" for cost in found)
        lines.append(f"| {question} | {times} |")
    return lines


def draw(costs: Costs, out: Path) -> None:
    """CPU seconds and peak memory of every step over the size, on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, (seconds, memory) = plt.subplots(1, 2, figsize=(11, 5), dpi=80)
    for step, found in costs.items():
        sizes = [cost["n"] for cost in found]
        if step == "queries" or len(sizes) < 2:  # noqa: PLR2004
            continue
        seconds.plot(sizes, [cost["cpu"] for cost in found], marker="o", label=step)
        memory.plot(sizes, [cost["peak_mb"] for cost in found], marker="o", label=step)
    for axes, title in ((seconds, "CPU seconds"), (memory, "peak memory, MB")):
        axes.set(xscale="log", yscale="log", xlabel="records", title=title)
        axes.grid(alpha=0.3, which="both")
    everything = np.array(sorted({cost["n"] for found in costs.values() for cost in found}))
    seconds.plot(everything, everything / everything[0], color="grey", linestyle=":", label="in proportion")
    seconds.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(out, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
