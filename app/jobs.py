"""The job queue: large batches of pictures that are worked off one by one and survive a restart.

What belongs here: what is queued, its states and results. Not here: who works (``app.worker``) and extraction itself. States of a
job: queued, running, done, failed (every picture failed), cancelled. A picture is tried at most three times: one that
brings the process down does not do so for ever.
"""

import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.problems import NotFoundError, OverloadedError
from charassets.errors import StorageError

MAX_ITEMS = 1_000
"""Pictures of one job."""

MAX_WAITING = 10_000
"""Pictures of all jobs that wait."""

MAX_BYTES = 8 << 30
"""Bytes of all pictures that wait."""

KEEP_S = 7 * 24 * 3600.0
"""How long a finished job and its results are kept, in seconds."""

_TRIES = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, made REAL NOT NULL, ended REAL, cancelled INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS items (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    tags TEXT,
    bytes INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued',
    tries INTEGER NOT NULL DEFAULT 0,
    result TEXT,
    PRIMARY KEY (job, place)
) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON items (state, job, place);
"""


@dataclass(frozen=True)
class Picture:
    """A picture to be queued: the name it was sent under (shown, never used), its bytes, and words that came with it."""

    name: str
    data: bytes
    tags: str | None = None


@dataclass(frozen=True)
class Item:
    """A picture taken from the queue."""

    job: str
    place: int
    name: str
    tags: str | None


@dataclass(frozen=True)
class Job:
    """A job: state, pictures in all, those that are done or failed, and its times in seconds since the epoch."""

    id: str
    state: str
    total: int
    done: int
    failed: int
    made: float
    ended: float | None


class Jobs:
    """The queue in one folder: a SQLite file and the pictures' bytes, named by us. Processes and threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "jobs.sqlite"

    @property
    def lock_file(self) -> Path:
        """What the one worker of this queue holds."""
        return self._folder / "worker.lock"

    @property
    def exists(self) -> bool:
        """Whether anything was ever queued."""
        return self._file.is_file()

    def add(self, pictures: Sequence[Picture]) -> Job:
        """Queue a job. Its bytes are written before it is seen: a crash leaves a folder that nobody names.

        Raises:
            OverloadedError: the queue is full.
            StorageError: there is no space.
        """
        size = sum(len(picture.data) for picture in pictures)
        with self._connected() as con:
            waiting, held = con.execute(
                "SELECT count(*), coalesce(sum(bytes), 0) FROM items WHERE state IN ('queued', 'running')"
            ).fetchone()
        if len(pictures) > MAX_ITEMS or waiting + len(pictures) > MAX_WAITING or held + size > MAX_BYTES:
            raise OverloadedError("the queue is full", todo="send fewer pictures, or wait until jobs have ended")
        job = secrets.token_hex(16)
        try:
            (self._folder / job).mkdir()
            for place, picture in enumerate(pictures):
                self._bytes_of(job, place).write_bytes(picture.data)
        except OSError as error:
            shutil.rmtree(self._folder / job, ignore_errors=True)
            raise StorageError(
                f"cannot keep the pictures: {error.strerror}", todo="make space in the workspace"
            ) from error
        with self._connected() as con, _transaction(con):
            con.execute("INSERT INTO jobs (id, made) VALUES (?, ?)", (job, time.time()))
            rows = [(job, place, p.name[:200], p.tags, len(p.data)) for place, p in enumerate(pictures)]
            con.executemany("INSERT INTO items (job, place, name, tags, bytes) VALUES (?, ?, ?, ?, ?)", rows)
        return self.job(job)

    def job(self, job_id: str) -> Job:
        """A job as it stands.

        Raises:
            NotFoundError: there is none of that id.
        """
        query = """
            SELECT jobs.id, made, ended, cancelled, count(place), coalesce(sum(state = 'done'), 0),
                   coalesce(sum(state = 'failed'), 0), coalesce(sum(tries > 0), 0)
            FROM jobs LEFT JOIN items ON items.job = jobs.id WHERE jobs.id = ? GROUP BY jobs.id
        """
        with self._connected() as con:
            row = con.execute(query, (job_id,)).fetchone()
        if row is None:
            raise NotFoundError(
                "there is no such job", where=job_id[:40], todo="POST /v1/jobs makes one; old ones are removed"
            )
        found, made, ended, cancelled, total, done, failed, tried = row
        return Job(found, _state(bool(cancelled), total, done, failed, tried), total, done, failed, made, ended)

    def results(self, job_id: str, after: int = -1, limit: int = 100) -> list[Mapping[str, Any]]:
        """Results of the pictures after a place, in order: place, name, state, result."""
        query = "SELECT place, name, state, result FROM items WHERE job = ? AND place > ? ORDER BY place LIMIT ?"
        with self._connected() as con:
            rows = con.execute(query, (job_id, after, limit)).fetchall()
        return [
            {"place": place, "name": name, "state": state, "result": None if result is None else orjson.loads(result)}
            for place, name, state, result in rows
        ]

    def cancel(self, job_id: str) -> Job:
        """Take back what is not done yet; a second time removes the job with its results.

        Raises:
            NotFoundError: there is none of that id.
        """
        job = self.job(job_id)
        with self._connected() as con, _transaction(con):
            if job.ended is not None:
                con.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            else:
                con.execute("UPDATE jobs SET cancelled = 1, ended = ? WHERE id = ?", (time.time(), job_id))
                con.execute(
                    "UPDATE items SET state = 'cancelled' WHERE job = ? AND state IN ('queued', 'running')", (job_id,)
                )
        shutil.rmtree(self._folder / job_id, ignore_errors=True)
        return job if job.ended is not None else self.job(job_id)

    def recover(self) -> None:
        """Queue again what a dead worker had in hand, and remove what is old. Only the worker calls it."""
        with self._connected() as con, _transaction(con):
            con.execute("UPDATE items SET state = 'queued' WHERE state = 'running' AND tries < ?", (_TRIES,))
            gone = orjson.dumps(
                {"error": f"the picture ended the process {_TRIES} times", "code": "undecodable"}
            ).decode()
            con.execute("UPDATE items SET state = 'failed', result = ? WHERE state = 'running'", (gone,))
            self._end(con)
            con.execute("DELETE FROM jobs WHERE ended < ?", (time.time() - KEEP_S,))
            known = {row[0] for row in con.execute("SELECT id FROM jobs WHERE ended IS NULL").fetchall()}
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def take(self) -> Item | None:
        """The next picture, marked as being worked on; None where nothing waits. Jobs take turns in order of arrival."""
        query = """
            UPDATE items SET state = 'running', tries = tries + 1 WHERE (job, place) = (
                SELECT job, place FROM items JOIN jobs ON jobs.id = items.job WHERE state = 'queued' ORDER BY made, place LIMIT 1
            ) RETURNING job, place, name, tags
        """
        with self._connected() as con, _transaction(con):
            row = con.execute(query).fetchone()
        return None if row is None else Item(*row)

    def data(self, item: Item) -> bytes | None:
        """The bytes of a picture; None where the job was cancelled meanwhile."""
        try:
            return self._bytes_of(item.job, item.place).read_bytes()
        except FileNotFoundError:
            return None

    def finish(self, item: Item, state: str, result: Mapping[str, Any]) -> None:
        """Keep the result of a picture (unless it was cancelled) and let its bytes go."""
        said = orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        with self._connected() as con, _transaction(con):
            con.execute(
                "UPDATE items SET state = ?, result = ? WHERE job = ? AND place = ? AND state = 'running'",
                (state, said, item.job, item.place),
            )
            self._end(con)
        self._bytes_of(item.job, item.place).unlink(missing_ok=True)

    def _end(self, con: sqlite3.Connection) -> None:
        con.execute(
            "UPDATE jobs SET ended = ? WHERE ended IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM items WHERE job = jobs.id AND state IN ('queued', 'running'))",
            (time.time(),),
        )

    def _bytes_of(self, job: str, place: int) -> Path:
        return self._folder / job / f"{place:05d}"

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            con = sqlite3.connect(self._file, timeout=30.0, isolation_level=None)
            try:
                con.execute("PRAGMA foreign_keys = ON")
                if con.execute("SELECT count(*) FROM sqlite_master WHERE name = 'waiting'").fetchone()[0] == 0:
                    con.execute("PRAGMA journal_mode = WAL")
                    con.executescript(_SCHEMA)
                yield con
            finally:
                con.close()
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"cannot use the job queue: {error}", todo="check space and permissions") from error


@contextmanager
def _transaction(con: sqlite3.Connection) -> Iterator[None]:
    con.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _state(cancelled: bool, total: int, done: int, failed: int, tried: int) -> str:
    if cancelled:
        return "cancelled"
    if done + failed == total:
        return "failed" if failed == total else "done"
    return "running" if tried else "queued"
