import shutil
import time

import duckdb
import pytest

from app.services import browse
from app.services.context import Context
from app.services.filters import Filter, facets
from charassets.attributes.vocabulary import load
from charassets.lake.workspace import Workspace
from charassets.warehouse.records import column_of
from charassets_tests.app.pages.conftest import served

ROWS = 1_000_000


@pytest.fixture(scope="module")
def million(collection, tmp_path_factory):
    """The collection's warehouse with a million invented records in it: every attribute with its own values, 20,000 characters."""
    workspace, settings = collection
    root = tmp_path_factory.mktemp("million") / "work"
    shutil.copytree(workspace.root, root)
    own = settings.model_copy(update={"workspace": root})
    with duckdb.connect(str(root / "charassets.duckdb")) as con:
        made = {
            "record_id": "md5(i::VARCHAR)", "source": "'s' || (i % 7)", "shard": "'shard-' || lpad((i // 5000)::VARCHAR, 5, '0')",
            "item_key": "i::VARCHAR", "text_only": "FALSE", "character_id":
            "CASE WHEN i % 5 > 0 THEN 'character_' || (hash(i) % 20000) END",
            "tags": "'1girl, solo'", "mean_confidence": "(hash(i, 1) % 1000) / 1000.0", "decided": "(i % 9)::INT", "copies": "1",
            "sharpness": "(hash(i, 2) % 500)::FLOAT", "width": "512", "height": "512", "rating": "'general'",
        }  # fmt: skip
        for number, attribute in enumerate(load().attributes.values()):
            values = ", ".join("'" + value.name.replace("'", "''") + "'" for value in attribute.values)
            place = f"(hash(i, {number + 3}) % {len(attribute.values) + 1} + 1)::INT"
            made[column_of(attribute.name)] = f"list_extract(['Unknown', {values}], {place})"
            made[f"{column_of(attribute.name)}_confidence"] = f"(hash(i, {number + 40}) % 1000) / 1000.0"
        chosen = ", ".join(f'{expression} AS "{name}"' for name, expression in made.items())
        con.execute(f"INSERT INTO records BY NAME SELECT {chosen} FROM range({ROWS}) AS t(i)")  # noqa: S608
    return Workspace.of(own), own


@pytest.mark.slow
def test_a_million_records_answer_any_facet_in_two_seconds(visit, million):
    with served(*million) as address:
        page = visit(f"{address}/browse")
        page.wait_for_selector("#browse .tile")
        slowest = 0.0
        page.evaluate("document.querySelectorAll('#browse details.facet').forEach(d => { d.open = true; })")
        for column, facet in facets().items():
            value = page.locator(f"#browse details.facet:has(summary:text-is('{facet.label}')) a.value").first
            if not value.count():
                continue
            page.evaluate("document.querySelectorAll('#browse details.facet').forEach(d => { d.open = true; })")
            before = page.inner_text("#browse [aria-label=Found]")
            began = time.perf_counter()
            value.click()
            page.wait_for_selector("#browse .chip")
            slowest = max(slowest, time.perf_counter() - began)
            assert page.inner_text("#browse [aria-label=Found]") != before or column == "rating"
            page.get_by_text("clear all").click()
            page.wait_for_selector("#browse .chip", state="detached")
        print(f"slowest facet over {ROWS:,} records: {slowest:.2f} s")


@pytest.mark.slow
def test_the_counts_of_a_million_records_add_up(million):
    with Context(*million).reading() as con:
        filter_ = Filter(wanted=(("gender", "Female"),))
        total = browse.count(con, filter_)
        for found in browse.facet_counts(con, filter_):
            if found.column not in ("gender", "accessories") and not found.more:
                assert sum(n for _, n in found.values) == total, found.column
