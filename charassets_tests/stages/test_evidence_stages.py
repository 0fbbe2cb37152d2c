"""Words and pictures become evidence, evidence becomes attributes: real fragments, real CLIP and DINOv2 classes, small weights."""

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from charassets.attributes.vocabulary import load
from charassets.attributes.zero_shot import FLOOR, TOP, prepare, questions
from charassets.errors import CharassetsError
from charassets.images.crops import webp
from charassets.lake.fragments import Lake
from charassets.lake.store import open_store
from charassets.models.registry import load_embedder
from charassets.schema import BOOKS, TABLES
from charassets.settings import Settings, load_settings
from charassets.stages.character_attributes import CharacterAttributes
from charassets.stages.runner import run_stage
from charassets.stages.tag_evidence import TagEvidence
from charassets.stages.visual_evidence import VisualEvidence

SHARD = "shard-00000"


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory) -> Path:
    """A CLIP of 32 dimensions with random weights and a tokenizer that knows the prompts' words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("weights") / "tiny-clip"
    vocabulary = load()
    prompts = " ".join(p for q in questions(vocabulary) for option in q.prompts for p in option)
    words = sorted({*(" ".join(vocabulary.templates)).split(), *prompts.replace("-", " - ").split()})
    ids = {word: i for i, word in enumerate(["[pad]", "[unk]", "[bos]", "[eos]", *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[unk]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[bos] $A [eos]", special_tokens=[("[bos]", 2), ("[eos]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[pad]", unk_token="[unk]", bos_token="[bos]", eos_token="[eos]"
    ).save_pretrained(folder)
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**layers, "vocab_size": len(ids), "max_position_embeddings": 24, "pad_token_id": 0, "bos_token_id": 2}
    config = CLIPConfig(
        text_config={**text, "eos_token_id": 3},
        vision_config={**layers, "image_size": 32, "patch_size": 16},
        projection_dim=32,
        logit_scale_init_value=float(np.log(100)),
    )
    torch.manual_seed(0)
    model = CLIPModel(config)
    # The initial spread of .02 would leave all texts almost parallel; a trained model spreads them.
    torch.nn.init.normal_(model.text_model.embeddings.token_embedding.weight)
    model.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def dino_folder(tmp_path_factory) -> Path:
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    folder = tmp_path_factory.mktemp("weights") / "tiny-dino"
    config = Dinov2Config(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14)
    Dinov2Model(config).save_pretrained(folder)
    BitImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}).save_pretrained(folder)
    return folder


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(open_store(str(tmp_path / "lake")))


@pytest.fixture
def heads_folder(tmp_path) -> Path:
    """Heads with random weights that are sure enough of every colour."""
    import torch
    from safetensors.torch import save_file

    from charassets.models.mini_heads import HeadsNetwork

    folder = tmp_path / "tiny-heads"
    folder.mkdir()
    torch.manual_seed(0)
    save_file(HeadsNetwork(32, [2]).state_dict(), folder / "model.safetensors")
    asked = {"name": "Hair Color", "attribute": "Hair Color", "options": ["Black", "Blonde"], "min_confidence": 0.5}
    (folder / "config.json").write_text(json.dumps({"side": 32, "questions": [asked]}))
    return folder


def settings(embedder: Path, heads: Path | None = None) -> Settings:
    named = {"path": str(heads)} if heads else None
    return load_settings({"embedder": {"path": str(embedder)}, "heads": named, "device": "cpu"})


def put(lake: Lake, table: str, rows: list[dict], version: str = "1") -> None:
    schema = TABLES[table].arrow
    books = [{"record_id": r["record_id"], "input_digest": b"\0" * 16, "outcome": "row"} for r in rows]
    with lake.writer(table, SHARD, schema) as writer:
        writer.add(pa.Table.from_pylist(rows, schema=schema), pa.Table.from_pylist(books, schema=BOOKS))
        writer.commit(version, "made by the test", {})


def put_words(lake: Lake, words: dict[str, tuple[str | None, str | None]], version: str = "1") -> None:
    fixed = {"source": "s", "kind": "text", "uri": "u"}
    put(
        lake,
        "raw_shards",
        [
            {"record_id": r, "item_key": r, "tags": tags, "description": text, **fixed}
            for r, (tags, text) in words.items()
        ],
        version,
    )
    put(lake, "single_character_images", [{"record_id": r, "crop_label": "whole"} for r in words])


def put_vectors(lake: Lake, vectors: dict[str, np.ndarray], crops: dict[str, bytes] | None = None) -> None:
    if lake.fragment("single_character_images", SHARD) is None:
        put(lake, "single_character_images", [{"record_id": r, "crop": (crops or {}).get(r)} for r in vectors])
    put(
        lake,
        "clip_embeddings",
        [
            {"record_id": r, "crop_id": r, "model": "m", "dim": len(v), "embedding": v.astype("<f2").tobytes()}
            for r, v in vectors.items()
        ],
    )


def rows(lake: Lake, table: str) -> list[dict]:
    fragment = lake.fragment(table, SHARD)
    assert fragment is not None
    return fragment.read([c.name for c in TABLES[table].columns]).to_pylist()


def skipped(lake: Lake, table: str) -> dict[str, str]:
    fragment = lake.fragment(table, SHARD)
    assert fragment is not None
    books = fragment.read(role="books").to_pylist()
    return {line["record_id"]: line["code"] for line in books if line["outcome"] == "skipped"}


def looks_like(chosen: Settings, attribute: str, value: str) -> np.ndarray:
    """The embedding a picture would have that is exactly what the prompts of one value say."""
    zero_shot = prepare(load_embedder(chosen.embedder, "cpu"), load())
    place = [(q.attribute, option) for q in zero_shot.questions for option in q.options].index((attribute, value))
    return zero_shot.vectors[place]


def test_tag_evidence_reads_tags_and_descriptions_and_says_why_a_record_has_none(lake, clip_folder):
    put_words(
        lake,
        {
            "r1": ("1girl, blonde_hair, no_glasses", None),
            "r2": (None, "An old man with a beard."),
            "r3": (None, None),
            "r4": ("highres, absurdres", None),
        },
    )
    run_stage(TagEvidence(settings(clip_folder)), SHARD, lake)
    found = [(r["record_id"], r["attribute"], r["value"], r["source"]) for r in rows(lake, "tag_evidence")]
    assert found[:3] == [
        ("r1", "Accessories", "Glasses", "tag"),
        ("r1", "Gender", "Female", "tag"),
        ("r1", "Hair Color", "Blonde", "tag"),
    ]
    assert ("r2", "Age", "Elderly", "text") in found
    assert skipped(lake, "tag_evidence") == {"r3": "no_words", "r4": "no_evidence"}
    denied = next(r for r in rows(lake, "tag_evidence") if r["value"] == "Glasses")
    assert (denied["score"], denied["detail"]) == (0.0, "tag `no_glasses` denies it")


def test_a_picture_that_is_what_a_prompt_says_is_answered_with_that_value(lake, clip_folder):
    chosen = settings(clip_folder)
    asked = [("Hair Color", "Pink"), ("Dress", "Armor"), ("Eye Color", "Unknown"), ("Scars", "Present")]
    put_vectors(lake, {f"r{i}": looks_like(chosen, *pair) for i, pair in enumerate(asked)})
    run_stage(VisualEvidence(chosen), SHARD, lake)
    for i, (attribute, value) in enumerate(asked):
        of_record = [r for r in rows(lake, "visual_evidence") if r["record_id"] == f"r{i}"]
        answers = [r for r in of_record if r["attribute"] == attribute]
        assert answers[0]["value"] == value
        assert [r["score"] for r in answers] == sorted((r["score"] for r in answers), reverse=True)
        for name in {r["attribute"] for r in of_record}:
            scores = [r["score"] for r in of_record if r["attribute"] == name]
            assert len(scores) <= TOP
            assert sum(scores) <= 1.001
            assert min(scores) >= FLOOR
        assert not {r["attribute"] for r in of_record} & {"Ethnicity", "Accessories"}


def test_an_answer_does_not_depend_on_the_company(clip_folder):
    zero_shot = prepare(load_embedder(settings(clip_folder).embedder, "cpu"), load())
    pictures = np.random.default_rng(0).normal(size=(7, 32))
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    together = zero_shot.answers(pictures)
    assert together == [zero_shot.answers(picture[None])[0] for picture in pictures]


def test_an_embedder_without_text_gives_no_evidence_and_says_so(lake, dino_folder, caplog):
    put_vectors(lake, {"r1": np.ones(32) / np.sqrt(32)})
    with caplog.at_level(logging.WARNING):
        run_stage(VisualEvidence(settings(dino_folder)), SHARD, lake)
    assert skipped(lake, "visual_evidence") == {"r1": "no_evidence"}
    assert "reads no text" in caplog.text


def test_the_heads_read_every_crop_and_say_how_sure_they_are(lake, dino_folder, heads_folder):
    crop = webp(np.full((60, 40, 3), (200, 160, 40), np.uint8), 80)
    put_vectors(lake, {r: np.ones(32) / np.sqrt(32) for r in ("r1", "r2", "r3")}, {"r1": crop, "r3": crop})
    run_stage(VisualEvidence(settings(dino_folder, heads_folder)), SHARD, lake)
    found = {r["record_id"]: r for r in rows(lake, "visual_evidence")}
    assert found.keys() == {"r1", "r3"}
    assert found["r1"]["source"] == "head"
    assert found["r1"]["value"] in ("Black", "Blonde")
    assert found["r1"]["score"] == found["r3"]["score"] >= 0.5
    assert "decides from 0.50" in found["r1"]["detail"]
    assert skipped(lake, "visual_evidence") == {"r2": "no_evidence"}


def test_other_thresholds_of_the_heads_are_another_fingerprint(dino_folder, heads_folder):
    with_heads = VisualEvidence(settings(dino_folder, heads_folder)).own_fingerprint()
    assert with_heads != VisualEvidence(settings(dino_folder)).own_fingerprint()
    config = heads_folder / "config.json"
    config.write_text(config.read_text().replace("0.5", "0.75"))
    assert VisualEvidence(settings(dino_folder, heads_folder)).own_fingerprint() != with_heads


def test_embeddings_of_another_model_are_refused(lake, clip_folder):
    put_vectors(lake, {"r1": np.ones(8) / np.sqrt(8)})
    with pytest.raises(CharassetsError, match="do not fit tiny-clip"):
        run_stage(VisualEvidence(settings(clip_folder)), SHARD, lake)


def test_every_record_gets_every_attribute_and_only_an_edited_line_is_fused_again(lake, clip_folder):
    chosen = settings(clip_folder)
    words = {"r1": ("1girl, pink_hair, closed_eyes", None), "r2": (None, None), "r3": ("blue_eyes, red_eyes", None)}
    put_words(lake, words)
    put_vectors(lake, {"r1": looks_like(chosen, "Hair Color", "Pink"), "r2": looks_like(chosen, "Dress", "Armor")})
    for stage in (TagEvidence(chosen), VisualEvidence(chosen), CharacterAttributes(chosen)):
        run_stage(stage, SHARD, lake)
    fused = {(r["record_id"], r["attribute"]): r for r in rows(lake, "character_attributes")}
    assert len(fused) == len(words) * len(load().attributes)
    assert (fused["r1", "Hair Color"]["value"], fused["r1", "Hair Color"]["sources"]) == ("Pink", ["tag"])
    assert fused["r1", "Eye Color"]["value"] == "Unknown"
    assert fused["r3", "Eye Color"]["status"] == "ambiguous"
    assert fused["r3", "Eye Color"]["runner_up"] == "Red"

    put_words(lake, {**words, "r3": ("green_eyes, x", None)}, version="2")
    run_stage(TagEvidence(chosen), SHARD, lake)
    result = run_stage(CharacterAttributes(chosen), SHARD, lake)
    assert (result.computed, result.reused) == (1, 2)
    again = {(r["record_id"], r["attribute"]): r for r in rows(lake, "character_attributes")}
    assert again["r3", "Eye Color"]["value"] == "Green"
    assert again["r1", "Hair Color"] == fused["r1", "Hair Color"]


def test_another_threshold_or_vocabulary_is_another_fingerprint(clip_folder, tmp_path):
    chosen = settings(clip_folder)
    stricter = chosen.model_copy(update={"attributes": chosen.attributes.model_copy(update={"min_confidence": 0.8})})
    assert CharacterAttributes(chosen).own_fingerprint() != CharacterAttributes(stricter).own_fingerprint()
    assert TagEvidence(chosen).own_fingerprint() == TagEvidence(stricter).own_fingerprint()
