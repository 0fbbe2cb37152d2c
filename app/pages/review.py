"""Review: one doubt at a time, answered by keyboard as fast as a person can.

What belongs here: the page, and taking its answers. Not here: which question comes next (``charassets.warehouse.questions``). The
next ten are in the browser already, so that an answer shows the next picture at once; each answer carries an id made there, is
kept there until it was taken, and may therefore be sent twice.
"""

from typing import Any

import gradio as gr

from app import texts
from app.markup import Child, Node, h
from app.pages import frame, record_view
from app.services import record
from app.services.context import Context, NoWarehouseError
from charassets.attributes.fusion import AMBIGUOUS, NOT_KNOWN
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.curation.leases import Leases
from charassets.errors import CharassetsError, UsageError
from charassets.warehouse.questions import Question, checked, questions

AHEAD = 10
_KEYS_AT_MOST = 500  # questions a browser may say it holds


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    leases = Leases(context.workspace.review_leases)

    def fetch(data: Any) -> dict[str, Any]:  # noqa: ANN401 - from a browser
        return _told(lambda: more(context, leases, data))

    def answer(data: Any) -> dict[str, Any]:  # noqa: ANN401 - from a browser
        return _told(lambda: taken(context, data))

    with frame.page(demo, "review"):
        gr.HTML(
            html_template='<div class="cs-panel"></div>',
            js_on_load="window.charassets.review(element, server)",
            apply_default_css=False,
            elem_id="review",
            elem_classes=["cs-flat"],
            server_functions=[fetch, answer],
        )


def _told(make: Any) -> dict[str, Any]:  # noqa: ANN401
    """An answer, or the failure as words the page shows."""
    try:
        return {"ok": True, **make()}
    except NoWarehouseError:
        return {"ok": False, "node": frame.no_workspace()}
    except CharassetsError as error:
        return {"ok": False, "said": str(error), "node": frame.failure(error), "final": isinstance(error, UsageError)}


def more(context: Context, leases: Leases, data: Any) -> dict[str, Any]:  # noqa: ANN401
    """Further questions for a reviewer who holds some already."""
    asked = data if isinstance(data, dict) else {}
    reviewer = str(asked.get("reviewer", ""))[:64]
    held = [str(key) for key in list(asked.get("held") or ())[:_KEYS_AT_MOST]]
    with context.reading() as con:
        found = questions(con, context.decisions(), {*held, *leases.others(reviewer)}, AHEAD)
        names = context.names(con)
        items = [
            {
                "key": one.key,
                "record": one.record_id,
                "attribute": one.attribute,
                "proposed": one.proposed,
                "node": _node(
                    one,
                    record.answers(con, one.record_id, context.decisions()),
                    names(one.character_id) if one.character_id else texts.NO_CHARACTER,
                ),
            }
            for one in found
        ]
    leases.take(reviewer, [one.key for one in found])
    return {"items": items, "empty": frame.state(texts.REVIEW_DONE, h("p", texts.REVIEW_DONE_TODO))}


def taken(context: Context, data: Any) -> dict[str, Any]:  # noqa: ANN401
    """Write one answer down; the same id again changes nothing.

    Raises:
        UsageError: an answer that makes no sense; sending it again will not help.
    """
    said = data if isinstance(data, dict) else {}
    deed, edit_id = said.get("deed"), str(said.get("id", ""))
    records, attribute = [str(said.get("record", ""))], str(said.get("attribute", ""))
    if deed == "undo":
        edit = context.log.append("undo", {"edit_id": str(said.get("target", ""))}, edit_id=edit_id)
    elif attribute not in load().attributes:
        raise UsageError(f"there is no attribute {attribute[:40]!r}")
    elif deed == "skip":
        edit = context.log.append("review.skip", {"record_ids": records, "attribute": attribute}, edit_id=edit_id)
    else:
        value = checked(attribute, str(said.get("value", "")))
        edit = context.log.append(
            "attribute.set", {"record_ids": records, "attribute": attribute, "value": value}, edit_id=edit_id
        )
    return {"seq": edit.seq}


def _node(one: Question, answers: tuple[record.Answer, ...], character: str) -> Node:
    about = next((answer for answer in answers if answer.attribute == one.attribute), None)
    picture = h(
        "div.picture", record_view.thumb(one.record_id, f"Picture to judge: {one.attribute} of {character}", large=True)
    )
    doubt: Child = (
        h("span.badge.warn", "ambiguous")
        if one.status == AMBIGUOUS
        else h("span.badge", "not guessed")
        if one.status == NOT_KNOWN
        else h("span.badge", f"{one.confidence:.0%} sure")
    )
    choices = [
        h(
            "button.said" if value == one.proposed else "button",
            value,
            act={"deed": "set", "value": value},
            key=str(number),
        )
        for number, value in enumerate(one.choices, 1)
    ]
    rest = [v.name for v in load().attributes[one.attribute].values if v.name not in one.choices]
    other = (
        h(
            "select",
            h("option", "another value...", value=""),
            [h("option", value, value=value) for value in rest],
            act={"deed": "set"},
            aria_label="Another value",
        )
        if rest
        else None
    )
    accept = h(
        "button.main", f"Accept: {one.proposed}", act={"deed": "set", "value": one.proposed, "accepted": True}, key=" "
    )
    side = h(
        "div",
        h(
            "div.card",
            h("div.row.apart", h("h2", f"{one.attribute}?"), doubt),
            h("p.muted.small", character),
            h("div.answers", choices),
            other,
            h("div.row", accept),
            h(
                "div.row",
                h("button", "Cannot be told", act={"deed": "set", "value": UNKNOWN}, key="a"),
                h("button", "Skip", act={"deed": "skip"}, key="s"),
                h("button", "Undo", act={"deed": "undo"}, key="u"),
            ),
        ),
        h("div.card.narrow", h("h2", "What was said"), record_view.attributes([about])) if about is not None else None,
    )
    return h("div.stage", picture, side)
