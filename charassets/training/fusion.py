"""Fits the fusion defaults that ship: on studio portraits with realistic tags, tempered on real art.

What belongs here: the command and what ships. Not here: the fits (``fusion_fits``), the contest (``fusion_contest``).

    python -m charassets.training.fusion --work build/fusion --data ../shared/data

Pictures and evidence are kept in ``--work``; after new mini models only what they changed is computed again.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charassets.attributes.calibration import Calibrated, Calibration, Side
from charassets.attributes.choice import Choice
from charassets.attributes.fusion_files import CALIBRATION, POLICY, SHIPPED, calibration_json, policy_json, written
from charassets.attributes.vocabulary import load
from charassets.attributes.witnesses import ZERO_SHOT
from charassets.settings import Settings, load_settings
from charassets.studio.labelled import write_labelled
from charassets.training import fusion_contest as contest
from charassets.training import fusion_fits as fits
from charassets.training import fusion_proof as proof
from charassets.training.fusion_lessons import Lesson, drawn_lessons, lessons
from charassets.training.labelled_folder import Gathered, Labelled, gather, read_labels
from charassets.training.real_sets import portraits

IDENTITIES, VIEWS = 1250, 4  # 5,000 pictures, every one of them held out in one of four folds


def drawn(work: Path, settings: Settings, identities: int = IDENTITIES, views: int = VIEWS) -> Gathered:
    """The studio's labelled portraits and their evidence, made where it is not there yet."""
    folder = work / "drawn"
    write_labelled(folder, identities, views)
    return gather(folder, read_labels(folder), settings)


def real_lessons(data: Path, settings: Settings) -> dict[str, dict[str, Lesson]]:
    """Lessons on each real set, from the picture alone; read to choose limits, never to fit a curve.

    The pictures are tagged ``solo``, as single characters of a tagged collection are: it says nothing of any attribute, and where
    the detector sees nobody the whole picture is the figure.
    """
    by_set: dict[str, dict[str, Lesson]] = {}
    for name in ("wesnoth", "dicebear"):
        root = data / name
        chosen = [p for p in portraits(data) if p.file.is_relative_to(root)]
        labels = Labelled(
            tuple(str(p.file.relative_to(root)) for p in chosen),
            tuple(p.set for p in chosen),
            tuple({k: v for k, v in p.truth.items() if k != "Glasses"} for p in chosen),
        )
        # A workspace a set: one that lists only its own files would let the other set's go.
        own = settings.model_copy(update={"workspace": settings.workspace / name, "remote": None})
        found = gather(_tagged(root, labels.files, settings.workspace / "pictures" / name), labels, own)
        sets = np.array(found.labels.identities)
        all_of = lessons(found.seen, found.record_ids, found.labels.truths(load()), np.arange(len(sets)))
        for each in np.unique(sets):
            by_set[str(each)] = {
                a: lesson.take(np.flatnonzero(sets[lesson.groups] == each)) for a, lesson in all_of.items()
            }
    return by_set


def _tagged(root: Path, files: Sequence[str], out: Path) -> Path:
    """Copies of some pictures of ``root``, each with ``solo`` for a tag line."""
    for file in files:
        place = out / file
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / file, place)
        place.with_suffix(".txt").write_text("solo\n", encoding="utf-8")
    return out


def shipped(found: Gathered, real: Mapping[str, Mapping[str, Lesson]], seed: int = 0) -> dict[str, dict[str, Any]]:
    """Both artefacts: fitted on half of the identities, their standing measured on the other half."""
    # What the small text tower says is switched off in the mini profile; other profiles have another one.
    taught = {a: lesson.of_sources(lambda s: s != ZERO_SHOT) for a, lesson in drawn_lessons(found, seed)[0].items()}
    seen, unseen = contest.parts(taught, seed)
    standing = contest.hold(seen, unseen, seed)
    earned = {name: round(s.mean, 5) for name, s in standing.items()}
    trusted = proof.tempered(fits.witnesses(seen), real, seen)
    earned_by = fits.rewarded(seen, trusted)
    bandits = fits.bandits(seen, trusted, earned_by)
    choice = Choice(fits.best_fixed(earned_by, proof.strategies(trusted, real)))
    known = fits.calibrated(seen, trusted, choice, seed)
    cautious = Calibration({a: Calibrated(c.worded, Side()) for a, c in known.attributes.items()})
    notes = {"records": len(found.record_ids), "seed": seed, "reward_on_unseen_identities": earned}
    return {
        CALIBRATION: calibration_json(trusted, cautious, notes),
        POLICY: policy_json(choice, {a: b.to_json() for a, b in bandits.items()}, notes),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Fit the fusion defaults that ship.")
    parser.add_argument("--work", type=Path, required=True, help="folder of pictures and evidence, kept between runs")
    parser.add_argument("--data", type=Path, help="folder of the real sets, to cap the picture's sources on")
    parser.add_argument("--identities", type=int, default=IDENTITIES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    settings = load_settings({"profile": "mini", "workspace": str(given.work / "workspace")})
    found = drawn(given.work, settings, given.identities)
    if given.data:
        real = real_lessons(given.data, load_settings({"profile": "mini", "workspace": str(given.work / "real")}))
    else:
        sys.stderr.write("without --data no picture source is proven: alone none of them decides anything\n")
        real = {}
    given.out.mkdir(parents=True, exist_ok=True)
    for name, content in shipped(found, real, given.seed).items():
        path = given.out / f"{name}.json"
        path.write_bytes(written(content))
        sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes, {content['notes']}\n")


if __name__ == "__main__":
    main()
