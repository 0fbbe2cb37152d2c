"""The warehouse: one DuckDB file to query, derived from the lake's manifests and rebuilt whenever they change.

What belongs here: building, swapping and opening it. Not here: anything that cannot be derived again; nothing is ever
written to the file after it was built.
"""

from charassets.warehouse.build import WarehouseResult, build
from charassets.warehouse.reading import connect, files_read, fingerprint_of

__all__ = ["WarehouseResult", "build", "connect", "files_read", "fingerprint_of"]
