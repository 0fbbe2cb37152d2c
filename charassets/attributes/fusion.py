"""From the evidence of many records to one believed value an attribute: what is decided, what is ambiguous, what stays Unknown.

What belongs here: the rules by which counted evidence becomes an answer. Not here: counting it (``strategies``, ``choice``), what
confidence means (``calibration``), the account in words (``reasons``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from charassets.attributes import ballots, witnesses
from charassets.attributes.ballots import Ballot, Flags
from charassets.attributes.calibration import Calibration
from charassets.attributes.choice import NAMES, Choice
from charassets.attributes.evidence import COLUMNS, Evidence
from charassets.attributes.reasons import Told, account
from charassets.attributes.strategies import Chances, ensemble_weighted, speak
from charassets.attributes.vocabulary import MULTI_SEPARATOR, UNKNOWN, Vocabulary, load
from charassets.attributes.witnesses import Weighed, Witnesses, weigh
from charassets.schema import CHARACTER_ATTRIBUTES
from charassets.settings import AttributeSettings

DECIDED, AMBIGUOUS, NOT_KNOWN = "decided", "ambiguous", "unknown"

_EVIDENCE = pa.schema(
    [(name, pa.float64() if name == "score" else pa.string()) for name in ("record_id", *COLUMNS)]  # pyright: ignore[reportArgumentType]
)
_ALONE = "record"
_LITTLE = 1e-9


@dataclass(frozen=True)
class FusionModel:
    """What fusion has learnt; the defaults are what it does before it has learnt anything.

    Attributes:
        witnesses: what each source's scores are worth.
        choice: which strategy is used where.
        calibration: what a raw confidence means.
    """

    witnesses: Witnesses = field(default_factory=Witnesses)
    choice: Choice = field(default_factory=Choice)
    calibration: Calibration = field(default_factory=Calibration)


@dataclass(frozen=True)
class Fused:
    """What is believed of one attribute of one record.

    Attributes:
        attribute: attribute of the vocabulary.
        value: the value; of an ambiguous attribute the stronger candidate; ``Unknown`` where the evidence is too weak. Values
            of a multi-valued attribute are joined by ``MULTI_SEPARATOR``.
        confidence: 0-1, the chance that the value is right; 0 for ``Unknown``.
        status: decided, ambiguous or unknown.
        sources: sources that support the value.
        runner_up: the other candidate of an ambiguous attribute.
        strategy: name of the strategy that was used; None where there was no evidence.
        reason: how the value was reached, in words.
    """

    attribute: str
    value: str
    confidence: float
    status: str
    sources: tuple[str, ...]
    runner_up: str | None
    strategy: str | None
    reason: str


@dataclass(frozen=True, eq=False)
class Counted:
    """A ballot counted: chances and confidence of every option, before any of them is believed.

    Attributes:
        weighed: the evidence.
        chances: (n, options) what the chosen strategies say.
        raw: (n, options) confidence before calibration.
        confidence: (n, options) calibrated confidence in each option.
        strategy: (n,) positions in ``NAMES``.
        spoken: where words speak: (n, 1), or (n, options) of a multi-valued attribute.
    """

    weighed: Weighed
    chances: Chances
    raw: Chances
    confidence: Chances
    strategy: NDArray[np.int64]
    spoken: Flags


def fuse(
    evidence: Iterable[Evidence],
    settings: AttributeSettings,
    vocabulary: Vocabulary | None = None,
    model: FusionModel | None = None,
) -> list[Fused]:
    """Fuse the evidence of one record: one answer for every attribute of the vocabulary, in its order.

    Args:
        evidence: rows of one record in any order; what the vocabulary does not know is passed over.
        settings: thresholds.
        vocabulary: another vocabulary than the shipped one.
        model: what was learnt; nothing by default.
    """
    rows = sorted(evidence, key=lambda e: (e.attribute, e.value, e.source, e.score, e.detail))
    columns = [[_ALONE] * len(rows), *([getattr(row, name) for row in rows] for name in COLUMNS)]
    table = fuse_table(
        pa.table(columns, schema=_EVIDENCE), [_ALONE], settings, vocabulary or load(), model or FusionModel()
    )
    answers = table.drop_columns(["record_id"]).to_pylist()
    return [Fused(**{**row, "sources": tuple(row["sources"])}) for row in answers]


def fuse_table(
    evidence: pa.Table,
    record_ids: Sequence[str],
    settings: AttributeSettings,
    vocabulary: Vocabulary,
    model: FusionModel,
) -> pa.Table:
    """Fuse the evidence of many records.

    Args:
        evidence: rows of ``record_id`` and ``evidence.COLUMNS``, of these records, in any order of records.
        record_ids: the n records.
        settings: thresholds.
        vocabulary: the vocabulary.
        model: what was learnt.

    Returns:
        A table of schema ``CHARACTER_ATTRIBUTES``: the records in order, for each every attribute of the vocabulary in its order.
    """
    details = evidence["detail"].to_pylist()
    found = [
        _answer(count(ballot, settings, model), settings, model, details)
        for ballot in ballots.collect(evidence, record_ids, vocabulary)
    ]
    names, n = list(vocabulary.attributes), len(record_ids)
    columns: dict[str, list] = {
        "record_id": [record for record in record_ids for _ in names],
        "attribute": names * n,
    }
    for name in CHARACTER_ATTRIBUTES.arrow.names[2:]:
        by_attribute = [getattr(answer, name) for answer in found]
        columns[name] = [value for of_record in zip(*by_attribute, strict=True) for value in of_record]
    return pa.table(columns, schema=CHARACTER_ATTRIBUTES.arrow)


def count(ballot: Ballot, settings: AttributeSettings, model: FusionModel) -> Counted:
    """Count a ballot by the strategies that the model chooses.

    The raw confidence of an option is the mean of the chosen strategy's chance and that of all sources together: a strategy that
    overrules the others is believed less than one they agree with.
    """
    trusted = Witnesses(model.witnesses.fitted, witnesses.discounts(settings.clip_weight))
    weighed = weigh(ballot, trusted)
    chances, strategy = model.choice.chances(weighed)
    raw = (chances + ensemble_weighted(weighed)) / 2
    spoken = speak(weighed, ballot.of_words)
    confidence = model.calibration.confidences(ballot.attribute.name, raw, spoken)
    return Counted(weighed, chances, raw, confidence, strategy, spoken)


@dataclass(frozen=True)
class _Answers:
    """Columns of one attribute's answers, each a list over the records."""

    value: list[str]
    confidence: list[float]
    status: list[str]
    sources: list[tuple[str, ...]]
    runner_up: list[str | None]
    strategy: list[str | None]
    reason: list[str]


def _answer(counted: Counted, settings: AttributeSettings, model: FusionModel, details: list[str]) -> _Answers:
    attribute = counted.weighed.ballot.attribute.name
    least = model.calibration.thresholds(attribute, settings.min_confidence, settings.promise, counted.spoken)
    return _columns(counted, decide(counted, least, settings), details)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What becomes of each record.

    Attributes:
        held: (n, options) bool, what is believed, or the two candidates.
        first, second: (n,) options; second is -1 where there is no rival.
        confidence: (n,) of what is believed.
        status: (n,) DECIDED, AMBIGUOUS or NOT_KNOWN. why: (n,) a key of ``reasons``.
    """

    held: Flags
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    confidence: NDArray[np.float64]
    status: NDArray[np.str_]
    why: NDArray[np.str_]


def decide(counted: Counted, least: NDArray[np.float64], settings: AttributeSettings) -> Verdict:
    """What is believed of each record.

    Args:
        counted: the counted ballot.
        least: confidence from which an answer is told, of the shape of ``counted.spoken``.
        settings: thresholds.
    """
    multi = counted.weighed.ballot.attribute.multi
    return _several(counted, least) if multi else _one(counted, least, settings)


def _one(counted: Counted, least: NDArray[np.float64], settings: AttributeSettings) -> Verdict:
    """The rules of a single-valued attribute, the weakest first; a later one overrules those before."""
    ballot, chances = counted.weighed.ballot, counted.chances
    everyone = np.arange(len(chances))
    first = chances.argmax(axis=1)
    second = _rivals(counted, first)
    confidence = counted.confidence[everyone, first]
    rival = np.where(second >= 0, _left_for(counted, first, second), 0.0)
    status = np.full(len(chances), DECIDED, "<U9")
    why = np.full(len(chances), "supported", "<U12")

    def rule(where: Flags, becomes: str, key: str) -> None:
        status[where], why[where] = becomes, key

    needed = least[:, 0]
    sure = confidence >= needed
    rule(~sure, NOT_KNOWN, "doubtful")
    close = (second >= 0) & (confidence - rival < settings.ambiguity_margin)
    rule(close & (confidence + rival >= needed), AMBIGUOUS, "close")
    torn = (ballot.plain & ~ballot.closed).sum(axis=1) > 1
    rule(torn & ~(sure & ~close & _picture_settles(counted, first, settings)), AMBIGUOUS, "contradict")
    rule(torn & (status == DECIDED), DECIDED, "settled")
    rule(first == len(ballot.options) - 1, NOT_KNOWN, "not_shown")
    rule(counted.weighed.silent, NOT_KNOWN, "not_shown")
    rule(ballot.hidden, NOT_KNOWN, "hidden")
    rule(ballot.empty, NOT_KNOWN, "nothing")
    held = np.zeros(chances.shape, np.bool_)
    held[everyone, first] = status != NOT_KNOWN
    return Verdict(held, first, second, confidence, status, why)


def _rivals(counted: Counted, first: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the strongest other value that anything speaks for; -1 where there is none."""
    spoken = np.asarray(counted.weighed.said.any(axis=2))
    spoken[np.arange(len(first)), first] = False
    spoken[:, -1] = False
    among = np.where(spoken, counted.raw, -1.0)
    return np.where(among.max(axis=1) >= 0, among.argmax(axis=1), -1)


def _left_for(counted: Counted, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) confidence in the rival: its share of what the first leaves. The curve was fitted on best answers only."""
    everyone = np.arange(len(first))
    left = np.maximum(1.0 - counted.raw[everyone, first], _LITTLE)
    return (1.0 - counted.confidence[everyone, first]) * np.minimum(counted.raw[everyone, second] / left, 1.0)


def _picture_settles(counted: Counted, first: NDArray[np.int64], settings: AttributeSettings) -> Flags:
    """Whether a picture source that would be believed alone takes the side of one of the contradicting words."""
    ballot = counted.weighed.ballot
    everyone = np.arange(len(first))
    seen = counted.weighed.chances[everyone, first][:, ~ballot.of_words].max(axis=1, initial=0.0)
    return (seen >= settings.min_confidence) & ballot.plain[everyone, first]


def _several(counted: Counted, least: NDArray[np.float64]) -> Verdict:
    """The rules of a multi-valued attribute: every value stands or falls alone."""
    ballot = counted.weighed.ballot
    held = (counted.confidence >= least) & counted.weighed.said.any(axis=2)
    held[:, -1] = False
    held[ballot.hidden] = False
    some = held.sum(axis=1) > 0
    confidence = np.where(held, counted.confidence, 1.0).min(axis=1)
    status = np.where(some, DECIDED, NOT_KNOWN)
    why = np.where(some, "supported", np.where(counted.weighed.silent, "not_shown", "doubtful")).astype("<U12")
    why[ballot.hidden] = "hidden"
    why[ballot.empty] = "nothing"
    first = np.where(held if held.any() else counted.confidence > 2, counted.confidence, -1.0).argmax(axis=1)
    first = np.where(some, first, counted.raw[:, :-1].argmax(axis=1))
    return Verdict(held, first, np.full(len(first), -1), confidence, status, why)


def _columns(counted: Counted, verdict: Verdict, details: list[str]) -> _Answers:
    ballot = counted.weighed.ballot
    known = verdict.status != NOT_KNOWN
    names = np.array(ballot.options, object)
    if ballot.attribute.multi:
        value = [MULTI_SEPARATOR.join(names[row].tolist()) or UNKNOWN for row in verdict.held]
    else:
        value = np.where(known, names[verdict.first], UNKNOWN).tolist()
    rivals = zip((verdict.status == AMBIGUOUS).tolist(), verdict.second.tolist(), strict=True)
    runner_up = [ballot.options[k] if torn and k >= 0 else None for torn, k in rivals]
    used = zip(verdict.why.tolist(), counted.strategy.tolist(), strict=True)
    strategies = [None if key == "nothing" else NAMES[k] for key, k in used]
    confidence = np.where(known, np.round(verdict.confidence, 4), 0.0).tolist()
    told = Told(counted.weighed, details)
    sources, reason = account(told, verdict.held, verdict.first, verdict.second, verdict.why)
    return _Answers(value, confidence, verdict.status.tolist(), sources, runner_up, strategies, reason)
