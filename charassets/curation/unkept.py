"""What people said of characters and does not hold after a run, edit by edit, in words.

What belongs here: holding the edits that stand against the characters that were found. Not here: copies (``unkept_copies``), how
words are made to hold (``charassets.similarity.decided``), nor which of two contradicting words is believed (``links``).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from charassets.curation.claims import Cut, Tie
from charassets.curation.decisions import Decisions, replay
from charassets.curation.log import Edit
from charassets.curation.operations import NOBODY

UNKEPT = pa.schema(
    [
        pa.field("what", pa.string(), False),
        pa.field("edit_id", pa.string(), False),
        pa.field("actor", pa.string(), False),
        pa.field("at", pa.string(), False),
    ]
)
"""A row an edit that does not hold, or holds in part: the sentence, and whose edit it is."""

_SHOWN = 3  # records that a sentence names; it counts the rest


def unkept(edits: Sequence[Edit], character_of: Mapping[str, str | None]) -> pa.Table:
    """The edits that stand and that the characters found do not follow; schema ``UNKEPT``, in the log's order.

    Args:
        edits: the edits that stand.
        character_of: record to its character, None for noise; records that are not here (gone, refused, no single
            character) are passed over: nothing can be done about them, and a run that sees them again will.
    """
    found = [(edit, what) for edit in edits if edit.op in _TYING for what in _broken(edit, character_of)]
    now = replay(edits)
    found += [*_nameless(now, character_of), *_misplaced(now, character_of)]
    return in_order(found)


def in_order(found: Iterable[tuple[Edit, str]]) -> pa.Table:
    """Sentences on edits as a table of schema ``UNKEPT``, in the log's order."""
    lines = [(what, edit.id, edit.actor, edit.at) for edit, what in sorted(found, key=lambda line: line[0].seq)]
    return pa.table([list(column) for column in zip(*lines, strict=True)] or [[]] * len(UNKEPT), schema=UNKEPT)


_TYING = frozenset({"cluster.lock", "records.same_character", "records.different_character", "records.eject"})


def _broken(edit: Edit, character_of: Mapping[str, str | None]) -> Iterator[str]:
    claims = edit.operation.claims()
    for tie in claims.ties:
        yield from _apart(tie, character_of)
    for cut in claims.cuts:
        yield from _together(cut, character_of)


def _apart(tie: Tie, character_of: Mapping[str, str | None]) -> Iterator[str]:
    at = {record: character_of[record] for record in sorted(tie.records) if record in character_of}
    homes = Counter(at.values())
    if len(at) > 1 and (len(homes) > 1 or None in homes):
        main = max((home for home in homes if home is not None), key=lambda home: (homes[home], home), default=None)
        astray = [record for record, home in at.items() if home != main or home is None]
        yield f"{named(astray)} not with the others of one character ({main or 'noise'}): another word parts them"


def _together(cut: Cut, character_of: Mapping[str, str | None]) -> Iterator[str]:
    left, right = ({record: character_of.get(record) for record in sorted(side)} for side in (cut.left, cut.right))
    for home in sorted(({*left.values()} & {*right.values()}) - {None}, key=str):
        pairs = (named([record for record, at in side.items() if at == home]) for side in (left, right))
        yield f"{' and '.join(pairs)} share {home} although they were parted: another word joins them"


def _nameless(now: Decisions, character_of: Mapping[str, str | None]) -> Iterator[tuple[Edit, str]]:
    """Names that no character bears: their members are noise, or more of the character's members have another name."""
    named = {record: name for name in now.names for record in name.members}  # of two, the later is right
    votes: dict[str, Counter[str]] = {}
    for record, name in named.items():
        home = character_of.get(record)
        if home is not None:
            votes.setdefault(home, Counter())[name.name] += 1
    borne = {home: max(count.items(), key=lambda item: (item[1], item[0]))[0] for home, count in votes.items()}
    for name in now.names:
        homes = {character_of[record] for record in name.members if record in character_of}
        if homes and not any(borne.get(home) == name.name for home in homes if home is not None):
            others = sorted({borne[home] for home in homes if home in borne})
            why = f"its pictures are called {', '.join(others)}" if others else "its pictures are noise"
            yield name.edit, f"no character bears the name {name.name!r}: {why}"


def _misplaced(now: Decisions, character_of: Mapping[str, str | None]) -> Iterator[tuple[Edit, str]]:
    """Records that people called by one name and that are apart, or by two names and that share a character."""
    told = {record: said for record, said in now.identities.items() if said.value != NOBODY and record in character_of}
    places = Counter((said.value, character_of[record]) for record, said in told.items())
    names = Counter(said.value for said in told.values())
    owner: dict[str, str] = {}
    for (name, home), _ in sorted(places.items(), key=lambda item: (-item[1], str(item[0]))):
        if home is not None:
            owner.setdefault(home, name)
    main = {name: home for home, name in reversed(sorted(owner.items(), key=lambda item: -places[item[1], item[0]]))}
    for record, said in sorted(told.items()):
        home = character_of[record]
        if home is not None and owner[home] != said.value:
            yield (
                said.edit,
                f"{record} is called {said.value!r} and shares {home} with {owner[home]!r}: another word joins them",
            )
        elif names[said.value] > 1 and home != main.get(said.value):
            yield said.edit, f"{record} is called {said.value!r} and is not with the others: another word parts them"


def named(records: Iterable[str]) -> str:
    """Some records by name, and how many more there are."""
    names = list(records)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
