"""Settings of object stores.

What belongs here: what a machine keeps of one, and how it is held for writing. Not here: endpoint and credentials, which the
standard environment says (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, profiles, roles).
"""

from pydantic import Field

from charassets.settings.section import Section


class StoreSettings(Section):
    """What is kept here of a lake in an object store, and how its workspace is held."""

    cache_bytes: int = Field(
        default=20_000_000_000,
        ge=0,
        description="Bytes of lake files kept on this machine; the least recently read go.",
    )
    lease_s: float = Field(
        default=60.0,
        ge=3.0,
        le=3_600.0,
        description="Seconds after which a workspace is free again when its holder fell silent; renewed at every third.",
    )
