"""The operations people can do to a collection, with their arguments checked.

What belongs here: one model an operation, and what it claims. Not here: which claims speak against each other (``claims``), where
edits are kept (``log``) and what they come to (``decisions``). An operation names records, never cluster ids alone: ids change
with the next clustering, records do not.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from charassets.curation.claims import Claims, Cut, Tie
from charassets.errors import UsageError

MAX_RECORDS = 1_000_000
"""Records of one edit: a bulk act over a large filter is still one edit, and an argument list this long is 33 MB."""


NOBODY = "Unknown"
"""The name by which people say that a picture shows nobody of the gallery."""


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip() or not text:
        raise ValueError("must be one line of printable text without spaces around it")
    return text


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


Line = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
"""A name a person typed: one printable line."""

RecordId = Annotated[str, Field(min_length=1, max_length=200)]
Records = Annotated[tuple[RecordId, ...], Field(min_length=1, max_length=MAX_RECORDS), AfterValidator(_distinct)]
"""Record ids, each once, in the order given."""

_Many = tuple[RecordId, ...]


class Operation(BaseModel, ABC):
    """What a person did. The fields are the arguments of the edit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: ClassVar[str]

    @abstractmethod
    def claims(self) -> Claims:
        """What it says about which records."""

    @property
    def records(self) -> frozenset[str]:
        """Every record it names."""
        named = (getattr(self, name) for name, field in type(self).model_fields.items() if field.annotation == _Many)
        return frozenset(record for records in named for record in records)


class _OverRecords(Operation):
    record_ids: Records

    def _each(self, aspect: str, value: str) -> Claims:
        return Claims({(aspect, record): value for record in self.record_ids})


class AttributeSet(_OverRecords):
    """An attribute has this value on these records; ``Unknown`` says that it cannot be told."""

    op: ClassVar[str] = "attribute.set"
    attribute: Line
    value: Line

    def claims(self) -> Claims:
        """A value an attribute and record."""
        return self._each(f"attribute:{self.attribute}", self.value)


class ClusterRename(Operation):
    """The character these records show has a name."""

    op: ClassVar[str] = "cluster.rename"
    members: Records
    name: Line

    def claims(self) -> Claims:
        """A name a member."""
        return Claims({("name", record): self.name for record in self.members})


class ClusterLock(Operation):
    """The character is right as it is: clustering keeps exactly these members together."""

    op: ClassVar[str] = "cluster.lock"
    members: Records

    def claims(self) -> Claims:
        """The members belong together."""
        return Claims(ties=(Tie("character", frozenset(self.members)),))


class SameCharacter(_OverRecords):
    """These records show one character (a merge)."""

    op: ClassVar[str] = "records.same_character"

    def claims(self) -> Claims:
        """They belong together."""
        return Claims(ties=(Tie("character", frozenset(self.record_ids)),))


class _TwoSides(Operation):
    left: Records
    right: Records

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 - pydantic's signature
        """Refuse a record that stands on both sides."""
        if both := set(self.left) & set(self.right):
            raise ValueError(f"{min(both)} stands on both sides")


class DifferentCharacter(_TwoSides):
    """No record on the left shows the character of one on the right (a split)."""

    op: ClassVar[str] = "records.different_character"

    def claims(self) -> Claims:
        """The sides do not belong together."""
        return Claims(cuts=(Cut("character", frozenset(self.left), frozenset(self.right)),))


class Eject(_OverRecords):
    """These records do not belong to the character that ``members`` show."""

    op: ClassVar[str] = "records.eject"
    members: Records

    def claims(self) -> Claims:
        """They do not belong together with the members that stay."""
        out = frozenset(self.record_ids)
        stay = frozenset(self.members) - out
        return Claims(cuts=(Cut("character", out, stay),) if stay else ())


class NotDuplicates(_TwoSides):
    """No picture on the left is a copy of one on the right."""

    op: ClassVar[str] = "duplicates.not"

    def claims(self) -> Claims:
        """The sides are no copies."""
        return Claims(cuts=(Cut("copy", frozenset(self.left), frozenset(self.right)),))


class SameDuplicates(_TwoSides):
    """The pictures on both sides are copies of one picture."""

    op: ClassVar[str] = "duplicates.same"

    def claims(self) -> Claims:
        """They are copies."""
        return Claims(ties=(Tie("copy", frozenset(self.left) | frozenset(self.right)),))


class KeepCopies(_OverRecords):
    """Of the copies in ``group``, these are kept and the others are not."""

    op: ClassVar[str] = "duplicates.keep"
    group: Records

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 - pydantic's signature
        """Refuse to keep what is not in the group."""
        if strangers := set(self.record_ids) - set(self.group):
            raise ValueError(f"{min(strangers)} is not in the group")

    def claims(self) -> Claims:
        """A choice a copy."""
        kept = frozenset(self.record_ids)
        return Claims({("keep", record): "kept" if record in kept else "dropped" for record in self.group})


class Identity(_OverRecords):
    """Whom the records show, by name."""

    name: Line

    def claims(self) -> Claims:
        """An identity a record."""
        return self._each("identity", self.name)


class IdentityConfirm(Identity):
    """The character's name that was proposed is right."""

    op: ClassVar[str] = "identity.confirm"


class IdentityCorrect(Identity):
    """The character has another name than was proposed."""

    op: ClassVar[str] = "identity.correct"


class ReviewSkip(_OverRecords):
    """Somebody looked and left the question open; it is not asked again. Without an attribute: any question."""

    op: ClassVar[str] = "review.skip"
    attribute: Line | None = None

    def claims(self) -> Claims:
        """Nothing anybody could object to, but something that can be undone."""
        return self._each(f"skip:{self.attribute or ''}", "skipped")


class Undo(Operation):
    """An earlier edit does not count. Undoing an undo brings it back."""

    op: ClassVar[str] = "undo"
    edit_id: Annotated[str, Field(min_length=1, max_length=64)]

    def claims(self) -> Claims:
        """Nothing of its own: the log compares the edit that is undone."""
        return Claims()


OPERATIONS: dict[str, type[Operation]] = {
    model.op: model
    for model in (
        AttributeSet,
        ClusterRename,
        ClusterLock,
        SameCharacter,
        DifferentCharacter,
        Eject,
        NotDuplicates,
        SameDuplicates,
        KeepCopies,
        IdentityConfirm,
        IdentityCorrect,
        ReviewSkip,
        Undo,
    )
}


def parse(op: str, args: Mapping[str, Any]) -> Operation:
    """The operation of that name with these arguments.

    Raises:
        UsageError: an unknown operation, or arguments it does not take.
    """
    model = OPERATIONS.get(op)
    if model is None:
        raise UsageError(f"there is no operation {op[:40]!r}", where="edit", todo=f"use one of {', '.join(OPERATIONS)}")
    try:
        return model.model_validate(dict(args))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise UsageError(
            f"{op}: {place}: {first['msg'].removeprefix('Value error, ')}",
            where="edit",
            todo=f"it takes {', '.join(model.model_fields)}",
        ) from None
