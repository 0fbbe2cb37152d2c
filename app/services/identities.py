"""What Identify asks and does: whose pictures are in doubt, who else they may show, what people say of it, and the gallery itself.

What belongs here: questions and deeds. Not here: recognising (``charassets.identification``), the gallery's versions
(``charassets.growth``), and how it looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from app.services.context import Context, given_names
from app.services.trying import Given, Tried, as_address, look
from charassets import enrolment, growth
from charassets.curation import Edit
from charassets.curation.operations import NOBODY
from charassets.errors import UsageError
from charassets.identification import asking, recogniser_of
from charassets.identity import shelf
from charassets.identity.gallery import Gallery
from charassets.identity.shelf import Shelved
from charassets.lake.artefacts import Version
from charassets.warehouse.query import compile_query

QUESTION = "Identity"
"""What a skipped question is called in the log."""

SHOWN_REFERENCES = 3

_ORDER = "identity_review IS NULL, abs(identity_chance - 0.5), record_id"


@dataclass(frozen=True)
class Candidate:
    """Somebody a picture may show: likeness (None where a classifier says so), score or chance, and pictures to compare with."""

    name: str
    similarity: float | None
    score: float
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Doubt:
    """A picture somebody should look at.

    Attributes:
        record_id: the record; None for a picture from outside.
        name: the machine's answer; None: nobody of the gallery.
        facts: chance, similarity, head_similarity, traits, margin, drawing_of, review: where they are known.
        candidates: best first.
        told: what a person said already; None where nobody did.
    """

    record_id: str | None
    name: str | None
    facts: Mapping[str, Any]
    candidates: tuple[Candidate, ...]
    told: str | None = None


@dataclass(frozen=True)
class Outside:
    """A picture from outside the workspace: what was found in it, whom it shows, and the records that are this very picture."""

    tried: Tried
    doubt: Doubt
    records: tuple[str, ...]


def has_gallery(context: Context) -> bool:
    """Whether anybody can be recognised."""
    return shelf.digest_in_force(context.workspace.open_lake().store) is not None


def gallery(context: Context) -> Gallery:
    """The gallery in force.

    Raises:
        UsageError: there is none.
    """
    return recogniser_of(context.workspace.open_lake(), context.settings).gallery


def next_doubt(context: Context, con: duckdb.DuckDBPyConnection, query: str, record: str) -> tuple[Doubt | None, int]:
    """The record asked for, else the one most in doubt that nobody answered or skipped; and how many of those there are."""
    skipped = [one for one, about in context.decisions().skipped if about in ("", QUESTION)]
    found = compile_query(query)
    waiting = f"identity_status IN ('recognised', 'unknown') AND ({found.sql}) AND record_id NOT IN (SELECT unnest(?))"
    params = [*found.params, skipped]
    total = con.execute(f"SELECT count(*) FROM records WHERE {waiting}", params).fetchall()[0][0]  # noqa: S608
    if not record:
        first = f"SELECT record_id FROM records WHERE {waiting} ORDER BY {_ORDER} LIMIT 1"  # noqa: S608 - compiled
        rows = con.execute(first, params).fetchall()
        record = rows[0][0] if rows else ""
    return (_stored(context, con, record) if record else None), int(total)


def _stored(context: Context, con: duckdb.DuckDBPyConnection, record: str) -> Doubt | None:
    rows = con.sql("FROM character_identities WHERE record_id = ?", params=[record]).to_arrow_table().to_pylist()
    if not rows:
        return None
    said = context.decisions().identities.get(record)
    (row,) = rows
    return Doubt(
        record, row["name"], row, _candidates(gallery(context), row["candidates"]), None if said is None else said.value
    )


def _candidates(held: Gallery, found: Sequence[Mapping[str, Any]]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            one["name"],
            one.get("similarity"),
            one["score"] if "score" in one else one["chance"],
            pictures(held, one["name"]),
        )
        for one in found
    )


def pictures(held: Gallery, name: str, most: int = SHOWN_REFERENCES) -> tuple[str, ...]:
    """Reference pictures of a character: those that stand for it first."""
    names = held.references["name"].to_pylist()
    rows = [row for row in held.prototypes.tolist() if names[row] == name]
    previews = (held.references["preview"][row].as_py() for row in rows)
    return tuple(as_address(preview) for preview in previews if preview is not None)[:most]


def say(context: Context, records: Sequence[str], proposed: str | None, name: str, base: int | None) -> Edit:
    """A person's word on whom records show: the machine's answer is confirmed, or corrected.

    Raises:
        UsageError: no name.
        ConflictError: somebody said otherwise meanwhile.
    """
    if not name.strip():
        raise UsageError("whom does it show?", where="name", todo="type a name, or answer that it is nobody known")
    op = "identity.confirm" if name == (proposed or NOBODY) else "identity.correct"
    return context.log.append(op, {"record_ids": list(records), "name": " ".join(name.split())}, base=base)


def skip(context: Context, record: str) -> Edit:
    """Leave a question open; it is not asked again."""
    return context.log.append("review.skip", {"record_ids": [record], "attribute": QUESTION})


def ask(context: Context, given: Given, tags: str, mode: str | None) -> Outside:
    """Whom a picture from outside shows; ``mode`` may name a classifier, as ``classifier:NAME``.

    Raises:
        UsageError: there is no gallery, or no such classifier.
    """
    kind, _, classifier = (mode or "").partition(":")
    answer = asking(context.workspace.open_lake(), context.settings, kind or None, classifier or None)
    tried = look(given, tags, context.settings)
    told = answer(tried.found)
    found = told.get("candidates", ())
    candidates = (
        _candidates(gallery(context), found)
        if has_gallery(context)
        else tuple(Candidate(one["name"], None, one["chance"], ()) for one in found)
    )
    return Outside(tried, Doubt(None, told["name"], told, candidates), _records_of(context, tried))


def _records_of(context: Context, tried: Tried) -> tuple[str, ...]:
    if tried.found.image_id is None or not context.has_warehouse:
        return ()
    with context.reading() as con:
        rows = con.execute("SELECT record_id FROM records WHERE image_id = ?", [tried.found.image_id]).fetchall()
    return tuple(row[0] for row in rows)


def take_in(context: Context, one: Outside, name: str) -> Shelved:
    """Make a picture from outside a reference of a character.

    Raises:
        UsageError: a name that cannot be one, or a picture without a figure.
        BusyError: a run holds the workspace.
    """
    with context.workspace.locked():
        lake = context.workspace.open_lake()
        return enrolment.add_picture(lake, context.settings, one.tried.found, name, one.tried.given.name).shelved


def begin(context: Context) -> Shelved:
    """Make a gallery of the characters that people named.

    Raises:
        UsageError: nobody was named.
        BusyError: a run holds the workspace.
    """
    with context.reading() as con:
        named = given_names(con)
        rows = con.execute("SELECT record_id, character_id FROM records WHERE character_id IS NOT NULL").fetchall()
    names = {record: named[character] for record, character in rows if character in named}
    if not names:
        raise UsageError("nobody was named yet", where="gallery", todo="name characters on Clusters, or give a folder")
    with context.workspace.locked():
        return enrolment.add_records(context.workspace.open_lake(), context.settings, names, "cluster").shelved


def learn(context: Context) -> growth.Grown:
    """Take in what people confirmed and corrected, now.

    Raises:
        BusyError: a run holds the workspace.
    """
    with context.workspace.locked():
        return growth.grow(context.workspace.open_lake(), context.settings, context.log)


def put_back(context: Context, version: str) -> Shelved:
    """Put a version in force again.

    Raises:
        UsageError: there is none.
        BusyError: a run holds the workspace.
    """
    with context.workspace.locked():
        return growth.rollback(context.workspace.open_lake(), context.log, version)


def versions(context: Context) -> list[Version]:
    """Every version that was put in force, the latest first."""
    return shelf.versions(context.workspace.open_lake().store)[::-1]
