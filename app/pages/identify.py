"""Identify: whom pictures show, beside the references of those they may show; answered by keyboard, learnt from at the next run.

What belongs here: the page. Not here: questions and deeds (``app.services.identities``), views (``identify_view``).
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr

from app import texts
from app.components import Act, file_picker, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import correcting, frame, identify_view, record_view
from app.services import identities, trying
from app.services.context import Context
from app.services.identities import Outside
from charassets.curation import Edit
from charassets.models.trained import trained_names

GALLERY = "gallery"


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "identify"):
        shown = panel(frame.loading(), opens=True, elem_id="identify")
        session = gr.State([])
        with gr.Accordion(texts.IDENTIFY_OUTSIDE, open=False, elem_id="identify-outside"), gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=280):
                files = file_picker(texts.TRY_FILES, height=150, elem_id="identify-files")
                tags = gr.Textbox(label=texts.TRY_TAGS, max_length=20_000, elem_id="identify-tags")
                mode = gr.Dropdown(_modes(context), value="", label=texts.IDENTIFY_MODE, elem_id="identify-mode")
            with gr.Column(scale=8, min_width=300):
                answer = panel(h("p.muted", texts.TRY_EMPTY), elem_id="identify-answer")
        models: dict[str, Any] = {"concurrency_id": "models", "concurrency_limit": 1, "show_progress": "hidden"}
        asked = [files, tags, mode]
        for change in (files.change, tags.submit, mode.change):
            change(
                lambda *given: _looked(context, *given), asked, [session, answer], api_visibility="private", **models
            )
        on_act(shown, lambda act: _shown(context, act), outputs=[shown, mode])
        on_act(answer, lambda act, held: frame.answered(_told_outside)(context, act, held), [session], [answer])


def _modes(context: Context) -> list[tuple[str, str]]:
    names = trained_names(context.workspace.open_lake().store)
    gallery = [(texts.IDENTIFY_DEFAULT, ""), (texts.IDENTIFY_LOOKS, "embedding"), (texts.IDENTIFY_FUSED, "fused")]
    return [*gallery, *((f"classifier {name}", f"classifier:{name}") for name in names)]


def _shown(context: Context, act: Act) -> tuple[str, Any]:
    """The panel's value, and whom pictures from outside can be asked of: a classifier may have been trained since."""
    asked = gr.Dropdown(choices=_modes(context)) if act.get("do") == "open" else gr.skip()
    return frame.answered(handle)(context, act), asked


def handle(context: Context, act: Act) -> str:
    """The panel's value after a click."""
    said = dict(parse_qsl(str(act.get("search", "")).removeprefix("?"), max_num_fields=20))
    query, record, deed = said.get("q", ""), said.get("id", ""), act.get("do")
    words, edit = "", None
    if deed == "say":
        edit, words = _say(context, act)
    elif deed == "skip":
        edit, words = identities.skip(context, str(act.get("record", ""))), "left open"
    elif deed == "undo":
        edit, words, record = correcting.undo(context, act), "taken back", str(act.get("record", ""))
    elif deed == "query":
        query, record = str((act.get("form") or {}).get("q", ""))[:2_000], ""
    elif deed == "begin":
        known = texts.counted(len(identities.begin(context).gallery.names), "character")
        words = f"{known}; `charassets run` recognises them everywhere"
    elif deed == "learn":
        words = _learnt(context)
    elif deed == "back":
        words = f"version {identities.put_back(context, str(act.get('version', ''))).digest[:8]} is in force"
    if not identities.has_gallery(context):
        return view(h("div", _notice(words), _nobody(context)))
    if said.get("view") == GALLERY:
        return _gallery(context, words)
    return _doubts(context, query, record, edit, words, str(act.get("record", "")))


def _say(context: Context, act: Act) -> tuple[Edit, str]:
    form = act.get("form")
    name = str(form.get("name", "")) if isinstance(form, dict) else str(act.get("name", ""))
    proposed = act.get("proposed")
    records = [str(act.get("record", ""))]
    edit = identities.say(context, records, str(proposed) if proposed else None, name[:200], correcting.base_of(act))
    return edit, f"{'confirmed' if edit.op == 'identity.confirm' else 'corrected'}: {edit.args['name']}"


def _doubts(context: Context, query: str, record: str, edit: Edit | None, words: str, answered: str) -> str:
    with context.reading() as con:
        doubt, total = identities.next_doubt(context, con, query, record)
    search = {"q": query} if query else {}
    here = f"?{urlencode(search)}" if search else ""
    notice = correcting.notice(edit, words, {"search": here, "record": answered}) if edit else _notice(words)
    row = h(
        "div.row.apart",
        h("p.muted", h("b.num", f"{total:,}"), " pictures that nobody answered, those in doubt first", id="in-doubt"),
        _tabs(GALLERY, context),
    )
    ask = h(
        "form",
        h("input.grow", name="q", value=query, placeholder="has:identity_review", aria_label="Only these records"),
        h("button", "Narrow", type="submit"),
        act={"do": "query"},
    )
    if doubt is None:
        done = frame.state(texts.IDENTIFY_DONE, h("p", texts.IDENTIFY_DONE_TODO))
        return view(h("div", notice, row, ask, done), search=here)
    deed = {"do": "say", "record": doubt.record_id, "proposed": doubt.name, "search": here, "base": context.log.head()}
    picture = record_view.thumb(str(doubt.record_id), "Picture to name", large=True)
    names = identities.gallery(context).names
    shown = identify_view.stage(doubt, picture, deed, names, keys=True)
    return view(h("div", notice, row, ask, shown), search=here if not record else None)


def _gallery(context: Context, words: str) -> str:
    held = identities.gallery(context)
    search = f"?view={GALLERY}"
    shown = {name: identities.pictures(held, name) for name in held.names[:_MOST_CHARACTERS]}
    learn = h("button", "Take in what was confirmed", act={"do": "learn", "search": search}, id="learn")
    node = h(
        "div",
        _notice(words),
        h("div.row.apart", h("div.row", learn), _tabs("", context)),
        identify_view.gallery_card(held, shown),
        identify_view.versions_card(identities.versions(context), search),
    )
    return view(node, search=search)


_MOST_CHARACTERS = 200
_NO_PICTURE = ("rejected", "quarantined")
"""Verdicts after which nobody is asked whom a file shows."""


def _tabs(to: str, context: Context) -> Node:
    label = "The gallery" if to == GALLERY else "Pictures in doubt"
    search = f"?view={to}" if to else ""
    return h("a", label, act={"do": "open", "search": search}, href=f"/identify{search}", id="other-view")


def _notice(words: str) -> Child:
    return h("div.card", h("span.badge.good", "done"), " ", words, role="status", id="notice") if words else None


def _nobody(context: Context) -> Node:
    with context.reading():  # says what to do where there is no warehouse
        pass
    begin = h("button", "Make one of the characters that were named", act={"do": "begin"}, id="begin")
    return frame.state(
        texts.IDENTIFY_NOBODY, h("p", texts.IDENTIFY_NOBODY_TODO, " ", h("code", texts.IDENTIFY_COMMAND)), h("p", begin)
    )


def _learnt(context: Context) -> str:
    grown = identities.learn(context)
    if not grown.changed:
        return "nothing new was confirmed"
    told = f"{grown.added} references added, {grown.removed} taken back"
    if grown.before is None or grown.after is None:
        return told
    return f"{told}; named rightly before {grown.before:.0%}, and with the other half of them {grown.after:.0%}"


def _looked(context: Context, files: list[tuple[str, bytes]] | None, tags: str, mode: str) -> tuple[list[Outside], str]:
    session: list[Outside] = []

    def make() -> str:
        given, refused = trying.take(files or [])
        session.extend(identities.ask(context, one, tags, mode or None) for one in given)
        return _outside(context, session, refused=refused)

    value = frame.answered(make)()
    return session, value


def _told_outside(context: Context, act: Act, session: list[Outside]) -> str:
    """A person's word on a picture from outside: of the workspace, an edit; else a reference more."""
    number = int(act.get("number", 0)) % max(1, len(session))
    form = act.get("form")
    name = str(form.get("name", "")) if isinstance(form, dict) else str(act.get("name", ""))
    one = session[number]
    if one.records:
        edit = identities.say(context, one.records, one.doubt.name, name[:200], None)
        return _outside(
            context,
            session,
            f"{edit.args['name']}: saved for {texts.counted(len(one.records), 'record')} of the workspace",
        )
    if name == "Unknown":
        return _outside(context, session, "Nothing to learn: a picture of nobody known that is not of the workspace")
    shelved = identities.take_in(context, one, name[:200])
    return _outside(context, session, f"a reference of {name}; version {shelved.digest[:8]} of the gallery is in force")


def _outside(context: Context, session: list[Outside], words: str = "", refused: list[str] | None = None) -> str:
    names = identities.gallery(context).names if identities.has_gallery(context) else ()
    cards = [
        h("div", h("h2", one.tried.given.name), identify_view.refused(one.doubt, one.tried.found.verdict))
        if one.tried.found.verdict in _NO_PICTURE
        else h(
            "div",
            h("h2", one.tried.given.name),
            identify_view.stage(
                one.doubt,
                h("img", src=one.tried.picture, alt=one.tried.given.name)
                if one.tried.picture
                else one.tried.found.verdict,
                {"do": "say", "number": number},
                names,
                keys=False,
            ),
        )
        for number, one in enumerate(session)
    ]
    told = [h("p", h("span.badge.warn", "left out"), " ", text) for text in refused or ()]
    return view(h("div", _notice(words), told, cards or h("p.muted", texts.TRY_EMPTY)))
