"""What people decide: the append-only edit log, and its replay into decisions."""

from charassets.curation.decisions import Decisions, Keep, Name, Replay, Review, replay
from charassets.curation.exchange import Held, Imported, export_edits, import_edits
from charassets.curation.links import Links
from charassets.curation.log import ACTOR, ConflictError, Edit, EditLog, live
from charassets.curation.operations import OPERATIONS, parse
from charassets.curation.snapshot import decisions_of, edits_of, take_snapshot

__all__ = [
    "ACTOR",
    "OPERATIONS",
    "ConflictError",
    "Decisions",
    "Edit",
    "EditLog",
    "Held",
    "Imported",
    "Keep",
    "Links",
    "Name",
    "Replay",
    "Review",
    "decisions_of",
    "edits_of",
    "export_edits",
    "import_edits",
    "live",
    "parse",
    "replay",
    "take_snapshot",
]
