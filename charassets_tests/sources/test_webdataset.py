import io
import random
import tarfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.errors import SourceError
from charassets.sources import Refused, SourceRecord
from charassets.sources.fetch import fetch_one, image_id
from charassets_tests.sources.making import picture, record, records, refusals, source, tar_bytes, tree


def test_members_of_one_stem_are_one_record(tmp_path):
    members = [
        ("0001.jpg", picture(1, kind="JPEG")),
        ("0001.txt", b"1girl, red eyes"),
        ("0001.json", b'{"rating": "q", "score": 3}'),
        ("0001.cls", b"17"),
        ("sub/0002.png", picture(2)),
        ("sub/0002.caption", b"A dragon sleeps on gold. It snores."),
        ("0003.txt", b"no picture, only words"),
        ("README.txt", b"about, the, set"),
        ("._0001.jpg", b"what macOS leaves"),
        ("notes.npy", b"?"),
    ]
    tree(tmp_path, {"x.tar": tar_bytes(members)})
    found = records(source(tmp_path / "x.tar"))
    assert list(found) == ["x.tar#0001.jpg", "x.tar#sub/0002.png", "x.tar#0003"]
    first, second, text = (r for r in found.values() if isinstance(r, SourceRecord))
    assert first.data == members[0][1]
    assert (first.words.tags, first.words.rating) == ("1girl, red eyes", "questionable")
    assert first.words.extra == {"score": 3, "cls": "17"}
    assert second.words.description == "A dragon sleeps on gold. It snores."
    assert (text.data, text.place.kind, text.words.tags) == (None, "text", "no picture, only words")


def test_texts_far_from_their_picture_and_dotted_names_still_meet(tmp_path):
    names = ["scene0001_frame000001_t48.50s", "scene0001_frame000001_t48.70s"]
    members = [(f"{name}.png", picture(i)) for i, name in enumerate(names)] + [("k.seg.png", picture(9))]
    members += [(f"{name}.txt", f"take_{name[-3:-1]}".encode()) for name in names] + [("k.txt", b"by_key")]
    tree(tmp_path, {"x.tar": tar_bytes(members)})
    found = records(source(tmp_path))
    words = [found[f"x.tar#{name}.png"].words for name in names]
    assert [(w.tags, w.time_s) for w in words] == [("take_50", 48.5), ("take_70", 48.7)]
    assert found["x.tar#k.seg.png"].words.tags == "by_key"


def test_hostile_members_are_refused_one_by_one(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:

        def add(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> None:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, link
            archive.addfile(info, io.BytesIO(data))

        for name in ("../out.png", "/abs.png", "back\\slash.png", "new\nline.png", "x" * 2000 + ".png", "\udcff.png"):
            add(name, picture())
        add("soft.png", kind=tarfile.SYMTYPE, link="/etc/hostname")
        add("hard.png", kind=tarfile.LNKTYPE, link="ok.png")
        add("pipe.png", kind=tarfile.FIFOTYPE)
        add("ok.png", picture(1))
        add("./ok.png", picture(2))
        add("empty.png")
        add("folder", kind=tarfile.DIRTYPE)
    tree(tmp_path, {"x.tar": out.getvalue()})
    codes = refusals(source(tmp_path))
    assert sorted(codes.values()) == sorted(["bad_name"] * 6 + ["not_a_regular_file"] * 3 + ["duplicate_key", "empty"])
    assert record(source(tmp_path), "x.tar#ok.png").data == picture(1)


def test_a_member_above_the_limit_is_refused_unread(tmp_path):
    tree(tmp_path, {"x.tar": tar_bytes([("a.png", bytes(5000)), ("b.png", picture())])})
    found = source(tmp_path)
    (item,) = found.list_items()
    first, second = found.read(item, 4096)
    assert isinstance(first, Refused)
    assert first.code == "too_many_bytes"
    assert isinstance(second, SourceRecord)


@pytest.mark.parametrize("cut", [1, 400, 1000, 1024, 1500, 10_000])
def test_a_truncated_archive_fails_by_name_and_the_others_are_read(tmp_path, cut):
    whole = tar_bytes([(f"{i}.png", picture(i)) for i in range(9)]).rstrip(b"\0")
    whole += bytes(-len(whole) % 512) + bytes(1024)
    tree(tmp_path, {"bad.tar": whole[: max(0, len(whole) - cut)], "good.tar": tar_bytes([("a.png", picture())])})
    found = source(tmp_path)
    bad, good = found.list_items()
    with pytest.raises(SourceError, match=r"cannot be read.*bad\.tar"):
        list(found.read(bad))
    assert len(list(found.read(good))) == 1
    with pytest.raises(SourceError, match=r"bad\.tar"):
        list(source(tmp_path / "bad.tar").list_items())


def test_two_archives_in_one_file_are_not_read_as_the_first(tmp_path):
    one = tar_bytes([("a.png", picture())])
    tree(tmp_path, {"x.tar": one + one})
    with pytest.raises(SourceError, match="further data"):
        list(source(tmp_path / "x.tar").list_items())


names = st.text("ab01._-", min_size=1, max_size=6).filter(lambda n: not n.startswith(".") and n.strip("."))
members = st.lists(
    st.tuples(names, st.sampled_from([".png", ".txt", ".json", ".cls", ".npy"]), st.binary(max_size=700)), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(members, st.integers(1, 5))
def test_every_slice_of_an_archive_reads_its_members_byte_for_byte(tmp_path_factory, parts, span):
    folder = tmp_path_factory.mktemp("tar")
    named = [(stem + suffix, data) for stem, suffix, data in parts]
    tree(folder, {"x.tar": tar_bytes(named)})
    found = source(folder, span=span)
    if not any(name.endswith((".png", ".txt", ".json")) for name, _ in named):
        return
    items = list(found.list_items())
    read = [list(found.read(item)) for item in items]
    assert [len(slice_) for slice_ in read] == [item.count for item in items]
    flat = [r for slice_ in read for r in slice_]
    assert len({r.locator for r in flat}) == len(flat)
    first = dict(reversed(named))
    pictures = {r.locator.partition("#")[2]: r for r in flat if isinstance(r, SourceRecord) and r.data is not None}
    assert pictures.keys() == {name for name, data in first.items() if name.endswith(".png") and data}
    for name, one in pictures.items():
        assert one.data == first[name]
        assert fetch_one({**_row(one), "image_id": image_id(one.data)}) == first[name]


@settings(max_examples=60, deadline=None)
@given(members, members, st.integers(1, 4))
def test_slices_never_move_when_the_archive_grows(tmp_path_factory, before, after, span):
    folder = tmp_path_factory.mktemp("tar")
    named = [("0.png", b"x"), *((stem + suffix, data) for stem, suffix, data in before)]
    tree(folder, {"x.tar": tar_bytes(named)})
    small = [
        (replace(i, digest=""), [r.locator for r in source(folder, span).read(i)])
        for i in source(folder, span).list_items()
    ]
    tree(folder, {"x.tar": tar_bytes([*named, *((s + x, d) for s, x, d in after)])})
    large = [
        (replace(i, digest=""), [r.locator for r in source(folder, span).read(i)])
        for i in source(folder, span).list_items()
    ]
    assert [item.item_key for item, _ in large[: len(small)]] == [item.item_key for item, _ in small]
    for (_, was), (_, now) in zip(small, large, strict=False):
        # A text that gained its picture is called after the picture; everything else stands where it stood.
        assert [name.rpartition(".png")[0] or name for name in now[: len(was)]] == [
            n.rpartition(".png")[0] or n for n in was
        ]


def test_a_damaged_archive_never_loses_a_member_in_silence(tmp_path):
    whole = tar_bytes([part for i in range(6) for part in ((f"{i}.png", picture(i)), (f"{i}.txt", b"solo"))])
    chance = random.Random(7)
    refused = 0
    for round_ in range(300):
        damaged = bytearray(whole)
        if round_ % 3:
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        else:
            del damaged[chance.randrange(len(whole)) :]
        path = tmp_path / f"{round_}.tar"
        path.write_bytes(damaged)
        try:
            found = records(source(path))
        except SourceError:
            refused += 1
            continue
        assert len(found) == 6, f"round {round_} lost members"
    assert 100 <= refused < 300


def _row(one: SourceRecord) -> dict:
    return {name: getattr(one.place, name) for name in ("kind", "uri", "member", "offset", "length", "row")}
