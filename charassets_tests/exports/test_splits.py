"""The division leaks nothing, whatever binds records together."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from charassets.exports.export import export, leaks
from charassets.exports.splits import TOGETHER, components, divide
from charassets.settings import SplitSettings
from charassets_tests.exports.conftest import asked

SHARES = SplitSettings(validation=0.25, test=0.25)
names = st.one_of(st.none(), st.integers(0, 6).map(str))
tables = st.lists(st.tuples(*[names] * len(TOGETHER)), max_size=30).map(
    lambda rows: pa.table(
        {
            "record_id": pa.array([f"{n:03d}" for n in range(len(rows))], pa.string()),
            **{c: pa.array([row[i] for row in rows], pa.string()) for i, c in enumerate(TOGETHER)},
        }
    )
)


@given(tables)
def test_records_that_share_anything_are_on_one_side(records):
    sides = divide(records, SHARES).to_pylist()
    for column in TOGETHER:
        seen = {}
        for value, side in zip(records[column].to_pylist(), sides, strict=True):
            if value is not None:
                assert seen.setdefault(value, side) == side


@given(tables, st.randoms())
def test_the_order_of_records_changes_nothing(records, random):
    order = list(range(records.num_rows))
    random.shuffle(order)
    plain = dict(zip(records["record_id"].to_pylist(), divide(records, SHARES).to_pylist(), strict=True))
    turned = records.take(pa.array(order, pa.int64()))
    assert dict(zip(turned["record_id"].to_pylist(), divide(turned, SHARES).to_pylist(), strict=True)) == plain


def test_a_chain_of_shared_values_is_one_group():
    columns = [pa.array(["a", "a", None, "z"]), pa.array([None, "b", "b", None])]
    found = components(columns, 4).tolist()
    assert found[0] == found[1] == found[2] != found[3]


def test_shares_hold_on_average():
    names = pa.array([str(n) for n in range(20_000)])
    records = pa.table({"record_id": names, **dict.fromkeys(TOGETHER, pa.nulls(20_000, pa.string()))})
    sides = divide(records, SHARES).to_pylist()
    assert abs(sides.count("test") / 20_000 - 0.25) < 0.02
    assert abs(sides.count("train") / 20_000 - 0.5) < 0.02


def test_the_query_in_the_export_finds_no_leak_and_finds_a_planted_one(settings, out):
    import duckdb
    import pyarrow.parquet as pq

    export(settings, asked("jsonl", split={"validation": 0.3, "test": 0.3, "seed": 5}), out)
    assert leaks(out) == []
    sides = [
        side if n else "elsewhere" for n, side in enumerate(pq.read_table(out / "index.parquet")["split"].to_pylist())
    ]
    index = pq.read_table(out / "index.parquet")
    pq.write_table(index.set_column(1, "split", pa.array(sides)), out / "index.parquet")
    assert leaks(out) != []
    sql = (out / "leaks.sql").read_text().replace("index.parquet", str(out / "index.parquet"))
    with duckdb.connect() as con:
        assert con.execute(sql).fetchall() == leaks(out)


def test_variants_of_variants_are_one_drawing():
    import duckdb

    from charassets.exports.rows import _DRAWINGS

    rows = [  # record, group, keeper, variant of
        ("a", "a", True, None),
        ("a2", "a", False, None),
        ("b", "b", True, "a"),
        ("b2", "b", False, "a"),
        ("c", "c", True, "b"),
        ("d", "d", True, None),
    ]
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE near_duplicates (record_id VARCHAR, group_id VARCHAR, keeper BOOLEAN, variant_of VARCHAR)"
        )
        con.executemany("INSERT INTO near_duplicates VALUES (?, ?, ?, ?)", rows)
        con.execute(_DRAWINGS)
        found = dict(con.table("drawings").fetchall())
    assert found == {"a": "a", "a2": "a", "b": "a", "b2": "a", "c": "a", "d": "d"}
