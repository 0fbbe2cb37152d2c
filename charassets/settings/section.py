"""What every section of the settings is.

What belongs here: the base class. Not here: any setting.
"""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Settings that go together; an unknown name is refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
