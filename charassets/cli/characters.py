"""``clusters``: the characters found, and what people say of them.

What belongs here: listing and the edits one can type. Not here: clustering, nor what an edit does to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from charassets.cli.options import Json, Workspace
from charassets.cli.output import print_facts, print_json, print_table, talk
from charassets.errors import UsageError

clusters = typer.Typer(help="List the characters found; rename, merge or lock them.", rich_markup_mode=None)

Character = Annotated[str, typer.Argument(help="A character's id, e.g. character_003.")]
_LISTED = """
    SELECT character_id, any_value(name) AS name, count(*) AS pictures, min(character_probability) AS weakest,
        mode(hair_color) AS hair, mode(eye_color) AS eyes, mode(gender) AS gender,
        any_value(record_id) FILTER (character_representative) AS representative
    FROM records LEFT JOIN character_names USING (character_id)
    WHERE character_id IS NOT NULL GROUP BY character_id ORDER BY pictures DESC, character_id
"""

_NEXT = "edits about copies and characters that wait for the next `charassets run`: {}"
_SAID = ("table_name", "what", "edit_id", "actor", "at")


@clusters.command("list")
def listed(workspace: Workspace = None, json: Json = False) -> None:
    """List the characters, largest first."""
    with _connected(workspace) as con:
        found = con.execute(_LISTED)
        names = [column[0] for column in found.description or ()]
        rows = found.fetchall()
        said, later = _unkept(con), _waiting(con)
    if json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    print_table(names, rows)
    if said:
        talk(f"{len(said)} decisions do not hold after the last run; `charassets clusters unkept` lists them")
    if later:
        talk(_NEXT.format(len(later)))


@clusters.command()
def unkept(workspace: Workspace = None, json: Json = False) -> None:
    """List what people decided of copies and characters and what does not hold, with the reason, or waits for the next run."""
    with _connected(workspace) as con:
        rows, later = _unkept(con), _waiting(con)
    if json:
        print_json([dict(zip(_SAID, row, strict=True)) for row in (*rows, *later)])
        return
    if rows or later:
        print_table(list(_SAID), [*rows, *later])
    if later:
        talk(_NEXT.format(len(later)))
    elif not rows:
        talk("everything that people decided holds")


def _waiting(con: Any) -> list[tuple]:  # noqa: ANN401 - a DuckDB connection; its module loads late
    from charassets.curation import EditLog
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings
    from charassets.warehouse.unkept import waiting

    found = waiting(con, EditLog.of(Place.of(load_settings())).edits())
    return [(None, what, edit.id, edit.actor, edit.at) for what, edit in found]


def _unkept(con: Any) -> list[tuple]:  # noqa: ANN401 - a DuckDB connection; its module loads late
    return con.execute('SELECT table_name, what, edit_id, actor, "at" FROM unkept ORDER BY ALL').fetchall()


@clusters.command()
def rename(
    character: Character, name: Annotated[str, typer.Argument(help="Its name.")], workspace: Workspace = None
) -> None:
    """Name a character."""
    _edit(workspace, "cluster.rename", {"members": _members(workspace, character), "name": name})


@clusters.command()
def merge(first: Character, second: Character, workspace: Workspace = None) -> None:
    """Say that two characters are one."""
    records = [*_members(workspace, first), *_members(workspace, second)]
    _edit(workspace, "records.same_character", {"record_ids": records})


@clusters.command()
def lock(character: Character, workspace: Workspace = None) -> None:
    """Keep a character as it is, whatever the next clustering says."""
    _edit(workspace, "cluster.lock", {"members": _members(workspace, character)})


@clusters.command("export")
def exported(
    out: Annotated[Path | None, typer.Option("--out", help="New folder. [WORKSPACE/exports/characters]")] = None,
    workspace: Workspace = None,
    filter: Annotated[str, typer.Option("--filter", "-f", help="Query records must pass.")] = "",  # noqa: A002
    link: Annotated[
        bool, typer.Option("--link", help="Hard-link the files as they came instead of copying crops.")
    ] = False,
    folders: Annotated[
        bool, typer.Option("--folders/--no-folders", help="A folder a character, or the report alone.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace an export that somebody edited since.")] = False,
    json: Json = False,
) -> None:
    """Publish a folder a character, with numbers, a map, and sheets of the biggest and the most doubtful ones."""
    from charassets.cli.run import use_workspace
    from charassets.exports.export import export
    from charassets.settings import ExportSettings, load_settings

    use_workspace(workspace)
    made = {"format": "characters" if folders else "character_report", "filter": filter, "link": link}
    options = ExportSettings(name="characters", pictures="original" if link else "crop", **made)
    done = export(load_settings(), options, out, replace_edited=yes)
    facts = {"ok": True, "path": str(done.path), "unchanged": done.unchanged, "records": done.manifest["records"]}
    if json:
        print_json(facts)
    else:
        print_facts({name: value for name, value in facts.items() if name != "ok"})


def _members(workspace: Any, character: str) -> list[str]:  # noqa: ANN401 - the option's own type
    with _connected(workspace) as con:
        sql = "SELECT record_id FROM records WHERE character_id = ? ORDER BY record_id"
        found = [name for (name,) in con.execute(sql, [character]).fetchall()]
    if not found:
        raise UsageError(
            f"there is no character {character!r}", where="clusters", todo="`charassets clusters list` shows them"
        )
    return found


def _edit(workspace: Any, op: str, args: dict[str, Any]) -> None:  # noqa: ANN401 - the option's own type
    from charassets.cli.run import use_workspace
    from charassets.curation import EditLog
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings

    use_workspace(workspace)
    edit = EditLog.of(Place.of(load_settings())).append(op, args)
    talk(f"edit {edit.id} taken; the next `charassets run` heeds it")


@contextmanager
def _connected(workspace: Any) -> Iterator[Any]:  # noqa: ANN401 - a DuckDB connection; its module loads late
    """The warehouse with people's edits laid over it, as the app shows it."""
    from charassets.cli.run import use_workspace
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings
    from charassets.warehouse.live import LiveWarehouse

    use_workspace(workspace)
    with LiveWarehouse(Place.of(load_settings())).view() as view:
        yield view.con
