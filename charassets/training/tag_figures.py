"""Measures the tag parser on real tags and real lines: against published groups of tags, and against a person's reading.

What belongs here: what a tag ought to mean by people's word, and the comparison. Not here: the parser. The lists are read in place
and never copied; of the lines read by a person only their numbers and the values are kept (``tag_readings.json``).

    python -m charassets.training.tag_figures --data ../shared
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from charassets.attributes.tags import ParsedTags, parse
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.training.scorecard import DATA

READ = ("Hair Color", "Hair Length", "Eye Color", "Gender")
"""The attributes a person read in each sampled line."""

_READINGS = Path(__file__).with_name("tag_readings.json")
_PLAIN = 0.7  # strength from which a claim counts as said outright
_POPULAR = 5_000

# Groups of the published list, as they are called there, to values here. A group that is missing states no value: weak cues, what
# hides an attribute, and what the vocabulary calls by another attribute's name.
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Gender": {"Female": "Female", "Male": "Male"},
    "Age": {"Child": "Child", "Middle-aged": "Middle-Aged", "Elderly": "Elderly"},
    "Hair Color": {
        **{name: name for name in ("Blonde", "Black", "Brown", "Blue", "White", "Pink", "Purple", "Red", "Orange", "Green")},
        "Aqua": "Aqua", "Grey/Silver": "Grey", "Multicolor (own value, keep components)": "Multicolor",
    },
    "Hair Length": {
        **{name: name for name in ("Bald", "Very Short", "Short", "Medium", "Long", "Very Long")}, "Absurdly Long": "Very Long",
    },
    "Hair Style": {
        **{name: name for name in ("Ponytail", "Twintails", "Braid", "Bun", "Drill", "Straight", "Wavy", "Curly")},
        "Hime cut": "Hime Cut", "Spiky": "Spiky", "Messy": "Messy", "One/Two side up, half up": "Half Updo",
    },
    "Eye Color": {
        **{name: name for name in ("Blue", "Red", "Green", "Brown", "Purple", "Pink", "Black", "Grey", "Aqua", "Orange", "White")},
        "Yellow/Gold": "Yellow", "Heterochromia / multicolor": "Heterochromia",
    },
    "Body Type": {"Muscular": "Muscular", "Slim": "Slim", "Curvy": "Curvy", "Plump/Fat": "Plump"},
    "Dress": {
        "School Uniform": "School Uniform", "Kimono/Yukata": "Kimono", "Chinese": "Chinese Clothes",
        "Other traditional": "Traditional Clothes", "Maid": "Maid", "Military/Police": "Military Uniform",
        "Suit/Business": "Suit", "Dress/Gown": "Dress", "Casual": "Casual", "Swimwear": "Swimwear",
        "Bodysuit/Sci-fi": "Bodysuit", "Gothic/Lolita": "Gothic Lolita", "Occupation/costume": "Costume",
    },
    "Facial Expression": {
        "Happy/Smile": "Happy", "Sad": "Sad", "Angry": "Angry", "Surprised": "Surprised", "Scared": "Scared",
        "Embarrassed": "Embarrassed", "Serious/Neutral": "Serious", "Smug": "Smug",
    },
    "Scars": {"Present": "Present"},
    "Tattoos": {"Present": "Present"},
}  # fmt: skip

# Where a careful reader parts from the groups: the tag means something else, or nothing by itself.
_READ_OTHERWISE: Mapping[str, str | None] = {
    "open_mouth": None, "closed_mouth": None,  # a smile or a scream: the mouth alone says neither
    "ringed_eyes": None,  # a pattern; the colour is another tag's
    "drill_hair": "Drill", "twin_drills": "Drill", "two_side_up": "Half Updo", "one_side_up": "Half Updo",
    "power_armor": "Armor", "school_swimsuit": "Swimwear", "miko": "Kimono", "track_suit": "Sportswear",
    "sportswear": "Sportswear", "cyberpunk": None, "witch_hat": None, "necktie": None,
    "low-tied_long_hair": "Ponytail", "braided_bun": "Bun", "dreadlocks": "Dreadlocks", "aged_up": None,
}  # fmt: skip

# What the groups list by example, spelled out: a family of tags by its last word, and the tags of it that are something else.
_FAMILIES: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("_gloves", "Accessories", "Gloves", frozenset()),
    ("_choker", "Accessories", "Choker", frozenset()),
    ("_earrings", "Accessories", "Earrings", frozenset()),
    ("_hair_ornament", "Accessories", "Hair Ornament", frozenset()),
    ("_necktie", "Accessories", "Necktie", frozenset()),
    ("_scarf", "Accessories", "Scarf", frozenset()),
    (
        "_dress",
        "Dress",
        "Dress",
        frozenset({"china_dress", "armored_dress", "traditional_dress", "standard_diving_dress"}),
    ),
    ("_kimono", "Dress", "Kimono", frozenset()),
    ("_tattoo", "Tattoos", "Present", frozenset({"hair_tattoo"})),
    (
        "_hat",
        "Headwear",
        "Hat",
        frozenset({"military_hat", "cabbie_hat", "eyebrows_visible_through_hat", "floating_hat"}),
    ),
)
# What is done with a thing, or to what lies on it, says nothing of what is worn.
_HANDLED = re.compile(
    r"^(no|in|holding|adjusting|removing|putting|tying|throwing|wringing|shared|(official_)?alternate)_|unworn|_(on|in|under|over)_"
)


@dataclass(frozen=True)
class Tag:
    """A real tag: its posts, and what a person says it means (None: nothing that the vocabulary knows)."""

    name: str
    posts: int
    attribute: str
    value: str


@dataclass(frozen=True)
class Read:
    """A real line as a person read it: its number, and the values of each attribute (two or more: it contradicts itself)."""

    line: int
    values: Mapping[str, frozenset[str]]


def expected(shared: Path) -> list[Tag]:
    """Every tag whose value a person has stated, with its posts in the real list."""
    posts = dict(_listed(shared))
    published = json.loads((shared / "reference" / "danbooru-attribute-tags.json").read_text(encoding="utf-8"))
    found: dict[tuple[str, str], Tag] = {}
    for attribute, groups in _GROUPS.items():
        for group, value in groups.items():
            for entry in published[attribute][group]:
                tag = entry["tag"]
                meant = _meant(tag, attribute, value)
                if meant is not None and tag in posts:
                    found[tag, attribute] = Tag(tag, posts[tag], attribute, meant)
    for ending, attribute, value, others in _FAMILIES:
        for tag, count in posts.items():
            if tag.endswith(ending) and tag not in others and not _HANDLED.search(tag):
                found.setdefault((tag, attribute), Tag(tag, count, attribute, value))
    return list(found.values())


def _meant(tag: str, attribute: str, value: str) -> str | None:
    """The value of a tag that stands in a group, unless a careful reader has another one of the same attribute, or none."""
    read = _READ_OTHERWISE.get(tag, value)
    return read if read is None or any(v.name == read for v in load().attributes[attribute].values) else value


def share_right(tags: Sequence[Tag]) -> tuple[float, list[Tag]]:
    """Share of the tags' posts that the parser maps to the right value and to no other, and the tags it does not."""
    wrong = [tag for tag in tags if not _maps(tag)]
    total = sum(tag.posts for tag in tags)
    return 1.0 - sum(tag.posts for tag in wrong) / total, wrong


def popular(shared: Path) -> Iterator[tuple[str, int, str]]:
    """Of the most popular tags those that state anything, with posts and what they are taken to say: for a person to read."""
    for tag, posts in _listed(shared)[:_POPULAR]:
        parsed = parse(f"{tag}, -")
        said = [f"{s.claim.attribute}={s.claim.value}" for s in parsed.said]
        said += [f"{s.claim.attribute}!={s.claim.value}" for s in parsed.denied]
        if said:
            yield tag, posts, ", ".join(said)


def readings() -> list[Read]:
    """The sampled lines as a person read them, before seeing the parser's answer."""
    rows = json.loads(_READINGS.read_text(encoding="utf-8"))
    return [
        Read(
            int(line), {name: frozenset(filter(None, text.split(","))) for name, text in zip(READ, values, strict=True)}
        )
        for line, values in rows.items()
    ]


def agreement(shared: Path) -> dict[str, tuple[float, list[int]]]:
    """For each attribute the share of sampled lines on which parser and person agree, and the lines on which they do not.

    They agree where the parser finds the person's value, or the contradiction with the very same values.
    """
    lines = _lines(shared)
    read = readings()
    wrong: dict[str, list[int]] = {name: [] for name in READ}
    for one in read:
        parsed = parse(lines[one.line])
        for name in READ:
            if _values(parsed, name) != one.values[name]:
                wrong[name].append(one.line)
    return {name: (1.0 - len(missed) / len(read), missed) for name, missed in wrong.items()}


def contradictions_found(shared: Path) -> tuple[int, int]:
    """Of the contradictions a person saw in the sampled lines, how many the parser records; and how many there are."""
    lines = _lines(shared)
    seen = [(one.line, name) for one in readings() for name, values in one.values.items() if len(values) > 1]
    found = sum(any(c.attribute == name for c in parse(lines[line]).conflicts) for line, name in seen)
    return found, len(seen)


def _values(parsed: ParsedTags, attribute: str) -> frozenset[str]:
    """What the parser makes of a line: the contradicting values, or the one that stands; a cue alone states nothing."""
    conflict = next((c for c in parsed.conflicts if c.attribute == attribute), None)
    if conflict is not None:
        return frozenset(conflict.values)
    said = {s.claim.value for s in parsed.said if s.claim.attribute == attribute and s.claim.strength >= _PLAIN}
    said.discard(UNKNOWN)
    kinds = load().attributes[attribute]
    return frozenset(v for v in said if kinds.value(v).yields.isdisjoint(said - {v}))


def _maps(tag: Tag) -> bool:
    claims = [s.claim for s in parse(f"{tag.name}, -").said if s.claim.attribute == tag.attribute]
    values = {claim.value for claim in claims}
    plain = {claim.value for claim in claims if claim.strength >= _PLAIN}
    return tag.value in values and (plain <= {tag.value} or load().attributes[tag.attribute].multi)


@cache
def _listed(shared: Path) -> list[tuple[str, int]]:
    with (shared / "data" / "tags" / "danbooru_sfw.csv").open(encoding="utf-8", newline="") as file:
        return [(name, int(posts)) for name, _, posts, _ in csv.reader(file)]


@cache
def _lines(shared: Path) -> list[str]:
    file = shared / "data" / "tags" / "lines_danbooru_characters_dev.jsonl"
    return [json.loads(line)["tags"] for line in file.read_text(encoding="utf-8").splitlines()]


def report(shared: Path) -> str:
    """All figures as Markdown."""
    tags = expected(shared)
    share, wrong = share_right(tags)
    found, seen = contradictions_found(shared)
    stating = sum(1 for _ in popular(shared))
    rows = [f"- posts of {len(tags)} attribute-bearing tags mapped to the right value: {share:.2%}"]
    rows += [f"  - not so: `{tag.name}` ({tag.posts:,} posts), {tag.attribute} {tag.value}" for tag in wrong]
    rows.append(f"- of the {_POPULAR:,} most popular tags {stating} state something (`--list` prints them for reading)")
    for name, (right, missed) in agreement(shared).items():
        rows.append(f"- {name}, agreement on sampled lines: {right:.0%} {missed or ''}".rstrip())
    rows.append(f"- contradictions found: {found} of {seen}")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the tag parser.")
    parser.add_argument("--data", type=Path, default=DATA.parent, help="folder with data/tags and reference")
    parser.add_argument("--list", action="store_true", help="print what each popular tag is taken to say")
    given = parser.parse_args()
    if given.list:
        sys.stdout.writelines(f"{tag}\t{posts}\t{said}\n" for tag, posts, said in popular(given.data))
    sys.stdout.write(report(given.data))


if __name__ == "__main__":
    main()
