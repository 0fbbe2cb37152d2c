"""``charassets export`` and ``import-back``: training sets out, edits of them back in.

What belongs here: options, and what is told. Not here: writing (``charassets.exports``).
"""

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from charassets.cli.options import Assignments, Json, Workspace
from charassets.cli.output import print_facts, print_json, print_table, talk
from charassets.cli.sources import assigned
from charassets.errors import UsageError

_SHARE_OFF = 0.05  # of a split share; less is rounding
_ACTOR = "import-back"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to every question.")]


def export(
    format: Annotated[  # noqa: A002 - the word people use
        str,
        typer.Argument(
            help="jsonl, csv, parquet, sqlite, imagefolder, hf, webdataset, kohya, coco, characters or character_report.",
            metavar="FORMAT",
        ),
    ],
    out: Annotated[Path | None, typer.Argument(help="New folder. [WORKSPACE/exports/FORMAT]")] = None,
    workspace: Workspace = None,
    filter: Annotated[str, typer.Option("--filter", "-f", help="Query records must pass, e.g. 'hair:blue -hat'.")] = "",  # noqa: A002
    min_confidence: Annotated[float, typer.Option(min=0, max=1, help="Values below are exported as Unknown.")] = 0.0,
    balance: Annotated[int, typer.Option(min=1, help="Most repeats of a rare character's pictures.")] = 1,
    pictures: Annotated[Literal["crop", "original"], typer.Option(help="Which pictures.")] = "crop",
    validation: Annotated[float, typer.Option(min=0, max=0.99, help="Share of the records for validation.")] = 0.0,
    test: Annotated[float, typer.Option(min=0, max=0.99, help="Share of the records for the test.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another division.")] = 0,
    caption: Annotated[
        str | None, typer.Option(help="Caption template, e.g. '{count}, {character}, {general}'.")
    ] = None,
    raw_csv: Annotated[bool, typer.Option("--raw-csv", help="No guard against formulas in cells.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Hard-link originals instead of copying them.")] = False,
    assignments: Assignments = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Publish the kept records as a training set: a folder with data, index, manifest and card."""
    from charassets.cli.run import use_workspace
    from charassets.exports.export import count
    from charassets.exports.export import export as published
    from charassets.settings import load_settings

    use_workspace(workspace)
    settings = load_settings(assigned(assignments or ()))
    options = _options(
        name=_UNSAFE.sub("-", out.name).strip("-._")[:64] or format if out is not None else format,
        format=format,
        filter=filter,
        min_confidence=min_confidence,
        balance=balance,
        pictures=pictures,
        split={"validation": validation, "test": test, "seed": seed},
        raw_csv=raw_csv,
        link=link,
        **({"caption": caption} if caption is not None else {}),
    )
    if dry_run:
        chosen = count(settings, options)
        _tell({"ok": True, "dry_run": True, "chosen": sum(chosen.values()), "by_split": chosen}, json)
        return
    from charassets.cli.progress import shown
    from charassets.progress import reported_to

    with shown(sum(count(settings, options).values()), sys.stderr) as reporter, reported_to(reporter):
        done = published(settings, options, out, replace_edited=yes)
    if done.unchanged:
        talk("nothing to do: the export is up to date")
    _tell_shares(done.manifest["by_split"], {"validation": validation, "test": test})
    if wordless := done.manifest.get("empty_captions"):
        talk(
            f"{wordless:,} of {done.manifest['records']:,} captions are empty: of those pictures nothing is known that the "
            "caption's template asks for; `charassets review` asks about pictures, `charassets clusters` names characters"
        )
    told = {name: done.manifest[name] for name in ("records", "by_split", "repeated", "left_out")}
    _tell({"ok": True, "path": str(done.path), "unchanged": done.unchanged, **told}, json)


def _tell_shares(counts: dict[str, int], wanted: dict[str, float]) -> None:
    """Say so where the parts came out otherwise than asked: characters and copies are never divided."""
    total = sum(counts.values())
    for name, share in wanted.items():
        if total and abs(counts.get(name, 0) / total - share) > _SHARE_OFF:
            talk(
                f"{name} has {counts.get(name, 0) / total:.0%} of the records instead of {share:.0%}: "
                "a character and its copies stay in one part"
            )


def _options(**values: Any) -> Any:  # noqa: ANN401 - ExportSettings; pydantic loads late
    from pydantic import ValidationError

    from charassets.settings import ExportSettings

    try:
        return ExportSettings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "split"
        what = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{name}: {what}", where="export", todo="`charassets export --help`") from None


def _tell(facts: dict[str, Any], json: bool) -> None:
    if json:
        print_json(facts)
        return
    facts.pop("ok")
    for name in ("by_split", "left_out"):
        if name in facts:
            facts[name] = ", ".join(f"{what} {n:,}" for what, n in facts[name].items() if n) or None
    print_facts(facts)


def import_back(
    folder: Annotated[Path, typer.Argument(help="An edited kohya or jsonl export.")],
    workspace: Workspace = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Turn what was changed in an export into edits, shown before they are taken."""
    from charassets.cli.run import use_workspace
    from charassets.curation import EditLog, replay
    from charassets.exports.import_back import compare
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings

    use_workspace(workspace)
    log = EditLog.of(Place.of(load_settings()))
    found = compare(folder).unsaid(replay(log.edits()))
    edits, moved = found.edits, found.moves.edits()
    if not json:
        rows = [(c.record_id, c.attribute, c.before, c.after, c.where) for c in found.changes]
        rows += [
            (", ".join(args.get("record_ids") or args["members"]), op, "", args.get("name", ""), "")
            for op, args in moved
        ]
        if rows:
            print_table(["record", "attribute", "exported", "now", "where"], rows)
    for line in found.not_taken:
        talk(f"not taken: {line}")
    taken = 0
    if edits and not dry_run and (yes or _asked(f"Take these as {len(edits)} edits?")):
        taken = len([log.append(op, args, actor=_ACTOR) for op, args in edits])
    if json:
        told = {"changes": [asdict(c) for c in found.changes], "edits": [{"op": o, "args": a} for o, a in edits]}
        print_json({"ok": True, **told, "not_taken": found.not_taken, "taken": taken})
    else:
        hint = "; --yes takes them" if edits and not taken and not dry_run else ""
        told = (
            f"{taken} edits taken; the next `charassets run` heeds them" if taken else f"no edits taken of {len(edits)}"
        )
        talk(told + hint)


def _asked(question: str) -> bool:
    """Ask on a terminal; without one nothing is ever asked, and the answer is no."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)
