"""Settings of the log files.

What belongs here: how much is written and how long it is kept. Not here: writing (``charassets.logs``).
"""

from typing import Literal

from pydantic import Field

from charassets.settings.section import Section


class LogSettings(Section):
    """WORKSPACE/logs/charassets.jsonl: one JSON object a line, about what commands, runs and the server did."""

    level: Literal["off", "error", "warning", "info", "debug"] = Field(
        default="info", description="Least level that is written; off: nothing is."
    )
    file_bytes: int = Field(default=10_000_000, ge=10_000, description="A file this large is put aside.")
    file_hours: float = Field(default=24.0, gt=0, description="A file whose first line is this old is put aside.")
    keep_days: float = Field(default=30.0, gt=0, description="Files put aside longer ago are deleted.")
    keep_files: int = Field(
        default=50, ge=1, description="Files put aside beyond this number are deleted, oldest first."
    )
