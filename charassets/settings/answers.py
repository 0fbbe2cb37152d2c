"""Settings of attributes: when an answer is told, how it is measured, which classifiers of the user take part.

What belongs here: trust in answers. Not here: the models behind them (``models``).
"""

from typing import Literal

from pydantic import Field

from charassets.settings.section import Section


class AttributeSettings(Section):
    """When an attribute is decided and when it stays Unknown."""

    min_confidence: float = Field(default=0.5, ge=0, le=1, description="Below this an attribute is Unknown.")
    ambiguity_margin: float = Field(
        default=0.10, ge=0, le=1, description="Two candidates closer than this make it ambiguous."
    )
    clip_weight: float = Field(
        default=0.6, ge=0, le=1, description="Trust in the picture's zero-shot answer against tags (1)."
    )
    promise: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Most answers that may be wrong, e.g. 0.02: sets each attribute's threshold instead of min_confidence.",
    )


class EvaluationSettings(Section):
    """What the asset `evaluation` measures attributes on, beside people's reviews."""

    folder: str | None = Field(
        default=None,
        min_length=1,
        description="Folder of pictures with labels.jsonl (docs/attributes-fusion.md); none: characters that the studio draws.",
    )
    identities: int = Field(
        default=100,
        ge=0,
        le=10_000,
        description="Characters the studio draws for it, four pictures each; 0 draws none.",
    )


class ClassifierSettings(Section):
    """A trained classifier that is asked about every picture: a column of records, and evidence of an attribute."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Its name; the column is `classified_NAME` of records."
    )
    attribute: str | None = Field(
        default=None,
        description="Attribute of the vocabulary its answers are evidence of, if not the one it was trained for.",
    )
    floor: float = Field(default=0.5, ge=0.0, le=1.0, description="Answers below this probability are not kept.")
    label: str | None = Field(
        default=None,
        max_length=500,
        description="The asset `classifiers` trains it on this: `folder`, a column of records, or FILE.csv:COLUMN; without, "
        "it is only asked.",
    )
    method: Literal["logistic", "boosting", "mlp", "finetune"] = Field(
        default="boosting",
        description="How that asset trains it; `finetune` looks at pixels, the others at feature sets.",
    )
    features: tuple[Literal["design", "clip", "heads", "identity"], ...] = Field(
        default=("design", "clip"), description="Feature sets it looks at when that asset trains it."
    )
    together: tuple[Literal["duplicates", "character"], ...] = Field(
        default=("duplicates", "character"), description="What stays on one side of its split."
    )
    backbone: str = Field(
        default="mini:embedder",
        max_length=500,
        description="What `finetune` begins from: mini:embedder, a folder, a hub id, scratch:resnet-18, or an .onnx file.",
    )
    revision: str | None = Field(default=None, description="Full commit of a backbone that is a hub id.")
    look: Literal["figure", "head"] = Field(default="figure", description="What of a crop `finetune` looks at.")
    epochs: int = Field(
        default=20, ge=0, le=1000, description="Of `finetune`, at most; 0 stops after the linear probe."
    )
    lora: int = Field(
        default=0, ge=0, le=256, description="Rank of LoRA adapters for `finetune`; 0 trains the network."
    )
