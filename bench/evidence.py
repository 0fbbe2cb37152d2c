"""Times the evidence that every record pays for: tag lines and measured colours, against what a first script does, in the same run.

The naive tag parser asks every word of the vocabulary whether it is a substring of the line, as seen in published tools; the
fuzzy one looks for the nearest word of each tag with rapidfuzz. The naive colour is a k-means of the head's pixels. Rates are of
one thread's CPU time; the machine's speed drifts, so look at the ratios.

    python -m bench.evidence
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from rapidfuzz import process
from rich.console import Console
from rich.table import Table

from charassets.attributes import tags
from charassets.attributes.colour import ColourSource
from charassets.attributes.evidence_source import Subject
from charassets.attributes.vocabulary import Vocabulary, load
from charassets.studio.scenes import draw_scene

_DATA = Path(__file__).parents[2] / "shared" / "data" / "tags"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=40_000, help="tag lines timed")
    parser.add_argument("--crops", type=int, default=200, help="figures measured")
    options = parser.parse_args()
    vocabulary = load()
    table = Table(title="a second and core")
    for heading in ("what", "ours", "naive", "ratio", "compared with"):
        table.add_column(heading, justify="left" if heading in ("what", "compared with") else "right")
    for row in (*_tag_rows(vocabulary, options.lines), _colour_row(vocabulary, options.crops)):
        table.add_row(*row)
    Console(file=sys.stdout, width=120).print(table)


T = TypeVar("T")
Row = tuple[str, str, str, str, str]


def _tag_rows(vocabulary: Vocabulary, number: int) -> list[Row]:
    known = _lines()
    stream = [known[i % len(known)] for i in range(number)]
    # A tag nobody wrote before on every line: a character's name, a title.
    fresh = [f"{line}, somebody_{i:06d}_(some_series)" for i, line in enumerate(stream)]
    words = sorted(vocabulary.claims)
    rows = []
    for what, lines in (
        ("tag lines, first sight", known),
        ("tag lines, streamed", stream),
        ("with a new tag a line", fresh),
    ):
        if what == "tag lines, first sight":
            tags._known_pieces.cache_clear()  # noqa: SLF001 - what an empty memory costs is the question
        ours = _rate(lines, lambda line: tags.parse(line, vocabulary))
        substring = _rate(lines[:400], lambda line: [w for w in words if w in line])
        fuzzy = _rate(lines[:40], lambda line: [process.extractOne(t, words, score_cutoff=85) for t in line.split(",")])
        rows.append(_row(what, ours, substring, "a substring test a word"))
        rows.append(_row(what, ours, fuzzy, "rapidfuzz.extractOne a tag"))
    return rows


def _colour_row(vocabulary: Vocabulary, number: int) -> Row:
    import cv2

    subjects = [Subject(pixels=draw_scene(k, size=256).pixels, head=(0.3, 0.1, 0.7, 0.5)) for k in range(number)]
    source = ColourSource(vocabulary)
    source.answers(subjects[:5])

    def naive(subject: Subject) -> object:
        assert subject.pixels is not None
        head = cv2.cvtColor(subject.pixels[26:128, 77:179], cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
        rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
        return cv2.kmeans(head, 6, None, rule, 2, cv2.KMEANS_PP_CENTERS)  # pyright: ignore[reportArgumentType, reportCallIssue]

    ours = _rate(subjects, lambda subject: source.answers([subject]))
    return _row("figures, colours measured", ours, _rate(subjects[:60], naive), "k-means of the head's pixels")


def _row(what: str, ours: float, naive: float, peer: str) -> Row:
    return what, f"{ours:,.0f}", f"{naive:,.0f}", f"{ours / naive:.1f}x", peer


def _rate(items: Sequence[T], work: Callable[[T], object]) -> float:
    """Items a second of this thread's CPU time."""
    started = time.thread_time()
    for item in items:
        work(item)
    return len(items) / (time.thread_time() - started)


def _lines() -> list[str]:
    """Real lines where they are at hand, else the studio's."""
    files = sorted(_DATA.glob("lines_*.jsonl"))
    if files:
        return [json.loads(line)["tags"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [draw_scene(k, size=64).tags for k in range(500)]


if __name__ == "__main__":
    main()
