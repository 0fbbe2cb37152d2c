"""All settings of the project: one model, filled from a profile, a YAML file, the environment, then flags.

What belongs here: names, units, bounds, defaults and where they come from. Not here: what is done with them.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from charassets.errors import UsageError

PROFILES = Path(__file__).parent / "profiles"
"""One YAML a profile: the models and thresholds that go together."""

SETTINGS_FILE = "charassets.yaml"
"""Name of the settings file of a workspace."""


_PREFIX = "CHARASSETS_"
_OTHER_VARIABLES = {
    "CHARASSETS_SETTINGS",
    "CHARASSETS_FAULTS",
    "CHARASSETS_TOKEN",
}  # the settings file itself; fault points of the crash tests; the secret of `charassets serve`


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(_Section):
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


class ShardSettings(_Section):
    """How source items are cut into shards."""

    records: int = Field(
        default=5_000, ge=1, le=100_000, description="Records a shard holds at most. Existing shards are never re-cut."
    )


class ImageSettings(_Section):
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


class DetectorSettings(_Section):
    """The figure detector, and the generous floor below which nothing is cropped or embedded."""

    path: str = Field(description="Weights: a .pt, .onnx or OpenVINO folder; `mini:` is the shipped folder.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights; refused when it differs.")
    image_size: int = Field(
        default=640, ge=64, le=2048, multiple_of=32, description="Side in pixels of the model's input."
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


class CropSettings(_Section):
    """The crop of the main figure."""

    margin: float = Field(default=0.08, ge=0.0, le=1.0, description="Margin on every side as a share of the box.")
    max_side: int = Field(default=512, ge=64, le=2048, description="Longest side in pixels of the stored crop.")
    webp_quality: int = Field(default=88, ge=1, le=100, description="Quality of the stored WebP.")


class EmbedderSettings(_Section):
    """The image-text embedder."""

    path: str = Field(
        description="Local folder or hub id of a CLIP, SigLIP or DINOv2 model; `mini:` is the shipped folder."
    )
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    batch: int = Field(default=32, ge=1, le=1024, description="Pictures a forward pass.")


class HeadSettings(_Section):
    """The attribute heads: a small network that reads attributes from the head and the figure."""

    path: str = Field(
        min_length=1, description="Folder with model.safetensors and config.json; `mini:heads` is the shipped one."
    )
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    batch: int = Field(default=32, ge=1, le=1024, description="Crops a forward pass.")


class TaggerSettings(_Section):
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


class VlmSettings(_Section):
    """A vision-language model that is asked about every attribute it is given."""

    path: str = Field(min_length=1, description="Folder or hub id of a transformers image-text-to-text model.")
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    attributes: tuple[str, ...] = Field(
        default=("Gender", "Age", "Hair Color", "Eye Color", "Dress"), description="Attributes it is asked about."
    )
    batch: int = Field(default=8, ge=1, le=256, description="Answers weighed in a forward pass.")


class TextLlmSettings(_Section):
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


class OcrSettings(_Section):
    """Reads what is written in a picture."""

    path: str | None = Field(
        default=None,
        description="Folder or hub id of a transformers image-to-text model for lines (TrOCR); none: areas of text only.",
    )
    revision: str | None = Field(default=None, description="Commit a hub id is pinned to; required for a hub id.")
    sha256: str | None = Field(default=None, description="Pinned digest of the weights file.")
    max_lines: int = Field(default=12, ge=1, le=200, description="Largest lines of a picture that are read.")


class GateSettings(_Section):
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


class GraphSettings(_Section):
    """The graph of nearest neighbours that copies and characters are read from."""

    neighbours: int = Field(default=16, ge=1, le=256, description="Nearest neighbours of each picture.")
    method: Literal["auto", "exact", "cells", "faiss"] = Field(
        default="auto",
        description="exact compares all pairs; cells and faiss search an index; auto takes exact for small collections and "
        "on a GPU, else cells where the processor computes bfloat16, else faiss.",
    )
    exact_up_to: int = Field(
        default=50_000, ge=1, description="Pictures up to which `auto` compares all pairs on a CPU."
    )
    probes: int = Field(default=8, ge=1, le=256, description="Cells of the index each picture looks into.")
    generation: int = Field(
        default=0, ge=0, description="Raise it to train the index anew; between, new shards join it as it is."
    )


class DuplicateSettings(_Section):
    """When two pictures are the same picture."""

    cosine: float = Field(default=0.95, ge=0, le=1, description="Least embedding similarity of two copies.")
    phash_bits: int = Field(default=10, ge=0, le=32, description="Most differing bits of two copies' pHash.")
    neighbours: int = Field(default=16, ge=1, le=256, description="Nearest neighbours looked at as candidates.")


class ClusterSettings(_Section):
    """When two pictures show the same character."""

    min_cluster_size: int = Field(default=3, ge=2, description="Fewest pictures of a character.")
    min_samples: int = Field(
        default=2, ge=1, description="Neighbours that make a picture dense (hdbscan's min_samples)."
    )
    max_share: float = Field(
        default=1.0, gt=0, le=1, description="Largest share of the pictures one character may hold; 1 allows any."
    )
    traits_weight: float = Field(
        default=0.6,
        ge=0,
        lt=1,
        description="Say of stable traits (gender, hair, eyes, skin, age) in who looks like whom, beside the embedding; 0: none.",
    )
    folders_up_to: int = Field(
        default=100_000,
        ge=0,
        description="Kept pictures up to which every run publishes a folder a character; beyond, the report alone.",
    )


class _Limit(_Section):
    severity: Literal["warn", "error"] = Field(default="warn", description="What a broken limit is called in Dagster.")


class ShareLimit(_Limit):
    """A share that a check compares with."""

    limit: float = Field(ge=0, le=1, description="Share between 0 and 1.")


class CosineLimit(_Limit):
    """A similarity that a check compares with."""

    limit: float = Field(ge=-1, le=1, description="Cosine between -1 and 1.")


class CheckSettings(_Section):
    """When the checks of characters complain, and how loudly; none of it changes a row."""

    mega_cluster: ShareLimit = Field(
        default=ShareLimit(limit=0.5),
        description="Most of the clustered pictures one character may hold: beyond, it is a chain of characters.",
    )
    member_similarity: CosineLimit = Field(
        default=CosineLimit(limit=0.3),
        description="Least similarity to their representative that 95 % of the members have.",
    )
    noise: ShareLimit = Field(default=ShareLimit(limit=0.9), description="Most of the pictures that may be noise.")
    ids_carried: ShareLimit = Field(
        default=ShareLimit(limit=0.9), description="Least share of the members whose character keeps its id."
    )


class AttributeSettings(_Section):
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


class EvaluationSettings(_Section):
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


class ClassifierSettings(_Section):
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
    method: Literal["logistic", "boosting", "mlp"] = Field(default="boosting", description="How that asset trains it.")
    features: tuple[Literal["design", "clip", "heads", "identity"], ...] = Field(
        default=("design", "clip"), description="Feature sets it looks at when that asset trains it."
    )
    together: tuple[Literal["duplicates", "character"], ...] = Field(
        default=("duplicates", "character"), description="What stays on one side of its split."
    )


class IdentitySettings(_Section):
    """How named characters are recognised."""

    metric: str = Field(
        default="cosine",
        description="cosine, or an ONNX file that maps (n, d) embeddings to their (n, n) differences, as CCIP's does.",
    )
    accepted: float = Field(
        default=0.05, gt=0, lt=1, description="Share of strangers that may be taken for somebody of the gallery."
    )
    tags: bool = Field(default=True, description="Attributes of tags and picture speak for and against a character.")
    prototypes: int = Field(default=8, ge=1, le=64, description="References that stand for a character, at most.")
    references: int = Field(default=64, ge=1, le=1024, description="References kept of a character, the latest ones.")
    doubt: float = Field(
        default=0.7, ge=0.5, le=1, description="A name that is less likely than this is queued for review."
    )


class SplitSettings(_Section):
    """Shares of the records; whole characters and duplicate groups go to one side, so the true shares differ a little."""

    validation: float = Field(default=0.0, ge=0, lt=1, description="Share of the records for validation.")
    test: float = Field(default=0.0, ge=0, lt=1, description="Share of the records for the test.")
    seed: int = Field(default=0, ge=0, description="Another seed is another division.")

    @model_validator(mode="after")
    def _something_is_left_to_train(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave nothing to train on")
        return self


class ExportSettings(_Section):
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


def _workspace_file() -> Path | None:
    named = os.environ.get("CHARASSETS_SETTINGS")
    if named:
        return Path(named)
    found = Path(os.environ.get("CHARASSETS_WORKSPACE", "workspace")) / SETTINGS_FILE
    return found if found.is_file() else None


class Settings(BaseSettings):
    """Everything that can be set. Precedence, weakest first: profile, settings file, ``CHARASSETS_*``, flags.

    Nested names take two underscores in the environment: ``CHARASSETS_GATES__MIN_SHARPNESS=40``.
    """

    model_config = SettingsConfigDict(
        env_prefix="CHARASSETS_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    workspace: Path = Field(
        Path("workspace"), description="Folder of the lake, the warehouse, Dagster's state and reports."
    )
    lake: str | None = Field(
        None, description="Root of the lake if not WORKSPACE/lake: a folder or a URI pyarrow.fs opens."
    )
    profile: str = Field(default="mini", description="Models and thresholds that go together: mini, clip or anime.")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field(default="auto", description="Where models run.")
    decode_threads: int = Field(default=2, ge=1, le=256, description="Threads that read and decode pictures.")
    sources: tuple[SourceSettings, ...] = Field(default=(), description="Where images and tags come from.")
    shards: ShardSettings = Field(default_factory=ShardSettings)
    images: ImageSettings = Field(default_factory=ImageSettings)
    detector: DetectorSettings
    crops: CropSettings = Field(default_factory=CropSettings)
    embedder: EmbedderSettings
    heads: HeadSettings | None = Field(
        default=None, description="Attribute heads; without them the embedder is asked alone."
    )
    tagger: TaggerSettings | None = Field(default=None, description="A tagger whose tags are evidence of pictures.")
    vlm: VlmSettings | None = Field(default=None, description="A vision-language model asked about every crop.")
    text_llm: TextLlmSettings | None = Field(default=None, description="A text model that reads descriptions.")
    ocr: OcrSettings | None = Field(default=None, description="Finds and reads what is written in a picture.")
    gates: GateSettings = Field(default_factory=GateSettings)
    graph: GraphSettings = Field(default_factory=GraphSettings)
    duplicates: DuplicateSettings = Field(default_factory=DuplicateSettings)
    clusters: ClusterSettings = Field(default_factory=ClusterSettings)
    checks: CheckSettings = Field(default_factory=CheckSettings)
    attributes: AttributeSettings = Field(default_factory=AttributeSettings)
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings)
    classifiers: tuple[ClassifierSettings, ...] = Field(
        default=(), description="Trained classifiers that are asked about every picture."
    )
    identity: IdentitySettings = Field(default_factory=IdentitySettings)
    exports: tuple[ExportSettings, ...] = Field(
        default=(ExportSettings(),), description="Exports that Dagster publishes into WORKSPACE/exports."
    )

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [s.name for s in self.sources]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"two sources are named {twice[0]!r}; name them apart with NAME=PATH")
        return self

    @property
    def lake_root(self) -> str:
        """Root of the lake: a folder or URI."""
        return self.lake or str(self.workspace / "lake")


def load_settings(flags: Mapping[str, Any] | None = None, file: Path | None = None) -> Settings:
    """Settings from profile, settings file, environment and flags, in rising precedence.

    Args:
        flags: nested values given on the command line; they win over everything.
        file: settings file; by default ``CHARASSETS_SETTINGS``, else the workspace's ``charassets.yaml`` if there is one.

    Raises:
        UsageError: an unknown or out-of-bounds setting, an unknown profile, or an unreadable file.
    """
    flags = dict(flags or {})
    path = file or _workspace_file()
    from_file = _read_yaml(path) if path else {}
    profile = flags.get("profile") or os.environ.get("CHARASSETS_PROFILE") or from_file.get("profile") or "mini"
    base = merge(_read_profile(str(profile)), from_file)
    environment = _environment_values()
    try:
        return Settings.model_validate(merge(merge(base, environment), {**flags, "profile": str(profile)}))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        known = "unknown setting" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"{name}: {known}",
            where=str(path or "settings"),
            todo="`charassets config` lists every setting with its bounds",
        ) from None


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over`` laid on top, nested mappings merged key by key."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _environment_values() -> dict[str, Any]:
    """What ``CHARASSETS_*`` sets, nested as the model is.

    Raises:
        UsageError: a variable that names no setting (a typing error would otherwise pass unnoticed), or broken JSON in one.
    """
    for name in os.environ:
        setting = name.removeprefix(_PREFIX).split("__")[0].lower()
        if name.startswith(_PREFIX) and name not in _OTHER_VARIABLES and setting not in Settings.model_fields:
            raise UsageError(
                f"{name} names no setting", where="environment", todo="unset it, or see `charassets config`"
            )
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise UsageError(str(error), where="environment", todo="lists and mappings are given as JSON") from None


def _read_profile(name: str) -> dict[str, Any]:
    path = PROFILES / f"{name}.yaml"
    if not name.isidentifier() or not path.is_file():
        known = ", ".join(sorted(p.stem for p in PROFILES.glob("*.yaml")))
        raise UsageError(f"profile {name!r} does not exist", where="settings", todo=f"choose one of {known}")
    return _read_yaml(path)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"cannot read the settings: {line}", where=str(path), todo="mend or remove the file") from None
    if not isinstance(content, dict):
        raise UsageError("the settings are not a mapping", where=str(path), todo="write `name: value` lines")
    return content
