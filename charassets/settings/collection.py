"""Settings of what is made of the whole collection: neighbours, copies, characters, their checks, named characters.

What belongs here: sections of collection steps. Not here: single pictures (``pictures``).
"""

from typing import Literal

from pydantic import Field

from charassets.settings.section import Section


class GraphSettings(Section):
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
    probes: int = Field(default=12, ge=1, le=256, description="Cells of the index each picture looks into.")
    generation: int = Field(
        default=0, ge=0, description="Raise it to train the index anew; between, new shards join it as it is."
    )


class DuplicateSettings(Section):
    """When two pictures are the same picture."""

    cosine: float = Field(default=0.95, ge=0, le=1, description="Least embedding similarity of two copies.")
    phash_bits: int = Field(default=10, ge=0, le=32, description="Most differing bits of two copies' pHash.")
    neighbours: int = Field(default=8, ge=1, le=256, description="Nearest neighbours looked at as candidates.")


class ClusterSettings(Section):
    """When two pictures show the same character."""

    min_cluster_size: int = Field(default=3, ge=2, description="Fewest pictures of a character.")
    min_samples: int = Field(
        default=2, ge=1, description="Neighbours that make a picture dense (hdbscan's min_samples)."
    )
    max_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Largest share of the pictures one character may hold, never less than 25 of them: a larger one is a chain and "
        "gives way to the ones within it. 1 for a collection of a single character.",
    )
    head_weight: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Say of the head in how alike two figures look, beside the whole figure; 0: none.",
    )
    traits_weight: float = Field(
        default=0.5,
        ge=0,
        lt=1,
        description="Say of stable traits (gender, hair, eyes, skin, age) in who looks like whom, beside the embedding; 0: none.",
    )
    folders_up_to: int = Field(
        default=100_000,
        ge=0,
        description="Kept pictures up to which every run publishes a folder a character; beyond, the report alone.",
    )


class TrackSettings(Section):
    """When figures on frames of one film are the same character."""

    likeness: float = Field(
        default=0.5,
        ge=-1,
        le=1,
        description="Least cosine of the looks (figure and head) of two figures of one track; chosen for the shipped embedder on "
        "drawn films (python -m bench.tracks), and another embedder wants its own.",
    )
    gap_s: float = Field(
        default=10.0,
        gt=0,
        description="Most seconds between two frames of an appearance; frames that hardly differ from the last one are not taken, "
        "so a still shot has gaps.",
    )


class _Limit(Section):
    severity: Literal["warn", "error"] = Field(default="warn", description="What a broken limit is called in Dagster.")


class ShareLimit(_Limit):
    """A share that a check compares with."""

    limit: float = Field(ge=0, le=1, description="Share between 0 and 1.")


class CosineLimit(_Limit):
    """A similarity that a check compares with."""

    limit: float = Field(ge=-1, le=1, description="Cosine between -1 and 1.")


class CheckSettings(Section):
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


class IdentitySettings(Section):
    """How named characters are recognised."""

    metric: str = Field(
        default="cosine",
        description="cosine, or an ONNX file that maps (n, d) embeddings to their (n, n) differences, as CCIP's does.",
    )
    accepted: float = Field(
        default=0.05, gt=0, lt=1, description="Share of strangers that may be taken for somebody of the gallery."
    )
    tags: bool = Field(default=True, description="Attributes of tags and picture speak for and against a character.")
    drawings: bool = Field(
        default=True,
        description="Look whether a picture is the very drawing of a reference, resized, cropped or mirrored; 90-160 ms a picture.",
    )
    prototypes: int = Field(default=8, ge=1, le=64, description="References that stand for a character, at most.")
    references: int = Field(default=64, ge=1, le=1024, description="References kept of a character, the latest ones.")
    doubt: float = Field(
        default=0.7, ge=0.5, le=1, description="A name that is less likely than this is queued for review."
    )
