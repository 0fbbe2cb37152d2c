"""Settings of the models: where each lies, how it is pinned, how much it is given at a time.

What belongs here: one section a model. Not here: what its answers are worth (``answers``).
"""

from pydantic import Field

from charassets.settings.section import Section


class DetectorSettings(Section):
    """The figure detector, and the generous floor below which nothing is cropped or embedded."""

    path: str = Field(description="Weights: a .pt, .onnx or OpenVINO folder; `mini:` is the shipped folder.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights; refused when it differs.")
    image_size: int = Field(
        default=640, ge=64, le=2048, multiple_of=32, description="Side in pixels of the model's input."
    )
    second_size: int | None = Field(
        default=None,
        ge=64,
        le=2048,
        multiple_of=32,
        description="Side at which every picture is looked at again, mirrored; both looks must agree. Absent: one look.",
    )
    batch: int = Field(default=8, ge=1, le=256, description="Pictures a forward pass.")
    floor_score: float = Field(default=0.05, ge=0.0, le=1.0, description="Boxes below this score are not kept.")
    iou: float = Field(
        default=0.7, ge=0.0, le=1.0, description="Overlap above which the weaker of two boxes is suppressed."
    )
    max_boxes: int = Field(default=100, ge=1, le=1000, description="Most boxes kept for a picture.")
    labels: dict[str, str] = Field(
        default_factory=lambda: {"person": "person", "head": "head", "face": "face"},
        description="The model's class names to ours (person, head, face); other classes keep their name.",
    )


class EmbedderSettings(Section):
    """The image-text embedder."""

    path: str = Field(
        description="Local folder or hub id of a CLIP, SigLIP or DINOv2 model; `mini:` is the shipped folder."
    )
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    batch: int = Field(default=32, ge=1, le=1024, description="Pictures a forward pass.")


class HeadSettings(Section):
    """The attribute heads: a small network that reads attributes from the head and the figure."""

    path: str = Field(
        min_length=1, description="Folder with model.safetensors and config.json; `mini:heads` is the shipped one."
    )
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    batch: int = Field(default=32, ge=1, le=1024, description="Crops a forward pass.")


class TaggerSettings(Section):
    """A tagger that comes as ONNX with a label file, such as the WD taggers."""

    path: str = Field(
        min_length=1, description="Folder with model.onnx and selected_tags.csv, or a hub id that holds them."
    )
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    floor: float = Field(
        default=0.2,
        ge=0.0,
        le=1.0,
        description="Tags below this probability are no evidence; v3 taggers balance at .26.",
    )
    batch: int = Field(default=8, ge=1, le=256, description="Crops a forward pass.")


class VlmSettings(Section):
    """A vision-language model that is asked about every attribute it is given."""

    path: str = Field(min_length=1, description="Folder or hub id of a transformers image-text-to-text model.")
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    attributes: tuple[str, ...] = Field(
        default=("Gender", "Age", "Hair Color", "Eye Color", "Dress"), description="Attributes it is asked about."
    )
    batch: int = Field(default=8, ge=1, le=256, description="Answers weighed in a forward pass.")


class TextLlmSettings(Section):
    """A text model that reads free descriptions."""

    path: str = Field(min_length=1, description="Folder or hub id of a transformers text-generation model.")
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    attributes: tuple[str, ...] = Field(
        default=("Gender", "Age", "Hair Style", "Hair Color", "Hair Length", "Eye Color", "Body Type", "Dress"),
        description="Attributes it is asked about, in this order.",
    )
    max_tokens: int = Field(default=512, ge=16, le=8192, description="Tokens of a description that are read.")
    batch: int = Field(default=16, ge=1, le=256, description="Answers weighed in a forward pass.")


class OcrSettings(Section):
    """Reads what is written in a picture."""

    path: str | None = Field(
        default=None,
        description="Folder or hub id of a transformers image-to-text model for lines (TrOCR); none: areas of text only.",
    )
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    max_lines: int = Field(default=12, ge=1, le=200, description="Largest lines of a picture that are read.")
