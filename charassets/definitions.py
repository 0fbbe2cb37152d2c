"""The Dagster entry point. Everything it loads lies in ``charassets.defs``."""

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """All definitions; imported here, not above, so that naming this module costs nothing."""
    from charassets.defs.assembly import build_defs

    return build_defs()
