import base64
import io

import av
import numpy as np
import pytest
from PIL import Image

from app.server import create_app
from charassets.curation import OPERATIONS, EditLog
from charassets.lake.workspace import Workspace
from charassets_tests.app.conftest import Client
from charassets_tests.warehouse.small_lake import settings_for

HOSTILE = [
    "'; DROP TABLE records; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%00",
    "\u202egnp",
    "{{7*7}}",
    "a" * 199,
]


def is_problem(answer, status):
    told = answer.json()
    assert answer.status_code == status, told
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["status"] == status
    assert told["title"]
    assert told["todo"], told
    return told


def test_pages_of_records_hold_each_kept_record_once(client, kept):
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/records", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        assert page["total"] == len(kept)
        found += [record["record_id"] for record in page["records"]]
        cursor = page["next"]
    assert found == kept


def test_a_query_narrows_and_a_wrong_one_says_where(client):
    page = client.get("/v1/records", params={"query": "hair_length:long"}).json()
    assert {record["hair_length"] for record in page["records"]} == {"Long"}
    assert all("uri" not in record for record in page["records"])
    assert "character 1" in is_problem(client.get("/v1/records", params={"query": "nothing:x"}), 400)["where"]
    is_problem(client.get("/v1/records", params={"cursor": "%%%"}), 400)
    is_problem(client.get("/v1/records", params={"limit": 10_000}), 422)


@pytest.mark.parametrize(
    "path", ["/v1/records?q=hair:blonde", "/v1/clusters?limit=3&ofset=2", "/v1/records?query=hair:blonde&Limit=2"]
)
def test_a_parameter_that_a_path_does_not_take_is_refused_and_the_others_are_named(client, path):
    told = is_problem(client.get(path), 400)
    assert "is no parameter" in told["title"] and "limit" in told["todo"]


def test_everything_known_of_a_record_by_its_id_or_its_pictures(client):
    told = client.get("/v1/images/ann-1").json()
    assert told["fate"] == "kept"
    assert {a["attribute"]: a["value"] for a in told["attributes"]}["Hair Length"] == "Long"
    assert {copy["record_id"] for copy in told["copies"]} == {"ann-1", "ann-1-copied", "ann-1-small"}
    assert client.get("/v1/images/ann").json()["record_id"] == "ann-1"
    assert client.get("/v1/images/empty").json()["code"] == "empty"
    is_problem(client.get("/v1/images/nobody-knows"), 404)


def test_a_quarantined_record_is_told_and_never_shown(client):
    told = client.get("/v1/images/stopped").json()
    assert told.keys() == {"record_id", "fate", "reason"}
    is_problem(client.get("/thumb/stopped.webp"), 404)


def test_a_thumbnail_is_our_own_webp(client):
    answer = client.get("/thumb/ann-1.webp?size=160")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, max(picture.size)) == ("WEBP", 160)
    again = client.get("/thumb/ann-1.webp?size=160", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    whole = client.get("/thumb/ann-1.webp?of=whole")
    assert whole.headers["content-type"] == "image/webp" and whole.content[8:12] == b"WEBP"
    assert whole.headers["etag"] != client.get("/thumb/ann-1.webp").headers["etag"]
    is_problem(client.get("/thumb/words.webp"), 404)
    is_problem(client.get("/thumb/stopped.webp?of=whole"), 404)
    is_problem(client.get("/thumb/ann-1.webp?size=9999"), 422)


def test_a_review_shows_at_once_and_its_undo_too(client):
    said = {
        "record_ids": ["ann-1", "ann-2"],
        "attribute": "Hair Length",
        "value": "Short",
        "edit_id": "one",
        "actor": "mia",
    }
    made = client.post("/v1/reviews", said)
    assert made.status_code == 201
    assert client.post("/v1/reviews", said).json() == made.json()
    page = client.get("/v1/records", params={"query": "hair_length:short"}).json()
    assert ([r["record_id"] for r in page["records"]], page["head"]) == (["ann-1", "ann-2"], 1)
    assert client.post("/v1/edits/one/undo", {}).status_code == 201
    assert client.get("/v1/records", params={"query": "hair_length:short"}).json()["total"] == 0
    assert [edit["op"] for edit in client.get("/v1/edits").json()["edits"]] == ["attribute.set", "undo"]
    is_problem(client.post("/v1/edits/none/undo", {}), 404)


def test_a_conflict_answers_both_sides(client):
    said = {"record_ids": ["ann-1"], "attribute": "Hair Length", "value": "Short", "base": 0, "actor": "mia"}
    client.post("/v1/reviews", said)
    told = is_problem(client.post("/v1/reviews", {**said, "value": "Medium", "actor": "tom"}), 409)
    assert (told["mine"]["args"]["value"], told["theirs"][0]["args"]["value"]) == ("Medium", "Short")
    assert told["records"] == ["ann-1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"attribute": "Hair Colour"},
        {"value": "Plaid"},
        {"record_ids": []},
        {"record_ids": "ann-1"},
        {"actor": "two\nlines"},
        {"edit_id": "a b"},
        {"base": -1},
    ],
)
def test_a_review_that_makes_no_sense_is_refused(client, place, wrong):
    said = {"record_ids": ["ann-1"], "attribute": "Hair Length", "value": "Short", **wrong}
    answer = client.post("/v1/reviews", said)
    is_problem(answer, answer.status_code)
    assert answer.status_code in (400, 422)
    assert EditLog(place[0].edit_log).head() == 0


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("attribute.set", {"record_ids": ["ann-1", "nobody-9"], "attribute": "Gender", "value": "Female"}),
        ("cluster.rename", {"members": ["nobody-9"], "name": "Ann"}),
        ("cluster.lock", {"members": ["ann-1", "nobody-9"]}),
        ("records.same_character", {"record_ids": ["ann-1", "nobody-9"]}),
        ("records.different_character", {"left": ["ann-1"], "right": ["nobody-9"]}),
        ("records.eject", {"record_ids": ["nobody-9"], "members": ["nobody-9"]}),
        ("duplicates.not", {"left": ["nobody-9"], "right": ["ann-1"]}),
        ("duplicates.same", {"left": ["ann-1"], "right": ["nobody-9"]}),
        ("duplicates.keep", {"record_ids": ["ann-1"], "group": ["ann-1", "nobody-9"]}),
        ("identity.confirm", {"record_ids": ["nobody-9"], "name": "Ann"}),
        ("identity.correct", {"record_ids": ["nobody-9"], "name": "Ann"}),
        ("review.skip", {"record_ids": ["nobody-9"]}),
    ],
)
def test_edits_about_records_that_do_not_exist_are_refused(client, place, op, args):
    told = is_problem(client.post("/v1/edits", {"op": op, "args": args}), 404)
    assert told["where"] == "nobody-9"
    if op == "attribute.set":
        is_problem(client.post("/v1/reviews", args), 404)
    assert EditLog(place[0].edit_log).head() == 0


def test_every_operation_but_undo_was_asked_about_records_that_do_not_exist():
    (mark,) = test_edits_about_records_that_do_not_exist_are_refused.pytestmark
    assert {op for op, _ in mark.args[1]} | {"undo"} == OPERATIONS.keys()


def test_a_chosen_copy_that_the_gates_drop_is_told(client):
    def choose(kept, *group):
        args = {"record_ids": [kept], "group": [kept, *group]}
        return client.post("/v1/edits", {"op": "duplicates.keep", "args": args}).json()["notes"]

    assert choose("ann-1-small", "ann-1") == []
    (note,) = choose("two", "ann-1")
    assert note.startswith("two is chosen and still not kept: the gates drop it as multiple (")
    assert note.endswith("its copies are left out with it")
    assert "it is quarantined" in choose("stopped", "ann-1")[0]


def test_characters_are_listed_named_merged_split_and_locked(client):
    found = client.get("/v1/clusters").json()["clusters"]
    ann, ben = sorted(row["character_id"] for row in found)
    first = client.get(f"/v1/clusters/{ann}").json()
    assert len(first["members"]) == first["size"]
    assert client.post(f"/v1/clusters/{ann}/rename", {"name": "Ann"}).status_code == 201
    assert client.get(f"/v1/clusters/{ann}").json()["name"] == "Ann"
    out = first["members"][-1]
    assert client.post(f"/v1/clusters/{ann}/eject", {"record_ids": [out]}).status_code == 201
    assert out not in client.get(f"/v1/clusters/{ann}").json()["members"]
    merged = client.post("/v1/clusters/merge", {"characters": [ann, ben]}).json()
    assert len(client.get("/v1/clusters").json()["clusters"]) == 1
    client.post(f"/v1/edits/{merged['id']}/undo", {})
    assert (
        client.post(
            f"/v1/clusters/{ben}/split", {"record_ids": [client.get(f"/v1/clusters/{ben}").json()["members"][0]]}
        ).status_code
        == 201
    )
    assert len(client.get("/v1/clusters").json()["clusters"]) == 3
    assert client.post(f"/v1/clusters/{ann}/lock", {}).status_code == 201
    is_problem(client.get("/v1/clusters/nobody"), 404)
    is_problem(client.post(f"/v1/clusters/{ann}/eject", {"record_ids": ["words"]}), 400)


def test_pages_of_characters_hold_each_once(client):
    first = client.get("/v1/clusters", params={"limit": 1}).json()
    second = client.get("/v1/clusters", params={"limit": 1, "cursor": first["next"]}).json()
    assert second["next"] is None
    assert len({first["clusters"][0]["character_id"], second["clusters"][0]["character_id"]}) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(client, text):
    for path, name in (("/v1/records", "query"), ("/v1/records", "cursor")):
        assert client.get(path, params={name: text}).status_code in (200, 400, 422)
    quoted = text.replace("/", "%2F").replace("%00", "x").replace("{", "%7B")
    for path in ("/v1/images/", "/v1/clusters/", "/thumb/", "/v1/jobs/"):
        assert client.get(f"{path}{quoted}").status_code in (404, 422)
    named = client.post("/v1/clusters/merge", {"characters": [text, text + "x"]})
    is_problem(named, 404)
    if text.isprintable():
        client.post("/v1/edits", {"op": "cluster.rename", "args": {"members": ["ann-1"], "name": text}})
        assert text in [row["name"] for row in client.get("/v1/clusters").json()["clusters"]]


def test_tag_lines_are_parsed(client):
    told = client.post("/v1/parse-tags", {"tags": ["1girl, blonde_hair", ""]}).json()["results"]
    said = {"words": "blonde_hair", "attribute": "Hair Color", "value": "Blonde", "denied": False}
    assert any(said.items() <= claim.items() for claim in told[0]["claims"])
    assert told[1]["tags"] == []
    is_problem(client.post("/v1/parse-tags", {"tags": []}), 422)


def test_pictures_are_classified_and_extracted(client, png):
    files = [("images", ("a.png", png)), ("images", ("<b>.txt", b"no picture"))]
    told = client.post("/v1/classify", files=files, data={"tags": "1girl, blonde_hair"}).json()["results"]
    assert [one["name"] for one in told] == ["a.png", "<b>.txt"]
    assert told[0]["attributes"]["Hair Color"] == "Blonde"
    assert (told[1]["verdict"], told[1]["code"]) == ("rejected", "not_an_image")
    words = client.post("/v1/extract", data={"tags": "1girl, blonde_hair"}).json()["results"]
    assert words[0]["attributes"]["Hair Color"] == "Blonde"
    seen = client.post("/v1/extract", files=files[:1], data={"crop": "true", "embedding": "true"}).json()["results"][0]
    if seen["crop"] is not None:
        assert Image.open(io.BytesIO(base64.b64decode(seen["crop"]["webp"]))).format == "WEBP"
    assert seen["size"] == [200, 300]


def test_a_video_is_answered_frame_by_frame_and_a_forged_one_in_one_line(client):
    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width = stream.height = 64
        for shade in range(8):
            pixels = np.full((64, 64, 3), 20 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    forged = b"\0\0\0\x18ftypisom" + b"ffconcat version 1.0\nfile /etc/hostname\n"
    files = [("images", ("clip.mp4", held.getvalue())), ("images", ("forged.mp4", forged))]
    *seen, refused = client.post("/v1/classify", files=files).json()["results"]
    assert len(seen) > 4
    assert seen[0]["name"].startswith("clip.mp4 @ 0.")
    assert (refused["name"], refused["code"]) == ("forged.mp4", "undecodable")


def test_an_avif_picture_is_a_picture_though_its_container_is_a_videos(client):
    held = io.BytesIO()
    Image.new("RGB", (96, 128), (200, 60, 60)).save(held, "AVIF")
    (told,) = client.post("/v1/extract", files=[("images", ("a.avif", held.getvalue()))]).json()["results"]
    assert (told["name"], told["size"]) == ("a.avif", [96, 128])


def test_what_was_sent_wrongly_is_told(client, png):
    is_problem(client.post("/v1/classify"), 400)
    is_problem(client.post("/v1/classify", files=[("images", ("a.png", png))] * 17), 400)
    is_problem(client.post("/v1/classify", files=[("images", ("a.png", png))] * 3, data={"tags": ["x", "y"]}), 400)
    is_problem(client.post("/v1/nothing", {}), 404)


def test_a_wrong_method_is_told_from_a_wrong_path(client):
    answer = client("DELETE", "/v1/records")
    assert "GET" in is_problem(answer, 405)["title"]
    assert answer.headers["allow"] == "GET"
    is_problem(client.get("/v1/classify"), 405)
    is_problem(client("DELETE", "/v1/nothing"), 404)


def test_without_a_workspace_words_are_read_and_the_rest_says_what_to_do(tmp_path):
    settings = settings_for(tmp_path / "none")
    client = Client(create_app(Workspace.of(settings), settings, pages=False))
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.post("/v1/extract", data={"tags": "1girl, blonde_hair"}).status_code == 200
    told = is_problem(client.get("/v1/records"), 400)
    assert "charassets run" in told["todo"]
    assert not (tmp_path / "none").exists()


def test_openapi_describes_every_path(client):
    paths = client.get("/v1/openapi.json").json()["paths"]
    wanted = {
        "/v1/classify",
        "/v1/extract",
        "/v1/parse-tags",
        "/v1/records",
        "/v1/images/{id}",
        "/thumb/{record_id}.webp",
    }
    wanted |= {
        "/v1/clusters",
        "/v1/clusters/{character_id}",
        "/v1/clusters/merge",
        "/v1/reviews",
        "/v1/jobs",
        "/v1/jobs/{job_id}",
    }
    assert wanted | {"/v1/edits", "/healthz"} <= paths.keys()
