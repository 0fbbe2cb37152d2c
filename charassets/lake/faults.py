"""Named points where a crash test can strike; nothing happens unless ``CHARASSETS_FAULTS`` asks for it.

``CHARASSETS_FAULTS=kill:7`` kills the process without warning at the seventh point reached, ``raise:7`` makes that point
fail with an I/O error. The crash tests walk n upwards until a run passes no n-th point, as SQLite's tests do.
"""

import errno
import os
import signal

_reached = 0


def hit(point: str) -> None:
    """Pass a fault point.

    Args:
        point: name of the point, told in the error.

    Raises:
        OSError: when a test asked for an I/O error here.
    """
    global _reached  # noqa: PLW0603 - the count is the process's
    plan = os.environ.get("CHARASSETS_FAULTS")
    if not plan:
        return
    action, _, at = plan.partition(":")
    _reached += 1
    if _reached != int(at):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(errno.EIO, f"fault asked for at {point}")
