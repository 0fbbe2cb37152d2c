"""Errors of the project as Dagster's: which are tried again, and what the command line reads back from them.

What belongs here: the translation. Not here: the errors (``charassets.errors``).

There is no ``RetryPolicy`` on the assets: under one, Dagster takes an interrupted step for a lost machine and starts it
again, so that Ctrl-C would not end a run.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dagster as dg

from charassets.errors import CharassetsError, SourceError, StorageError

MOST_RETRIES = 2
"""Times a step is tried again when a disk or a network failed; bad input stays bad and is not."""

_FIRST_WAIT_S = 2.0  # doubled each time

_PASSING = (StorageError, OSError)

_LONGEST_MESSAGE = 500


def failure(context: dg.OpExecutionContext | dg.AssetExecutionContext, error: CharassetsError) -> Exception:
    """What to raise for an error of the whole step."""
    told = dg.Failure(str(error), metadata={"exit_code": error.exit_code}, allow_retries=False)
    return _again(context) if isinstance(error, _PASSING) and _may_retry(context) else told


def shards_failed(
    context: dg.OpExecutionContext | dg.AssetExecutionContext, failed: Mapping[str, Exception], among: int
) -> Exception:
    """What to raise where some shards of a step failed: which and why is metadata that the command line reads back."""
    if _may_retry(context) and any(isinstance(error, _PASSING) for error in failed.values()):
        return _again(context)
    codes = {_exit_code(error) for error in failed.values()}
    words = {shard: _one_line(error) for shard, error in failed.items()}
    return dg.Failure(
        f"{len(failed)} of {among} shards failed: " + "; ".join(f"{shard}: {text}" for shard, text in words.items()),
        metadata={"failed": words, "exit_code": max(codes | {SourceError.exit_code})},
        allow_retries=False,
    )


@contextmanager
def translated(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Raise the project's errors of the block as Dagster's."""
    try:
        yield
    except CharassetsError as error:
        raise failure(context, error) from error


def _may_retry(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> bool:
    return context.retry_number < MOST_RETRIES


def _again(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> dg.RetryRequested:
    return dg.RetryRequested(MOST_RETRIES, seconds_to_wait=_FIRST_WAIT_S * 2**context.retry_number)


def _exit_code(error: Exception) -> int:
    if isinstance(error, CharassetsError):
        return error.exit_code
    return StorageError.exit_code if isinstance(error, OSError) else SourceError.exit_code


def _one_line(error: Exception) -> str:
    text = str(error) if isinstance(error, CharassetsError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:_LONGEST_MESSAGE]
