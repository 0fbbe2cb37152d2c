import os
from pathlib import Path

import pytest

from charassets.errors import SourceError, UsageError
from charassets_tests.sources.making import DATA, picture, record, records, refusals, source, tar_bytes, tree


def test_pictures_at_any_depth_come_with_the_files_of_their_stem(tmp_path):
    tree(tmp_path, {
        "a.png": picture(1), "a.txt": "1girl, blonde hair",
        "deep/er/b.jpg": picture(2, kind="JPEG"), "deep/er/b.caption": "A girl stands in the rain. She is sad.",
        "deep/er/c.webp": picture(3, kind="WEBP"),
        "deep/er/c.json": '{"tag_string": "solo red_hair", "rating": "g", "id": 7, "score": 12, "tag_string_artist": "kim"}',
    })  # fmt: skip
    found = source(tmp_path)

    assert record(found, "a.png").words.tags == "1girl, blonde hair"
    assert record(found, "a.png").data == picture(1)
    assert record(found, "deep/er/b.jpg").words.description == "A girl stands in the rain. She is sad."
    post = record(found, "deep/er/c.webp").words
    assert (post.tags, post.rating, post.post_id, post.artist) == ("solo red_hair", "general", 7, "kim")
    assert post.extra == {"score": 12}


def test_items_are_listed_in_the_order_of_their_keys(tmp_path):
    names = ["a/b.png", "a.png", "a-b.png", "a!.png", "a/0/z.png", "b.tar.png", "B.png", "é.png"]
    tree(tmp_path, {**{name: picture() for name in names}, "b.tar": tar_bytes([("x.png", picture())])})
    keys = [item.item_key for item in source(tmp_path).list_items()]
    assert keys == sorted([*names, "b.tar#000000000-500"])


def test_a_listing_changes_only_where_a_file_changed(tmp_path):
    tree(tmp_path, {"a.png": picture(1), "b.png": picture(2), "b.txt": "solo", "c.png": picture(3)})
    before = {item.item_key: item for item in source(tmp_path).list_items()}
    tree(tmp_path, {"b.txt": "solo, smile", "d.png": picture(4)})
    after = {item.item_key: item for item in source(tmp_path).list_items()}
    assert {key for key in after if after[key] != before.get(key)} == {"b.png", "d.png"}


def test_names_and_folders_tell_post_rating_episode_and_time(tmp_path):
    md5 = "9e107d9d372bb6826bd81d3542a419d6"
    frame = "scene0001_frame000012_t48.50s_character.png"
    names = [f"continued/sensitive/danbooru_1380555_{md5}.png", f"episode_007/character/{frame}"]
    tree(tmp_path, {name: picture() for name in names})
    found = source(tmp_path)
    post, still = (record(found, name).words for name in names)
    assert (post.post_id, post.md5, post.rating) == (1380555, md5, "sensitive")
    assert (still.episode, still.scene, still.frame, still.time_s) == ("007", 1, 12, 48.5)
    # The very folder that tells it may be the source.
    assert record(source(tmp_path / "continued" / "sensitive"), Path(names[0]).name).words.rating == "sensitive"


def test_files_of_other_kinds_are_counted_and_do_not_disturb(tmp_path):
    tree(
        tmp_path, {"a.png": picture(), "labels.jsonl": "{}", "README.md": "#", "SOURCE.txt": "by me", ".DS_Store": "x"}
    )
    found = source(tmp_path)
    assert list(records(found)) == ["a.png"]
    assert dict(found.ignored) == {".jsonl": 1, ".md": 1}
    assert "1 .jsonl" in found.describe()


@pytest.mark.parametrize("pattern", ["x/*.png", "*/a.png", "**/a.png", "x", "x/**", "**/*.png"])
def test_a_glob_selects_files_or_whole_folders(tmp_path, pattern):
    tree(tmp_path, {"x/a.png": picture(), "x/y.txt": "solo"})
    found = source(tmp_path / pattern)
    assert [r.words.tags for r in records(found).values()] == [None]
    assert all(key.endswith("a.png") for key in records(found))


def test_a_path_that_holds_a_wildcard_character_is_still_a_path(tmp_path):
    tree(tmp_path, {"[kim] set?/a.png": picture()})
    assert list(records(source(tmp_path / "[kim] set?"))) == ["a.png"]


def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path):
    tree(tmp_path, {"empty.png": b"", "large.png": bytes(5000), "line\nbreak.png": picture(), "ok.png": picture()})
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing.png")
    os.mkfifo(tmp_path / "pipe.png")
    Path(os.fsdecode(bytes(tmp_path) + b"/b\xffd.png")).write_bytes(picture())
    found = source(tmp_path)
    codes = {r.locator: r.code for item in found.list_items() for r in found.read(item, 4096) if hasattr(r, "code")}
    assert codes == {
        "b\\xffd.png": "bad_name",
        "empty.png": "empty",
        "gone.png": "missing_file",
        "large.png": "too_many_bytes",
        "line\\x0abreak.png": "bad_name",
        "pipe.png": "not_a_regular_file",
    }


def test_an_archive_with_an_unstorable_name_fails_by_its_escaped_name(tmp_path):
    tree(tmp_path, {"a.png": picture(), "line\nbreak.tar": tar_bytes([("x.png", picture())])})
    found = source(tmp_path)
    good, bad = found.list_items()
    assert (good.item_key, bad.item_key) == ("a.png", "line\\x0abreak.tar#000000000-500")
    with pytest.raises(SourceError, match=r"line.x0abreak\.tar"):
        list(found.read(bad))


def test_a_link_that_leads_in_a_circle_ends(tmp_path):
    tree(tmp_path, {"x/a.png": picture()})
    tree(tmp_path, {"y/b.png": picture()})
    (tmp_path / "x" / "again").symlink_to(tmp_path / "x")
    (tmp_path / "x" / "to_y").symlink_to(tmp_path / "y")
    (tmp_path / "y" / "to_x").symlink_to(tmp_path / "x")
    assert list(records(source(tmp_path))) == ["x/a.png", "x/to_y/b.png", "y/b.png", "y/to_x/a.png"]


@pytest.mark.parametrize(
    ("text", "tags", "description"),
    [
        ("1girl, solo, long hair", "1girl, solo, long hair", None),
        ("1girl solo long_hair", "1girl solo long_hair", None),
        ("1girl,\nsolo", "1girl, solo", None),
        ("A tall knight in silver armour looks at the sea.", None, "A tall knight in silver armour looks at the sea."),
        ("", None, None),
        ("bell\x07 caf\u0065\u0301", "bell  café", None),
    ],
)
def test_a_text_file_is_read_as_tags_or_as_prose_by_its_form(tmp_path, text, tags, description):
    tree(tmp_path, {"a.png": picture(), "a.txt": text})
    words = record(source(tmp_path), "a.png").words
    assert (words.tags, words.description) == (tags, description)


def test_texts_in_other_encodings_are_read_and_noted(tmp_path):
    line = "少女, 黒髪, 学生服, 青い目, 長い髪, 笑顔, 立ち絵, 白背景"
    tree(tmp_path, {f"{i}.png": picture(i) for i in range(3)})
    tree(
        tmp_path, {"0.txt": line.encode("utf-8-sig"), "1.txt": line.encode("utf-16"), "2.txt": line.encode("shift_jis")}
    )
    found = records(source(tmp_path))
    assert [found[f"{i}.png"].words.tags for i in range(3)] == [line] * 3
    assert "encoding" in found["2.png"].words.extra
    assert "encoding" not in found["0.png"].words.extra


def test_too_many_and_too_long_tags_are_dropped_and_counted(tmp_path):
    tree(tmp_path, {"a.png": picture(), "a.txt": ", ".join(["ok"] * 2500 + ["x" * 300])})
    words = record(source(tmp_path), "a.png").words
    assert words.tags == ", ".join(["ok"] * 2000)
    assert words.extra == {"tags_dropped": 501}


def test_a_broken_sidecar_does_not_cost_the_picture(tmp_path):
    tree(tmp_path, {"a.png": picture(), "a.json": "{broken", "a.txt": "solo"})
    words = record(source(tmp_path), "a.png").words
    assert words.tags == "solo"
    assert "broken" in words.extra["problem"]


def test_a_missing_path_an_empty_folder_and_a_folder_without_pictures_say_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="nothing is there.*nowhere.*check the path"):
        source(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="holds nothing usable .no files"):
        records(source(tmp_path))
    tree(tmp_path, {"a.pdf": "", "b.pdf": "", "c.md": ""})
    with pytest.raises(SourceError, match=r"found 2 \.pdf, 1 \.md.*point at"):
        records(source(tmp_path))
    tree(tmp_path, {"d.tar.gz": ""})
    with pytest.raises(SourceError, match=r"unpack compressed archives"):
        records(source(tmp_path))
    with pytest.raises(SourceError, match="holds nothing usable"):
        records(source(tmp_path / "*.png"))


def test_every_wesnoth_portrait_is_a_record():
    folder = DATA / "wesnoth" / "portraits"
    if not folder.is_dir():
        pytest.skip("the real portraits are not on this machine")
    found = source(folder)
    assert len(records(found)) == 268
    assert refusals(found) == {}
