"""All settings of the project: names, units, bounds, defaults and where they come from.

What belongs here: the names that other rooms import. Not here: what is done with them. To add a setting, add a field to the
section of its room; ``python -m docs.generate`` puts it into the reference.
"""

from charassets.settings.answers import AttributeSettings, ClassifierSettings, EvaluationSettings
from charassets.settings.collection import (
    CheckSettings,
    ClusterSettings,
    CosineLimit,
    DuplicateSettings,
    GraphSettings,
    IdentitySettings,
    ShareLimit,
    TrackSettings,
)
from charassets.settings.exporting import ExportSettings, SplitSettings
from charassets.settings.logging import LogSettings
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
from charassets.settings.place import below, copy_of, is_uri, refuse_credentials
from charassets.settings.running import RaySettings
from charassets.settings.storing import StoreSettings
from charassets.settings.whole import PROFILES, SETTINGS_FILE, Settings, load_settings, merge

__all__ = [
    "AttributeSettings",
    "CheckSettings",
    "ClassifierSettings",
    "ClusterSettings",
    "CosineLimit",
    "CropSettings",
    "DetectorSettings",
    "DuplicateSettings",
    "EmbedderSettings",
    "EvaluationSettings",
    "ExportSettings",
    "GateSettings",
    "GraphSettings",
    "HeadSettings",
    "IdentitySettings",
    "ImageSettings",
    "LogSettings",
    "OcrSettings",
    "PROFILES",
    "RaySettings",
    "SETTINGS_FILE",
    "Settings",
    "ShardSettings",
    "ShareLimit",
    "SourceSettings",
    "SplitSettings",
    "StoreSettings",
    "TaggerSettings",
    "TextLlmSettings",
    "TrackSettings",
    "VlmSettings",
    "below",
    "copy_of",
    "is_uri",
    "load_settings",
    "merge",
    "refuse_credentials",
]
