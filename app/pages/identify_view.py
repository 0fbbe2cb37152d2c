"""What Identify shows: a picture beside the references of those it may show, and the gallery with its versions.

What belongs here: views. Not here: the page (``app.pages.identify``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app import texts
from app.markup import Child, Node, h
from app.pages import record_view
from app.services.identities import Candidate, Doubt
from charassets.identity.gallery import Gallery
from charassets.lake.artefacts import Version

KEYS = "12345"


def stage(doubt: Doubt, picture: Child, deed: Mapping[str, Any], names: Sequence[str], *, keys: bool) -> Node:
    """A picture, whom it may show, and the answers a person can give.

    Args:
        doubt: what is known.
        picture: the picture.
        deed: the act of an answer, ``name`` added; ``skip`` where it has a record.
        names: everybody of the gallery, to complete what is typed.
        keys: answers have keys.
    """
    answers = [
        h(
            "button.said" if one.name == doubt.name else "button",
            h("span", one.name),
            h("span.num", _measures(one)),
            act={**deed, "name": one.name},
            key=KEYS[k] if keys else None,
        )
        for k, one in enumerate(doubt.candidates[: len(KEYS)])
    ]
    accepted = doubt.name or "nobody known"
    rest = [
        h(
            "button.main",
            f"Accept: {accepted}",
            act={**deed, "name": doubt.name or "Unknown"},
            key=" " if keys else None,
        ),
        h("button", "Nobody of these", act={**deed, "name": "Unknown"}, key="n" if keys else None),
    ]
    if doubt.record_id is not None:
        rest.append(h("button", "Skip", act={"do": "skip", "record": doubt.record_id}, key="s" if keys else None))
    typed = h(
        "form",
        h("input.grow", name="name", list="gallery-names", placeholder="another name", aria_label="Another name"),
        h("datalist", [h("option", value=name) for name in names], id="gallery-names"),
        h("button", "Set", type="submit"),
        act=dict(deed),
    )
    side = h("div", h("div.card", _heading(doubt), h("div.answers", answers), h("div.row", rest), typed))
    return h("div", h("div.stage", h("div.picture", picture), side), compared(doubt.candidates))


def refused(doubt: Doubt, verdict: str) -> Node:
    """A file that shows nobody, since it is no picture or may not be looked at: why, and nothing to answer."""
    return h("div.card", h("p", h("span.badge.warn", verdict), " ", why(doubt)))


def _heading(doubt: Doubt) -> list[Child]:
    facts = doubt.facts
    badge = h("span.badge.good", doubt.name) if doubt.name else h("span.badge", "nobody known")
    review = facts.get("review")
    return [
        h("div.row.apart", h("h2", "Who is it?"), badge),
        h("p", h("span.badge.warn", str(review))) if review else None,
        h("p.muted", why(doubt)),
        h("p", h("span.badge.info", "a person said"), " ", doubt.told) if doubt.told else None,
        record_view.facts(
            {label: f"{facts[name]:.2f}" for name, label in _FACTS.items() if facts.get(name) is not None}
        ),
    ]


_FACTS = {
    "chance": "chance that it is somebody known",
    "similarity": "likeness of the figure",
    "head_similarity": "likeness of the head",
    "traits": "attributes speak for it, log-odds",
    "margin": "ahead of the second, log-odds",
}


def why(doubt: Doubt) -> str:
    """The answer in words."""
    if doubt.facts.get("drawing_of"):
        return f"It is the drawing of the reference {doubt.facts['drawing_of']}, resized, cropped or mirrored."
    if doubt.facts.get("classifier"):
        return f"The classifier {doubt.facts['classifier']} says so; it knows nobody it was not trained on."
    if doubt.name:
        return "The nearest character by figure, head and attributes, and nearer than strangers come."
    if doubt.candidates:
        return "Nobody is near enough: strangers come as near as this to somebody of the gallery."
    return str(doubt.facts.get("reason") or "There is nobody to compare it with.")


def _measures(one: Candidate) -> str:
    return f"{one.score:.2f}" if one.similarity is None else f"likeness {one.similarity:.2f}, score {one.score:.1f}"


def compared(candidates: Sequence[Candidate]) -> Child:
    """The references of every candidate, side by side."""
    if not any(one.pictures for one in candidates):
        return None
    columns = [
        h(
            "div",
            h("h3", f"{number} {one.name}"),
            h("div.grid.small", [_reference(one.name, picture) for picture in one.pictures]),
        )
        for number, one in enumerate(candidates[: len(KEYS)], 1)
        if one.pictures
    ]
    return h("div.card.later", h("h2", "References"), h("div.columns.narrow", columns), id="references")


def _reference(name: str, picture: str) -> Node:
    return h("figure.tile.still", h("img", src=picture, alt=f"Reference of {name}"))


def gallery_card(held: Gallery, shown: Mapping[str, Sequence[str]]) -> Node:
    """Every character with some of its references."""
    counts: dict[str, int] = {}
    ways: dict[str, set[str]] = {}
    for name, how in zip(held.references["name"].to_pylist(), held.references["how"].to_pylist(), strict=True):
        counts[name] = counts.get(name, 0) + 1
        ways.setdefault(name, set()).add(how)
    rows = [
        h(
            "tr",
            h("td", name),
            h("td.num", f"{counts[name]:,}"),
            h("td", ", ".join(sorted(ways[name]))),
            h("td", h("div.row", [h("img.thumb", src=p, alt=f"Reference of {name}") for p in shown.get(name, ())])),
        )
        for name in held.names
    ]
    nobody = counts.get("", 0)
    trial = held.trials["fused"]
    figures = (
        f"Of the references {trial.right:.0%} find their own character without themselves; "
        f"{trial.accepted:.0%} of strangers would be taken for somebody."
        if trial.asked and trial.strangers
        else "Too few references to measure how well they are told apart."
    )
    head = h("thead", h("tr", *(h("th", label) for label in ("Character", "References", "From", ""))))
    return h(
        "div.card",
        h("h2", texts.counted(len(held.names), "character")),
        h("p.muted", figures, f" {nobody} pictures show nobody of them." if nobody else ""),
        h("div.wide", h("table", head, h("tbody", rows))),
        id="gallery",
    )


def versions_card(found: Sequence[Version], search: str) -> Node:
    """Every version, the latest first, with the way back."""
    current = found[0].digest if found else ""
    rows = [
        h(
            "tr",
            h("td", one.at[:16].replace("T", " ")),
            h("td.mono", one.digest[:8]),
            h("td.num", f"{one.notes['characters']:,}"),
            h("td.num", f"{one.notes['references']:,}"),
            h("td", str(one.notes["why"])),
            h("td.right", _gain(one.notes)),
            h("td", _back(one, current, search)),
        )
        for one in found
    ]
    names = ("When (UTC)", "Version", "Characters", "References", "Why", "Right before and after", "")
    head = h("thead", h("tr", *(h("th", name) for name in names)))
    return h("div.card", h("h2", "Versions"), h("div.wide", h("table", head, h("tbody", rows))), id="versions")


def _gain(notes: Mapping[str, Any]) -> str:
    before, after = notes.get("before"), notes.get("after")
    return "" if before is None or after is None else f"{before:.0%}, {after:.0%}"


def _back(one: Version, current: str, search: str) -> Child:
    if one.digest == current:
        return h("span.badge.good", "in force")
    return h("button", "Put back", act={"do": "back", "version": one.digest, "search": search})
