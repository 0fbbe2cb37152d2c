"""Where a model's files are and what they are: paths, shipped models, pinned hub downloads, digests.

What belongs here: everything that can be known without loading a model, so that a fingerprint costs a hash and no torch.
Not here: the libraries that run the files.
"""

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from charassets.errors import ModelMissingError
from charassets.settings import DetectorSettings, EmbedderSettings

SHIPPED = Path(__file__).parent.parent / "weights"
"""The models that come with the package; ``mini:detector`` is ``SHIPPED/mini/detector.pt``."""

_TENSORS = (".pt", ".onnx", ".bin", ".safetensors")
_CONFIGURATION = (".xml", ".yaml", ".json", ".txt", ".model", ".csv", ".jinja")
_HUB_FILES = ["*.safetensors", "*.json", "*.txt", "*.model"]  # no pickle is even downloaded


@dataclass(frozen=True)
class Weights:
    """A model on disk.

    Attributes:
        name: what people call it: the setting that named it, without a leading path.
        path: file or folder a loader opens.
        files: every file that decides the model's answers: name to sha256, in order of name.
    """

    name: str
    path: Path
    files: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Digest of the one file of tensors, as ``sha256sum`` prints it; of such lines where there are several."""
        tensors = {name: digest for name, digest in self.files.items() if name.endswith(_TENSORS)}
        if len(tensors) == 1:
            return next(iter(tensors.values()))
        return hashlib.sha256("".join(f"{d}  {n}\n" for n, d in tensors.items()).encode()).hexdigest()


def find_detector(settings: DetectorSettings) -> Weights:
    """The detector's weights: a ``.pt`` or ``.onnx`` file, an OpenVINO folder, or a shipped model.

    Raises:
        ModelMissingError: nothing is there, or not what was pinned. Nothing is ever downloaded.
    """
    if settings.path.startswith("mini:"):
        path = _shipped(settings.path, ".pt")
        name = settings.path
    else:
        path = Path(settings.path).expanduser()
        name = path.name.removesuffix("_openvino_model")
    if not path.exists() or (path.is_dir() and not list(path.glob("*.xml"))):
        raise ModelMissingError(
            "the detector is not there",
            where=settings.path,
            todo="give detector.path a .pt, .onnx or OpenVINO folder that exists, or use --profile mini",
        )
    return _checked(Weights(name, path, _digests(path)), settings.sha256)


def find_embedder(settings: EmbedderSettings) -> Weights:
    """The embedder's folder: local, shipped, or a hub model at a pinned commit (downloaded once, tensors and text only).

    Raises:
        ModelMissingError: nothing is there, not what was pinned, or a hub id without a commit.
    """
    if settings.path.startswith("mini:"):
        path, name = _shipped(settings.path, ""), settings.path
    elif (path := Path(settings.path).expanduser()).exists():
        name = path.name
    else:
        path, name = _from_hub("embedder", settings.path, settings.revision, _HUB_FILES), settings.path
    if not (path / "config.json").is_file() or not list(path.glob("*.safetensors")):
        raise ModelMissingError(
            "the embedder is not there (a folder with config.json and *.safetensors is needed)",
            where=settings.path,
            todo="give embedder.path such a folder or a hub id with embedder.revision, or use --profile mini",
        )
    return _checked(Weights(name, path, _digests(path)), settings.sha256)


def fast_twin(weights: Weights) -> Path:
    """The OpenVINO export beside a ``.pt``, where there is one and openvino is installed; else the file itself.

    It is the same model run by another engine, so a fingerprint names the ``.pt`` in either case.
    """
    twin = weights.path.with_name(f"{weights.path.stem}_openvino_model")
    if weights.path.suffix == ".pt" and twin.is_dir() and importlib.util.find_spec("openvino") is not None:
        return twin
    return weights.path


def _shipped(setting: str, suffix: str) -> Path:
    model, part = setting.split(":", 1)
    if not part.isidentifier():
        raise ModelMissingError("no such shipped model", where=setting, todo="write mini:detector or mini:embedder")
    return SHIPPED / model / f"{part}{suffix}"


def find_folder(
    part: str, given: str, revision: str | None, sha256: str | None, needed: Sequence[str], fetched: Sequence[str] = ()
) -> Weights:
    """The folder of a model that transformers or onnxruntime opens: local, or of the hub at a pinned commit.

    Args:
        part: section of the settings, for complaints.
        given: folder or hub id.
        revision: commit of a hub id.
        sha256: pinned digest of the tensors.
        needed: globs, each of which has to match a file.
        fetched: globs of what is downloaded; by default tensors as safetensors, and text.

    Raises:
        ModelMissingError: nothing is there, not what was pinned, or a hub id without a commit.
    """
    path = Path(given).expanduser()
    if path.exists():
        name = path.name
    else:
        path, name = _from_hub(part, given, revision, list(fetched) or _HUB_FILES), given
    missing = [pattern for pattern in needed if not list(path.glob(pattern))]
    if missing:
        raise ModelMissingError(
            f"the {part} is not there (no {' and no '.join(missing)})",
            where=given,
            todo=f"give {part}.path a folder that has them, or leave {part} out of the settings",
        )
    return _checked(Weights(name, path, _digests(path)), sha256)


def _from_hub(part: str, given: str, revision: str | None, files: list[str]) -> Path:
    if given.count("/") != 1 or given.startswith((".", "/")):
        raise ModelMissingError(
            f"the {part} is not there", where=given, todo=f"give {part}.path an existing folder or a hub id"
        )
    if revision is None or len(revision) != 40:
        raise ModelMissingError(
            "a hub model has to be pinned",
            where=given,
            todo=f"set {part}.revision to the full commit (40 digits): a branch may change under a finished dataset",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        fetched = snapshot_download(given, revision=revision, allow_patterns=files)
    except (LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelMissingError(
            f"the {part} could not be fetched: {type(error).__name__}",
            where=f"{given}@{revision[:12]}",
            todo=f"check the network and the names, or give {part}.path a local folder",
        ) from None
    return Path(fetched)


def _digests(path: Path) -> Mapping[str, str]:
    if path.is_file():
        return {path.name: _sha256(path, path.stat().st_size, path.stat().st_mtime_ns)}
    files = sorted(p for p in path.iterdir() if p.is_file() and p.suffix in _TENSORS + _CONFIGURATION)
    return {p.name: _sha256(p, p.stat().st_size, p.stat().st_mtime_ns) for p in files}


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, modified_ns: int) -> str:  # noqa: ARG001 - size and time make a changed file a new key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(weights: Weights, pinned: str | None) -> Weights:
    if pinned is not None and weights.sha256 != pinned.lower():
        raise ModelMissingError(
            f"the weights are not the pinned ones (sha256 {weights.sha256})",
            where=str(weights.path),
            todo="restore the file, or pin the new digest if the change is meant",
        )
    return weights
