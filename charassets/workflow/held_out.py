"""How well a gallery names the pictures that were held out, beside the classifier that was trained on the same division.

What belongs here: asking and counting. Not here: recognising (``charassets.identity``), training and its report
(``charassets.classifiers``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charassets.classifiers.division import PARTS as SIDES
from charassets.classifiers.division import TEST, TRAIN, VALIDATION
from charassets.classifiers.examples import Examples
from charassets.enrolment import Taken, embedded, in_force, replace_characters
from charassets.identity.calibration import auc
from charassets.identity.recognition import Identified, Recogniser
from charassets.lake.fragments import Lake
from charassets.settings import Settings
from charassets.stages.character_identities import CharacterIdentities, checked_model
from charassets.workflow.course import HELD_OUT, LABELS, Course

DRAWS = 1000
"""Of the bootstrap over groups of copies and variants."""


@dataclass(frozen=True)
class Share:
    """A share of pictures with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Identification:
    """What the gallery said of n pictures of its characters, and of pictures of others.

    Attributes:
        asked: pictures of the gallery's characters. groups: groups of copies and variants they form.
        first: the right name comes first. named: named, and rightly. wrong: named wrongly. silent: not named.
        strangers: pictures of characters that are not in it, because they have too few.
        accepted: share of those that are taken for somebody; None without any.
        auc: chance that a picture of the gallery's is surer of a name than a stranger's; None without any.
    """

    asked: int
    groups: int
    first: Share
    named: Share
    wrong: Share
    silent: Share
    strangers: int
    accepted: float | None
    auc: float | None


def enrol(lake: Lake, settings: Settings, course: Course, examples: Examples) -> Taken:
    """Make references of what may be learnt from: the training and the validation part; the pictures held out are none.

    Raises:
        UsageError: nothing of it was embedded.
    """
    learnt = np.flatnonzero(np.isin(examples.parts, (TRAIN, VALIDATION)))
    names = {examples.record_ids[k]: examples.values[examples.labels[k]] for k in learnt.tolist()}
    return replace_characters(lake, settings, names, f"learnt from {course.source} ({course.name})")


def identify(lake: Lake, settings: Settings, course: Course, examples: Examples) -> Identification:
    """Ask the gallery in force about the pictures held out, and about those of characters that it does not hold.

    Raises:
        UsageError: there is no gallery.
        CharassetsError: it was made with another embedder.
    """
    recogniser = Recogniser(in_force(lake).gallery, settings.identity)
    unseen = examples.of(TEST)
    truth = {examples.record_ids[k]: examples.values[examples.labels[k]] for k in unseen.tolist()}
    known = set(recogniser.gallery.names)
    others = {row["record_id"]: row["name"] for row in course.rows(LABELS) if row["name"] not in known}
    found = _asked(lake, settings, recogniser, truth | others)
    course.write_rows(
        HELD_OUT,
        ("record_id", "shows", "named", "nearest", "chance", "review", "path"),
        _answers(truth | others, found, course.paths()),
    )
    group = {examples.record_ids[k]: int(examples.groups[k]) for k in unseen.tolist()}
    ours, strangers = [r for r in truth if r in found], [r for r in others if r in found]
    return _counted(truth, group, {r: found[r] for r in ours}, [found[r] for r in strangers])


def part_sizes(examples: Examples) -> dict[str, int]:
    """Pictures of every part."""
    return {name: len(examples.of(side)) for side, name in enumerate(SIDES)}


def _asked(lake: Lake, settings: Settings, recogniser: Recogniser, records: Mapping[str, str]) -> dict[str, Identified]:
    stage = CharacterIdentities(settings)
    found: dict[str, Identified] = {}
    for batch in embedded(lake, stage.reads, records):
        checked_model(recogniser, batch.records["model"].unique().to_pylist())
        found |= dict(zip(batch.record_ids, recogniser.identify(stage.shown(batch)), strict=True))
    return found


def _answers(
    shows: Mapping[str, str], found: Mapping[str, Identified], paths: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    for record, name in shows.items():
        if (one := found.get(record)) is not None:
            yield record, name, one.name or "", _nearest(one) or "", one.chance, one.review or "", paths[record]


def _nearest(one: Identified) -> str | None:
    return one.name or next((candidate.name for candidate in one.candidates), None)


def _counted(
    truth: Mapping[str, str], group: Mapping[str, int], ours: Mapping[str, Identified], strangers: list[Identified]
) -> Identification:
    right = np.array([_nearest(one) == truth[record] for record, one in ours.items()], bool)
    named = np.array([one.name is not None for one in ours.values()], bool)
    groups = np.array([group[record] for record in ours], np.int64)
    taken = np.array([one.name is not None for one in strangers], bool)
    sure = [np.array([one.chance for one in some]) for some in (list(ours.values()), strangers)]
    return Identification(
        asked=len(ours),
        groups=len(np.unique(groups)),
        first=share(right, groups),
        named=share(named & right, groups),
        wrong=share(named & ~right, groups),
        silent=share(~named, groups),
        strangers=len(strangers),
        accepted=float(taken.mean()) if len(taken) else None,
        auc=auc(sure[0], sure[1]),
    )


def share(true: NDArray[np.bool_], groups: NDArray[np.int64], seed: int = 0) -> Share:
    """A share with its 95 % interval by a bootstrap over groups: copies of one picture are no two witnesses.

    Where all answers are alike a bootstrap sees no doubt: there the other end is 3 / groups away (Hanley and Lippman-Hand, 1983, If
    nothing goes wrong, is everything all right?).
    """
    if not len(true):
        return Share(0.0, 0.0, 1.0)
    if true.all() or not true.any():
        doubt = min(1.0, 3 / len(np.unique(groups)))
        return Share(1.0, 1 - doubt, 1.0) if true.all() else Share(0.0, 0.0, doubt)
    _, of = np.unique(groups, return_inverse=True)
    hits, sizes = np.bincount(of, weights=true), np.bincount(of)
    drawn = np.random.default_rng([seed, 0x1D]).multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), DRAWS)
    low, high = np.quantile((drawn @ hits) / (drawn @ sizes), (0.025, 0.975))
    return Share(float(true.mean()), float(low), float(high))
