"""One job from a folder of characters, or the export of a search, to gallery, split, training, evaluation and identification.

What belongs here: the steps as ops, in order, and what Dagster shows of each. Not here: what a step does
(``charassets.workflow``). It is a job of ops and not of assets, because it begins with a path that no asset knows; what it
computes it reports as the assets' own.
"""

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from charassets.classifiers.training import train
from charassets.defs.failures import translated
from charassets.defs.partitions import SHARDS
from charassets.defs.resources import Workbench
from charassets.defs.scattered import work_on_collection, work_on_shards, work_on_warehouse
from charassets.errors import CharassetsError
from charassets.schema import CHARACTER_IDENTITIES, SOURCE_ITEMS, TRACKS
from charassets.sources.intake import take_in
from charassets.workflow import characters, held_out, report
from charassets.workflow.course import Course, checked_path

_NEXT = {"start": dg.In(dg.Nothing)}
_DONE = dg.Out(dg.Nothing)


class CastRequest(dg.Config):
    """What to learn from."""

    path: str = Field(
        description="A folder with a sub-folder a character, or a .jsonl, .csv or .parquet of file names and `character`."
    )
    name: str = Field(default="cast", description="Name of the classifier and of WORKSPACE/courses/NAME.")
    source: str = Field(default="cast", description="Name of the source that the pictures become.")
    method: str = Field(default="logistic", description="Of the classifier: logistic, boosting, mlp or finetune.")
    features: list[str] = Field(default=["clip", "heads"], description="Feature sets that it looks at.")
    seed: int = Field(default=0, ge=0, description="Of the division and of the fit.")

    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Settings that win over profile, workspace and environment in this run."
    )

    held: bool = Field(default=False, description="Whoever starts the run holds the workspace already.")
    log_level: str = Field(default="INFO", description="Of what the run tells on its console.")

    def course(self, workbench: Workbench) -> Course:
        """The course that is asked for."""
        return Course.of(workbench.workspace, self.name, self.source, self.method, self.features, self.seed)


@dg.op(out=_DONE)
def take_in_pictures(context: dg.OpExecutionContext, config: CastRequest, workbench: Workbench) -> dg.Output[None]:
    """Make the path a source of the workspace, and list it."""
    with translated(context):
        config.course(workbench)  # a name that cannot be one is told before anything is read
        checked_path(config.path)
        path = config.path if "://" in config.path else str(Path(config.path).expanduser().absolute())
        with nullcontext() if config.held else workbench.workspace.locked():
            workbench.take_source(config.source, path)
            intake = take_in(workbench.settings, workbench.lake)
        if config.source in intake.failed:
            raise intake.failed[config.source]
    shards = _shards(workbench, config.source)
    known = set(context.instance.get_dynamic_partitions(SHARDS))
    context.instance.add_dynamic_partitions(SHARDS, [shard for shard in shards if shard not in known])
    return dg.Output(None, metadata={"records": intake.records[config.source], "shards": len(shards)})


@dg.op(ins=_NEXT, out=_DONE)
def run_pictures(context: dg.OpExecutionContext, config: CastRequest, workbench: Workbench) -> dg.Output[None]:
    """Run every stage on the source's shards, then the collection's; what is up to date costs nothing."""
    shards = _shards(workbench, config.source)
    work_on_shards(context, workbench, shards)
    with translated(context):
        work_on_collection(context, workbench)
    return dg.Output(None, metadata={"shards": len(shards)})


@dg.op(ins=_NEXT, out=_DONE)
def divide_pictures(context: dg.OpExecutionContext, config: CastRequest, workbench: Workbench) -> dg.Output[None]:
    """Name the pictures and divide them by groups of copies, before anything is learnt."""
    with translated(context):
        course = config.course(workbench)
        cast = characters.named(workbench.workspace, course)
        examples = characters.parted(workbench.workspace, course)
    facts: dict[str, Any] = {f"pictures/{name}": n for name, n in held_out.part_sizes(examples).items()}
    told = {
        "characters": len(examples.values),
        "left_out": examples.left_out,
        "unnamed": cast.unnamed,
        "dropped": cast.dropped,
    }
    return dg.Output(None, metadata={**facts, **told, "folder": dg.MetadataValue.path(course.folder)})


@dg.op(ins=_NEXT, out=_DONE)
def make_gallery(context: dg.OpExecutionContext, config: CastRequest, workbench: Workbench) -> dg.Output[None]:
    """Make references of all but the test part, in a new version of the gallery."""
    with translated(context):
        course = config.course(workbench)
        examples = characters.parted(workbench.workspace, course)
        taken = held_out.enrol(workbench.lake, workbench.settings, course, examples)
    gallery = taken.shelved.gallery
    facts = {"characters": len(gallery.names), "references": gallery.references.num_rows}
    tags = {"dagster/data_version": taken.shelved.digest}
    context.log_event(dg.AssetMaterialization("character_gallery", metadata=facts, tags=tags))
    return dg.Output(None, metadata={**facts, "version": taken.shelved.digest})


@dg.op(ins=_NEXT, out=_DONE)
def train_and_measure(context: dg.OpExecutionContext, config: CastRequest, workbench: Workbench) -> dg.Output[None]:
    """Train the classifier, ask classifier and gallery about the test part, and write down what it comes to."""
    with translated(context):
        course = config.course(workbench)
        examples = characters.parted(workbench.workspace, course)
        trained = train(workbench.workspace, workbench.lake, course.spec)
        if trained is None:
            raise CharassetsError("this process only helps another to train", todo="run the job without torchrun")
        identified = held_out.identify(workbench.lake, workbench.settings, course, examples)
        figures = report.told(workbench.lake, course, examples, trained, identified)
    scores = {f"classifier/{name}": one["value"] for name, one in figures["classifier"]["scores"].items()}
    shares = {f"gallery/{name}": one["value"] for name, one in asdict(identified).items() if isinstance(one, dict)}
    text = (course.folder / "report.md").read_text(encoding="utf-8")
    facts = {**scores, **shares, "gallery/asked": identified.asked, "gallery/strangers": identified.strangers}
    known = {name: value for name, value in facts.items() if value is not None}
    return dg.Output(None, metadata={**known, "promoted": trained.promoted, "report": dg.MetadataValue.md(text)})


@dg.op(ins=_NEXT, out=_DONE)
def recognise_pictures(context: dg.OpExecutionContext, config: CastRequest, workbench: Workbench) -> dg.Output[None]:
    """Let the new gallery say whom the source's pictures show; the others follow with the next run."""
    shards = _shards(workbench, config.source)
    work_on_shards(context, workbench, shards, [CHARACTER_IDENTITIES.name])
    with translated(context):
        workbench.run_collection(TRACKS.name)
        work_on_warehouse(context, workbench)
    return dg.Output(None, metadata={"shards": len(shards)})


@dg.config_mapping
def _for_every_step(request: CastRequest) -> dg.RunConfig:
    steps = (take_in_pictures, run_pictures, divide_pictures, make_gallery, train_and_measure, recognise_pictures)
    return dg.RunConfig(
        ops={step.name: request for step in steps},
        resources={"workbench": Workbench(overrides=request.overrides)},
        loggers={"console": {"config": {"log_level": request.log_level}}},
    )


@dg.job(
    config=_for_every_step,
    description="A folder of characters, or the export of a search, to gallery, split, training, evaluation and identification.",
)
def learn_cast() -> None:
    """One run from pictures to figures."""
    done = make_gallery(divide_pictures(run_pictures(take_in_pictures())))
    recognise_pictures(train_and_measure(done))


def _shards(workbench: Workbench, source: str) -> list[str]:
    """The shards of a source, in order; a shard holds items of one source."""
    fragments = workbench.lake.fragments(SOURCE_ITEMS.name)
    return [f.manifest.shard for f in fragments if f.rows and f.read(["source"])["source"][0].as_py() == source]
