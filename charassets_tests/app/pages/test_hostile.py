"""Text of a dataset is text, wherever it is shown: 2,000 hostile strings through every sink, and nothing of them runs."""

from itertools import cycle, islice, product

import duckdb
import pyarrow as pa
import pytest

from charassets import warehouse
from charassets.curation import EditLog, take_snapshot
from charassets.lake.workspace import Workspace
from charassets.stages.collection import run_collection
from charassets.stages.pipeline import collection_stages
from charassets_tests.app.conftest import webp
from charassets_tests.app.pages.conftest import served
from charassets_tests.warehouse.small_lake import Drawn, commit, settings_for, write_shards

RUNS = "window.__xss=(window.__xss||0)+1"
PAYLOADS = (
    "<img src=x onerror={run}>",
    "<svg onload={run}>",
    "<script>{run}</script>",
    "<iframe srcdoc='<script>parent.{run}</script>'>",
    "<details open ontoggle={run}>",
    "<video><source onerror={run}>",
    "<input autofocus onfocus={run}>",
    "<a href=javascript:{run}>x</a>",
    "<math><mi xlink:href='javascript:{run}'>",
    "<body onload={run}>",
    "<marquee onstart={run}>",
    "<form action=javascript:{run}><button>",
    "javascript:{run}",
    "data:text/html,<script>{run}</script>",
    "${{{run}}}",
    "{{{{constructor.constructor('{run}')()}}}}",
    "{{{{#each value}}}}<img src=x onerror={run}>{{{{/each}}}}",
    "[x](javascript:{run})",
    '![x](x" onerror="{run})',
    "<style onload={run}>@import 'x'",
    "<object data=javascript:{run}>",
    "<embed src=javascript:{run}>",
    "<link rel=stylesheet href=x onerror={run}>",
    "<base href=javascript:{run}//>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
)
PREFIXES = (
    "",
    '"',
    "'",
    '">',
    "'>",
    "</b>",
    "</script>",
    "</textarea>",
    "-->",
    "]]>",
    "`",
    "\\",
    "%3C",
    "&lt;",
    "\u202e",
    "a" * 60,
    "*/",
    "\n",
    "${",
    "{{",
)
SUFFIXES = ("", '"', "<!--", "//")
HOSTILE = tuple(
    prefix + payload.format(run=RUNS) + suffix for prefix, payload, suffix in product(PREFIXES, PAYLOADS, SUFFIXES)
)
WITHOUT_WORDS = ("runs", "map", "map?colour=source", "stats?a=rating&b=character_id", "review")
RECORDS, COPIES = 500, 20


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory, browser):
    """A collection in which every text that a source may give is hostile: names, tags, words, reasons, characters."""
    settings = settings_for(tmp_path_factory.mktemp("hostile") / "work")
    workspace = Workspace.of(settings)
    workspace.create()
    lake = workspace.open_lake()
    text = cycle(HOSTILE)
    places = [k if k < RECORDS - COPIES else k - COPIES for k in range(RECORDS)]
    drawn = [
        Drawn(f"r{k:04d}", tags=next(text), degrees=(place * 137) % 360, phash=(place * 2654435761) % 2**60)
        for k, place in enumerate(places)
    ]
    write_shards(lake, drawn)
    (fragment,) = lake.fragments("raw_shards")
    raw = fragment.read().to_pylist()
    for row in raw:
        row |= {
            name: next(text)
            for name in ("description", "artist", "character", "copyright", "episode", "format", "item_key", "extra")
        }
    names = [row["record_id"] for row in raw]
    commit(lake, "raw_shards", fragment.manifest.shard, raw, names)
    said = [
        {
            "record_id": name,
            "attribute": "Hair Length",
            "value": "Long",
            "score": 0.9,
            "source": "tag",
            "detail": next(text),
        }
        for name in names
    ]
    commit(lake, "tag_evidence", fragment.manifest.shard, said, names)
    answers = lake.fragments("character_attributes")[0].read().to_pylist()
    for row in answers:
        if row["attribute"] == "Eye Color":
            row |= {"status": "ambiguous", "value": "Blue", "runner_up": next(text), "confidence": 0.5}
        row["reason"] = next(text)
    commit(lake, "character_attributes", fragment.manifest.shard, answers, names)
    (pictures,) = lake.fragments("single_character_images")
    rows = pictures.read()
    rows = rows.set_column(
        rows.schema.get_field_index("crop"), "crop", pa.array([webp((90, 90, 200))] * len(rows), pa.binary())
    )
    with lake.writer("single_character_images", pictures.manifest.shard, rows.schema) as writer:
        writer.add(rows, pictures.read(role="books"))
        writer.commit("crops", "stage", {})
    log = EditLog(workspace.edit_log)
    for number, (name, called) in enumerate(zip(names, islice(text, 40), strict=False)):
        log.append(
            "cluster.rename",
            {"members": [name], "name": " ".join(called.split()).strip()[:200] or f"n{number}"},
            edit_id=f"e{number}",
        )
    take_snapshot(log, lake)
    for stage in collection_stages(settings).values():
        run_collection(stage, lake)
    warehouse.build(workspace, lake, settings)
    with duckdb.connect(str(workspace.warehouse)) as con:  # what no stage would write, a damaged file might
        sql = "UPDATE near_duplicates SET reason = $1 WHERE NOT keeper"
        con.execute(sql, [HOSTILE[0]])
    with served(workspace, settings) as address:
        yield address


_LEFT_OVERS = """() => {
    const all = [...document.querySelectorAll('.cs-panel *')];
    const foreign = 'script, iframe, object, embed, video, math, style, base, link, marquee';
    const own = /^(\\/|#|\\?|$|data:image.webp)/;
    const elements = all.filter(e => e.matches(foreign));
    const handlers = all.filter(e => [...e.attributes].some(a => /^on|^srcdoc$|^formaction$/i.test(a.name)));
    const addresses = all.filter(e => ['href', 'src'].some(n => e.hasAttribute(n) && !own.test(e.getAttribute(n))));
    return [window.__xss, elements.length, handlers.length, addresses.length];
}"""


def _nothing_ran(page):
    page.wait_for_timeout(50)
    assert page.evaluate(_LEFT_OVERS) == [None, 0, 0, 0]


def test_there_are_two_thousand_of_them():
    assert len(set(HOSTILE)) == len(HOSTILE) == 2_000


def test_two_thousand_strings_through_every_sink_of_a_panel(visit, bare_site):
    page = visit(f"{bare_site}/runs")
    page.wait_for_selector("#runs .cs-panel > *")
    page.evaluate(
        """(texts) => {
            const host = document.createElement("div");
            host.className = "cs-panel";
            document.querySelector("main").appendChild(host);
            const add = (node) => host.appendChild(window.charassets.draw(node, () => {}));
            const all = ["alt", "href", "id", "list", "name", "placeholder", "role", "src", "title", "type", "value", "aria-label"];
            for (const text of texts) {
                const a = Object.fromEntries(all.map((name) => [name, text]));
                for (const t of ["p", "a", "img", "input", "button", "option", "form", "svg", "text", text]) {
                    add({ t, c: text, a, k: [text], key: text, s: { share: text }, act: { do: text } });
                }
                add({ t: "a", a: { [text]: text, onclick: text, style: text, srcdoc: text } });
            }
        }""",
        list(HOSTILE),
    )
    _nothing_ran(page)
    # Some of the strings are addresses of this site: a click on them would leave the page that is looked at.
    page.route(
        "**/*", lambda route: route.fulfill(status=204) if route.request.is_navigation_request() else route.continue_()
    )
    page.evaluate(
        "document.querySelectorAll('main .cs-panel a, main .cs-panel button').forEach((e, k) => { if (k % 40 === 0) e.click(); })"
    )
    _nothing_ran(page)


@pytest.mark.parametrize(
    ("path", "there"),
    [
        *((f"browse?page={number}", "#browse .tile") for number in range(1, 9)),
        ("browse?id=r0003", "#browse .attribute"),
        ("clusters", "#clusters tbody tr"),
        ("duplicates", "#duplicates .cs-panel > *"),
        ("review", "#review .stage"),
        ("map", "#map canvas"),
        ("map?colour=source", "#map canvas"),
        ("search?like=r0003", "#search .tile"),
        ("stats?a=rating&b=character_id", "#stats .figures"),
        ("export?format=csv", "#export code"),
        ("runs", "#runs table"),
    ],
)
def test_nothing_of_a_hostile_collection_runs_on_a_page(visit, hostile_site, path, there):
    page = visit(f"{hostile_site}/{path}")
    page.wait_for_selector(there)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    _nothing_ran(page)
    assert "onerror" in page.content() or path in WITHOUT_WORDS, "the page shows what was made up for it"


def test_hostile_addresses_and_words_are_only_text(visit, hostile_site):
    from urllib.parse import quote

    page = visit(f"{hostile_site}/runs")
    for number, text in enumerate(HOSTILE[::53]):
        key = [
            "browse?q=",
            "browse?in=character_id:",
            "browse?id=",
            "clusters?id=",
            "search?text=&q=",
            "map?q=",
            "export?filter=",
        ][number % 7]
        page.goto(f"{hostile_site}/{key}{quote(text)}")
        page.wait_for_selector(".cs-panel > *")
        page.wait_for_function("![...document.querySelectorAll('.state')].some(s => s.textContent === 'One moment')")
        _nothing_ran(page)


def test_hostile_tags_in_try_it_are_only_text(visit, bare_site):
    page = visit(bare_site)
    page.wait_for_selector("#try-examples .tile")
    for text in HOSTILE[::211]:
        page.fill("#try-tags textarea", f"{text}, 1girl, blue_hair")
        page.wait_for_selector("#try-json")
        page.wait_for_timeout(150)
        _nothing_ran(page)
