"""Pictures that were moved between the folders of a kohya export, and folders that got another name.

What belongs here: what a move means for characters. Not here: captions (``import_back``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charassets.exports.kohya import UNSORTED

_CAPTION = ".txt"


@dataclass(frozen=True)
class Moves:
    """What moved.

    Attributes:
        renamed: (records, new name) of every folder that stands under another name.
        joined: (record, records of the folder it now lies in).
        left: (record, records of the folder it lay in).
        files: caption files by their old path to their new one.
        gone: caption files whose picture is gone too.
        not_taken: what has no meaning here.
    """

    renamed: tuple[tuple[tuple[str, ...], str], ...] = ()
    joined: tuple[tuple[str, tuple[str, ...]], ...] = ()
    left: tuple[tuple[str, tuple[str, ...]], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    not_taken: tuple[str, ...] = ()

    def edits(self) -> list[tuple[str, dict[str, Any]]]:
        """Operations and their arguments."""
        found: list[tuple[str, dict[str, Any]]] = []
        for records, name in self.renamed:
            found.append(("cluster.rename", {"members": list(records), "name": name}))
        for record, members in self.left:
            found.append(("records.eject", {"record_ids": [record], "members": list(members)}))
        for record, members in self.joined:
            found.append(("records.same_character", {"record_ids": [record, *members]}))
        return found


def moves(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Moves:
    """Find every picture of an index that no longer lies where it was written.

    Args:
        folder: the export.
        rows: the index: ``record_id``, ``split``, ``file``, ``text_file``.
    """
    missing = [row for row in rows if not (folder / row["file"]).is_file()]
    if not missing:
        return Moves()
    there = {path.stem: path for path in folder.glob("*/*/*") if path.suffix != _CAPTION and path.is_file()}
    new = {row["record_id"]: there.get(Path(row["file"]).stem) for row in missing}
    members: dict[str, list[str]] = {}
    for row in rows:
        members.setdefault(_name(row["file"]), []).append(row["record_id"])
    renamed = dict(_renamed(folder, missing, new, members))
    joined, left = [], []
    for row in missing:
        place, old = new[row["record_id"]], _name(row["file"])
        if place is None or old in renamed or place.parent.name.partition("_")[2] == old:
            continue
        others = tuple(record for record in members.get(place.parent.name.partition("_")[2], ()))
        if old != UNSORTED:
            left.append((row["record_id"], tuple(r for r in members[old] if r != row["record_id"])))
        if others and place.parent.name.partition("_")[2] != UNSORTED:
            joined.append((row["record_id"], others))
    files = {r["text_file"]: _beside(folder, place) for r in missing if (place := new[r["record_id"]]) is not None}
    gone = [row for row in missing if new[row["record_id"]] is None]
    told = tuple(f"{row['file']}: the picture is gone; to leave a record out, export with a filter" for row in gone)
    named = tuple((tuple(members[old]), name) for old, name in renamed.items() if old != UNSORTED)
    kept_left = tuple((record, stay) for record, stay in left if stay)
    return Moves(named, tuple(joined), kept_left, files, frozenset(row["text_file"] for row in gone), told)


def _renamed(
    folder: Path,
    missing: Iterable[Mapping[str, Any]],
    new: Mapping[str, Path | None],
    members: Mapping[str, Sequence[str]],
) -> Iterable[tuple[str, str]]:
    """Folders of which every picture now lies in one folder of a name that the export did not have."""
    went: dict[str, Counter[str]] = {}
    for row in missing:
        place = new[row["record_id"]]
        if place is not None:
            went.setdefault(_name(row["file"]), Counter())[place.parent.name.partition("_")[2]] += 1
    for old, places in went.items():
        (name, count), *others = places.most_common()
        if not others and count == len(members[old]) and name and name not in members:
            yield old, name.replace("_", " ").strip()


def _beside(folder: Path, picture: Path) -> str:
    return picture.with_suffix(_CAPTION).relative_to(folder).as_posix()


def _name(file: str) -> str:
    """The character's part of ``split/N_name/picture``."""
    return Path(file).parent.name.partition("_")[2]
