"""Settings of sources, pictures and gates.

What belongs here: what is read, how it is decoded, cut and held against limits. Not here: the models that look at it (``models``).
"""

from pydantic import Field

from charassets.settings.section import Section


class SourceSettings(Section):
    """One place that images or tags come from."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="Name of the source, part of every record's key."
    )
    path: str = Field(min_length=1, description="Folder, file, glob of tars, or URI that pyarrow.fs opens.")
    license: str | None = Field(
        default=None, max_length=200, description="Licence of the source, for the cards of exports made of it."
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="Column mapping for tables: ours (image, tags, description, ...) to theirs."
    )


class ShardSettings(Section):
    """How source items are cut into shards."""

    records: int = Field(
        default=5_000, ge=1, le=100_000, description="Records a shard holds at most. Existing shards are never re-cut."
    )


class ImageSettings(Section):
    """Limits of the decoder, and the optional normalisation before the models."""

    max_bytes: int = Field(default=64 << 20, ge=1024, description="Largest file in bytes.")
    max_pixels: int = Field(default=50_000_000, ge=4096, description="Most pixels a picture may have.")
    max_side: int = Field(default=16_384, ge=64, description="Longest side in pixels.")
    min_side: int = Field(default=16, ge=1, description="Shortest side in pixels that is still a picture.")
    max_aspect: float = Field(default=20.0, ge=1.0, description="Longest side divided by the shortest.")
    white_balance: bool = Field(default=False, description="Grey-world white balance before the models.")
    stretch_contrast: bool = Field(default=False, description="Stretch the 1st-99th percentile before the models.")
    mask_background: bool = Field(
        default=False, description="Replace what the alpha channel hides by white in the crop."
    )


class CropSettings(Section):
    """The crop of the main figure."""

    margin: float = Field(default=0.08, ge=0.0, le=1.0, description="Margin on every side as a share of the box.")
    max_side: int = Field(default=512, ge=64, le=2048, description="Longest side in pixels of the stored crop.")
    webp_quality: int = Field(default=88, ge=1, le=100, description="Quality of the stored WebP.")


class GateSettings(Section):
    """The verdict's thresholds. They are views over stored scores: changing one recomputes nothing."""

    person_score: float = Field(default=0.30, ge=0, le=1, description="A person box counts from this score on.")
    head_score: float = Field(default=0.40, ge=0, le=1, description="A head box counts from this score on.")
    face_score: float = Field(default=0.25, ge=0, le=1, description="A face box counts from this score on.")
    second_figure_score: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="Score from which a further figure, too weak to count, is reason for doubt.",
    )
    second_figure_area: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description="A further figure matters when its box has at least this share of the largest one's area.",
    )
    trace_score: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Score of a mere trace of a figure: enough to believe a cut-out, and to doubt a lone figure if it is large.",
    )
    large_figure_area: float = Field(
        default=0.33,
        ge=0,
        le=1,
        description="Share of the largest figure's area from which even a trace beside it is reason for doubt.",
    )
    same_figure_overlap: float = Field(
        default=0.5, ge=0, le=1, description="Two boxes are one figure when they share this much of the smaller one."
    )
    same_figure_drop: float = Field(
        default=0.35,
        ge=0,
        le=1,
        description="Of two nested persons the inner is another one when it begins this share of the height further down.",
    )
    min_side: int = Field(default=64, ge=1, description="Shortest side in pixels of a usable picture.")
    min_sharpness: float = Field(
        default=8.0, ge=0, description="Least variance of the Laplacian at 512 px; flat drawings start at about 17."
    )
    min_contrast: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Least spread of grey values; off, as a sparse line drawing on white has none.",
    )
    min_information: float = Field(
        default=0.25,
        ge=0,
        le=8,
        description="Least entropy in bits; an empty page has 0, thin lines on white about 0.4.",
    )
    trust_cutouts: bool = Field(
        default=True,
        description="A transparent picture with one opaque region is one figure, if the detector does not disagree.",
    )
    cutout_coverage: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Most opaque share of a cut-out; a picture with torn or rounded edges has more.",
    )
    trust_solo_tags: bool = Field(
        default=True, description="A picture tagged as one figure is single even where the detector sees nobody."
    )
