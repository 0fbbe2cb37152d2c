"""Progress where there is no terminal."""

import io
from collections.abc import Callable

import pytest

from charassets.cli import progress
from charassets.cli.progress import shown
from charassets.progress import Reporter, looked, reported_to
from charassets.progress import begin as started


def test_what_was_computed_has_a_line_and_what_was_there_has_none():
    stream = io.StringIO()
    with shown(10, stream) as report:
        report.records("raw_shards", 6, reused=True)
        report.records("clip_embeddings", 4, reused=False)
        report.records("clip_embeddings", 2, reused=True)
        report.records("knn_graph", 6, reused=True)
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("clip_embeddings: 4 records in ")


def test_a_stage_that_begins_ends_the_line_of_the_one_before():
    stream = io.StringIO()
    with shown(10, stream) as report:
        begin = progress_of("knn_graph", report)
        report.records("clip_embeddings", 4, reused=False)
        assert not stream.getvalue()
        begin()
        assert stream.getvalue().startswith("clip_embeddings: 4 records in ")
        report.records("knn_graph", 6, reused=False)
    assert [line.partition(":")[0] for line in stream.getvalue().splitlines()] == ["clip_embeddings", "knn_graph"]


def progress_of(stage: str, report: Reporter) -> Callable[[], None]:
    """What a stage does when it begins."""

    def begin() -> None:
        with reported_to(report):
            started(stage)

    return begin


@pytest.mark.parametrize(("expected", "of"), [(10, " so far, of about 10"), (0, " so far"), (3, " so far")])
def test_a_line_in_between_says_of_how_many_only_where_that_is_known(monkeypatch, expected, of):
    monkeypatch.setattr(progress, "LINE_EVERY_S", -1.0)
    stream = io.StringIO()
    with shown(expected, stream) as report:
        report.records("clip_embeddings", 4, reused=True)
        report.records("clip_embeddings", 4, reused=False)
    between, _ = stream.getvalue().splitlines()
    assert between.startswith("clip_embeddings: 4 records in ") and between.endswith(of)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_a_bar_is_never_shorter_than_what_is_done():
    stream = Terminal()
    with shown(0, stream) as report:
        report.records("clip_embeddings", 4, reused=False)
        report.records("clip_embeddings", 4, reused=False)
    assert "8/8" in stream.getvalue() and "8/4" not in stream.getvalue()


def test_pairs_that_were_looked_at_are_told_of_now_and_then(monkeypatch):
    monkeypatch.setattr(progress, "LINE_EVERY_S", -1.0)
    stream = io.StringIO()
    with shown(10, stream) as report, reported_to(report):
        started("near_duplicates")
        looked(1_000, 2_500)
        looked(2_500, 2_500)
    assert stream.getvalue().splitlines() == ["near_duplicates: 1,000 of 2,500 pairs of pictures looked at"]


def test_pairs_have_a_bar_below_that_of_their_stage():
    stream = Terminal()
    with shown(0, stream) as report, reported_to(report):
        started("near_duplicates")
        looked(1_000, 2_500)
        looked(30, 40)  # of the next round
        report.records("near_duplicates", 4, reused=False)
        started("merged_attributes")
    lines = stream.getvalue().rsplit("near_duplicates", 1)[1]
    assert "4/4" in lines.split("pairs of pictures")[0] and "30/30" in lines.split("pairs of pictures")[1]
