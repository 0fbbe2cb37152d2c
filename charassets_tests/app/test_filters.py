import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.filters import GATES, NONE, SORTS, Filter, facets, shown_sql
from charassets.errors import UsageError
from charassets.settings import GateSettings

_CHOICES = st.tuples(
    st.sampled_from(sorted(facets())), st.text(min_size=1).filter(lambda t: max(t) < "\ud800" or min(t) > "\udfff")
)
_GATES = st.dictionaries(st.sampled_from(sorted(GATES)), st.sampled_from([0.0, 0.25, 1.0]))


def _filters():
    choices = st.lists(_CHOICES, max_size=4, unique=True).map(tuple)
    gates = _GATES.map(lambda found: tuple((name, found[name]) for name in GATES if name in found))
    query = st.sampled_from(["", "hair:blue -hat", 'tag:"a b"'])
    record = st.sampled_from(["", "0123abcd"])
    sorts = st.sampled_from(sorted(SORTS))
    return st.builds(Filter, query, choices, choices, sorts, st.integers(1, 1_000_000), gates, record)


@given(_filters())
def test_the_address_holds_the_whole_filter(filter_):
    assert Filter.of(filter_.search) == filter_


@given(st.text(max_size=200))
def test_any_address_is_some_filter(address):
    assert Filter.of(address).page >= 1


def test_a_value_clicked_three_times_is_let_be():
    choice = ("gender", "Female")
    first = Filter().turned(choice)
    second = first.turned(choice)
    assert (first.wanted, second.unwanted, second.turned(choice)) == ((choice,), (choice,), Filter())


@pytest.fixture(scope="module")
def con():
    con = duckdb.connect()
    columns = ", ".join(f'"{column}" VARCHAR' for column in facets())
    con.execute(
        f"CREATE TABLE records (record_id VARCHAR, mean_confidence FLOAT, shard VARCHAR, item_key VARCHAR, {columns})"
    )
    rows = [("a", "Female", "Hat; Glasses", "c1"), ("b", "Male", "Glasses", None), ("c", None, None, "c1")]
    for row in rows:
        con.execute("INSERT INTO records (record_id, gender, accessories, character_id) VALUES (?, ?, ?, ?)", row)
    return con


@pytest.mark.parametrize(
    ("wanted", "unwanted", "found"),
    [
        ((), (), "abc"),
        ((("gender", "Female"),), (), "a"),
        ((("gender", "Female"), ("gender", "Male")), (), "ab"),
        ((("gender", NONE),), (), "c"),
        ((), (("gender", "Female"),), "bc"),
        ((("accessories", "Glasses"),), (), "ab"),
        ((), (("accessories", "Hat"),), "bc"),
        ((("character_id", NONE),), (), "b"),
        ((("accessories", "Glasses"), ("character_id", "c1")), (), "a"),
    ],
)
def test_wanted_and_unwanted_values_narrow_as_they_say(con, wanted, unwanted, found):
    where, params = Filter(wanted=wanted, unwanted=unwanted).where()
    rows = con.execute(f"SELECT record_id FROM records WHERE {where} ORDER BY 1", params).fetchall()  # noqa: S608
    assert "".join(row[0] for row in rows) == found


@given(st.lists(_CHOICES, max_size=3).map(tuple))
def test_the_sql_that_is_shown_finds_what_the_page_finds(con, wanted):
    wanted = tuple((column, value.replace("\0", "")) for column, value in wanted if value.replace("\0", ""))
    filter_ = Filter(wanted=wanted, unwanted=(("gender", "it's"),))
    where, params = filter_.where()
    asked = con.execute(f"SELECT record_id FROM records WHERE {where} ORDER BY 1", params).fetchall()  # noqa: S608
    assert sorted(row[0] for row in con.execute(shown_sql(filter_)).fetchall()) == [row[0] for row in asked]


def test_gates_that_are_tried_leave_the_others(con):
    tried = Filter.of("?min_side=300&min_sharpness=nonsense&person_score=7").tried(GateSettings())
    assert tried == GateSettings().model_copy(update={"min_side": 300.0})


def test_a_query_that_cannot_be_read_is_told():
    with pytest.raises(UsageError, match="quotation"):
        Filter(query='tag:"a').where()
