"""Correcting: the inspector of one record, the bulk act over a filter, and what both say afterwards, with undo.

What belongs here: the views and deeds Browse, Clusters and Try it share. Not here: the edit log (``charassets.curation``).
"""

from collections.abc import Sequence
from typing import Any

import duckdb

from app.components import Act
from app.markup import Child, Node, h
from app.pages import fate_view, frame, record_view
from app.services import browse, record
from app.services.context import Context
from app.services.filters import Filter
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.curation import Edit
from charassets.curation.operations import MAX_RECORDS
from charassets.errors import UsageError
from charassets.inspection.story import story


def inspector(context: Context, con: duckdb.DuckDBPyConnection, filter_: Filter, act: Act) -> Node:
    """One record in full; ``act`` may ask to correct an attribute (``do: correct``)."""
    found = record.detail(con, filter_.record, context.decisions())
    close = h("button.plain", "Close", act={"do": "open", "search": _closed(filter_)}, key="Escape")
    if found is None:
        return h("div.card", frame.state("There is no such record"), close)
    base = context.log.head()
    name = context.names(con)(found.character_id) if found.character_id else "no character"
    if found.fate == "quarantined":  # of which nothing is shown, whoever knows its id
        return h("div.card", h("div.row.apart", h("h2", found.fate), close), h("p.muted", found.reason or ""))
    remedied = act.get("do") == "remedy"
    held_against = context.settings.model_copy(update={"gates": browse.present_gates(con)})
    told = story(con, found.record_id, held_against, remedied=remedied)
    picture = None
    if not found.text_only and told.gates:  # which a file that could not be read was not held against
        picture = h("div.boxed", record_view.thumb(found.record_id, f"{name}, in full", large=True))
    asked = str(act.get("attribute", "")) if act.get("do") == "correct" else ""
    to_cluster: Child = h("a", name, href=f"/clusters?id={found.character_id}") if found.character_id else name
    head = h("div.row.apart", h("h2", to_cluster), close)
    return h(
        "div.card",
        head,
        picture,
        fate_view.place(told),
        fate_view.fate(told, None if remedied else {"do": "remedy", "search": filter_.search}),
        _question(asked, filter_.search, base) if asked in load().attributes else None,
        record_view.attributes(found.answers, act={"do": "correct", "search": filter_.search}),
        h("h3", "Tags") if found.tags else None,
        h("p.small", found.tags) if found.tags else None,
        h("h3", "Description") if found.description else None,
        h("p.small", found.description) if found.description else None,
        h("h3", "Where it is from"),
        record_view.facts({**found.facts, "record": found.record_id}),
    )


def _closed(filter_: Filter) -> str:
    return Filter.of(filter_.search.replace(f"id={filter_.record}", "id=")).search


def _question(attribute: str, search: str, base: int) -> Node:
    values = [value.name for value in load().attributes[attribute].values]
    return h(
        "form.card",
        h("label.field", f"{attribute} is really", values_select(values)),
        h("button.main", "Set", type="submit"),
        act={"do": "set", "attribute": attribute, "search": search, "base": base},
    )


def values_select(values: Sequence[str], label: str = "Value") -> Node:
    """A choice of values, Unknown last."""
    return h(
        "select",
        [h("option", value, value=value) for value in (*values, UNKNOWN)],
        name="value",
        aria_label=label,
        id="value",
    )


def bulk(context: Context, filter_: Filter, total: int) -> Child:
    """One edit over everything the filter lets through."""
    if not total:
        return None
    options = [
        h("option", f"{attribute.name}: {value}", value=f"{attribute.name}\t{value}")
        for attribute in load().attributes.values()
        for value in (*(v.name for v in attribute.values), UNKNOWN)
    ]
    form = h(
        "form",
        h("select.grow", options, name="choice", aria_label="Attribute and value"),
        h("button", f"Set on all {total:,}", type="submit", disabled=total > MAX_RECORDS),
        act={"do": "set-all", "search": filter_.search, "base": context.log.head(), "expected": total},
    )
    return h(
        "details",
        h("summary", f"Correct all {total:,} in this filter"),
        h("p.muted.small", "One edit; one undo takes it back."),
        form,
    )


def set_one(context: Context, filter_: Filter, act: Act) -> Edit:
    """A person's word on one attribute of the inspected record."""
    attribute, value = str(act.get("attribute", "")), str((act.get("form") or {}).get("value", ""))
    return _set(context, [filter_.record], attribute, value, act)


def set_all(context: Context, con: duckdb.DuckDBPyConnection, filter_: Filter, act: Act) -> Edit:
    """The same word on everything in the filter.

    Raises:
        UsageError: the filter no longer holds as many records as the person saw.
    """
    attribute, _, value = str((act.get("form") or {}).get("choice", "")).partition("\t")
    where, params = filter_.where()
    found = [row[0] for row in con.execute(f"SELECT record_id FROM records WHERE {where}", params).fetchall()]  # noqa: S608
    if len(found) != act.get("expected"):
        raise UsageError(f"the filter holds {len(found):,} records by now", todo="look again, then repeat")
    return _set(context, found, attribute, value, act)


def _set(context: Context, records: Sequence[str], attribute: str, value: str, act: Act) -> Edit:
    known = load().attributes.get(attribute)
    if known is None or value not in {UNKNOWN, *(v.name for v in known.values)}:
        raise UsageError(
            f"there is no {attribute[:40]!r} of {value[:40]!r}", todo="choose one of the vocabulary's values"
        )
    return context.log.append(
        "attribute.set", {"record_ids": list(records), "attribute": attribute, "value": value}, base=base_of(act)
    )


def base_of(act: Act) -> int | None:
    """The head of the log when the view was made: what was said since is a conflict, not overwritten."""
    base = act.get("base")
    return base if isinstance(base, int) and base >= 0 else None


def undo(context: Context, act: Act) -> Edit:
    """Take an edit back, by another edit."""
    return context.log.append("undo", {"edit_id": str(act.get("edit_id", ""))})


def notice(edit: Edit | None, words: str, again: dict[str, Any]) -> Child:
    """What was done, and its undo.

    Args:
        edit: the edit; None shows nothing.
        words: what it did.
        again: the act of the undo button, ``edit_id`` added.
    """
    if edit is None:
        return None
    back = h("button", "Undo", act={**again, "do": "undo", "edit_id": edit.id}, key="u") if edit.op != "undo" else None
    return h(
        "div.card.row.apart", h("span", h("span.badge.good", "saved"), " ", words), back, role="status", id="notice"
    )
