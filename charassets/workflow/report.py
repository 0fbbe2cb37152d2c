"""What a course came to, for machines (``figures.json``) and for people (``report.md``).

What belongs here: putting the parts together. Not here: any figure.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from charassets.classifiers.conclusion import Trained
from charassets.classifiers.examples import Examples
from charassets.enrolment import in_force
from charassets.lake.fragments import Lake
from charassets.workflow.course import HELD_OUT, LABELS, LEFT_OUT, PARTS, Course
from charassets.workflow.held_out import Identification, Share, part_sizes

_SHOWN = 20  # characters, and pictures left out, that the report tells; the tables have all


def told(
    lake: Lake, course: Course, examples: Examples, trained: Trained, identified: Identification
) -> dict[str, Any]:
    """Write both files; answers the figures."""
    shelved = in_force(lake)
    figures = {
        "source": course.source,
        "characters": len(examples.values),
        "left_out": dict(examples.left_out),
        "pictures_left_out": dict(Counter(row["fate"] for row in course.rows(LEFT_OUT))),
        "parts": part_sizes(examples),
        "gallery": {
            "version": shelved.digest,
            "characters": len(shelved.gallery.names),
            "references": shelved.gallery.references.num_rows,
        },
        "classifier": {
            "name": course.name,
            "run": trained.run.id,
            "method": course.method,
            "promoted": trained.promoted,
            "why": trained.why,
            "scores": trained.report["test"]["scores"],
        },
        "identification": asdict(identified),
    }
    course.write(figures, _text(course, examples, figures, identified))
    return figures


def _text(course: Course, examples: Examples, figures: Mapping[str, Any], found: Identification) -> str:
    parts = ", ".join(f"{n} {name}" for name, n in figures["parts"].items())
    left = figures["left_out"]
    gallery, classifier = figures["gallery"], figures["classifier"]
    scores = "\n".join(
        f"| classifier: {name} | {one['value']:.3f} | {one['low']:.3f} to {one['high']:.3f} |"
        for name, one in classifier["scores"].items()
    )
    rows = (("right name first", found.first), ("named, and rightly", found.named), ("named wrongly", found.wrong))
    asked = "\n".join(f"| gallery: {name} | {_shown(one)} |" for name, one in (*rows, ("not named", found.silent)))
    strangers = (
        f"Of {found.strangers} pictures of characters with too few pictures for the gallery, {found.accepted:.3f} are taken for "
        f"somebody (AUC of known against unknown {found.auc:.3f}).\n"
        if found.strangers and found.accepted is not None and found.auc is not None
        else "No picture of a stranger was there to ask about.\n"
    )
    names = ", ".join(examples.values[:_SHOWN]) + (", ..." if len(examples.values) > _SHOWN else "")
    return f"""# {course.name}

{len(examples.values)} characters of source `{course.source}`: {names}.
{parts}; copies and variants stay on one side, and nothing was learnt from the test part.
Left out, with too few pictures: {", ".join(f"{name} ({n})" for name, n in left.items()) or "nobody"}.
{_pictures_left_out(course)}

| on the {found.asked} pictures held out | value | 95 % interval |
|---|---|---|
{scores}
{asked}

{strangers}
Gallery version `{gallery["version"][:12]}`: {gallery["characters"]} characters, {gallery["references"]} references.
Classifier `{course.name}`, run `{classifier["run"]}`: {classifier["why"]}.
Files: `{LABELS}` who is who, `{LEFT_OUT}` what was left out and why, `{PARTS}` the division, `{HELD_OUT}` every answer.
"""


def _pictures_left_out(course: Course) -> str:
    """The pictures that teach nobody, each with the reason: what a person mends to have more of them."""
    rows = course.rows(LEFT_OUT)
    if not rows:
        return "Every picture of the source was used."
    counts = ", ".join(f"{n} {fate}" for fate, n in sorted(Counter(row["fate"] for row in rows).items()))
    shown = (f"- {_place(row['path'])}{row['fate']}, {row['reason']}" for row in rows[:_SHOWN])
    more = f"\n- ... and {len(rows) - _SHOWN:,} more in `{LEFT_OUT}`" if len(rows) > _SHOWN else ""
    return f"Of the source's pictures {len(rows):,} were not used ({counts}):\n\n" + "\n".join(shown) + more


def _shown(one: Share) -> str:
    return f"{one.value:.3f} | {one.low:.3f} to {one.high:.3f}"


def _place(path: str) -> str:
    """Where a picture lies, before what is said of it; of one that could not be read the reason names the place."""
    return f"`{path}`: " if path else ""
