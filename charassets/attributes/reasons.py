"""The account of an answer in words: which statements speak for it, which against it, and which rule decided.

What belongs here: sentences. Not here: the rules they tell of (``fusion``).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.ballots import Flags
from charassets.attributes.evidence import WORDS
from charassets.attributes.witnesses import Weighed

NOTHING = "no evidence"
NOT_SHOWN = "the picture does not show it, or words deny it"


class Told:
    """Quotes what was said for an option of a record.

    Args:
        weighed: the evidence of one attribute.
        details: the detail of every evidence row.
    """

    def __init__(self, weighed: Weighed, details: list[str]) -> None:
        ballot = weighed.ballot
        self.options = ballot.options
        self._details = details
        order = sorted(range(len(ballot.sources)), key=lambda k: (ballot.sources[k] not in WORDS, ballot.sources[k]))
        self._order = [(k, ballot.sources[k], ballot.sources[k] in WORDS) for k in order]
        self._rows, self._scores = ballot.rows, ballot.scores
        self._counts = weighed.said  # a source that is switched off explains nothing
        self._explained = ballot.closed & ~ballot.denied & (ballot.word_scores > 0)
        self._explains = (self._explained.sum(axis=1) > 0).tolist()

    def sources(self, record: int, option: int) -> tuple[str, ...]:
        """Sources that speak for an option, words first."""
        counts = self._counts[record, option].tolist()
        return tuple(source for k, source, _ in self._order if counts[k])

    def quote(self, record: int, option: int) -> str:
        """What they say, words in their own words and pictures by their score."""
        scores, rows = self._scores[record, option].tolist(), self._rows[record, option].tolist()
        counts = self._counts[record, option].tolist()
        return ", ".join(
            self._details[rows[k]] if words else f"{source} {scores[k]:.2f}"
            for k, source, words in self._order
            if counts[k]
        )

    def why_hidden(self, record: int) -> str:
        """The word that says it cannot be seen."""
        scores, rows = self._scores[record, -1].tolist(), self._rows[record, -1].tolist()
        strongest = max((scores[k], k) for k, _, words in self._order if words)
        return self._details[rows[strongest[1]]]

    def components(self, record: int) -> str:
        """Words for values that another one explains away: the colours of multicoloured hair."""
        if not self._explains[record]:
            return ""
        return f"; with {', '.join(sorted(self.options[k] for k in np.flatnonzero(self._explained[record])))}"


def account(
    told: Told, held: Flags, first: NDArray[np.int64], second: NDArray[np.int64], why: NDArray[np.str_]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """For each record the sources of what is believed, and the reason in words.

    Args:
        told: quotes.
        held: (n, options) what is believed.
        first: (n,) the best candidate.
        second: (n,) its rival, or -1.
        why: (n,) the rule that decided.
    """
    sources: list[tuple[str, ...]] = []
    reasons: list[str] = []
    for record, (key, best, rival) in enumerate(zip(why.tolist(), first.tolist(), second.tolist(), strict=True)):
        if key in _SILENT:
            sources.append(())
            reasons.append(_SILENT[key] or f"cannot be told: {told.why_hidden(record)}")
            continue
        chosen = np.flatnonzero(held[record]).tolist()
        sources.append(tuple(dict.fromkeys(s for option in chosen for s in told.sources(record, option))))
        reasons.append(_reason(told, record, key, chosen or [best], rival))
    return sources, reasons


_SILENT = {"nothing": NOTHING, "not_shown": NOT_SHOWN, "hidden": ""}
_LEADS = {
    "doubtful": "too doubtful: ",
    "close": "two candidates are close: ",
    "contradict": "words contradict each other: ",
    "settled": "words contradict each other and the picture settles it: ",
}


def _reason(told: Told, record: int, key: str, options: Sequence[int], rival: int) -> str:
    lead = _LEADS.get(key, "")
    named = bool(lead) or len(options) > 1
    quotes = "; ".join(
        f"{told.options[k]} by {told.quote(record, k)}" if named else told.quote(record, k) for k in options
    )
    including = told.components(record) if key == "supported" else ""
    if rival < 0:
        return f"{lead}{quotes}{including}"
    joint = "; " if key in {"close", "contradict"} else "; against it "
    return f"{lead}{quotes}{including}{joint}{told.options[rival]} by {told.quote(record, rival)}"
