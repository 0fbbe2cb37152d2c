"""Digests that say whether something has to be computed again."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """JSON bytes that depend on the value alone: keys sorted, no spaces, tuples as lists."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def fingerprint(parts: Mapping[str, Any]) -> str:
    """Hex sha256 of the canonical JSON of ``parts``: equal parts, equal fingerprint, on any machine."""
    return hashlib.sha256(canonical(parts)).hexdigest()
