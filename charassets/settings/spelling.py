"""Which settings somebody may have meant who wrote a name that there is not.

What belongs here: the names of all settings, and which are close. Not here: the settings (the sections, ``whole``).
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

_ALIKE = 0.6  # of difflib's ratio: two wrong letters in five
_MOST = 2


def meant(place: Sequence[int | str], whole: type[BaseModel]) -> list[str]:
    """The settings that somebody may have meant by a name that is unknown, best first; none where nothing is close.

    Those of the same name in another section, or written with other signs between section and name; else what is longer or
    close in the same one.

    Args:
        place: the unknown name's steps from the top, numbers of list items among them.
        whole: the model of all settings.
    """
    names = list(_names(whole))
    section, _, said = ".".join(step for step in place if isinstance(step, str)).rpartition(".")
    elsewhere = [name for name in names if said in (name.rpartition(".")[2], name.replace(".", "_"))]
    if elsewhere:
        return elsewhere[:_MOST]
    beside = [name.rpartition(".")[2] for name in names if name.rpartition(".")[0] == section]
    longer = [name for name in beside if said in name]
    above = [str(step) for step in place[:-1]]
    return [".".join([*above, name]) for name in (longer or get_close_matches(said, beside, 1, _ALIKE))[:_MOST]]


def _names(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every section and setting by its dotted name, without the numbers of list items."""
    for name, field in model.model_fields.items():
        yield above + name
        for section in _sections(field.annotation):
            yield from _names(section, f"{above}{name}.")


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - whatever a field says
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)
