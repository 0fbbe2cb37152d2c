"""The log of a workspace: one JSON object a line, put aside by size and age, written by any number of processes.

What belongs here: format, rotation, what must not be in it. Not here: what is worth a line; rooms say that through ``logging``,
with facts as ``extra={"facts": {...}}``. No host, user or process goes in, and nothing that looks like a secret.
"""

import fcntl
import logging
import logging.handlers
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from charassets.settings import LogSettings

FILE = "charassets.jsonl"
"""Name of the present file; those put aside are called ``charassets-TIME.jsonl``."""

ROOTS = ("charassets", "app")
"""Loggers that are written: ours; those of libraries stay where they are."""

_SECRET_NAMES = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|ACCESS_KEY|API_KEY|PG_URL", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_VALUES = re.compile(
    r"((?:token|secret|password|signature|credential|api_?key|access_?key)[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+",
    re.IGNORECASE,
)
_HIDDEN = "***"
_LEAST_SECRET = 6  # characters: a shorter value would be hidden where it is no secret
_MOST_CHARACTERS = 8_000  # of a text: a tag line of a hostile picture may be megabytes


def open_log(folder: Path, settings: LogSettings) -> None:
    """Write what our loggers say into ``folder`` from now on; again for another folder, again the same for nothing.

    A log that cannot be written costs no run: it is said once on stderr and left.
    """
    for name in ROOTS:
        logger = logging.getLogger(name)
        for handler in [h for h in logger.handlers if isinstance(h, _Rotating | _Terminal)]:
            logger.removeHandler(handler)
            handler.close()
        if settings.level != "off":
            logger.addHandler(_Rotating(folder, settings))
            logger.addHandler(_Terminal())
            logger.setLevel(settings.level.upper())


def is_open() -> bool:
    """Whether our loggers are written anywhere."""
    return any(isinstance(handler, _Rotating) for handler in logging.getLogger(ROOTS[0]).handlers)


class JsonFormatter(logging.Formatter):
    """``at`` (ISO 8601, UTC), ``level``, ``from``, ``what``, the facts given, and ``error`` with the places it came through."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "at": at,
            "level": record.levelname.lower(),
            "from": record.name,
            "what": _cleaned(record.getMessage()),
        }
        facts = getattr(record, "facts", None)
        if isinstance(facts, Mapping):
            line |= {name: value for name, value in _cleaned(facts).items() if name not in line}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)
            line["error"] = _cleaned(f"{type(error).__name__}: {error}")
            # Folders of the installation say nothing: the module and the line do.
            line["through"] = [f"{Path(f.filename).stem}:{f.lineno} {f.name}" for f in frames]
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _Rotating(logging.handlers.WatchedFileHandler):
    """Appends whole lines; opens anew where another process put the file aside; puts it aside itself when its time has come."""

    def __init__(self, folder: Path, settings: LogSettings) -> None:
        super().__init__(folder / FILE, encoding="utf-8", delay=True)
        self._folder, self._settings = folder, settings
        self._first: float | None = None
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            if self._is_due():
                with self._alone():
                    if self._is_due():
                        self._put_aside()
            super().emit(record)
        except OSError as error:
            self._give_up(error)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A full disk or a folder that is gone is no reason to fill the terminal."""
        self._give_up(sys.exc_info()[1])

    def _open(self) -> Any:  # noqa: ANN401 - logging's signature
        self._folder.mkdir(exist_ok=True)  # a workspace that is gone is not made again
        return super()._open()

    def _is_due(self) -> bool:
        try:
            found = Path(self.baseFilename).stat()
        except FileNotFoundError:
            self._first = None
            return False
        if self._first is None or found.st_ino != getattr(self, "_inode", None):
            self._inode, self._first = found.st_ino, _first_time(Path(self.baseFilename))
        old = self._first is not None and time.time() - self._first > self._settings.file_hours * 3600
        return found.st_size >= self._settings.file_bytes or old

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _put_aside(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        with suppress(FileNotFoundError):
            Path(self.baseFilename).rename(self._folder / f"charassets-{stamp}.jsonl")
        self._first = None
        aside = sorted(self._folder.glob("charassets-*.jsonl"), reverse=True)
        oldest = time.time() - self._settings.keep_days * 86_400
        for place, path in enumerate(aside):
            with suppress(FileNotFoundError):
                if place >= self._settings.keep_files or path.stat().st_mtime < oldest:
                    path.unlink()

    def _give_up(self, error: object) -> None:
        for name in ROOTS:
            logging.getLogger(name).removeHandler(self)
        print(f"warning: the log cannot be written any more: {error}", file=sys.stderr)


class _Terminal(logging.Handler):
    """What Python does where no handler is: warnings and errors on stderr; but not what the command says there itself."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.addFilter(lambda record: not getattr(record, "told", False))

    def emit(self, record: logging.LogRecord) -> None:
        """Say it on stderr, whatever that is now."""
        print(self.format(record), file=sys.stderr)


def _first_time(path: Path) -> float | None:
    try:
        with path.open("rb") as file:
            return datetime.fromisoformat(orjson.loads(file.readline())["at"]).timestamp()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A value without secrets: what the environment calls one, credentials in addresses, `token=...` and the like."""
    if isinstance(value, Mapping):
        return {
            str(name): _HIDDEN if _SECRET_NAMES.search(str(name)) else _cleaned(inner) for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = str(value)
    for name, secret in os.environ.items():
        if _SECRET_NAMES.search(name) and len(secret) >= _LEAST_SECRET:
            text = text.replace(secret, _HIDDEN)
    text = _SECRET_VALUES.sub(rf"\g<1>{_HIDDEN}", _USER_INFO.sub(f"{_HIDDEN}@", text))
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"
