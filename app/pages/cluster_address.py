"""Where Clusters is: its address, and what people said of characters.

What belongs here: what the page's modules share. Not here: views.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode


@dataclass(frozen=True)
class Known:
    """What people said of characters: how each is called, the names they gave, and which are locked."""

    name: Callable[[str], str]
    given: Mapping[str, str]
    locked: frozenset[str]


@dataclass(frozen=True)
class Address:
    """What the address holds.

    Attributes:
        id: the character that is looked at.
        order: of the table.
        page: of the table.
        asked: a deed that is being prepared: ``merge:ID`` or ``split``.
    """

    id: str = ""
    order: str = "size"
    page: int = 1
    asked: str = ""

    @classmethod
    def of(cls, search: str) -> "Address":
        """Read an address."""
        said = dict(parse_qsl(search.removeprefix("?"), max_num_fields=20))
        number = said.get("page", "1")
        page = min(max(1, int(number)), 1_000_000) if number.isascii() and number.isdigit() else 1
        return cls(said.get("id", ""), said.get("order", "size"), page, said.get("asked", ""))

    @property
    def search(self) -> str:
        """Write it."""
        said = {
            "id": self.id,
            "order": self.order if self.order != "size" else "",
            "page": str(self.page) if self.page > 1 else "",
            "asked": self.asked,
        }
        kept = {name: value for name, value in said.items() if value}
        return f"?{urlencode(kept)}" if kept else ""


def go(address: Address) -> dict[str, Any]:
    """The act that shows an address."""
    return {"do": "open", "search": address.search}
