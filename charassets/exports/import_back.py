"""Edited exports back: what a person changed in a kohya or JSON lines export, as edits for the log.

What belongs here: the comparison with the export's own index, and its meaning. Not here: taking the edits
(``charassets.curation``), and asking whether they shall be taken (the command line).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from charassets.attributes import lookup, rules
from charassets.attributes.tags import parse
from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, Attribute, load
from charassets.curation import Decisions
from charassets.errors import UsageError
from charassets.exports import index
from charassets.exports.folder_moves import Moves, moves
from charassets.exports.publishing import read_manifest

READABLE = ("kohya", "jsonl")
"""Formats whose edits are understood."""


@dataclass(frozen=True)
class Change:
    """One difference: an attribute of a record got another value.

    Attributes:
        record_id: the record.
        attribute: attribute of the vocabulary.
        before: what was exported.
        after: what stands there now; ``Unknown`` where the statement was removed.
        where: the file, and the line where it has lines.
    """

    record_id: str
    attribute: str
    before: str
    after: str
    where: str


@dataclass(frozen=True)
class Comparison:
    """What changed in an export since it was published.

    Attributes:
        changes: differences of attributes, in the order of the export.
        moves: pictures put into other folders, and folders renamed.
        not_taken: what changed and has no meaning here, with the reason.
    """

    changes: tuple[Change, ...]
    moves: Moves = field(default_factory=Moves)
    not_taken: tuple[str, ...] = ()

    @property
    def edits(self) -> list[tuple[str, dict[str, Any]]]:
        """Operations and their arguments, for ``EditLog.append``; one edit an attribute and value."""
        grouped: dict[tuple[str, str], list[str]] = {}
        for change in self.changes:
            grouped.setdefault((change.attribute, change.after), []).append(change.record_id)
        attributes = [
            ("attribute.set", {"record_ids": records, "attribute": attribute, "value": value})
            for (attribute, value), records in grouped.items()
        ]
        return [*attributes, *self.moves.edits()]

    def unsaid(self, decisions: Decisions) -> "Comparison":
        """What is left when attributes that people said already, in this log, are passed over: taking twice takes once."""
        said = decisions.attributes
        left = [c for c in self.changes if (r := said.get((c.record_id, c.attribute))) is None or r.value != c.after]
        return replace(self, changes=tuple(left))


def compare(folder: Path) -> Comparison:
    """Compare an export with its index.

    Raises:
        UsageError: the folder is no export, one of a format whose edits are not understood, or holds a line that is no JSON.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise UsageError("this is no export", where=str(folder), todo="name the folder that `charassets export` wrote")
    if manifest["format"] not in READABLE:
        raise UsageError(
            f"edits of {manifest['format']} exports are not understood",
            where=str(folder),
            todo=f"export as {' or '.join(READABLE)} to edit",
        )
    return _kohya(folder) if manifest["format"] == "kohya" else _jsonl(folder)


def _kohya(folder: Path) -> Comparison:
    rows = list(index.read(folder, ["record_id", "split", "file", "text_file", "caption"]))
    moved = moves(folder, rows)
    told = {split: _metadata(folder / split / "meta_cap.json") for split in {row["split"] for row in rows}}
    changes: list[Change] = []
    not_taken = list(moved.not_taken)
    for row in rows:
        text_file = moved.files.get(row["text_file"], row["text_file"])
        key = str(Path(row["text_file"]).relative_to(row["split"]).with_suffix(""))
        found = {text_file: _text(folder / text_file), "meta_cap.json": told[row["split"]].get(key)}
        edited = {where: text for where, text in found.items() if text is not None and text != row["caption"]}
        if found[text_file] is None and row["text_file"] not in moved.gone:
            not_taken.append(f"{text_file}: the caption is gone; to leave a record out, export with a filter")
        if len(set(edited.values())) > 1:
            not_taken.append(f"{text_file}: says something else than meta_cap.json, and both were edited")
        elif edited:
            where, text = next(iter(edited.items()))
            _compare_words(row["record_id"], row["caption"], text, where, changes, not_taken)
    return Comparison(tuple(changes), moved, tuple(not_taken))


def _jsonl(folder: Path) -> Comparison:
    changes: list[Change] = []
    not_taken: list[str] = []
    lines = _lines(folder)
    for row in index.read(folder, ["record_id", "caption", "attributes"]):
        found = lines.pop(row["record_id"], None)
        if found is None:
            not_taken.append(f"{row['record_id']}: the line is gone; to leave a record out, export with a filter")
            continue
        where, line = found
        before = len(changes)
        _compare_attributes(row["record_id"], orjson.loads(row["attributes"]), line, where, changes, not_taken)
        if len(changes) == before and isinstance(line.get("caption"), str) and line["caption"] != row["caption"]:
            _compare_words(row["record_id"], row["caption"], line["caption"], where, changes, not_taken)
    not_taken += [f"{where}: a record that was not exported" for where, _ in lines.values()]
    return Comparison(tuple(changes), not_taken=tuple(not_taken))


def _lines(folder: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every line by record, with its place."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for number, text in enumerate(path.read_bytes().splitlines(), 1):
            where = f"{path.name}:{number}"
            try:
                line = orjson.loads(text) if text.strip() else None
            except orjson.JSONDecodeError as error:
                raise UsageError(f"the line is no JSON: {error}", where=where, todo="mend it") from None
            if isinstance(line, dict) and isinstance(line.get("record_id"), str):
                found[line["record_id"]] = (where, line)
    return found


def _compare_attributes(
    record: str,
    given: Mapping[str, Any],
    line: Mapping[str, Any],
    where: str,
    changes: list[Change],
    not_taken: list[str],
) -> None:
    now = line.get("attributes")
    if not isinstance(now, dict):
        not_taken.append(f"{where}: has no attributes")
        return
    for name in dict.fromkeys((*given, *now)):
        before, after = _joined(given.get(name)), _joined(now.get(name))
        if before == after:
            continue
        attribute = load().attributes.get(name)
        value = None if attribute is None else _value_of(attribute, after)
        if value is None:
            not_taken.append(
                f"{where}: {name} is never {after!r}" if attribute else f"{where}: there is no attribute {name!r}"
            )
        else:
            changes.append(Change(record, name, before, value, where))


def _joined(value: object) -> str:
    if isinstance(value, list):
        return MULTI_SEPARATOR.join(map(str, value))
    return UNKNOWN if value in (None, "") else str(value)


def _value_of(attribute: Attribute, text: str) -> str | None:
    """The value a person means: as the vocabulary writes it, in any case, or by words that claim it ("Green Yukata")."""
    names = {value.name.lower(): value.name for value in attribute.values} | {UNKNOWN.lower(): UNKNOWN}
    parts = text.split(MULTI_SEPARATOR) if attribute.multi else [text]
    found = [names.get(part.strip().lower()) or _claimed(attribute, part) for part in parts]
    return MULTI_SEPARATOR.join(part for part in found if part) if all(found) else None


def _claimed(attribute: Attribute, words: str) -> str | None:
    claims = lookup.meaning(words.strip().lower().replace(" ", "_"), load()).claims
    return next((c.value for c in claims if c.attribute == attribute.name), None)


def _compare_words(
    record: str, before: str, after: str, where: str, changes: list[Change], not_taken: list[str]
) -> None:
    """What another caption says of attributes; tags that mean none are told and left."""
    was, now = _claims(before), _claims(after)
    found = len(changes)
    for name in dict.fromkeys((*was, *now)):
        if was.get(name) == now.get(name):
            continue
        values = sorted(now.get(name, ()))
        if len(values) > 1 and not load().attributes[name].multi:
            not_taken.append(f"{where}: {name} is {' and '.join(values)} at once")
        else:
            told = MULTI_SEPARATOR.join(values) or UNKNOWN
            changes.append(
                Change(record, name, MULTI_SEPARATOR.join(sorted(was.get(name, ()))) or UNKNOWN, told, where)
            )
    if found == len(changes) and parse(before).tags != parse(after).tags:
        words = sorted(set(parse(before).tags) ^ set(parse(after).tags))
        not_taken.append(f"{where}: {', '.join(words[:5]) or 'the order'} says nothing of an attribute")


def _claims(caption: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for said in parse(caption).said:
        if said.claim.strength >= rules.CUE and said.claim.value != UNKNOWN:
            found.setdefault(said.claim.attribute, set()).add(said.claim.value)
    return found


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None


def _metadata(path: Path) -> dict[str, str]:
    """Captions of a metadata file by key; a missing or damaged file says nothing."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    entries: Iterable[tuple[str, Any]] = content.items() if isinstance(content, dict) else ()
    return dict(_captions(entries))


def _captions(entries: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for key, entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("caption"), str):
            yield key, entry["caption"]
