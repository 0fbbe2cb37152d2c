"""The command line: flags, help, exit codes. Every command calls a function that the rest of the project calls too.

What belongs here: the typer app. Not here: any work; heavy modules are imported inside the commands, so that help is quick.
"""

import logging
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from typer.exceptions import TyperException

from charassets.cli.characters import clusters
from charassets.cli.classifiers import classifiers
from charassets.cli.doctor import doctor
from charassets.cli.edits import edits
from charassets.cli.export import export, import_back
from charassets.cli.extract import extract, parse_tags
from charassets.cli.gallery import gallery, identify
from charassets.cli.makers import PASSED_ON, bench, evaluate
from charassets.cli.options import Assignments, Detector, Embedder, Json, Profile, Strict, Workspace
from charassets.cli.questions import diff, models, plan, search, why
from charassets.cli.review import review
from charassets.cli.serve import serve
from charassets.cli.setup import ingest, init
from charassets.cli.studio import studio
from charassets.cli.train import train
from charassets.errors import CharassetsError, UsageError, is_interrupted_query

if TYPE_CHECKING:
    from charassets.cli.run import Request

_log = logging.getLogger(__name__)

INTERRUPTED = 130
_INTERRUPTED_WORDS = "interrupted; finished tables are kept, and the next run goes on from there"

app = typer.Typer(
    name="charassets",
    help="Turn folders, tars and tables of drawn characters into training sets you can trust.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"charassets {version('charassets')}")
        raise typer.Exit


@app.callback()
def _whole(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command()
def run(
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]PATH", help="Folder, tar, table or glob; repeat for more. Remembered."),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[NAME=]PATH...", help="More sources.")] = None,
    workspace: Workspace = None,
    profile: Profile = None,
    detector: Detector = None,
    embedder: Embedder = None,
    assignments: Assignments = None,
    shard_records: Annotated[int | None, typer.Option(min=1, help="Records a new shard holds at most.")] = None,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Materialize every asset for the sources, through Dagster; what was computed before is not computed again."""
    from charassets.cli.run import Request

    sources = [*(source or []), *(more or [])]
    request = Request(sources, profile, detector, embedder, assignments or (), shard_records, strict)
    _run(request, workspace, json)


@app.command()
def demo(
    workspace: Workspace = None,
    seed: Annotated[int, typer.Option(min=0, help="Which drawings are made.")] = 7,
    assignments: Assignments = None,
    json: Json = False,
) -> None:
    """Draw sample shards with planted trouble into WORKSPACE/sample, then run on them."""
    from charassets.cli.run import Request, drawn_sample, use_workspace

    use_workspace(workspace)
    sources = drawn_sample(seed)
    _run(Request(sources, assignments=assignments or ()), None, json)


@app.command()
def verify(workspace: Workspace = None, json: Json = False) -> None:
    """Re-hash every stored file and check the books; exit with 4 and name the damage if there is any."""
    from charassets.cli.inspect import verify_lake

    raise typer.Exit(verify_lake(workspace, json))


@app.command()
def status(workspace: Workspace = None, json: Json = False) -> None:
    """Say which shards are missing, changed or stale, without computing anything."""
    from charassets.cli.inspect import shard_status

    raise typer.Exit(shard_status(workspace, json))


@app.command()
def config(workspace: Workspace = None, json: Json = False) -> None:
    """List every setting with its value, bounds and meaning."""
    from charassets.cli.inspect import list_settings

    raise typer.Exit(list_settings(workspace, json))


@app.command()
def sample(
    out: Annotated[Path, typer.Argument(help="New folder to draw into.")],
    seed: Annotated[int, typer.Option(min=0, help="Which drawings are made.")] = 7,
) -> None:
    """Draw the sample shards of the demo, without running anything."""
    from charassets.studio.samples import write_samples

    write_samples(out, seed)
    print(f"drawn into {out}", file=sys.stderr)


for command in (init, ingest, extract, identify, search, why, diff, plan, doctor, models, serve, export, studio):
    app.command()(command)
app.command("parse-tags")(parse_tags)
app.command("import-back")(import_back)
app.command("eval", context_settings=PASSED_ON)(evaluate)
app.command(context_settings=PASSED_ON)(bench)
app.add_typer(clusters, name="clusters")
app.add_typer(edits, name="edits")
app.add_typer(review, name="review")
app.add_typer(gallery, name="gallery")
app.add_typer(train, name="train")
app.add_typer(classifiers, name="classifiers")


def main() -> None:
    """Entry point: every failure is one line on stderr and a documented exit code, never a traceback."""
    sys.exit(_guarded())


def _guarded() -> int:
    try:
        code = app(args=sys.argv[1:] or ["--help"], standalone_mode=False)
    except CharassetsError as error:
        return _told(str(error), error.exit_code)
    except TyperException as error:
        return _told(
            f"{error.format_message().rstrip('.')}; `charassets --help` shows what there is", UsageError.exit_code
        )
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of stdout has seen enough
        return 0
    except Exception as error:
        if is_interrupted_query(type(error).__name__, str(error)):
            return _told(_INTERRUPTED_WORDS, INTERRUPTED)
        # a bug of ours: say where it happened, so that it can be reported
        _log_bug(error)
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return _told(f"unexpected {type(error).__name__}: {error} [{where}]; please report this as a bug", 1)
    if code == INTERRUPTED:  # typer answers so to Ctrl-C inside a command
        return _told(_INTERRUPTED_WORDS, INTERRUPTED)
    return code if isinstance(code, int) else 0


def _log_bug(error: Exception) -> None:
    from charassets.logs import is_open

    if is_open():
        _log.error("a bug", exc_info=error, extra={"told": True})


def _told(message: str, code: int) -> int:
    from charassets.logs import is_open

    line = " ".join(message.split())
    if is_open():
        kind = logging.INFO if code == INTERRUPTED else logging.ERROR
        _log.log(kind, line, extra={"told": True, "facts": {"exit_code": code}})
    print(f"error: {line}", file=sys.stderr)
    if "--json" in sys.argv:  # who asked for one object gets one, whatever happened
        print(orjson.dumps({"ok": False, "exit_code": code, "error": line}).decode())
    return code


def _run(request: "Request", workspace: str | None, json: bool) -> None:
    from charassets.cli import report
    from charassets.cli.run import own_stderr, reserved_stdout, run, use_workspace

    use_workspace(workspace)
    with reserved_stdout() as stdout, own_stderr() as stderr:
        outcome = run(request, stderr)
        report.talk(outcome, stderr)
        report.keep(outcome)
        print(report.as_json(outcome) if json else report.as_text(outcome), file=stdout)
    raise typer.Exit(outcome.exit_code)
