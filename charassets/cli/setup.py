"""``init`` and ``ingest``: a workspace before anything is computed.

What belongs here: making the settings file, listing sources. Not here: running stages.
"""

from typing import Annotated

import typer

from charassets.cli.export import DryRun
from charassets.cli.options import Json, Profile, Workspace
from charassets.cli.output import print_facts, print_json, talk
from charassets.errors import UsageError

_TEMPLATE = """\
# Settings of this workspace. `charassets config` lists all of them with bounds and meaning.
profile: {profile}
# sources:
#   - name: dump
#     path: /data/my-dump
#     license: CC-BY-4.0
# gates:
#   min_sharpness: 8.0
# exports:
#   - name: jsonl
#     format: jsonl
"""


def init(workspace: Workspace = None, profile: Profile = None, json: Json = False) -> None:
    """Make a workspace with a settings file to fill in."""
    from charassets.cli.run import use_workspace
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import SETTINGS_FILE, load_settings

    use_workspace(workspace)
    settings = load_settings({"profile": profile} if profile else None)
    place = Place.of(settings)
    path = place.root / SETTINGS_FILE
    if path.exists():
        raise UsageError("there is a workspace already", where=str(path), todo="edit it, or name another --workspace")
    place.create()
    path.write_text(_TEMPLATE.format(profile=settings.profile), encoding="utf-8")
    if place.remote is not None:
        place.remote.push_settings()
    print_json({"ok": True, "settings": str(path)}) if json else talk(
        f"made {path}; next: charassets run --source PATH"
    )


def ingest(
    source: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=]PATH...", help="Sources to add. Remembered.")
    ] = None,
    workspace: Workspace = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """List the sources and give new items their shards, without computing anything."""
    from charassets.cli.run import Request, own_settings, remember_request, use_workspace
    from charassets.lake.workspace import Workspace as Place
    from charassets.sources import open_source
    from charassets.sources.intake import take_in

    use_workspace(workspace)
    request = Request(source or ())
    settings = own_settings(request)
    if dry_run:
        if not settings.sources:
            raise UsageError("there is no source", where="ingest", todo="give [NAME=]PATH")
        found = {s.name: sum(1 for _ in open_source(s).list_items()) for s in settings.sources}
        print_json({"ok": True, "dry_run": True, "items": found}) if json else print_facts(found)
        return
    place = Place.of(settings)
    with place.locked():
        intake = take_in(settings, place.open_lake())
        remember_request(request, place, intake)
    for line in intake.described.values():
        talk(line)
    for error in intake.failed.values():
        talk(f"error: {error}")
    change = intake.change
    told = {"records": dict(intake.records), "new_shards": len(change.new), "changed_shards": len(change.changed)}
    if json:
        print_json({"ok": not intake.failed, **told, "failed": {name: str(e) for name, e in intake.failed.items()}})
    else:
        print_facts({**intake.records, "new shards": len(change.new), "changed shards": len(change.changed)})
    raise typer.Exit(3 if intake.failed else 0)
