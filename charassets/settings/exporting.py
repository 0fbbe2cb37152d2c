"""Settings of exports.

What belongs here: one export, and its division into parts. Not here: what the formats do with them (``charassets.exports``).
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from charassets.settings.section import Section


class SplitSettings(Section):
    """Shares of the records; whole characters and duplicate groups go to one side, so the true shares differ a little."""

    validation: float = Field(default=0.0, ge=0, lt=1, description="Share of the records for validation.")
    test: float = Field(default=0.0, ge=0, lt=1, description="Share of the records for the test.")
    seed: int = Field(default=0, ge=0, description="Another seed is another division.")

    @model_validator(mode="after")
    def _something_is_left_to_train(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave nothing to train on")
        return self


class ExportSettings(Section):
    """One export: which records, in which format, with which pictures and words."""

    name: str = Field(
        default="jsonl",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="Folder below WORKSPACE/exports.",
    )
    format: str = Field(default="jsonl", description="`charassets export --help` lists the formats.")
    filter: str = Field(default="", max_length=2_000, description="Query that records must pass, e.g. hair:blue -hat.")
    min_confidence: float = Field(
        default=0.0, ge=0, le=1, description="Values decided with less confidence are exported as Unknown."
    )
    balance: int = Field(
        default=1, ge=1, le=1_000, description="Most repeats of a rare character's pictures; 1 repeats nothing."
    )
    pictures: Literal["crop", "original"] = Field(
        default="crop",
        description="Pictures of formats that hold them: the crop of the figure, or the file as it came.",
    )
    split: SplitSettings = Field(default_factory=SplitSettings)
    caption: str = Field(
        default="{count}, {character}, {series}, {general}, {quality}, {rating}, {year}",
        max_length=500,
        description="Caption template; empty pieces vanish. The default is the order current base models expect.",
    )
    raw_csv: bool = Field(default=False, description="CSV without the guard against formulas in spreadsheets.")
    link: bool = Field(
        default=False,
        description="Original files are hard-linked where the disk allows it: no space, but an edit there edits the original.",
    )
