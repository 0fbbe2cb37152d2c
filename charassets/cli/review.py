"""``charassets review``: the review queue on a terminal, or as a file that is filled in elsewhere.

What belongs here: asking and taking answers. Not here: which question comes next (``charassets.warehouse.questions``), which is
the same as on the Review page, and what an answer does (``charassets.curation``).
"""

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from charassets.cli.options import Json, Workspace
from charassets.cli.output import plain, print_facts, print_json, print_table, talk
from charassets.errors import UsageError

if TYPE_CHECKING:
    from charassets.curation import Edit, EditLog
    from charassets.lake.workspace import Workspace as Place
    from charassets.warehouse.live import LiveWarehouse
    from charassets.warehouse.questions import Question

review = typer.Typer(help="Answer what the machine doubts, the most useful question first.", rich_markup_mode=None)

Actor = Annotated[str, typer.Option(help="Who answers.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help="Questions at most.")]

_COLUMNS = ("record_id", "attribute", "proposed", "confidence", "status", "choices", "uri", "reason")
_HELP = "1-9 or a value: that; Enter: the proposed one; a: cannot be told; s: skip; u: undo the last; q: stop"


@review.callback(invoke_without_command=True)
def ask(context: typer.Context, workspace: Workspace = None, actor: Actor = "local") -> None:
    """Ask one question after another on the terminal; subcommands do it by file."""
    if context.invoked_subcommand is not None:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "there is nobody to ask", where="review", todo="use `charassets review next` and `charassets review take`"
        )
    _talk_with(workspace, actor)


@review.command("next")
def upcoming(
    workspace: Workspace = None,
    count: Count = 20,
    actor: Actor = "local",
    out: Annotated[
        Path | None, typer.Option(help="CSV file to write, with an empty column `value` for `review take`.")
    ] = None,
    json: Json = False,
) -> None:
    """List the next questions without those another reviewer holds; written to a file they are yours for ten minutes."""
    live, place = _opened(workspace)
    found = _questions(live, place, actor, count, held=out is not None)
    uris = _uris(live, [one.record_id for one in found])
    rows = [{**asdict(one), "uri": uris.get(one.record_id)} for one in found]
    if out is not None:
        _write(out, rows)
    elif json:
        print_json(rows)
    else:
        shown = ("record_id", "attribute", "proposed", "confidence", "status", "uri")
        print_table(shown, [[row[name] for name in shown] for row in rows])


@review.command()
def answer(
    record_id: Annotated[str, typer.Argument(help="The record.")],
    attribute: Annotated[str, typer.Argument(help="The attribute, e.g. 'Hair Color'.")],
    value: Annotated[str, typer.Argument(help="Its value; Unknown: it cannot be told.")],
    workspace: Workspace = None,
    actor: Actor = "local",
    json: Json = False,
) -> None:
    """Say what an attribute of a record is."""
    _known(workspace, [record_id])
    done = _set(_log(workspace), [record_id], attribute, value, actor)
    facts = {"edit": done.id, **done.args}
    print_json({"ok": True, **facts}) if json else talk(f"edit {done.id} taken; the next `charassets run` heeds it")


@review.command()
def take(
    path: Annotated[Path, typer.Argument(help="CSV or JSON lines with record_id, attribute and value.")],
    workspace: Workspace = None,
    actor: Actor = "local",
    json: Json = False,
) -> None:
    """Take answers from a file; lines without a value are passed over, and a wrong one stops before anything is taken."""
    from charassets.warehouse.questions import checked

    answers: dict[tuple[str, str], list[str]] = {}
    for number, row in enumerate(_read(path), 2 if path.suffix == ".csv" else 1):
        try:
            said = str(row["value"] or "").strip()
            if said:
                key = str(row["attribute"]), checked(str(row["attribute"]), said)
                answers.setdefault(key, []).append(str(row["record_id"]))
        except KeyError as missing:
            raise UsageError(f"there is no {missing}", where=f"{path}, line {number}") from None
        except UsageError as error:
            raise UsageError(error.what, where=f"{path}, line {number}", todo=error.todo) from None
    _known(workspace, sorted({record for records in answers.values() for record in records}))
    log = _log(workspace)
    for (attribute, value), records in answers.items():
        _set(log, records, attribute, value, actor)
    count = sum(map(len, answers.values()))
    print_json({"ok": True, "answers": count}) if json else print_facts({"answers taken": count})


def _talk_with(workspace: str | None, actor: str) -> None:
    log, taken = _log(workspace), []
    talk(_HELP)
    live, place = _opened(workspace)
    while found := _questions(live, place, actor, 1):
        one = found[0]
        said = _answer_to(one, _uris(live, [one.record_id]).get(one.record_id))
        if said is None:
            break
        if said != "u":
            taken += _taken(log, one, said, actor)
        elif taken:
            log.undo(taken.pop(), actor=actor)
    talk(f"{len(taken)} answered; the next `charassets run` heeds them")


def _taken(log: "EditLog", one: "Question", said: str, actor: str) -> list[str]:
    """The id of the edit that an answer made; none if it makes no sense."""
    if said == "s":
        args = {"record_ids": [one.record_id], "attribute": one.attribute}
        return [log.append("review.skip", args, actor=actor).id]
    try:
        return [_set(log, [one.record_id], one.attribute, said, actor).id]
    except UsageError as error:
        talk(str(error))
        return []


def _answer_to(one: "Question", uri: str | None) -> str | None:
    """What the person typed, as a value, ``s`` or ``u``; None: stop."""
    from charassets.attributes.vocabulary import UNKNOWN

    print(f"\n{plain(one.attribute)} of {plain(one.record_id)}  ({plain(uri)})")
    print(f"  {one.status}, {one.confidence:.0%} sure: {plain(one.reason)}")
    choices = "  ".join(f"{number} {choice}" for number, choice in enumerate(one.choices, 1))
    print(f"  {choices}")
    try:
        said = input(f"[{one.proposed}] ").strip()
    except EOFError:
        return None
    if said.isdigit() and 0 < int(said) <= len(one.choices):
        return one.choices[int(said) - 1]
    return {"": one.proposed, "a": UNKNOWN, "q": None}.get(said, said)


def _questions(live: "LiveWarehouse", place: "Place", actor: str, count: int, *, held: bool = True) -> list["Question"]:
    """The next questions, held for this reviewer; what others hold is left out, and told if nothing else is left."""
    from charassets.curation.leases import Leases
    from charassets.warehouse.questions import questions

    leases = Leases(place.review_leases)
    with live.view() as view:
        found = questions(view.con, live.decisions(), others := leases.others(actor), count)
    if held:
        leases.take(actor, [one.key for one in found])
    if not found and others:
        talk(f"{len(others)} questions are before other reviewers, for ten minutes at most")
    return found


def _known(workspace: str | None, records: list[str]) -> None:
    from charassets.warehouse.questions import check_records

    live, _ = _opened(workspace)
    with live.view() as view:
        check_records(view.con, records)


def _uris(live: "LiveWarehouse", records: list[str]) -> dict[str, str]:
    with live.view() as view:
        sql = "SELECT record_id, uri FROM records WHERE record_id IN (SELECT unnest($1))"
        return dict(view.con.execute(sql, [records]).fetchall())


def _set(log: "EditLog", records: list[str], attribute: str, value: str, actor: str) -> "Edit":
    from charassets.warehouse.questions import checked

    args = {"record_ids": records, "attribute": attribute, "value": checked(attribute, value)}
    return log.append("attribute.set", args, actor=actor)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*_COLUMNS, "value"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, "choices": " | ".join(row["choices"])} for row in rows)
    talk(f"{len(rows)} questions written to {path}; fill in `value`, then `charassets review take {path}`")


def _read(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            if path.suffix == ".csv":
                yield from csv.DictReader(file)
            else:
                yield from (orjson.loads(line) for line in file if line.strip())
    except (OSError, UnicodeDecodeError, orjson.JSONDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read the answers: {error}", where=str(path), todo="check the file") from None


def _log(workspace: str | None) -> "EditLog":
    from charassets.curation import EditLog

    return EditLog.of(_place(workspace))


def _opened(workspace: str | None) -> tuple["LiveWarehouse", "Place"]:
    from charassets.warehouse.live import LiveWarehouse

    place = _place(workspace)
    return LiveWarehouse(place), place


def _place(workspace: str | None) -> "Place":
    from charassets.cli.run import use_workspace
    from charassets.lake.workspace import Workspace as Place
    from charassets.settings import load_settings

    use_workspace(workspace)
    return Place.of(load_settings())
