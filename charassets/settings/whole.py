"""All settings together, and where their values come from: a profile, a YAML file, the environment, then flags.

What belongs here: the whole, and reading it. Not here: the sections.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from charassets.errors import UsageError
from charassets.settings.answers import AttributeSettings, ClassifierSettings, EvaluationSettings
from charassets.settings.collection import (
    CheckSettings,
    ClusterSettings,
    DuplicateSettings,
    GraphSettings,
    IdentitySettings,
    TrackSettings,
)
from charassets.settings.exporting import ExportSettings
from charassets.settings.logging import LogSettings
from charassets.settings.mappings import read_mapping
from charassets.settings.models import (
    DetectorSettings,
    EmbedderSettings,
    HeadSettings,
    OcrSettings,
    TaggerSettings,
    TextLlmSettings,
    VlmSettings,
)
from charassets.settings.pictures import CropSettings, GateSettings, ImageSettings, ShardSettings, SourceSettings
from charassets.settings.place import COPIES, below, copy_of, is_uri, placed
from charassets.settings.running import RaySettings
from charassets.settings.spelling import meant
from charassets.settings.storing import StoreSettings

PROFILES = Path(__file__).parent.parent / "profiles"
"""One YAML a profile: the models and thresholds that go together."""

SETTINGS_FILE = "charassets.yaml"
"""Name of the settings file of a workspace."""


_PREFIX = "CHARASSETS_"
_OTHER_VARIABLES = {
    "CHARASSETS_SETTINGS",
    "CHARASSETS_FAULTS",
    "CHARASSETS_TOKEN",
    COPIES,
}  # the settings file itself; fault points of the crash tests; the secret of `charassets serve`; copies of object stores


def _workspace_file() -> Path | None:
    named = os.environ.get("CHARASSETS_SETTINGS")
    if named:
        return Path(named)
    workspace = os.environ.get("CHARASSETS_WORKSPACE", "workspace")
    found = (copy_of(workspace) if is_uri(workspace) else Path(workspace)) / SETTINGS_FILE
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
    remote: str | None = Field(
        None,
        description="The workspace in an object store, where a URI was given as workspace, which then names the copies here.",
    )
    store: StoreSettings = Field(default_factory=StoreSettings)
    logs: LogSettings = Field(default_factory=LogSettings)
    profile: str = Field(default="mini", description="Models and thresholds that go together: mini, clip or anime.")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field(default="auto", description="Where models run.")
    decode_threads: int = Field(
        default=2,
        ge=1,
        le=256,
        description="Threads that read and decode pictures, and processes that compare them, from 2,000 pairs on.",
    )
    runner: Literal["local", "ray"] = Field(
        default="local",
        description="Who works on shards: this process, one after another, or the workers of a Ray cluster.",
    )
    ray: RaySettings = Field(default_factory=RaySettings)
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
    tracks: TrackSettings = Field(default_factory=TrackSettings)
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
        inside = below(self.remote, "lake") if self.remote else str(self.workspace / "lake")
        return self.lake or inside

    @property
    def place(self) -> str:
        """The workspace as people and child processes name it: a folder or URI."""
        return self.remote or str(self.workspace)


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
    from_file = _said_in_file(path) if path else {}
    named = {
        "command line": flags.get("profile"),
        "environment": os.environ.get(f"{_PREFIX}PROFILE"),
        str(path): from_file.get("profile"),
    }
    where, profile = next(((place, name) for place, name in named.items() if name), ("settings", "mini"))
    base = merge(_read_profile(str(profile), where), from_file)
    environment = _environment_values()
    try:
        said = merge(merge(base, environment), {**flags, "profile": str(profile)})
        return Settings.model_validate(placed(said))
    except ValidationError as error:
        faults = error.errors()
        # A name that is misspelt is at fault twice, as unknown and as missing: what somebody wrote says more.
        first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        what = _said_of(first["type"], first["loc"]) or first["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"{name}: {what}",
            where=_said_in(first["loc"], {"command line": flags, "environment": environment, str(path): from_file}),
            todo="`charassets config` lists every setting with its bounds",
        ) from None


def _said_of(fault: str, place: Sequence[int | str]) -> str | None:
    """What is wrong, in our words; None where those of pydantic do."""
    if fault == "model_type":
        return "a section of settings, and no value"
    if fault != "extra_forbidden":
        return None
    last = str(place[-1])
    if "." in last:
        return f"unknown setting; sections are nested: {': {'.join(last.split('.'))}: VALUE{'}' * last.count('.')}"
    close = " or ".join(meant(place, Settings))
    return f"unknown setting; did you mean {close}?" if close else "unknown setting"


def _said_in(place: Sequence[int | str], layers: Mapping[str, Mapping[str, Any]]) -> str:
    """The layer, strongest first, that a value at fault comes from; what no layer holds is missing from all of them."""
    for name, values in layers.items():
        found: Any = values
        for step in place:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                break
        else:
            return name
    return "settings"


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
            said = name.removeprefix(_PREFIX).lower().split("__")
            near = meant([said[0]], Settings)
            close = [_PREFIX + "__".join([*found.split("."), *said[1:]]).upper() for found in near]
            raise UsageError(
                f"{name} names no setting" + (f"; did you mean {' or '.join(close)}?" if close else ""),
                where="environment",
                todo="unset it, or see `charassets config`",
            )
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise UsageError(str(error), where="environment", todo="lists and mappings are given as JSON") from None


def _read_profile(name: str, where: str) -> dict[str, Any]:
    path = PROFILES / f"{name}.yaml"
    if not name.isidentifier() or not path.is_file():
        known = ", ".join(sorted(p.stem for p in PROFILES.glob("*.yaml")))
        raise UsageError(f"profile {name!r} does not exist", where=where, todo=f"choose one of {known}")
    return _said_in_file(path)


def _said_in_file(path: Path) -> dict[str, Any]:
    """What a file sets; names behind which nothing stands are left out, but where nothing is a value."""
    return {name: value for name, value in read_mapping(path).items() if value is not None or _may_be_none(str(name))}


def _may_be_none(name: str) -> bool:
    """Whether nothing behind a name says something; else it is as if it were not there: all below it may be commented out."""
    return name not in Settings.model_fields or Settings.model_fields[name].default is None
