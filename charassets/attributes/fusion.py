"""From the evidence of one record to one value an attribute: words first, the picture confirms or contradicts.

What belongs here: the rule by which evidence is weighed, and its account in words. Not here: where evidence comes from, and
which values exclude each other (``rules``).

The confidence is an order of trust, not yet a probability: strengths come from the vocabulary and from a softmax, neither of
them calibrated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from charassets.attributes import rules
from charassets.attributes.evidence import COLOUR, HEAD, WORDS, Evidence
from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, Attribute, Vocabulary, load
from charassets.settings import AttributeSettings

DECIDED, AMBIGUOUS, NOT_KNOWN = "decided", "ambiguous", "unknown"


@dataclass(frozen=True)
class Fused:
    """What is believed of one attribute.

    Attributes:
        attribute: attribute of the vocabulary.
        value: the value; of an ambiguous attribute the stronger candidate; ``Unknown`` where the evidence is too weak. Values
            of a multi-valued attribute are joined by ``MULTI_SEPARATOR``.
        confidence: 0-1; 0 for ``Unknown``.
        status: decided, ambiguous or unknown.
        sources: sources that support the value.
        runner_up: the other candidate of an ambiguous attribute.
        reason: how the value was reached, in words.
    """

    attribute: str
    value: str
    confidence: float
    status: str
    sources: tuple[str, ...]
    runner_up: str | None
    reason: str


@dataclass(frozen=True)
class _Support:
    """What speaks for a value.

    Attributes:
        strength: all sources together.
        words: the strongest word alone.
        evidence: the rows, words first, then the strongest.
    """

    strength: float
    words: float
    evidence: tuple[Evidence, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e.source for e in self.evidence))

    def told(self) -> str:
        return ", ".join(e.detail if e.source in WORDS else f"{e.source} {e.score:.2f}" for e in self.evidence)


def fuse(
    evidence: Iterable[Evidence], settings: AttributeSettings, vocabulary: Vocabulary | None = None
) -> list[Fused]:
    """Fuse the evidence of one record: one answer for every attribute of the vocabulary, in its order.

    Sources that agree add up as independent witnesses do (1 - product of the doubts); the zero-shot answer is first discounted
    by ``clip_weight``, while the attribute heads' answers come weighed by attribute. The confidence of a value is its strength
    times its share against the strongest rival, so that a contradicted value is trusted less and an uncontested one as much as
    its evidence. Values that explain each other (``Long`` and ``Very Long``, a colour and ``Multicolor``) are no rivals. Nothing
    below ``min_confidence`` is guessed.

    Args:
        evidence: rows of one record in any order; what the vocabulary does not know is passed over.
        settings: thresholds.
        vocabulary: another vocabulary than the shipped one.
    """
    vocabulary = vocabulary or load()
    rows: dict[str, list[Evidence]] = {name: [] for name in vocabulary.attributes}
    for row in evidence:
        if row.attribute in rows:
            rows[row.attribute].append(row)
    return [_fuse(attribute, rows[name], settings) for name, attribute in vocabulary.attributes.items()]


def _fuse(attribute: Attribute, rows: Sequence[Evidence], settings: AttributeSettings) -> Fused:
    support = _weighed(attribute, rows, settings)
    hidden = max((r for r in rows if r.value == UNKNOWN and r.source in WORDS), key=lambda r: r.score, default=None)
    if hidden is not None and hidden.score > max((s.words for s in support.values()), default=0.0):
        return _unknown(attribute, f"cannot be told: {hidden.detail}")
    if not support:
        return _unknown(attribute, "no evidence" if not rows else "the picture does not show it, or words deny it")
    if attribute.multi:
        return _several(attribute, support, settings)
    conflict = rules.contradictions(attribute, {value: s.words for value, s in support.items()})
    if conflict:
        first, second = sorted(conflict, key=lambda v: (-support[v].strength, v))[:2]
        return _ambiguous(attribute, support, first, second, "words contradict each other")
    return _one(attribute, support, settings)


def _weighed(attribute: Attribute, rows: Sequence[Evidence], settings: AttributeSettings) -> dict[str, _Support]:
    known = {value.name for value in attribute.values}
    denied = {r.value for r in rows if r.score == 0.0 and r.source in WORDS}
    by_value: dict[str, list[Evidence]] = {}
    for row in sorted(rows, key=lambda r: (r.source not in WORDS, -r.score, r.source, r.detail)):
        if row.value in known - denied:
            by_value.setdefault(row.value, []).append(row)
    return {value: _support(found, settings) for value, found in by_value.items()}


def _support(rows: Sequence[Evidence], settings: AttributeSettings) -> _Support:
    doubt = 1.0
    for source in sorted({r.source for r in rows}):
        # Two rows of one source are one witness who says it twice.
        score = max(r.score for r in rows if r.source == source)
        doubt *= 1.0 - score * (1.0 if source in WORDS or source in (HEAD, COLOUR) else settings.clip_weight)
    return _Support(1.0 - doubt, max((r.score for r in rows if r.source in WORDS), default=0.0), tuple(rows))


def _one(attribute: Attribute, support: Mapping[str, _Support], settings: AttributeSettings) -> Fused:
    strengths = {value: s.strength for value, s in support.items()}
    first = min(rules.standing(attribute, strengths), key=lambda v: (-strengths[v], v))
    rivals = [v for v in strengths if v != first and first not in attribute.value(v).yields]
    second = min(rivals, key=lambda v: (-strengths[v], v), default=None)
    if strengths[first] < settings.min_confidence:
        return _unknown(attribute, f"too weak: {first} by {support[first].told()}")
    if second is not None and strengths[first] - strengths[second] < settings.ambiguity_margin:
        return _ambiguous(attribute, support, first, second, "two candidates are close")
    confidence = _confidence(support, first, second)
    against = "" if second is None else f"; against it {second} by {support[second].told()}"
    if confidence < settings.min_confidence:
        return _unknown(attribute, f"too doubtful: {first} by {support[first].told()}{against}")
    components = [v for v in support if v != first and first in attribute.value(v).yields and support[v].words]
    including = f"; with {', '.join(sorted(components))}" if components else ""
    reason = f"{support[first].told()}{including}{against}"
    return Fused(attribute.name, first, confidence, DECIDED, support[first].sources, None, reason)


def _several(attribute: Attribute, support: Mapping[str, _Support], settings: AttributeSettings) -> Fused:
    left = rules.standing(attribute, {value: s.strength for value, s in support.items()})
    names = [v.name for v in attribute.values if v.name in left]
    held = [v for v in names if support[v].strength >= settings.min_confidence]
    if not held:
        return _unknown(attribute, "too weak: " + "; ".join(f"{v} by {support[v].told()}" for v in names))
    sources = tuple(dict.fromkeys(source for v in held for source in support[v].sources))
    reason = "; ".join(f"{v} by {support[v].told()}" for v in held)
    weakest = min(support[v].strength for v in held)
    return Fused(attribute.name, MULTI_SEPARATOR.join(held), weakest, DECIDED, sources, None, reason)


def _confidence(support: Mapping[str, _Support], first: str, second: str | None) -> float:
    strength = support[first].strength
    return strength * strength / (strength + (support[second].strength if second is not None else 0.0))


def _ambiguous(attribute: Attribute, support: Mapping[str, _Support], first: str, second: str, why: str) -> Fused:
    reason = f"{why}: {first} by {support[first].told()}; {second} by {support[second].told()}"
    confidence = _confidence(support, first, second)
    return Fused(attribute.name, first, confidence, AMBIGUOUS, support[first].sources, second, reason)


def _unknown(attribute: Attribute, reason: str) -> Fused:
    return Fused(attribute.name, UNKNOWN, 0.0, NOT_KNOWN, (), None, reason)
