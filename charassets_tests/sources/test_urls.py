import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from charassets.errors import SourceError
from charassets.settings import SourceSettings
from charassets.sources import Manners, Refused, SourceRecord, open_source
from charassets.sources.fetch import fetch_one, image_id
from charassets_tests.sources.making import picture, source, tree


class _Site(BaseHTTPRequestHandler):
    asked: Counter[str] = Counter()

    def do_GET(self) -> None:  # noqa: N802
        self.asked[self.path] += 1
        if self.path.startswith("/danbooru") or self.path == "/a.png":
            self._answer(200, picture(1))
        elif self.path == "/busy.png":
            self._answer(*((503, b"") if self.asked[self.path] < 3 else (200, picture(2))))
        elif self.path == "/large.png":
            self._answer(200, bytes(50_000))
        elif self.path == "/moved.png":
            self.send_response(302)
            self.send_header("Location", "/a.png")
            self.end_headers()
        else:
            self._answer(404, b"gone")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    _Site.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def read(path: Path, downloads: Path) -> dict[str, SourceRecord | Refused]:
    settings = SourceSettings(name="s", path=str(path))
    found = open_source(settings, downloads=downloads, manners=Manners(timeout_s=2, total_s=3, pause_s=0.01))
    return {one.locator: one for item in found.list_items() for one in found.read(item, 10_000)}


def test_addresses_are_asked_once_and_what_they_answered_is_kept(tmp_path, site):
    name = "danbooru_12_9e107d9d372bb6826bd81d3542a419d6.png"
    lines = [
        f"{site}/{path},solo" for path in ("a.png", "busy.png", "gone.png", "large.png", "moved.png", name, "a.png")
    ]
    lines += ["ftp://x/y.png,solo", ',"1girl, words alone"']
    tree(tmp_path, {"list.csv": "\n".join(["url,tags", *lines])})
    first = read(tmp_path / "list.csv", tmp_path / "downloads")
    pictures = {place: r for place, r in first.items() if isinstance(r, SourceRecord) and r.data}
    assert [place[-1] for place in pictures] == ["0", "1", "4", "5", "6"]
    assert pictures["list.csv#1"].data == picture(2)
    assert pictures["list.csv#5"].words.post_id == 12
    assert pictures["list.csv#0"].words.extra == {"url": f"{site}/a.png", "http_status": 200}
    refused = {place[-1]: r.detail for place, r in first.items() if isinstance(r, Refused)}
    assert {place: detail for place, detail in refused.items()} == {
        "2": "HTTP 404",
        "3": "longer than 10,000 bytes",
        "7": "it is no http or https address",
    }
    assert first["list.csv#8"].place.kind == "text"
    assert _Site.asked["/busy.png"] == 3

    before = Counter(_Site.asked)
    again = read(tmp_path / "list.csv", tmp_path / "downloads")
    assert again == first
    assert {path for path in _Site.asked if _Site.asked[path] != before[path]} == {"/gone.png", "/large.png"}

    for one in pictures.values():
        place = {name: getattr(one.place, name) for name in ("kind", "uri", "member", "offset", "length", "row")}
        assert fetch_one({**place, "image_id": image_id(one.data)}) == one.data


def test_a_host_that_does_not_answer_is_given_up(tmp_path):
    rows = "\n".join(f"http://127.0.0.1:9/{i}.png,solo" for i in range(40))
    tree(tmp_path, {"list.csv": f"url,tags\n{rows}"})
    found = read(tmp_path / "list.csv", tmp_path / "downloads")
    assert {r.code for r in found.values() if isinstance(r, Refused)} == {"fetch_failed"}
    assert len(found) == 40
    log = next((tmp_path / "downloads" / "log").iterdir()).read_text()
    assert log.count("ConnectError") <= 4
    assert log.count("the host does not answer") >= 36


def test_addresses_without_a_folder_to_keep_answers_in_are_an_error(tmp_path):
    tree(tmp_path, {"list.csv": "url,tags\nhttp://127.0.0.1:9/a.png,solo"})
    found = source(tmp_path / "list.csv")
    with pytest.raises(SourceError, match=r"folder for downloads.*list\.csv"):
        list(found.read(next(found.list_items())))
