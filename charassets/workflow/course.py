"""A course: what a person asked for, and the folder that holds all that came of it.

What belongs here: the request, its folder, reading and writing its files. Not here: any step.

``labels.csv`` who each record shows; ``left_out.csv`` the pictures that teach nobody, with the reason; ``parts.csv`` the division;
``held_out.csv`` the answers on the pictures held out; ``figures.json`` and ``report.md`` what they come to.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from charassets.classifiers.spec import NAME, Spec
from charassets.errors import UsageError
from charassets.lake.workspace import Workspace
from charassets.sources import names

LABELS, LEFT_OUT, PARTS, HELD_OUT = "labels.csv", "left_out.csv", "parts.csv", "held_out.csv"
FIGURES, REPORT = "figures.json", "report.md"
LABEL = "name"
"""Column of ``labels.csv`` that names the character."""

_SOURCE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


def checked_path(path: str) -> None:
    """Refuse what cannot tell one character from another, before any stage has run.

    Raises:
        UsageError: it is a single picture or video.
    """
    if names.suffix(path.rpartition("/")[2]) in names.PICTURES | names.VIDEOS:
        is_folder = "://" not in path and Path(path).expanduser().is_dir()
        if not is_folder:
            raise UsageError(
                "one file shows no two characters to be told apart",
                where=path,
                todo="name a folder with a sub-folder a character, or a table with a column `character`",
            )


@dataclass(frozen=True)
class Course:
    """One course.

    Attributes:
        name: of the classifier and of the folder.
        source: name of the source whose records are learnt from.
        method: of the classifier. features: feature sets it looks at.
        seed: of the split and the fit.
        folder: where its files lie.
    """

    name: str
    source: str
    method: str
    features: tuple[str, ...]
    seed: int
    folder: Path

    @classmethod
    def of(
        cls, workspace: Workspace, name: str, source: str, method: str, features: Sequence[str], seed: int
    ) -> "Course":
        """A course of a workspace; one of the same name goes on in the same folder, whose files are written anew.

        Raises:
            UsageError: the request makes no sense.
        """
        if not _SOURCE.match(source):
            raise UsageError(f"{source[:40]!r} is no name for a source", where="source", todo="letters, digits, . _ -")
        if not NAME.match(name):
            raise UsageError(
                f"{name[:40]!r} is no name for a classifier", where="name", todo="lower-case letters, digits and _"
            )
        made = cls(name, source, method, tuple(features), seed, workspace.root / "courses" / name)
        checked = made.spec.checked()
        return replace(made, features=checked.features)

    @property
    def spec(self) -> Spec:
        """The training. Pictures are bound by duplicates alone: the characters are what is to be told apart."""
        label = f"{self.folder / LABELS}:{LABEL}"
        return Spec(self.name, label, self.method, self.features, ("duplicates",), self.seed)

    def write_rows(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a table, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{name}.tmp"
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
        temporary.replace(self.folder / name)

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a table.

        Raises:
            UsageError: the step before was not run.
        """
        path = self.folder / name
        if not path.is_file():
            raise UsageError("an earlier step has not run", where=str(path), todo="run the job from its start")
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def paths(self) -> dict[str, str]:
        """Where the picture of every record with a label lies.

        Raises:
            UsageError: the step before was not run.
        """
        return {row["record_id"]: row["path"] for row in self.rows(LABELS)}

    def write(self, figures: Mapping[str, Any], report: str) -> None:
        """Write the figures, for machines and for people."""
        for name, text in ((FIGURES, json.dumps(figures, indent=1)), (REPORT, report)):
            temporary = self.folder / f".{name}.tmp"
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.folder / name)
