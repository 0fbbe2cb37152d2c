"""Who the records of a source show by its own word, and their division before anything is learnt.

What belongs here: names from folders and exports, ``labels.csv``, ``left_out.csv``, ``parts.csv``. Not here: the rule of the
division (``charassets.classifiers.division``).
"""

from collections import Counter
from dataclasses import dataclass

from charassets.classifiers.division import PARTS as SIDES
from charassets.classifiers.examples import Examples, divided
from charassets.classifiers.labels import labelled
from charassets.errors import UsageError
from charassets.identity.references import checked_name
from charassets.lake.workspace import Workspace
from charassets.warehouse.reading import connect
from charassets.workflow.course import LABEL, LABELS, LEFT_OUT, PARTS, Course

_NAMED = """
SELECT all_records.record_id, concat_ws(' / ', raw.uri, raw.member) AS path, raw.kind,
    trim(coalesce(raw."character", '')) AS tagged,
    coalesce(regexp_extract(replace(raw.item_key, '\\', '/'), '([^/]+)/[^/]+$', 1), '') AS folder, fate,
    concat_ws(', ', all_records.code, all_records.reason) AS reason
FROM all_records LEFT JOIN raw_shards AS raw USING (record_id)
WHERE all_records.source = $1 ORDER BY record_id
"""

_USED = ("kept", "duplicate")
UNNAMED = "unnamed"
"""What ``left_out.csv`` says in place of a fate of a picture that would do and names nobody, or several."""

NOBODY = frozenset({"", "original"})
"""What boards write where a picture shows no character of a series."""


@dataclass(frozen=True)
class Cast:
    """Who is there.

    Attributes:
        pictures: of every character, how many.
        unnamed: records of the source that would do and name nobody, or several.
        dropped: records of the source that gates or readers refused.
    """

    pictures: dict[str, int]
    unnamed: int
    dropped: int


def named(workspace: Workspace, course: Course) -> Cast:
    """Write down whom every record of the source shows: the character that the source names, else the sub-folder it lies in.

    A word of the source is believed only where it names one: a tag line of two characters may show either. What is left out is
    written down with the reason.

    Raises:
        UsageError: the source has no record that names a character.
    """
    with connect(workspace) as con:
        rows = con.execute(_NAMED, [course.source]).fetchall()
    told: list[tuple[str, str, str]] = []
    left: list[tuple[str, str, str, str, str]] = []
    for record, path, kind, tagged, folder, fate, reason in rows:
        name = _name(tagged, folder if kind == "file" else "")
        if fate in _USED and name:
            told.append((record, name, path))
        else:
            why = "no character is named, or several" if fate in _USED else reason
            left.append((record, path, name, UNNAMED if fate in _USED else fate, why))
    if not told:
        raise UsageError(
            f"no record of source {course.source!r} names a character",
            where="source",
            todo="a sub-folder a character, or a table with a column `character` (tag_string_character)",
        )
    course.write_rows(LABELS, ("record_id", LABEL, "path"), told)
    course.write_rows(LEFT_OUT, ("record_id", "path", LABEL, "fate", "reason"), left)
    unnamed = sum(fate == UNNAMED for *_, fate, _ in left)
    return Cast(dict(sorted(Counter(name for _, name, _ in told).items())), unnamed, len(left) - unnamed)


def parted(workspace: Workspace, course: Course) -> Examples:
    """Divide the named records 60 / 20 / 20, copies and variants on one side, and write it down.

    Raises:
        UsageError: fewer than two characters have enough pictures that are no copies of each other.
    """
    examples = divided(labelled(workspace, course.spec.label), course.spec)
    paths = course.paths()
    rows = zip(
        examples.record_ids,
        (examples.values[label] for label in examples.labels.tolist()),
        (SIDES[part] for part in examples.parts.tolist()),
        examples.groups.tolist(),
        (paths[record] for record in examples.record_ids),
        strict=True,
    )
    course.write_rows(PARTS, ("record_id", LABEL, "part", "group", "path"), rows)
    return examples


def _name(tagged: str, folder: str) -> str:
    """The one character that is named; empty where there is none, or several: by commas, or words of which some are tags (a_b)."""
    words = tagged.split()
    several = "," in tagged.strip(",") or (len(words) > 1 and any("_" in word for word in words))
    one = "" if several else tagged.strip(",").strip() or folder
    return "" if one.lower() in NOBODY else checked_name(one)
