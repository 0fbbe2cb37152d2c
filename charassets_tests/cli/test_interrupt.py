"""Ctrl-C, wherever it strikes."""

import os
import signal
import threading

import dagster as dg
import duckdb
import pytest

from charassets.cli import entry
from charassets.defs.run_report import Report

_LONG = "SELECT sum(range * range) FROM range(400000000)"  # a second or so; DuckDB may see a signal only at its end


@pytest.fixture(autouse=True)
def listening():
    """Ctrl-C is heard, even where the tests run in the background of a shell, which ignores it for them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def struck_by_ctrl_c(*_, **__):
    """Queries that nobody waits for the end of."""
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    for _again in range(20):
        duckdb.sql(_LONG).fetchall()
    raise AssertionError("no signal came")


def test_ctrl_c_during_a_query_is_an_interruption_and_no_bug(monkeypatch, capsys):
    monkeypatch.setattr(entry, "app", struck_by_ctrl_c)
    monkeypatch.setattr("sys.argv", ["charassets", "search"])
    with pytest.raises(SystemExit) as left:
        entry.main()
    told = capsys.readouterr().err
    assert left.value.code == entry.INTERRUPTED
    assert told.startswith("error: interrupted") and "bug" not in told


def test_ctrl_c_during_a_query_of_a_step_ends_the_run():
    @dg.op
    def ask():
        struck_by_ctrl_c()

    @dg.job
    def asking():
        ask()

    result = asking.execute_in_process(raise_on_error=False)
    with pytest.raises(KeyboardInterrupt):
        Report().read(result)
