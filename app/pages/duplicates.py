"""Duplicates: two copies side by side, why they count as copies, and a key for every answer.

What belongs here: the page and its deeds, each one edit. Not here: questions (``app.services.duplicates``).
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import correcting, frame, record_view
from app.services import duplicates
from app.services.context import Context
from app.services.duplicates import Copy, Pair
from charassets.curation import Edit
from charassets.errors import UsageError
from charassets.warehouse.questions import check_records
from charassets.warehouse.unkept import dropped_choices, not_kept

_TAGS_SHOWN = 12
_SAID = {
    "left": "the left one stays",
    "right": "the right one stays",
    "both": "both stay",
    "not": "not copies; remembered",
}


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "duplicates"):
        shown = panel(frame.loading(), opens=True, elem_id="duplicates")
        on_act(shown, lambda act: frame.answered(handle)(context, act), outputs=[shown])


def handle(context: Context, act: Act) -> str:
    """The panel's value after a click."""
    key = dict(parse_qsl(str(act.get("search", "")).removeprefix("?"), max_num_fields=20)).get("pair", "")
    edit: Edit | None = None
    words, deed = "", act.get("do")
    if deed == "judge":
        answer = str(act.get("answer"))
        with context.reading() as con:
            check_records(con, key.split("|"))
            edit = _judge(context, key, answer, correcting.base_of(act))
            words, key = ". ".join([_SAID[answer], *dropped_choices(con, edit.operation)]), ""
    elif deed == "undo":
        edit, words, key = correcting.undo(context, act), "taken back", str(act.get("pair", ""))
    return _show(context, key, edit, words, str(act.get("pair", key)))


def _judge(context: Context, key: str, answer: str, base: int | None) -> Edit:
    """One edit a verdict; a choice concerns the whole group, of which the other copies keep their fate."""
    left, _, right = key.partition("|")
    if answer == "not":
        return context.log.append("duplicates.not", {"left": [left], "right": [right]}, base=base)
    if answer not in _SAID:
        raise UsageError(f"there is no answer {answer[:40]!r}")
    kept = {"left": [left], "right": [right], "both": [left, right]}[answer]
    return context.log.append("duplicates.keep", {"record_ids": kept, "group": [left, right]}, base=base)


def _show(context: Context, key: str, edit: Edit | None, words: str, judged: str) -> str:
    with context.reading() as con:
        total, found = duplicates.pairs(con, context.decisions(), key)
        pair = found[0] if found else None
        facts = duplicates.copies(con, [pair.left, pair.right]) if pair else {}
        dropped = not_kept(con, facts)
    notice = correcting.notice(edit, words, {"search": "", "pair": judged})
    if pair is None or len(facts) < 2:  # noqa: PLR2004 - a pair has two
        done = frame.state(texts.NO_COPIES, h("p", texts.NO_COPIES_TODO))
        return view(h("div", notice, done), search="")
    search = f"?{urlencode({'pair': pair.key})}"
    left, right = facts[pair.left], facts[pair.right]
    node = h(
        "div",
        notice,
        h(
            "div.row.apart",
            h(
                "p.muted",
                h("b.num", f"{total:,}"),
                f" pair{'' if total == 1 else 's'} to look at, the least alike first",
                id="left-to-judge",
            ),
        ),
        h("div.card", _why(pair), _keys(search, pair, context.log.head())),
        h(
            "div.pair",
            _figure(left, right, "left", dropped.get(pair.left), kept=pair.left not in dropped),
            _figure(right, left, "right", dropped.get(pair.right), kept=False),
        ),
        _next(found[1:]),
    )
    return view(node, search=search)


def _why(pair: Pair) -> Node:
    same = "the same bytes" if pair.relation == "exact" else "nearly the same picture"
    measured = [
        h("span", "likeness ", h("b.num", f"{pair.cosine:.3f}")) if pair.cosine is not None else None,
        h("span", "hashes differ in ", h("b.num", f"{pair.bits}"), " of 64 bits") if pair.bits is not None else None,
        h("span", h("b.num", f"{pair.size:,}"), " pictures in the group"),
    ]
    return h("div", h("div.row", h("span.badge.info", same), measured), h("p.muted", pair.reason or ""))


def _keys(search: str, pair: Pair, base: int) -> Node:
    deed = {"do": "judge", "search": search, "base": base, "pair": pair.key}
    answers = (
        ("left", "Keep left", "ArrowLeft"),
        ("right", "Keep right", "ArrowRight"),
        ("both", "Keep both", "b"),
        ("not", "Not duplicates", "n"),
    )
    return h(
        "div.row",
        [
            h("button", label, act={**deed, "answer": answer}, key=key, id=f"keep-{answer}")
            for answer, label, key in answers
        ],
    )


def _figure(one: Copy, other: Copy, side: str, gated: str | None, *, kept: bool) -> Node:
    """One of the two; ``gated`` says why it is not kept, whichever of the copies is chosen."""
    only = sorted(one.tags - other.tags)
    said: dict[str, Any] = {
        "size": f"{one.width} x {one.height}" + (_better(one.area, other.area, "larger")),
        "sharpness": f"{one.sharpness:.0f}" + _better(one.sharpness, other.sharpness, "sharper")
        if one.sharpness is not None
        else "-",
        "file": f"{one.format or '-'}" + (f", {one.bytes / 1024:,.0f} kB" if one.bytes else ""),
        "from": f"{one.source}: {one.place}",
        "tags only here": ", ".join(only[:_TAGS_SHOWN])
        + (f" and {len(only) - _TAGS_SHOWN} more" if len(only) > _TAGS_SHOWN else "")
        if only
        else "none",
        **({"chosen or not": gated} if gated else {}),
    }
    badge = h("span.badge.good" if kept else "span.badge", "kept now" if kept else "dropped now")
    return h(
        "figure.kept" if kept else "figure",
        record_view.thumb(one.record_id, f"The {side} picture", large=True),
        h(
            "figcaption",
            h("div.row", h("p", badge), record_view.whole(one.record_id, f"The whole picture on the {side}")),
            record_view.facts(said),
        ),
    )


def _better(mine: float | None, theirs: float | None, word: str) -> str:
    return f" ({word})" if mine is not None and theirs is not None and mine > theirs else ""


def _next(found: Sequence[Pair]) -> Child:
    if not found:
        return None
    tiles = [
        h(
            "figure.tile",
            record_view.thumb(pair.right, "A copy that comes later"),
            h(
                "figcaption",
                h("span", pair.relation),
                h("span.muted", "" if pair.cosine is None else f"likeness {pair.cosine:.3f}"),
            ),
            act={"do": "open", "search": f"?{urlencode({'pair': pair.key})}"},
            aria_label="Look at this pair now",
        )
        for pair in found
    ]
    return h("div.card.later", h("h2", "Coming next"), h("div.grid.small", tiles))
