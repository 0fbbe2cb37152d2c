"""``charassets edits``: look at what people decided, take it back, share it.

What belongs here: flags and printing. Not here: the log (``charassets.curation``).
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charassets.cli.options import Json, Workspace
from charassets.cli.output import print_facts, print_json, print_table, talk
from charassets.errors import UsageError

if TYPE_CHECKING:
    from charassets.curation import Edit, EditLog

edits = typer.Typer(help="What people decided: list it, take it back, share it.", no_args_is_help=True)

_TOLD = 60  # characters of the arguments in a table
_FIELDS = ("seq", "id", "at", "actor", "op", "args", "base")
_HELD = 3  # exit code: some lines were held back

Actor = Annotated[str, typer.Option(help="Who acts.")]


@edits.command("list")
def list_edits(
    workspace: Workspace = None,
    after: Annotated[int, typer.Option(min=0, help="Only edits after this place.")] = 0,
    json: Json = False,
) -> None:
    """List the log in order; what was undone is marked."""
    from charassets.curation import live

    found = _log(workspace).edits()
    standing = {edit.id for edit in live(found)}
    shown = [edit for edit in found if edit.seq > after]
    if json:
        print_json([{**_facts(edit), "undone": bool(_fate(edit, standing))} for edit in shown])
        return
    rows = [(e.seq, e.id, e.at, e.actor, e.op, _short(e), _fate(e, standing)) for e in shown]
    print_table(["seq", "id", "at", "actor", "op", "what", ""], rows)


@edits.command()
def undo(
    edit_id: Annotated[str, typer.Argument(help="The id that `edits list` shows; of an undo: brings the edit back.")],
    workspace: Workspace = None,
    actor: Actor = "local",
    json: Json = False,
) -> None:
    """Take an edit back, a bulk act as a whole."""
    done = _log(workspace).undo(edit_id, actor=actor)
    print_json(_facts(done)) if json else print_facts({"undone": edit_id, "by edit": done.id})


@edits.command("export")
def export_log(
    workspace: Workspace = None,
    out: Annotated[Path | None, typer.Option(help="File to write; none: stdout.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only edits after this place.")] = 0,
) -> None:
    """Write the log as JSON lines, for somebody else's `edits import`."""
    from charassets.curation import export_edits

    lines = export_edits(_log(workspace), after)
    if out is None:
        sys.stdout.buffer.writelines(lines)
    else:
        out.write_bytes(b"".join(lines))
        talk(f"written to {out}")


@edits.command("import")
def import_log(
    path: Annotated[Path, typer.Argument(help="File that `edits export` wrote; - for stdin.")],
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Take in somebody else's edits. What contradicts an edit made here is held back and told; exit with 3 then."""
    from charassets.curation import import_edits

    result = import_edits(_log(workspace), _lines(path))
    held = [{"line": one.line, "edit": one.edit_id, "reason": one.reason} for one in result.held]
    if json:
        print_json({"ok": not held, "added": result.added, "known": result.known, "held": held})
    else:
        print_facts({"added": result.added, "known": result.known, "held back": len(held) or None})
        for one in result.held:
            talk(f"line {one.line}: {one.reason}")
    raise typer.Exit(_HELD if held else 0)


def _log(workspace: str | None) -> "EditLog":
    from charassets.cli.run import use_workspace
    from charassets.curation import EditLog
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings

    use_workspace(workspace)
    return EditLog.of(Place.of(load_settings()))


def _lines(path: Path) -> Iterable[bytes]:
    if str(path) == "-":
        return sys.stdin.buffer.readlines()
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"cannot read the edits: {error.strerror}", where=str(path), todo="check the path") from None


def _facts(edit: "Edit") -> dict[str, object]:
    return {name: getattr(edit, name) for name in _FIELDS}


def _fate(edit: "Edit", standing: set[str]) -> str:
    return "" if edit.id in standing or edit.op == "undo" else "undone"


def _short(edit: "Edit") -> str:
    told = ", ".join(
        f"{name}: {len(value)} records" if isinstance(value, list) else f"{name}: {value}"
        for name, value in edit.args.items()
    )
    return told if len(told) <= _TOLD else f"{told[: _TOLD - 1]}…"
