"""Classifiers beside each other on labelled collections: every method, a guess, and a control whose labels were dealt out anew.

Each collection is run through the pipeline once; trainings share the division, so that their intervals can be compared. A set is
read in place of ``--data`` (``docs/classifiers.md``); the drawn one needs nothing.

    python -m bench.classifiers OUT [--data FOLDER] [--set NAME ...] [--epochs N]
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.classifier_sets import SETS
from charassets.classifiers.spec import Spec, Tuning
from charassets.classifiers.training import train
from charassets.lake.workspace import Workspace
from charassets.models.tuned import FINETUNE
from charassets.settings import load_settings

_SETS = ("design", "clip")
_HEAD = "| what | unseen pictures (groups) | accuracy | F1 | AUC | commonest | kept |\n" + "|---" * 7 + "|"


def requests(name: str, epochs: int) -> Iterator[tuple[str, Spec]]:
    """What is compared, in words and as requests."""
    plain = Spec(name, "folder", features=_SETS)
    for method in ("logistic", "boosting", "mlp"):
        yield f"{method}, {'+'.join(_SETS)}", replace(plain, method=method)
    tuned = replace(plain, method=FINETUNE)
    yield "finetune, probe alone", replace(tuned, tuning=Tuning(epochs=0))
    yield f"finetune, {epochs} epochs at most", replace(tuned, tuning=Tuning(epochs=epochs))
    yield "control: logistic, labels dealt anew", replace(plain, method="logistic", shuffle_labels=True)
    yield (
        "control: finetune, labels dealt anew",
        replace(tuned, tuning=Tuning(epochs=min(4, epochs)), shuffle_labels=True),
    )


def ready(out: Path, name: str, data: Path | None) -> Workspace | None:
    """The workspace of a set, run once; None where its data are not there."""
    pictures, work = out / name / "pictures", out / name / "work"
    if not pictures.exists() and not SETS[name](pictures, data):
        return None
    settings = load_settings({"workspace": str(work)})
    if not Workspace.of(settings).warehouse.exists():
        command = [
            sys.executable,
            "-m",
            "charassets.cli",
            "run",
            "--source",
            f"{name}={pictures}",
            "--workspace",
            str(work),
        ]
        subprocess.run(command, check=True)
    return Workspace.of(settings)


def row(words: str, report: Mapping[str, Any]) -> str:
    """A line of the table."""
    test = report["test"]
    scores = [
        f"{s['value']:.3f} ({s['low']:.3f}-{s['high']:.3f})"
        for s in (test["scores"][n] for n in ("accuracy", "f1", "auc"))
    ]
    return f"| {words} | {test['n']} ({test['groups']}) | {' | '.join(scores)} | {test['majority']:.3f} | {report['best']} |"


def main() -> None:
    """Run the sets and print a table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", action="append", choices=list(SETS), dest="sets")
    parser.add_argument("--epochs", type=int, default=15)
    asked = parser.parse_args()
    for name in asked.sets or SETS:
        workspace = ready(asked.out, name, asked.data)
        if workspace is None:
            print(f"{name}: skipped, --data is not given", file=sys.stderr)
            continue
        print(f"\n## {name}\n\n{_HEAD}")
        for words, spec in requests(name, asked.epochs):
            trained = train(workspace, workspace.open_lake(), spec)
            if trained is not None:
                print(row(words, trained.report), flush=True)


if __name__ == "__main__":
    main()
