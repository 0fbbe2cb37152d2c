import orjson

from charassets_tests.sources.making import picture, record, records, refusals, source, tree


def test_metadata_names_pictures_by_stem_or_by_the_paths_of_another_machine(tmp_path):
    meta = {
        "a": {"tags": "1girl, solo", "caption": "a girl on a hill, looking at the far away sea and thinking."},
        "/home/kim/train/10_alice/b.png": {"tags": "red hair"},
        "D:\\train\\20_bob\\b.png": {"tags": "blue hair", "train_resolution": [512, 768]},
        "../../secret.png": {"tags": "solo"},
        "lost": {"tags": "nobody"},
    }
    tree(tmp_path, {"secret.png": picture(9), "set/x/meta_cap.json": orjson.dumps(meta)})
    tree(tmp_path / "set" / "x", {name: picture() for name in ("a.webp", "10_alice/b.png", "20_bob/b.png", "c.png")})
    found = source(tmp_path / "set" / "x" / "meta_cap.json")
    assert record(found, "a.webp").words.tags == "1girl, solo"
    assert "far away sea" in str(record(found, "a.webp").words.description)
    assert record(found, "10_alice/b.png").words.tags == "red hair"
    assert record(found, "20_bob/b.png").words.extra == {"train_resolution": [512, 768]}
    assert refusals(found) == {"../../secret.png": "missing_file", "lost": "missing_file"}
    assert "c.png" not in records(found)
    keys = [item.item_key for item in found.list_items()]
    assert keys == sorted(keys)


def test_metadata_in_the_root_of_a_folder_speaks_for_its_pictures_after_their_own_sidecars(tmp_path):
    tree(tmp_path, {
        "a.png": picture(1), "a.txt": "1girl, hand made", "b.png": picture(2), "c.png": picture(3),
        "meta_cap.json": b'{"b": {"tags": "early"}}', "meta_lat.json": b'{"a": {"tags": "x"}, "b": {"tags": "late"}}',
    })  # fmt: skip
    found = source(tmp_path)
    assert [r.words.tags for r in records(found).values()] == ["1girl, hand made", "late", None]

    before = {item.item_key: item for item in found.list_items()}
    tree(tmp_path, {"meta_lat.json": b'{"a": {"tags": "x"}, "b": {"tags": "later"}}'})
    after = {item.item_key: item for item in source(tmp_path).list_items()}
    assert {key for key in after if after[key] != before[key]} == {"b.png"}
