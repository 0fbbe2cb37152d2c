"""Train: a classifier on your own labels; progress, stop, and trainings side by side.

What belongs here: the page. Not here: the process (``app.services.training``) and training itself.
"""

from typing import Any

import gradio as gr

from app import texts
from app.components import Act, on_act, panel, view
from app.markup import Child, Node, h
from app.pages import frame
from app.services import training
from app.services.context import Context
from app.services.training import Line
from app.services.trying import as_address
from charassets.classifiers.labels import FOLDER
from charassets.classifiers.spec import BINDINGS, Spec
from charassets.errors import CharassetsError
from charassets.models.classifier import METHODS
from charassets.models.feature_sets import SETS
from charassets.models.tuned import FINETUNE

_EVERY_S = 2.0
_TONES = {"done": "good", "running": "info", "failed": "warn", "broken off": "warn", "stopped": "warn"}
_SCORES = ("accuracy", "f1", "auc")
_ALT = {
    "confusion.webp": "Confusion matrix",
    "roc.webp": "ROC curves",
    "curve.webp": "Loss by step",
    "misclassified.webp": "The surest wrong answers",
}


def add(demo: gr.Blocks, context: Context) -> None:
    """The page."""
    with frame.page(demo, "train"):
        shown = panel(frame.loading(), opens=True, elem_id="train")
        runs = panel(h("div"), elem_id="train-runs")
        clock = gr.Timer(_EVERY_S)
        on_act(shown, lambda act: (frame.answered(handle)(context, act), _runs(context)), outputs=[shown, runs])
        on_act(runs, lambda act: _acted(context, act), outputs=[runs])
        clock.tick(lambda: _ticked(context), None, [runs], api_visibility="private", show_progress="hidden")


def handle(context: Context, act: Act) -> str:
    """The form, and what became of it."""
    with context.reading() as con:  # says what to do where there is no warehouse
        some = con.execute("SELECT 1 FROM records LIMIT 1").fetchone()
    if some is None:
        return view(frame.state(texts.TRAIN_EMPTY, h("p", texts.TRAIN_EMPTY_TODO)))
    form = act.get("form")
    problem: Child = None
    if act.get("do") == "form" and isinstance(form, dict):
        try:
            training.start(context.workspace, spec_of(form))
            problem = h("p.muted", texts.TRAIN_STARTED, role="status")
        except CharassetsError as error:
            problem = frame.failure(error)
    return view(h("div.card", h("h2", "What to learn"), _form(form if isinstance(form, dict) else {}), problem))


def spec_of(form: Act) -> Spec:
    """The request of a form; anything in it may be wrong, and ``Spec.checked`` says so."""
    said = {name: str(form.get(name, "")).strip()[:500] for name in ("name", "label", "method", "features", "together")}
    return Spec(
        name=said["name"],
        label=said["label"] or FOLDER,
        method=said["method"] or METHODS[0],
        features=tuple(said["features"].split("+")) if said["features"] else ("design", "clip"),
        together=BINDINGS if said["together"] != "duplicates" else ("duplicates",),
        shuffle_labels=str(form.get("control", "")) == "yes",
    )


def _form(said: Act) -> Node:
    def choice(name: str, label: str, options: dict[str, str]) -> Node:
        made = [h("option", words, value=value, selected=value == said.get(name)) for value, words in options.items()]
        return h("label.field", label, h("select", made, name=name))

    sets = ("design+clip", "design+clip+heads", *SETS)
    return h(
        "form.stacked",
        h("label.field", "Name", h("input", name="name", value=str(said.get("name", "")), placeholder="archetype")),
        h(
            "label.field",
            "Label: folder, or a column of records",
            h("input", name="label", value=str(said.get("label", "")), placeholder=FOLDER),
        ),
        h(
            "div.pair.small",
            choice("method", "Method", {name: name for name in ("boosting", "logistic", "mlp", FINETUNE)}),
            choice("features", "Looks at", {name: name.replace("+", ", ") for name in sets}),
        ),
        h(
            "div.pair.small",
            choice("together", "Stays on one side", {"": "copies and characters", "duplicates": "copies alone"}),
            choice("control", "Labels", {"": "as they are", "yes": "dealt out anew: a control"}),
        ),
        h("div.row", h("button.main", "Train", type="submit", name="deed", value="train", id="train-start")),
        act={"do": "form"},
    )


def _acted(context: Context, act: Act) -> str:
    name, run = str(act.get("name", "")), str(act.get("run", ""))
    if act.get("do") == "stop":
        training.stop(context.workspace, name, run)
    return _runs(context, (name, run) if act.get("do") == "show" else None)


def _ticked(context: Context) -> Any:  # noqa: ANN401 - a view, or gradio's word for no change
    """The list while a training runs; a report somebody reads is left alone."""
    if not context.has_warehouse or not any(line.state == "running" for line in training.lines(context.workspace)):
        return gr.skip()
    return _runs(context)


def _runs(context: Context, opened: tuple[str, str] | None = None) -> str:
    def make() -> str:
        found = training.lines(context.workspace) if context.has_warehouse else []
        if not found:
            return view(h("div", h("p.muted", texts.TRAIN_NOTHING) if context.has_warehouse else None))
        report = _report(context, *opened) if opened else None
        return view(h("div", report, h("div.card", h("h2", "Trainings"), h("div.wide", _table(found)))))

    return frame.answered(make)()


def _table(found: list[Line]) -> Node:
    names = ("", "Name", "Method", "Looks at", "Label", "Unseen", *_SCORES, "")
    return h(
        "table", h("thead", h("tr", *(h("th", name) for name in names))), h("tbody", [_row(line) for line in found])
    )


def _row(line: Line) -> Node:
    running = line.state == "running"
    at = {"name": line.name, "run": line.run}
    losses = ", ".join(f"{side} {value:.3f}" for side, value in line.losses.items())
    scores = [h("td.num", _score(line, name)) for name in _SCORES]
    told = h("td", f"{line.step} {losses}".strip() or line.why, colspan=4)
    button = (
        h("button", "Stop", act={"do": "stop", **at}) if running else h("button", "Report", act={"do": "show", **at})
    )
    return h(
        "tr",
        h("td", h(f"span.badge.{_TONES.get(line.state, 'info')}", "in force" if line.in_force else line.state)),
        h("td", line.name, " (control)" if line.control else None),
        h("td", line.method),
        h("td", line.features),
        h("td", line.label),
        *([h("td.num", f"{line.n:,}"), *scores] if line.n is not None else [told]),
        h("td", button),
    )


def _score(line: Line, name: str) -> str:
    found = line.scores[name]
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _report(context: Context, name: str, run: str) -> Node:
    found, pictures = training.report(context.workspace, name, run)
    if found is None:
        return h("div.card", h("h2", name), h("p.muted", "There is no report of this training."))
    goes_by = [
        h("div.line", h("span.name", one["thing"]), h("div.bar", sizes={"share": max(0.0, min(1.0, one["drop"]))}))
        for one in found["importance"][:8]
    ]
    return h(
        "div.card",
        h("div.row.apart", h("h2", f"{name}, run {run}"), h("button", "Close", act={"do": "close"})),
        h("p.muted", f"{found['why']}; always the commonest label would score {found['test']['majority']:.3f}."),
        h(
            "div.columns",
            [h("figure", h("img", src=as_address(data), alt=_ALT[file])) for file, data in pictures.items()],
        ),
        h("h3", "What it goes by: accuracy lost when dealt out anew"),
        h("div.bars", goes_by),
        id="train-report",
    )
