"""``why``, ``diff``, ``plan``, ``models`` and ``search``: questions about a workspace, and their answers in print.

What belongs here: printing. Not here: the answers (``charassets.inspection``).
"""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charassets.cli.options import Assignments, Detector, Embedder, Json, Profile, Workspace
from charassets.cli.output import print_facts, print_json, print_table, talk
from charassets.errors import ModelMissingError, UsageError

if TYPE_CHECKING:
    from charassets.inspection.story import Story


def why(
    image: Annotated[str, typer.Argument(help="A record id, a path below a source or its end, or a file.")],
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Tell one image's whole story: source, scores, gates, duplicates, evidence, and what would change its fate."""
    from charassets.cli.run import use_workspace
    from charassets.inspection.story import story
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings
    from charassets.warehouse import connect

    use_workspace(workspace)
    settings = load_settings()
    with connect(Place.of(settings)) as con:
        found = story(con, image, settings)
    if json:
        told = asdict(found)
        print_json(
            {"ok": True, **told, "remedy": found.remedy and {**asdict(found.remedy), "told": found.remedy.told()}}
        )
    else:
        _print_story(found)


def diff(
    first: Annotated[Path, typer.Argument(help="A workspace, a .duckdb file, or an export.")],
    second: Annotated[Path, typer.Argument(help="The same, later.")],
    json: Json = False,
) -> None:
    """Compare two states of a dataset: records, attributes, characters."""
    from charassets.inspection.difference import compare

    found = compare(first, second)
    if json:
        print_json({"ok": True, **asdict(found)})
        return
    dropped = ", ".join(f"{why} {count:,}" for why, count in found.dropped.items())
    print_facts({
        "records": f"{found.before:,} -> {found.after:,}",
        "added": found.added,
        "dropped": f"{sum(found.dropped.values()):,}" + (f" ({dropped})" if dropped else ""),
        "moved to other characters": found.moved,
        "gained a character": found.gained,
        "lost their character": found.lost,
        "merged characters": "; ".join(" + ".join(names) for names in found.merged) or "none",
        "split characters": ", ".join(f"{name} into {count}" for name, count in found.split.items()) or "none",
    })  # fmt: skip
    rows = [
        (
            d.attribute,
            d.changed,
            d.newly_known,
            d.newly_unknown,
            ", ".join(f"{a} -> {b} {n:,}" for a, b, n in d.commonest),
        )
        for d in found.drift
    ]
    if rows:
        print()
        print_table(["attribute", "changed", "newly known", "newly unknown", "commonest"], rows)


def plan(
    images: Annotated[int, typer.Option(min=1, help="Pictures the collection will hold.")] = 5_000_000,
    source: Annotated[list[str] | None, typer.Option(metavar="[NAME=]PATH", help="Sample these instead.")] = None,
    sample: Annotated[int, typer.Option(min=1, max=5_000, help="Pictures to measure on.")] = 64,
    workspace: Workspace = None,
    profile: Profile = None,
    detector: Detector = None,
    embedder: Embedder = None,
    assignments: Assignments = None,
    json: Json = False,
) -> None:
    """Time a sample of your own images and say hours, gigabytes and where the time goes."""
    from charassets.cli.run import Request, own_settings, reserved_stdout, use_workspace
    from charassets.inspection.planning import plan as planned

    use_workspace(workspace)
    settings = own_settings(Request(source or (), profile, detector, embedder, assignments or ()))
    with reserved_stdout():
        found = planned(settings, images, sample)
    if json:
        print_json({"ok": True, **asdict(found)})
        return
    rows = [(s.stage, s.per_second, s.hours, f"{s.hours / found.hours:.0%}", s.gigabytes) for s in found.steps]
    rows.append(("all", images / found.hours / 3600, found.hours, "100%", found.gigabytes))
    print_table(["stage", "pictures/s", "hours", "share", "GB"], rows)
    talk(
        f"measured on {found.sampled} pictures, one process of this machine, for {images:,}; "
        "duplicates, characters and the warehouse come on top"
    )


def models(
    workspace: Workspace = None,
    profile: Profile = None,
    detector: Detector = None,
    embedder: Embedder = None,
    json: Json = False,
) -> None:
    """List the models of the profile with licence and digest; exit with 6 if one is missing."""
    _stay_offline()
    from charassets.cli.run import Request, own_settings, use_workspace
    from charassets.models.catalogue import models_of

    use_workspace(workspace)
    found = models_of(own_settings(Request(profile=profile, detector=detector, embedder=embedder)))
    if json:
        print_json([asdict(model) for model in found])
    else:
        rows = [(m.role, m.path, m.licence, (m.sha256 or "")[:12], m.problem or "present") for m in found]
        print_table(["role", "model", "licence", "sha256", "state"], rows)
    raise typer.Exit(ModelMissingError.exit_code if any(model.problem for model in found) else 0)


def search(
    query: Annotated[str, typer.Argument(help="In the query language; empty: everything.")] = "",
    image: Annotated[Path | None, typer.Option(help="Order by likeness to the figure of this picture.")] = None,
    text: Annotated[str | None, typer.Option(help="Order by likeness to these words.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Results wanted.")] = 20,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Find kept records by query, by a picture, or by words."""
    from charassets.cli.run import reserved_stdout, use_workspace
    from charassets.inspection import search as searching
    from charassets.settings import load_settings

    use_workspace(workspace)
    settings = load_settings()
    vector = None
    if image is not None and text is not None:
        raise UsageError("a search has one example", where="search", todo="give --image or --text")
    with reserved_stdout():
        if text is not None:
            vector = searching.vector_of_words(settings, text)
        if image is not None:
            from charassets.cli.extract import read_picture
            from charassets.extraction import extract

            vector = extract(read_picture(image, settings.images.max_bytes), None, settings).embedding
            if vector is None:
                raise UsageError("there is no figure in the picture", where=str(image), todo="try another picture")
    results = searching.search(settings, query, limit, vector)
    if json:
        print_json({"ok": True, "total": results.total, "results": [asdict(one) for one in results.found]})
        return
    likeness = ["likeness"] if vector is not None else []
    rows = [[*([one.similarity] if likeness else []), *one.values.values()] for one in results.found]
    print_table([*likeness, *searching.COLUMNS], rows)
    talk("1 record passes the query" if results.total == 1 else f"{results.total:,} records pass the query")


def _print_story(found: "Story") -> None:
    changed = found.remedy.told() if found.remedy else "no single setting would change its fate"
    fate = f"{found.fate}: {found.reason}" if found.reason else found.fate
    print_facts({"record": found.record_id, "fate": fate, "what would change it": changed})
    _section("Source", [(name, value) for name, value in found.source.items()], ["what", "value"])
    gates = [(g.name, g.measured, g.limit, "passed" if g.passed else "not reached") for g in found.gates]
    _section("Gates", gates, ["setting", "measured", "limit", ""])
    if found.duplicate is not None:
        _section(
            "Duplicates",
            [*found.duplicate.items(), ("other copies", ", ".join(found.copies) or "none")],
            ["what", "value"],
        )
    if found.character is not None:
        _section("Character", list(found.character.items()), ["what", "value"])
    lines = [(a.name, a.value, a.confidence, a.status, "\n".join(a.evidence[:5])) for a in found.attributes]
    _section("Attributes", lines, ["attribute", "value", "confidence", "status", "evidence"])


def _stay_offline() -> None:
    """Looking whether a model is there must not fetch it; the hub's client reads this once, when it is imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def _section(title: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> None:
    if rows:
        print()
        print_table(columns, rows, title=title)
