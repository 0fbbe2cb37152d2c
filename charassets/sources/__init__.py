"""Where records come from: folders, tars, tables and addresses, read in place and never trusted.

What belongs here: listing and reading. Not here: what a picture shows or a tag means.
"""

from charassets.sources.records import Item, Place, Refused, SourceRecord, Words, record_id
from charassets.sources.source import Source, open_source
from charassets.sources.urls import Manners

__all__ = ["Item", "Manners", "Place", "Refused", "Source", "SourceRecord", "Words", "open_source", "record_id"]
