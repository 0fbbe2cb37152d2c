"""``charassets gallery`` and ``identify``: named characters, and whom a picture shows.

What belongs here: flags and printing. Not here: galleries (``charassets.enrolment``, ``charassets.identity``).
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charassets.cli.extract import Tags, read_picture
from charassets.cli.options import Json, Workspace
from charassets.cli.output import print_facts, print_json, print_table, talk
from charassets.errors import SourceError, UsageError

if TYPE_CHECKING:
    from charassets.identity.calibration import Trial
    from charassets.identity.shelf import Shelved

gallery = typer.Typer(
    help="Named characters with reference pictures: add, list, remove, go back.", no_args_is_help=True
)

_REJECTED = "rejected"
_TOLD = ("name", "chance", "similarity", "margin", "drawing_of", "review")  # where anything is known of it
_TRIED = ("recognised", "strangers_accepted")  # told in a sentence
_BY_NAME = "SELECT record_id, name FROM records JOIN character_names USING (character_id) ORDER BY record_id"
_BY_TAG = """SELECT record_id, trim(split_part("character", ',', 1)) FROM records
    WHERE trim(coalesce("character", '')) NOT IN ('', 'original') AND "character" NOT LIKE '%,%' ORDER BY record_id"""


@gallery.command()
def add(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of folders, one a character; pictures directly in it go by their name. Or a .csv or .parquet with the "
            "columns name and path."
        ),
    ] = None,
    clusters: Annotated[bool, typer.Option("--named-clusters", help="The characters that people named.")] = False,
    tags: Annotated[bool, typer.Option("--character-tags", help="Records whose source names one character.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Leave the gallery in force aside; `gallery rollback` brings it back.")
    ] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Take reference pictures in; a new version of the gallery is put in force."""
    from charassets.cli.run import reserved_stdout
    from charassets.enrolment import add_folder, add_records, add_table

    if (folder is not None) + clusters + tags != 1:
        raise UsageError(
            "name a folder or table, --named-clusters or --character-tags", where="gallery", todo="one at a time"
        )
    place, settings = _place(workspace, made=True)
    with place.locked(), reserved_stdout():
        if folder is not None:
            add_files = add_table if folder.is_file() else add_folder
            taken = add_files(place.open_lake(), settings, folder, anew=anew)
        else:
            names = _named(place, _BY_NAME if clusters else _BY_TAG)
            taken = add_records(place.open_lake(), settings, names, "cluster" if clusters else "tags", anew=anew)
    for line in taken.refused:
        talk(f"left out: {line}")
    facts = {"added": taken.added, "refused": len(taken.refused), **_facts(taken.shelved)}
    lost = bool(taken.refused) and not taken.added
    _print(facts, taken.shelved, json=json, ok=not lost)
    if lost:
        raise typer.Exit(SourceError.exit_code)


@gallery.command("list")
def listed(
    workspace: Workspace = None,
    versions: Annotated[bool, typer.Option("--versions", help="Every version instead, the latest last.")] = False,
    json: Json = False,
) -> None:
    """List the characters with their references, or the versions."""
    from charassets.enrolment import in_force
    from charassets.identity import shelf

    place, _ = _place(workspace)
    lake = place.open_lake()
    if versions:
        rows = [asdict(version) for version in shelf.versions(lake.store)]
        if json:
            print_json(rows)
        else:
            cells = [
                (r["at"], r["digest"][:12], r["notes"]["characters"], r["notes"]["references"], r["notes"]["why"])
                for r in rows
            ]
            print_table(["at", "version", "characters", "references", "why"], cells)
        return
    found = in_force(lake).gallery
    names = found.references["name"].to_pylist()
    how = found.references["how"].to_pylist()
    facts = [
        {
            "name": name,
            "references": names.count(name),
            "from": ", ".join(sorted({h for n, h in zip(names, how, strict=True) if n == name})),
        }
        for name in found.names
    ]
    print_json(facts) if json else print_table(["name", "references", "from"], [list(f.values()) for f in facts])


@gallery.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Characters.")], workspace: Workspace = None, json: Json = False
) -> None:
    """Take characters out; a new version is put in force."""
    from charassets.enrolment import remove as removed

    place, settings = _place(workspace)
    with place.locked():
        shelved = removed(place.open_lake(), settings, names)
    _print(_facts(shelved), shelved, json=json)


@gallery.command()
def rollback(
    version: Annotated[str | None, typer.Argument(help="First digits of a version; none: the one before.")] = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Put an older version in force again. What people confirmed since stays out of it."""
    from charassets.curation import EditLog
    from charassets.growth import rollback as put_back

    place, _ = _place(workspace)
    with place.locked():
        shelved = put_back(place.open_lake(), EditLog.of(place), version)
    _print(_facts(shelved), shelved, json=json)


@gallery.command()
def update(workspace: Workspace = None, json: Json = False) -> None:
    """Take in what people confirmed and corrected, now; `charassets run` does so too. Says how right it was before and is."""
    from charassets.cli.run import reserved_stdout
    from charassets.curation import EditLog
    from charassets.growth import grow

    place, settings = _place(workspace)
    with place.locked(), reserved_stdout():
        grown = grow(place.open_lake(), settings, EditLog.of(place))
    facts = {name: getattr(grown, name) for name in ("changed", "added", "removed", "before", "after", "left_out")}
    facts |= _facts(grown.shelved) if grown.shelved else {}
    _print(facts, grown.shelved, json=json)


def identify(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures of one character each; - for stdin.")],
    tags: Tags = None,
    mode: Annotated[
        str | None, typer.Option(help="embedding, fused or classifier; none: the gallery, as the settings say.")
    ] = None,
    classifier: Annotated[
        str | None, typer.Option(help="Ask this classifier, trained here, instead of the gallery.")
    ] = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Say which character of the gallery each picture shows, or that it is nobody of them."""
    from charassets.cli.run import reserved_stdout
    from charassets.extraction import extract
    from charassets.identification import asking

    place, settings = _place(workspace)
    ask = asking(place.open_lake(), settings, mode, classifier)
    answers: list[dict[str, Any]] = []
    with reserved_stdout():
        for path in pictures:
            found = extract(read_picture(path, settings.images.max_bytes), tags, settings)
            answers.append({"picture": path.name, **ask(found)})
    unread = [row for row in answers if row["verdict"] == _REJECTED]
    if json:
        print_json(answers)
    else:
        for row in unread:
            talk(f"{row['picture']}: {row['reason']}")
        named = [row | {"name": row["name"] or _nobody(row)} for row in answers]
        told = [column for column in _TOLD if any(row.get(column) is not None for row in named)]
        print_table(["picture", *told], [[row["picture"], *(row.get(column) for column in told)] for row in named])
    if len(unread) == len(answers):
        raise typer.Exit(SourceError.exit_code)


def _nobody(row: Mapping[str, Any]) -> str:
    """In words why there is no name: nobody could be looked for, or nobody known was found."""
    return f"- ({row['verdict']})" if row.get("similarity") is None else "nobody known"


def _place(workspace: str | None, *, made: bool = False) -> tuple[Any, Any]:
    from charassets.cli.run import use_workspace
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings

    use_workspace(workspace)
    settings = load_settings()
    place = Place.of(settings)
    if not made and place.remote is None and not place.root.is_dir():
        raise UsageError(
            "there is no workspace", where=place.place, todo="give --workspace, or `charassets gallery add` first"
        )
    return place, settings


def _named(place: Any, sql: str) -> dict[str, str]:  # noqa: ANN401 - a Workspace; its module loads late
    from charassets.warehouse.live import LiveWarehouse

    with LiveWarehouse(place).view() as view:
        found = dict(view.con.execute(sql).fetchall())
    if not found:
        raise UsageError("no record bears a name", where="gallery", todo="name characters in the app, or give a folder")
    return found


def _print(facts: dict[str, Any], shelved: "Shelved | None", *, json: bool, ok: bool = True) -> None:
    if json:
        print_json({"ok": ok, **facts})
        return
    print_facts({name: value for name, value in facts.items() if name not in _TRIED})
    if shelved is not None:
        talk(_told(shelved.gallery.trials["fused"]))


def _told(trial: "Trial") -> str:
    """How well the gallery does on its own references, in words."""
    if not trial.asked:
        return "no character has two references: how well they are recognised cannot be told"
    right = f"{trial.right:.0%} of the {trial.asked} references that have company find their own character first"
    named = f"{trial.accepted:.0%} of {trial.strangers} would be named although their character is left out"
    return f"asked about its own references, each left out: {right}" + (f"; {named}" if trial.strangers else "")


def _facts(shelved: "Shelved") -> dict[str, Any]:
    trial = shelved.gallery.trials["fused"]
    return {
        "version": shelved.digest[:12],
        "characters": len(shelved.gallery.names),
        "references": shelved.gallery.references.num_rows,
        "recognised": round(trial.right, 3) if trial.asked else None,
        "strangers_accepted": round(trial.accepted, 3) if trial.strangers else None,
    }
