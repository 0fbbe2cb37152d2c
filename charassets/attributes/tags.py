"""Tag lines and captions to claims: the one door for everything people write about a picture.

What belongs here: putting the tags of a line together - claims, denials, contradictions, figure count. Not here: spelling
(``spelling``), the meaning of one tag (``lookup``), prose (``sentences``), and what is finally believed (``fusion``).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from charassets.attributes import lookup, rules, sentences, spelling
from charassets.attributes.figures import count_figures, speaks_of_figures
from charassets.attributes.vocabulary import UNKNOWN, Claim, Vocabulary, load


@dataclass(frozen=True, slots=True)
class Said:
    """A claim and the words that make it.

    Attributes:
        words: the clean tag (``blonde_hair``), or the words of a sentence ("honey blonde hair").
        claim: the attribute, value and strength.
        prose: the words stand in a sentence, not in a tag line.
    """

    words: str
    claim: Claim
    prose: bool = False


@dataclass(frozen=True)
class Conflict:
    """Values of one attribute that cannot all be true, strongest first."""

    attribute: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ParsedTags:
    """What a tag line or a caption says.

    Attributes:
        tags: clean tags in order, known or not (lower case, underscores).
        said: claims; the value ``Unknown`` claims that the attribute cannot be seen.
        denied: claims the line denies (``no_glasses``).
        conflicts: contradictions, which are recorded and never averaged.
        figures: figures claimed; None where the line is silent (see ``figures.FigureClaim``).
        flags: multiple_views, comic, chibi, ... (``figures.FLAGS``).
    """

    tags: tuple[str, ...]
    said: tuple[Said, ...]
    denied: tuple[Said, ...]
    conflicts: tuple[Conflict, ...]
    figures: int | None
    flags: tuple[str, ...]


def parse(line: str | None, vocabulary: Vocabulary | None = None) -> ParsedTags:
    """Parse a tag line: booru tags, prompt syntax, pieces of prose; separated by commas, line breaks or spaces.

    Args:
        line: the line as it came; None is an empty line.
        vocabulary: another vocabulary than the shipped one.
    """
    vocabulary = vocabulary or load()
    raws = spelling.pieces(line or "")
    if len(raws) == 1:
        return _assemble([_read(raws[0], True, vocabulary)], vocabulary)
    known = _known_pieces(vocabulary)
    return _assemble([known[raw] for raw in raws], vocabulary)


def parse_text(text: str | None, vocabulary: Vocabulary | None = None) -> ParsedTags:
    """Parse natural sentences. ``tags`` are then the count tags the text amounts to (``two girls``: ``2girls``)."""
    vocabulary = vocabulary or load()
    return _assemble([_prose(text or "", vocabulary)], vocabulary)


@dataclass(frozen=True, slots=True)
class _Piece:
    tags: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()  # those of the tags that speak of figures
    said: tuple[Said, ...] = ()
    denied: tuple[Said, ...] = ()


class _KnownPieces(dict[str, _Piece]):
    """Remembers what was read: a line costs a look-up a tag, since a few thousand tags make up nearly all lines."""

    LIMIT = 1 << 18  # pieces, some 100 MB; free text never repeats, and must not fill the memory

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def __missing__(self, raw: str) -> _Piece:
        if len(self) >= self.LIMIT:
            self.clear()
        piece = self[raw] = _read(raw, False, self._vocabulary)
        return piece


_known_pieces = lru_cache(maxsize=8)(_KnownPieces)


def _read(raw: str, alone: bool, vocabulary: Vocabulary) -> _Piece:
    tag = spelling.clean(raw)
    if not tag:
        return _Piece()
    known, words = lookup.meaning(tag, vocabulary), tag
    if known is lookup.NOTHING:
        if _may_be_prose(raw, alone):
            prose = _prose(raw, vocabulary)
            return prose if prose.tags else replace(prose, tags=(tag,))
        known, words = lookup.corrected(tag, vocabulary)
    return _Piece(
        (tag,),
        (tag,) if speaks_of_figures(tag) else (),
        tuple(Said(words, c) for c in known.claims),
        tuple(Said(words, c) for c in known.denied),
    )


def _may_be_prose(raw: str, alone: bool) -> bool:
    """A piece with spaces that is no known tag: a sentence, or words in a line that has no separator but spaces."""
    return "_" not in raw and (spelling.is_prose(raw) or (alone and " " in raw.strip()))


def _prose(text: str, vocabulary: Vocabulary) -> _Piece:
    reading = sentences.read(text, vocabulary)
    said = [(f.denied, Said(f.words, claim, prose=True)) for f in reading.found for claim in f.claims]
    return _Piece(
        reading.counts,
        reading.counts,
        tuple(s for denied, s in said if not denied),
        tuple(s for denied, s in said if denied),
    )


def _assemble(pieces: Iterable[_Piece], vocabulary: Vocabulary) -> ParsedTags:
    tags: list[str] = []
    counts: list[str] = []
    said: list[Said] = []
    denied: list[Said] = []
    for piece in pieces:
        tags += piece.tags
        if piece.said:
            said += piece.said
        if piece.counts:
            counts += piece.counts
        if piece.denied:
            denied += piece.denied
    claim = count_figures(counts)
    return ParsedTags(tuple(tags), tuple(said), tuple(denied), _conflicts(said, vocabulary), claim.figures, claim.flags)


def _conflicts(said: Iterable[Said], vocabulary: Vocabulary) -> tuple[Conflict, ...]:
    strengths: dict[str, dict[str, float]] = {}
    for one in said:
        claim = one.claim
        if claim.strength >= rules.CUE and claim.value != UNKNOWN:
            values = strengths.setdefault(claim.attribute, {})
            if claim.strength > values.get(claim.value, 0.0):
                values[claim.value] = claim.strength
    found = (
        Conflict(name, rules.contradictions(vocabulary.attributes[name], values))
        for name, values in strengths.items()
        if len(values) > 1
    )
    return tuple(c for c in found if c.values)
