import io
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.errors import SourceError, UsageError
from charassets.sources import Refused, SourceRecord
from charassets.sources.fetch import fetch_one, image_id
from charassets_tests.sources.making import DATA, picture, record, records, refusals, source, tree


def parquet_bytes(columns: dict[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


def hf_images(*pictures: bytes | None) -> pa.Array:
    cells = [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(pictures)]
    return pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


def test_a_hugging_face_parquet_gives_pictures_with_their_words(tmp_path):
    tree(tmp_path, {"beside/2.png": picture(2)})
    columns = {
        "image": hf_images(picture(0), b"", None),
        "tags": ["1girl, red hair", "solo", "1boy"],
        "rating": ["g", "s", "x"],
        "score": [3, 4, 5],
        "embedding": pa.array([[0.5] * 4] * 3),
    }
    tree(tmp_path, {"beside/x.parquet": parquet_bytes(columns)})
    found = source(tmp_path / "beside" / "x.parquet")
    first = record(found, "x.parquet#0")
    assert first.data == picture(0)
    assert (first.words.tags, first.words.rating, first.words.extra) == ("1girl, red hair", "general", {"score": 3})
    assert record(found, "x.parquet#2").data == picture(2)  # a null cell with a path: the file beside the table
    assert refusals(found) == {"x.parquet#1": "empty"}
    assert "x.parquet: pictures in `image`, words from `tags`" in found.describe()


def test_columns_are_found_by_content_where_names_do_not_help(tmp_path):
    columns = {
        "thumb": [b"not a picture", b"nor this"],
        "blob": [picture(0), picture(1)],
        "remarks": ["1girl, solo, smile", "1boy, hat, rain"],
    }
    tree(tmp_path, {"x.parquet": parquet_bytes(columns)})
    found = source(tmp_path)
    assert record(found, "x.parquet#1").data == picture(1)
    assert record(found, "x.parquet#1").words.tags == "1boy, hat, rain"


def test_a_mapping_overrides_what_would_be_found(tmp_path):
    columns = {"image": [picture(0)], "second": [picture(1)], "tags": ["wrong"], "labels": [["1girl", "red_eyes"]]}
    tree(tmp_path, {"x.parquet": parquet_bytes(columns)})
    one = record(source(tmp_path, image="second", tags="labels"), "x.parquet#0")
    assert (one.data, one.words.tags, one.words.extra) == (picture(1), "1girl, red_eyes", {"tags": "wrong"})
    with pytest.raises(SourceError, match="no column 'nowhere'.*it has image, second, tags, labels"):
        records(source(tmp_path / "x.parquet", tags="nowhere"))
    with pytest.raises(UsageError, match="'picture' is not a name of ours"):
        records(source(tmp_path / "x.parquet", picture="image"))


@pytest.mark.parametrize(
    ("row", "tags"),
    [
        ({"tag_string": "1girl solo", "tag_string_general": "solo"}, "1girl solo"),
        (
            {"tag_string_general": "1girl smile", "tag_string_character": "alice_(wonderland)"},
            "1girl smile alice_(wonderland)",
        ),
        ({"tags": {"1girl": 0.99, "solo": 0.91}}, "1girl, solo"),
        ({"tags": '["1girl", "solo"]'}, "1girl, solo"),
        ({"tags": {"general": ["smile"], "character": ["alice"]}}, "smile, alice"),
        ({"caption": "1girl, hat, smile"}, "1girl, hat, smile"),
        ({"Tags": "solo"}, "solo"),
        ({"text": "A girl with a hat walks through the rain."}, None),
    ],
)
def test_the_spellings_of_tags_that_data_sets_use_are_understood(tmp_path, row, tags):
    tree(tmp_path, {"x.jsonl": orjson.dumps(row)})
    words = record(source(tmp_path), "x.jsonl#0").words
    assert words.tags == tags
    assert words.speak


def test_a_row_number_is_not_taken_for_a_post(tmp_path):
    rows = [{"id": 5, "tags": "solo"}, {"id": 5, "tag_string": "solo"}, {"id": "noob-5", "tag_string": "solo"}]
    tree(tmp_path, {"x.jsonl": b"\n".join(map(orjson.dumps, rows))})
    found = records(source(tmp_path))
    assert [r.words.post_id for r in found.values()] == [None, 5, None]


def test_a_table_of_words_beside_pictures_is_no_record_and_alone_it_is(tmp_path):
    tree(tmp_path, {"labels.csv": "file,tags\na.png,solo\n", "words.parquet": parquet_bytes({"text": ["1girl, solo"]})})
    assert {r.place.kind for r in records(source(tmp_path / "words.parquet")).values()} == {"text"}
    tree(tmp_path, {"a.png": picture()})
    assert list(records(source(tmp_path))) == ["a.png"]


def test_a_table_of_paths_reads_only_below_its_own_folder(tmp_path):
    tree(tmp_path, {"out.png": picture(1), "in/deep/a.png": picture(2)})
    rows = ["deep/a.png", "../out.png", str(tmp_path / "out.png"), "gone.png", ""]
    tree(tmp_path, {"in/x.csv": "file_name,tags\n" + "".join(f'"{row}","1girl, solo"\n' for row in rows)})
    found = source(tmp_path / "in" / "x.csv")
    assert record(found, "x.csv#0").data == picture(2)
    assert refusals(found) == {"x.csv#1": "bad_name", "x.csv#2": "bad_name", "x.csv#3": "missing_file"}
    assert record(found, "x.csv#4").place.kind == "text"


def test_a_broken_row_is_refused_and_swallows_no_other(tmp_path):
    text = 'tags,id\n"1girl, solo",1\n"stray quote,2\nsolo,3\nsolo,4,5\n"two\nlines",6\n\nhat,"7"\n'
    tree(tmp_path, {"x.csv": text})
    found = records(source(tmp_path / "x.csv"))
    said = [r.code if isinstance(r, Refused) else r.words.tags for r in found.values()]
    assert said == ["1girl, solo", "unreadable", "solo", "unreadable", "two, lines", "hat"]


def test_a_broken_line_of_json_is_refused_and_swallows_no_other(tmp_path):
    tree(tmp_path, {"x.jsonl": b'{"tags": "solo"}\n{"tags": \n[1]\n\n{"tags": "caf\xe9"}\n{"tags": ""}'})
    found = records(source(tmp_path / "x.jsonl"))
    said = [r.code if isinstance(r, Refused) else r.words.tags for r in found.values()]
    assert said == ["solo", "unreadable", "unreadable", "café", "no_image_bytes"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.parquet", parquet_bytes({"height": [1]}), "no column holds pictures, words or addresses .columns: height"),
        ("x.parquet", b"PAR1 and then nothing", "the Parquet file cannot be read"),
        ("x.csv", "1girl,0,6008644\nsolo,0,5000954\n", "holds values and not the names"),
        ("x.csv", "tags\nsolo\n".encode("utf-16"), "UTF-16.*save it as UTF-8"),
        ("x.csv", "", "no column holds"),
        ("x.json", "[1]", "no metadata of kohya's scripts"),
    ],
)
def test_a_table_that_is_of_no_use_says_so_in_one_line(tmp_path, name, content, message):
    tree(tmp_path, {name: content})
    with pytest.raises(SourceError, match=message) as raised:
        records(source(tmp_path / name))
    assert "\n" not in str(raised.value)
    assert name in str(raised.value)


def test_a_damaged_parquet_page_fails_the_slice_by_name(tmp_path):
    columns = {"image": [picture(i, (64, 64)) for i in range(50)], "tags": ["solo"] * 50}
    data = bytearray(parquet_bytes(columns, write_page_checksum=True, compression="none", use_dictionary=False))
    data[len(data) // 3] ^= 0xFF
    tree(tmp_path, {"x.parquet": bytes(data), "a.png": picture()})
    found = source(tmp_path)
    good, bad = found.list_items()
    assert len(list(found.read(good))) == 1
    with pytest.raises(SourceError, match=r"x\.parquet"):
        list(found.read(bad))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=40),
    st.integers(1, 9),
    st.integers(1, 9),
    st.randoms(use_true_random=False),
)
def test_every_parquet_row_is_read_once_and_fetched_again_in_any_order(tmp_path_factory, parts, group, span, chance):
    folder = tmp_path_factory.mktemp("parquet")
    pictures = [b"\x89PNG" + part for part in parts]
    tree(folder, {"x.parquet": parquet_bytes({"image": pictures, "tags": ["solo"] * len(parts)}, row_group_size=group)})
    found = source(folder, span=span)
    read = [r for item in found.list_items() for r in found.read(item)]
    assert [r.data for r in read if isinstance(r, SourceRecord)] == pictures
    chance.shuffle(read)
    for one in read:
        assert isinstance(one, SourceRecord)
        place = {name: getattr(one.place, name) for name in ("kind", "uri", "member", "offset", "length", "row")}
        assert fetch_one({**place, "image_id": image_id(one.data or b"")}) == one.data


rows = st.lists(st.tuples(st.text(max_size=8), st.text('a",;\n\r \t', max_size=8)), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(rows, st.integers(1, 7))
def test_every_row_of_a_csv_is_read_once_whatever_its_slices(tmp_path_factory, cells, span):
    import csv

    folder = tmp_path_factory.mktemp("csv")
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["tags", "note"])
    writer.writerows((f"t{i} {tag}".replace("\0", ""), note) for i, (tag, note) in enumerate(cells))
    tree(folder, {"x.csv": out.getvalue().encode("utf-8", "replace")})
    found = source(folder, span=span)
    items = list(found.list_items())
    read = [r for item in items for r in found.read(item)]
    assert sum(item.count for item in items) == len(read) == len(cells)
    assert [str(r.words.tags).replace(",", " ").split()[0] for r in read if isinstance(r, SourceRecord)] == [
        f"t{i}" for i in range(len(cells))
    ]


def test_the_real_tag_lines_are_read_whole():
    path = DATA / "tags" / "lines_danbooru_characters_dev.jsonl"
    if not path.is_file():
        pytest.skip("the real tag lines are not on this machine")
    found = records(source(path))
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [r.words.tags for r in found.values() if isinstance(r, SourceRecord)] == [line["tags"] for line in lines]
