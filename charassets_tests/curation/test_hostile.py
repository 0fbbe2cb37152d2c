"""Text from anywhere through every sink of the log: 2,000 strings, none of them anything but text."""

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charassets.curation import EditLog, export_edits, import_edits, parse, replay
from charassets.curation.snapshot import edits_of, rows_of
from charassets.errors import UsageError

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)


@given(ANY, ANY)
@example("'; DROP TABLE edits; --", "%s?$1")
@example("\x00", "\ud800")
@example("<script>window.PWN = 1</script>", "[red]x[/red]")
@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_operation_takes_text_as_it_is_or_refuses_it_in_one_line(record, name):
    args = {"members": [record], "name": name}
    try:
        operation = parse("cluster.rename", args)
    except UsageError as error:
        assert "\n" not in str(error) or "\n" in name + record
        return
    assert operation.model_dump(mode="json") == args
    assert orjson.loads(orjson.dumps(args)) == args
    assert name.isprintable()


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return EditLog(tmp_path_factory.mktemp("hostile") / "edits.sqlite")


@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_taken_comes_back_from_log_table_and_file(log, text):
    made = log.append("cluster.rename", {"members": [text], "name": text}, actor=text[:40])
    assert log.edits(made.seq - 1) == [made]
    assert edits_of(rows_of([made])) == [made]


def test_all_of_it_is_carried_to_another_log_and_means_the_same(log, tmp_path):
    other = EditLog(tmp_path / "other.sqlite")
    result = import_edits(other, export_edits(log))
    assert not result.held
    names = [{(n.members, n.name) for n in replay(found.edits()).names} for found in (log, other)]
    assert names[0] == names[1]
