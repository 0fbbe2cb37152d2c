"""Every table of the lake: its Arrow schema, the meaning of each column, its key. The data contract, in one place.

What belongs here: names, types, comments, rejection codes. Not here: how a column is computed (its stage says that).
A change of a column is a new ``version`` of its table; readers refuse a fragment of a version they do not know.
"""

from dataclasses import dataclass

import pyarrow as pa

from charassets.design.catalogue import CATALOGUE


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, and a sentence for the people who will query it."""

    name: str
    type: pa.DataType
    doc: str
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """One table of the lake.

    Attributes:
        name: the table's name, which is also its stage's and its Dagster asset's.
        version: raised whenever a column is added, removed or changes meaning.
        doc: one sentence on what a row is.
        columns: the columns in order; the first is ``record_id`` unless the table is not about records.
        wide: large binary columns make the table a view over files in the warehouse instead of a native table.
    """

    name: str
    version: int
    doc: str
    columns: tuple[Column, ...]
    wide: bool = False

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema written to Parquet (documentation included as field metadata)."""
        return pa.schema([pa.field(c.name, c.type, c.nullable, {"doc": c.doc}) for c in self.columns])

    @property
    def narrow(self) -> tuple[str, ...]:
        """Names of the columns that hold no pictures or vectors: those that may be read for a whole collection."""
        return tuple(c.name for c in self.columns if not pa.types.is_binary(c.type))


RECORD_ID = Column("record_id", pa.string(), "Key of every table: hash of source name and place in the source.", False)

BOX = pa.struct(
    [
        pa.field("label", pa.string()),
        pa.field("score", pa.float32()),
        pa.field("x0", pa.float32()),
        pa.field("y0", pa.float32()),
        pa.field("x1", pa.float32()),
        pa.field("y1", pa.float32()),
    ]
)

SOURCE_ITEMS = Table(
    "source_items",
    1,
    "One row a source item (a picture with its sidecars, a slice of an archive or table): the append-only shard ledger.",
    (
        Column("source", pa.string(), "Name of the source.", False),
        Column("item_key", pa.string(), "Identity of the item within its source; it never changes shard.", False),
        Column(
            "kind",
            pa.string(),
            "file, tar, parquet, table, kohya, urls or video: the reader that understands it.",
            False,
        ),
        Column("uri", pa.string(), "Where the item lies now.", False),
        Column("first", pa.int64(), "First record of a slice of a container (0 for a single file).", False),
        Column("count", pa.int64(), "Records the item is expected to hold; 0 for one that could not be listed.", False),
        Column(
            "digest", pa.string(), "Digest of size, modification time and sidecars: a change re-reads the item.", False
        ),
    ),
)

RAW_SHARDS = Table(
    "raw_shards",
    1,
    "One row a source record whose bytes could be read: where it is, what it is, and the words that came with it.",
    (
        RECORD_ID,
        Column("source", pa.string(), "Name of the source.", False),
        Column("item_key", pa.string(), "Source item the record came from.", False),
        Column(
            "kind",
            pa.string(),
            "Reader that fetches the bytes: file, tar, parquet, urls, video, or text (no picture).",
            False,
        ),
        Column("uri", pa.string(), "File that holds the bytes.", False),
        Column("member", pa.string(), "Member of the archive, or column of the table, that holds the bytes."),
        Column("offset", pa.int64(), "First byte within the file, where a range read is possible."),
        Column("length", pa.int64(), "Bytes of the picture."),
        Column(
            "row", pa.int64(), "Row of a table source; of a video frame its presentation time in the stream's units."
        ),
        Column("image_id", pa.string(), "First 32 hex digits of the sha256 of the bytes; equal for exact copies."),
        Column("format", pa.string(), "Format found in the bytes (JPEG, PNG, WEBP, ...), whatever the name says."),
        Column("width", pa.int32(), "Width in pixels as displayed (EXIF orientation applied)."),
        Column("height", pa.int32(), "Height in pixels as displayed."),
        Column("mode", pa.string(), "Pixel mode before conversion (RGB, RGBA, I;16, CMYK, ...)."),
        Column("has_alpha", pa.bool_(), "The picture carries transparency."),
        Column("n_frames", pa.int32(), "Frames of an animation; only the first is used."),
        Column("tags", pa.string(), "The tag line as it came."),
        Column("description", pa.string(), "The caption or description as it came."),
        Column("rating", pa.string(), "general, sensitive, questionable or explicit, where the source says."),
        Column("post_id", pa.int64(), "Post number on the site of origin."),
        Column("md5_matches", pa.bool_(), "The md5 in the file name equals that of the bytes (null: none given)."),
        Column("artist", pa.string(), "Artist named by the source."),
        Column("character", pa.string(), "Character named by the source."),
        Column("copyright", pa.string(), "Series named by the source."),
        Column("episode", pa.string(), "Episode of a video frame."),
        Column("scene", pa.int32(), "Scene number of a video frame."),
        Column(
            "frame",
            pa.int32(),
            "Frame number of a frame sequence; of a frame taken from a video its presentation time in the stream's units.",
        ),
        Column("time_s", pa.float64(), "Time of a video frame in seconds."),
        Column("extra", pa.string(), "Whatever else the sidecar said, as JSON."),
    ),
)

WRITING = pa.struct(
    [
        *(pa.field(side, pa.float32(), nullable=False) for side in ("x0", "y0", "x1", "y1")),
        pa.field("glyphs", pa.int32(), nullable=False),
        pa.field("strip", pa.binary()),
    ]
)
"""A line of writing: its place in fractions of the picture, its glyphs, and its pixels as WebP where they are to be read."""

SINGLE_CHARACTER_IMAGES = Table(
    "single_character_images",
    5,
    "One row a readable record: raw measurements of the picture, every box, what the tags say of the figure count, "
    "and a crop of the main figure. The verdict is a gate over these columns (view `verdicts`).",
    (
        RECORD_ID,
        Column("image_id", pa.string(), "Content id of the source picture; null for a record of text only."),
        Column("width", pa.int32(), "Width in pixels after EXIF orientation."),
        Column("height", pa.int32(), "Height in pixels after EXIF orientation."),
        Column(
            "frame_box",
            pa.list_(pa.int32(), 4),
            "The picture within a plain frame or bars: x0, y0, x1, y1 in source pixels; null where there is none.",
        ),
        Column("sharpness", pa.float32(), "Variance of the Laplacian at 512 px on the short side (grey 0-255)."),
        Column("brightness", pa.float32(), "Mean grey, 0-1."),
        Column("contrast", pa.float32(), "Difference of the 95th and 5th percentile of grey, 0-1."),
        Column("information", pa.float32(), "Entropy of the grey histogram in bits, 0-8."),
        Column("alpha_coverage", pa.float32(), "Share of pixels that are not transparent; null without alpha."),
        Column("alpha_components", pa.int32(), "Large connected opaque regions of a cut-out; null without alpha."),
        Column("phash", pa.uint64(), "64-bit perceptual hash (DCT of a 32 px grey)."),
        Column("phash_mirrored", pa.uint64(), "The same of the mirrored picture."),
        Column("boxes", pa.list_(BOX), "Every box of the detector down to the floor score, in pixels."),
        Column("tag_figures", pa.int32(), "Figures the tags claim (0 for no_humans, 1 for solo, ...); null if silent."),
        Column(
            "tag_flags", pa.list_(pa.string()), "multiple_views, comic, no_humans, solo_focus, chibi, ... where tagged."
        ),
        Column(
            "cut_off", pa.list_(pa.string()), "Sides of the picture that cut the main figure: top, bottom, left, right."
        ),
        Column("occlusion", pa.float32(), "Share of the main figure's box covered by other figures' boxes."),
        Column("crop_label", pa.string(), "What was cropped: person, head, face, cutout or whole."),
        Column("crop_score", pa.float32(), "Detector score of the cropped box; null for cutout and whole."),
        Column("crop_box", pa.list_(pa.int32(), 4), "The crop with its margin: x0, y0, x1, y1 in source pixels."),
        Column(
            "head_box", pa.list_(pa.float32(), 4), "Best head in the crop: x0, y0, x1, y1 as fractions of the crop."
        ),
        Column("crop_id", pa.string(), "First 32 hex digits of the sha256 of the crop's bytes."),
        Column("crop", pa.binary(), "The crop as WebP, at most `crop_max_side` pixels; null below the floor."),
        Column("preview", pa.binary(), "The whole picture as WebP of at most 224 px, for comparing it with others."),
        Column("signatures", pa.binary(), "Signatures of at most 128 corners of the drawing, 12 bytes each."),
        Column("signatures_mirrored", pa.binary(), "The same of the mirrored picture."),
        Column(
            "signature_places",
            pa.binary(),
            "Where those corners are: x and y, a byte each, the longest side at most 192.",
        ),
        Column("signature_places_mirrored", pa.binary(), "The same of the mirrored picture."),
        Column(
            "writing",
            pa.list_(WRITING),
            "Lines of writing in the whole picture, the largest first; null where the settings have no `ocr`.",
        ),
    ),
    wide=True,
)

CLIP_EMBEDDINGS = Table(
    "clip_embeddings",
    2,
    "One row a cropped figure: its embedding, and that of its head.",
    (
        RECORD_ID,
        Column("crop_id", pa.string(), "Crop that was embedded.", False),
        Column("model", pa.string(), "Name and sha256 (first 12 digits) of the embedder.", False),
        Column("dim", pa.int32(), "Length of the vector.", False),
        Column("embedding", pa.binary(), "Unit-norm vector, little-endian float16, `dim` values.", False),
        Column("head_embedding", pa.binary(), "The same of the head with its hair; null where no head is seen."),
    ),
    wide=True,
)

DESIGN_FEATURES = Table(
    "design_features",
    1,
    "One row a cropped figure: how it is drawn, as named measurements at 256 px.",
    (
        RECORD_ID,
        Column("crop_id", pa.string(), "Crop that was measured.", False),
        *(Column(f.name, pa.float32(), f"{f.doc} ({f.group}, {f.low:g} to {f.high:g}).", False) for f in CATALOGUE),
    ),
)

_EVIDENCE_COLUMNS = (
    RECORD_ID,
    Column(
        "attribute",
        pa.string(),
        "Attribute of the vocabulary, e.g. Hair Color; classified_NAME for a trained classifier's label.",
        False,
    ),
    Column(
        "value",
        pa.string(),
        "Value of the vocabulary, e.g. Blonde; Unknown where the source says it is not visible.",
        False,
    ),
    Column("score", pa.float32(), "Strength between 0 and 1, on the source's own scale.", False),
    Column(
        "source",
        pa.string(),
        "Who says so: tag, text, text_llm, clip, head, colour, tagger, vlm, ocr, probe or classifier.",
        False,
    ),
    Column("detail", pa.string(), "The reason in words, e.g. tag `blonde_hair`."),
)

TAG_EVIDENCE = Table(
    "tag_evidence", 1, "One row a value that the tags or description of a record support.", _EVIDENCE_COLUMNS
)
VISUAL_EVIDENCE = Table(
    "visual_evidence", 1, "One row a value that the picture of a record supports.", _EVIDENCE_COLUMNS
)

_ANSWER_COLUMNS = (
    RECORD_ID,
    Column("attribute", pa.string(), "Attribute of the vocabulary.", False),
    Column("value", pa.string(), "Fused value; Unknown where the evidence is too weak.", False),
    Column("confidence", pa.float32(), "Chance between 0 and 1 that the value is right (0 for Unknown).", False),
    Column("status", pa.string(), "decided, ambiguous or unknown.", False),
    Column("sources", pa.list_(pa.string()), "Evidence sources that support the value.", False),
    Column("runner_up", pa.string(), "Second candidate of an ambiguous attribute."),
    Column("strategy", pa.string(), "Fusion strategy that was used; null where there was no evidence."),
    Column("reason", pa.string(), "How the value was reached, in words."),
)
CHARACTER_ATTRIBUTES = Table(
    "character_attributes", 2, "One row a record and attribute: the fused value with its confidence.", _ANSWER_COLUMNS
)
MERGED_ATTRIBUTES = Table(
    "merged_attributes",
    1,
    "One row a kept record and attribute to which words of its dropped copies were added: the value fused with them.",
    (
        *_ANSWER_COLUMNS,
        Column("copies", pa.list_(pa.string()), "The dropped copies whose words were added.", False),
        Column("words", pa.list_(pa.string()), "Those words, each with the copy it came with.", False),
    ),
)

CHARACTER_IDENTITIES = Table(
    "character_identities",
    1,
    "One row an embedded record, where the workspace has a gallery: which of its characters the picture shows, or nobody of them.",
    (
        RECORD_ID,
        Column("name", pa.string(), "The character; null where it is nobody of the gallery."),
        Column("chance", pa.float32(), "Chance, 0-1, that it shows the nearest character and not a stranger.", False),
        Column("similarity", pa.float32(), "Likeness of the figure with that character's prototypes."),
        Column("head_similarity", pa.float32(), "The same of the head; null where it could not be compared."),
        Column("traits", pa.float32(), "Natural log-odds that its attributes add for that character.", False),
        Column("margin", pa.float32(), "Score difference to the second candidate, in natural log-odds."),
        Column("drawing_of", pa.string(), "Reference whose very drawing it is; then the name is certain."),
        Column(
            "candidates",
            pa.list_(
                pa.struct(
                    [
                        pa.field("name", pa.string()),
                        pa.field("similarity", pa.float32()),
                        pa.field("score", pa.float32()),
                    ]
                )
            ),
            "Candidates, best first.",
            False,
        ),
        Column("review", pa.string(), "Why a person should look; null where nothing is in doubt."),
    ),
)

KNN_GRAPH = Table(
    "knn_graph",
    1,
    "One row an embedded record, sorted by record_id: its nearest neighbours in the whole collection, which copies and "
    "characters are read from.",
    (
        RECORD_ID,
        Column("crop_id", pa.string(), "Crop whose embedding was compared.", False),
        Column(
            "neighbours",
            pa.binary(),
            "Rows of this table, nearest first: little-endian int32, one a neighbour; -1 where there are fewer.",
            False,
        ),
        Column("cosines", pa.binary(), "Their cosines: little-endian float32; -1 where there is no neighbour.", False),
        Column("cells", pa.binary(), "Cells of the index it looked into, its own first: little-endian uint16."),
    ),
    wide=True,
)

NEAR_DUPLICATES = Table(
    "near_duplicates",
    2,
    "One row a picture: its duplicate group, the copy to keep, and how it relates to it.",
    (
        RECORD_ID,
        Column("group_id", pa.string(), "Group of copies: the record_id of its keeper.", False),
        Column(
            "group_name", pa.string(), "Name of the group, which stays when a better copy becomes the keeper.", False
        ),
        Column("keeper", pa.bool_(), "This record is the one to keep of its group.", False),
        Column("single", pa.bool_(), "The gate calls the picture a single character; others never drop one.", False),
        Column("relation", pa.string(), "self, exact, or duplicate: how it relates to the keeper.", False),
        Column("mirrored", pa.bool_(), "It is the keeper's mirror image; null where nobody looked."),
        Column("grey", pa.bool_(), "It or the keeper has lost its colours; null where nobody looked."),
        Column("crop_of", pa.string(), "Of it and its keeper the record that shows more, where the other is cropped."),
        Column(
            "place",
            pa.list_(pa.float32(), 4),
            "Place within the keeper (of the mirror image, if mirrored): x0, y0, x1, y1 as fractions of the keeper.",
        ),
        Column("cosine", pa.float32(), "Embedding similarity with the keeper; null for exact copies without a crop."),
        Column("phash_distance", pa.int32(), "Bits that differ from the keeper's pHash."),
        Column(
            "variant_of", pa.string(), "Best picture whose drawing it is with another face, dress, colour or ground."
        ),
        Column("reason", pa.string(), "Why the keeper is kept or this copy is dropped."),
    ),
)

CHARACTER_CLUSTERS = Table(
    "character_clusters",
    3,
    "One row a kept, non-duplicate record: the character it belongs to.",
    (
        RECORD_ID,
        Column("character_id", pa.string(), "Character, e.g. character_003; null for noise."),
        Column("probability", pa.float32(), "Strength of membership between 0 and 1.", False),
        Column("representative", pa.bool_(), "The most central member of its character.", False),
        Column(
            "similarity", pa.float32(), "Likeness to the representative of its character, a cosine; null for noise."
        ),
        Column("sub_cluster", pa.int32(), "View, pose or dress within its character, 0 the commonest; null for noise."),
        Column("view", pa.string(), "How much it shows: face, bust, upper or figure; null where no head is seen."),
        Column(
            "moment_of",
            pa.string(),
            "Earlier frame that hardly differs and stands for it; null where it stands itself.",
        ),
    ),
)

CLUSTER_CONSENSUS = Table(
    "cluster_consensus",
    1,
    "One row a clustered record and stable trait that the pictures of its character agree on by a strong majority.",
    (
        RECORD_ID,
        Column("character_id", pa.string(), "Character whose pictures voted.", False),
        Column("attribute", pa.string(), "Stable trait: Gender, Hair Color, Eye Color, Age or Scars.", False),
        Column("consensus", pa.string(), "Value with a strong majority.", False),
        Column("share", pa.float32(), "Its share of the votes, each weighed by its confidence.", False),
        Column("voters", pa.int32(), "Pictures of the character with a decided value.", False),
        Column("value", pa.string(), "What was decided of this record; Unknown where nothing was.", False),
        Column(
            "verdict",
            pa.string(),
            "agrees, differs, fills (nothing was decided here) or hidden (cannot be seen).",
            False,
        ),
        Column(
            "reason",
            pa.string(),
            "Likely reason of a disagreement: closed_eyes, other_person, costume, tag_error, misread_picture or unclear.",
        ),
    ),
)

STRETCH = pa.struct(
    [
        pa.field("scene", pa.int32()),
        pa.field("first_s", pa.float64(), nullable=False),
        pa.field("last_s", pa.float64(), nullable=False),
        pa.field("frames", pa.int32(), nullable=False),
    ]
)
"""Consecutive frames of one scene on which a track's character is seen."""

TRACKED_ATTRIBUTE = pa.struct(
    [
        pa.field("attribute", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("runner_up", pa.string()),
    ]
)
"""A fused answer that is not Unknown, as in ``character_attributes``."""

TRACKS = Table(
    "tracks",
    1,
    "One row a track: a character through one film, over cuts, with one identity and one fused attribute record.",
    (
        Column("record_id", pa.string(), "Frame that stands for the track: the most typical of the clearest.", False),
        Column("track_id", pa.string(), "Name of the track; it stays while its first frame does.", False),
        Column("source", pa.string(), "Name of the source.", False),
        Column(
            "film", pa.string(), "Source item of the film; of frames that were extracted before their episode.", False
        ),
        Column("episode", pa.string(), "Episode, which is the film's file name; null where nothing says it."),
        Column("first_s", pa.float64(), "First second at which it is seen.", False),
        Column("last_s", pa.float64(), "Last second at which it is seen.", False),
        Column("frames", pa.int32(), "Frames on which it is seen.", False),
        Column("stretches", pa.list_(STRETCH), "Its appearances, in order: consecutive frames of one scene.", False),
        Column("records", pa.list_(pa.string()), "Its frames in order of time; they are rows of `raw_shards`.", False),
        Column("coherence", pa.float32(), "Mean likeness of its frames to their mean, a cosine.", False),
        Column("name", pa.string(), "Character of the gallery that its frames show together; null: nobody of it."),
        Column(
            "status",
            pa.string(),
            "reviewed (a person's word about a frame), recognised, or unknown; null where there is no gallery.",
        ),
        Column(
            "share",
            pa.float32(),
            "Mean chance, 0-1, that its frames give the likeliest character; null without a gallery.",
        ),
        Column("similarity", pa.float32(), "Mean likeness of the frames that say this name; null without a name."),
        Column(
            "margin", pa.float32(), "Mean score difference of these to their second candidate, in natural log-odds."
        ),
        Column("votes", pa.int32(), "Frames whose nearest character this is; null without a gallery."),
        Column(
            "attributes",
            pa.list_(TRACKED_ATTRIBUTE),
            "What the evidence of all its frames is fused to; what stays Unknown is left out.",
            False,
        ),
    ),
)

EDITS = Table(
    "edits",
    1,
    "One row an edit of the log that stands (neither undone nor an undo), as the last run took it in.",
    (
        Column("seq", pa.int64(), "Place in the log.", False),
        Column("edit_id", pa.string(), "Identity of the edit, the same in every log it is imported into.", False),
        Column("at", pa.string(), "Time of the act, ISO 8601 in UTC.", False),
        Column("actor", pa.string(), "Who acted.", False),
        Column("op", pa.string(), "Operation, e.g. attribute.set or cluster.rename.", False),
        Column("args", pa.string(), "Its arguments as JSON; records are named, never cluster ids alone.", False),
        Column("base", pa.int64(), "Place of the last edit the actor had seen.", False),
    ),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        SOURCE_ITEMS,
        RAW_SHARDS,
        SINGLE_CHARACTER_IMAGES,
        CLIP_EMBEDDINGS,
        DESIGN_FEATURES,
        TAG_EVIDENCE,
        VISUAL_EVIDENCE,
        CHARACTER_ATTRIBUTES,
        CHARACTER_IDENTITIES,
        EDITS,
        KNN_GRAPH,
        NEAR_DUPLICATES,
        MERGED_ATTRIBUTES,
        CHARACTER_CLUSTERS,
        CLUSTER_CONSENSUS,
        TRACKS,
    )
}

BOOKS = pa.schema(
    [
        pa.field("record_id", pa.string(), False),
        pa.field("input_digest", pa.binary(16), False),
        pa.field("outcome", pa.string(), False),
        pa.field("code", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
"""The books of a fragment: one row an input record with what became of it (``row``, ``rejected`` or ``skipped``)."""

REJECTION_CODES: dict[str, str] = {
    "empty": "the file has no bytes",
    "too_many_bytes": "the file is larger than the limit",
    "too_many_pixels": "the picture is larger than the limit (a decompression bomb, or a poster)",
    "too_small": "the picture is smaller than the limit",
    "extreme_aspect": "the picture is far longer than wide, or far wider than long",
    "not_an_image": "the bytes are no picture of an allowed format",
    "undecodable": "the picture is damaged",
    "out_of_memory": "decoding took too much memory",
    "missing_file": "the source names a file that is not there",
    "unreadable": "the bytes could not be read; a file is read again once it can be",
    "no_image_bytes": "the row has neither picture nor words",
    "bad_name": "the name is unsafe (absolute, `..`, control characters, not UTF-8)",
    "duplicate_key": "the source gives two records the same place",
    "not_a_regular_file": "the archive member is a link or a device",
    "fetch_failed": "the address did not answer with a picture",
}
"""Codes a rejection may carry, with their meaning for people."""
