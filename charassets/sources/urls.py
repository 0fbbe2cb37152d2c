"""Addresses, fetched once and politely into a folder that keeps bytes by their content.

What belongs here: asking, waiting, limits, and the log of what each address answered. Not here: finding addresses; crawling
a site is nobody's business in this project.
"""

import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock
from urllib.parse import urlsplit

import httpx
import orjson

from charassets.errors import Rejected, SourceError
from charassets.sources import storage, tables
from charassets.sources.columns import is_address
from charassets.sources.records import Item, Place, Refused, SourceRecord, Words
from charassets.sources.tables import Table

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
# Pictures are compressed already; refusing further compression keeps an answer from unfolding into memory.
_HEADERS = {"User-Agent": "charassets (dataset preparation)", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Manners:
    """How to ask.

    Attributes:
        timeout_s: longest wait for a connection, and for each further piece of an answer.
        total_s: longest time one answer may take altogether.
        attempts: how often an address is asked that answers nothing, or answers "later".
        pause_s: pause before the second attempt; it doubles each time, and a server's Retry-After is honoured up to ``total_s``.
        parallel: addresses asked at a time.
        per_host: of those, addresses of one host.
        give_up_after: a host that could not be reached this often in a row is not asked again for the same item.
    """

    timeout_s: float = 20.0
    total_s: float = 120.0
    attempts: int = 3
    pause_s: float = 1.0
    parallel: int = 8
    per_host: int = 2
    give_up_after: int = 3


@dataclass(frozen=True)
class Answer:
    """What an address answered; one line of the log.

    Attributes:
        url: the address.
        sha256: content kept under this name; empty if there is none.
        status: HTTP status, 0 where nobody answered.
        bytes: length of the content.
        problem: why there is none.
    """

    url: str
    sha256: str = ""
    status: int = 0
    bytes: int = 0
    problem: str = ""


@dataclass
class _Hosts:
    """Who is being asked, and who does not answer."""

    manners: Manners
    lock: Lock = field(default_factory=Lock)
    failures: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    open: dict[str, BoundedSemaphore] = field(default_factory=dict)

    def turn(self, host: str) -> BoundedSemaphore:
        """A place in the host's queue."""
        with self.lock:
            return self.open.setdefault(host, BoundedSemaphore(self.manners.per_host))

    def answered(self, host: str, *, well: bool) -> None:
        """Note whether the host could be reached."""
        with self.lock:
            self.failures[host] = 0 if well else self.failures[host] + 1

    def is_down(self, host: str) -> bool:
        """The host could not be reached too often in a row."""
        return self.failures[host] >= self.manners.give_up_after


def read(
    item: Item, of: Table, span: int, max_bytes: int, downloads: Path | None, manners: Manners
) -> Iterator[SourceRecord | Refused]:
    """Records of a slice of a list of addresses. What was kept by an earlier read is not fetched again; failures are.

    Raises:
        SourceError: there is no folder to keep the answers in.
    """
    if downloads is None:
        raise SourceError(
            "a list of addresses needs a folder for downloads", where=item.uri, todo="run it in a workspace"
        )
    listed = list(tables.rows(item, of, span))
    column = str(of.columns.url)
    wanted = [
        url
        for *_, values in listed
        if isinstance(values, dict) and is_address(url := str(values.get(column) or "").strip())
    ]
    answers = fetch_all(wanted, downloads, _log(item, downloads), max_bytes, manners)
    for row, locator, values in listed:
        try:
            yield _record(item, of, row, locator, values, answers, downloads, max_bytes)
        except Rejected as refusal:
            yield Refused(locator, refusal.code, refusal.detail)


def _record(
    item: Item,
    of: Table,
    row: int,
    locator: str,
    values: dict | str,
    answers: dict[str, Answer],
    downloads: Path,
    max_bytes: int,
) -> SourceRecord:
    if isinstance(values, str):
        raise Rejected("unreadable", values)
    url = str(values.get(str(of.columns.url)) or "").strip()
    said = tables.said(item, values, of.columns, urlsplit(url).path.lstrip("/"))
    if not url:
        return tables.record(locator, Place("text", item.uri, row=row), None, said)
    answer = answers.get(url)
    if answer is None:
        raise Rejected("fetch_failed", "it is no http or https address")
    if not answer.sha256:
        raise Rejected("fetch_failed", answer.problem)
    path = str(kept(downloads, answer.sha256))
    data = storage.read_file(path, max_bytes)
    told = Words(extra={"url": url, "http_status": answer.status})
    return tables.record(locator, Place("urls", path, length=len(data), row=row), data, said.over(told))


def kept(downloads: Path, sha256: str) -> Path:
    """Where content is kept."""
    return downloads / sha256[:2] / sha256


def fetch_all(urls: list[str], downloads: Path, log: Path, max_bytes: int, manners: Manners) -> dict[str, Answer]:
    """Ask every address that the log does not hold an answer with content for, and log each answer as it comes.

    Args:
        urls: addresses; an address that occurs twice is asked once.
        downloads: folder of the content.
        log: file of the answers, one JSON object a line; the last line of an address counts.
        max_bytes: longest content taken.
        manners: how to ask.

    Returns:
        The answer of every address.
    """
    answers = {url: answer for url, answer in _logged(log).items() if kept(downloads, answer.sha256).is_file()}
    missing = [url for url in dict.fromkeys(urls) if url not in answers]
    if not missing:
        return answers
    log.parent.mkdir(parents=True, exist_ok=True)
    hosts = _Hosts(manners)
    limits = httpx.Limits(max_connections=manners.parallel)
    with (
        httpx.Client(timeout=manners.timeout_s, limits=limits, follow_redirects=True, headers=_HEADERS) as client,
        ThreadPoolExecutor(manners.parallel, thread_name_prefix="fetch") as pool,
        log.open("ab") as lines,
    ):
        for answer in pool.map(lambda url: _ask(client, url, downloads, max_bytes, hosts), missing):
            lines.write(orjson.dumps(asdict(answer), option=orjson.OPT_APPEND_NEWLINE))
            lines.flush()
            answers[answer.url] = answer
    return answers


def _ask(client: httpx.Client, url: str, downloads: Path, max_bytes: int, hosts: _Hosts) -> Answer:
    """One address, as often as manners allow."""
    host, manners = urlsplit(url).netloc, hosts.manners
    answer = Answer(url, problem="the host does not answer")
    with hosts.turn(host):
        for attempt in range(manners.attempts):
            if hosts.is_down(host):
                return answer
            try:
                answer, wait_s = _once(client, url, downloads, max_bytes, manners)
                hosts.answered(host, well=True)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                hosts.answered(host, well=not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout))
                answer = Answer(url, problem=f"{type(error).__name__}: {' '.join(str(error).split())[:150]}")
                wait_s = 0.0
            if answer.sha256 or (answer.status and answer.status not in _RETRIED):
                break
            if attempt + 1 < manners.attempts:
                time.sleep(max(wait_s, manners.pause_s * 2**attempt))
    return answer


def _once(client: httpx.Client, url: str, downloads: Path, max_bytes: int, manners: Manners) -> tuple[Answer, float]:
    """One question; with an answer that says "later", the seconds to wait."""
    deadline = time.monotonic() + manners.total_s
    with client.stream("GET", url) as response:
        status = response.status_code
        if status != httpx.codes.OK:
            told = response.headers.get("Retry-After", "")
            wait_s = min(float(told), manners.total_s) if told.isdigit() else 0.0
            return Answer(url, status=status, problem=f"HTTP {status}"), wait_s
        data = bytearray()
        for piece in response.iter_bytes():
            data += piece
            if len(data) > max_bytes:
                return Answer(url, status=status, problem=f"longer than {max_bytes:,} bytes"), 0.0
            if time.monotonic() > deadline:
                return Answer(url, status=status, problem=f"took longer than {manners.total_s:.0f} s"), 0.0
    if not data:
        return Answer(url, status=status, problem="an empty answer"), 0.0
    return Answer(url, _keep(downloads, bytes(data)), status, len(data)), 0.0


def _keep(downloads: Path, data: bytes) -> str:
    """Keep content under its sha256; a crash leaves a temporary file, never half a picture under the name."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = kept(downloads, sha256)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f"{sha256}.{os.getpid()}.{time.monotonic_ns()}.tmp")
        scratch.write_bytes(data)
        scratch.replace(path)
    return sha256


def _log(item: Item, downloads: Path) -> Path:
    name = hashlib.sha256(f"{item.uri}\0{item.item_key}".encode()).hexdigest()[:32]
    return downloads / "log" / f"{name}.jsonl"


def _logged(log: Path) -> dict[str, Answer]:
    """Answers with content of earlier reads; a last line cut short by a crash is passed over."""
    found: dict[str, Answer] = {}
    if log.is_file():
        for line in log.read_bytes().splitlines():
            try:
                answer = Answer(**orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError):
                continue
            if answer.sha256:
                found[answer.url] = answer
    return found
