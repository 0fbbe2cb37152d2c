"""Taggers, vision-language, text and OCR models as evidence: the real classes, small random weights built here, no downloads."""

import csv
import json

import cv2
import numpy as np
import pytest

from charassets.attributes.chosen_sources import picture_sources, word_sources
from charassets.attributes.evidence_source import Subject
from charassets.attributes.ocr import OcrSource
from charassets.attributes.tagger import TaggerSource
from charassets.attributes.text_llm import TextLlmSource
from charassets.attributes.vlm import VlmSource
from charassets.attributes.vocabulary import UNKNOWN, load
from charassets.errors import ModelMissingError, UsageError
from charassets.images.text_areas import text_lines, with_strips
from charassets.models.tagger import framed_square
from charassets.settings import OcrSettings, TaggerSettings, TextLlmSettings, VlmSettings, load_settings

TAGS = (("general", 9), ("1girl", 0), ("blue_hair", 0), ("red_hair", 0), ("closed_eyes", 0), ("hatsune_miku", 4))
SIDE = 32


def words_tokenizer(texts, **special):
    """A tokenizer of whole words, with every mark of its own."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])
    words = sorted({word for text in texts for word, _ in split.pre_tokenize_str(text)})
    ids = {word: k for k, word in enumerate(["[pad]", "[unk]", "[bos]", "[eos]", *special.values(), *words])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[unk]"))
    tokenizer.pre_tokenizer = split
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[pad]", unk_token="[unk]", bos_token="[bos]", eos_token="[eos]",
        extra_special_tokens=dict(special) or None,
    )  # fmt: skip


def vocabulary_texts():
    values = [v.name for a in load().attributes.values() for v in a.values]
    return [
        *values,
        *load().attributes,
        UNKNOWN,
        "What is the of drawn character ? Answer with one : , . { } Description",
    ]


@pytest.fixture(scope="module")
def tagger_folder(tmp_path_factory):
    """A WD tagger's shape: the mean of blue, green and red, each on [0, 1], answers for a tag."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder = tmp_path_factory.mktemp("tagger")
    weights = np.zeros((3, len(TAGS)), np.float32)
    weights[0, 2] = weights[2, 3] = 1 / 255  # BGR: channel 0 is blue
    bias = np.array([0.9, 0.8, 0.0, 0.0, 0.5, 0.95], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["input", "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "weights"], ["weighed"]),
            helper.make_node("Add", ["weighed", "bias"], ["output"]),
        ],
        "tagger",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", len(TAGS)])],
        [
            numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(bias, "bias"),
        ],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "model.onnx"
    )
    with (folder / "selected_tags.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["tag_id", "name", "category", "count"])
        writer.writerows((k, name, category, 1000) for k, (name, category) in enumerate(TAGS))
    return folder


def test_a_tagger_sees_colours_in_its_own_channel_order_and_only_general_tags_count(tagger_folder):
    source = TaggerSource(TaggerSettings(path=str(tagger_folder)), "cpu", load())
    blue, red = (np.full((40, 40, 3), colour, np.uint8) for colour in ((0, 0, 255), (255, 0, 0)))
    told = source.answers([Subject(pixels=blue), Subject(), Subject(pixels=red)])
    by_value = [{(row.attribute, row.value): row.score for row in rows} for rows in told]
    assert by_value[0]["Hair Color", "Blue"] == pytest.approx(0.9)
    assert ("Hair Color", "Red") not in by_value[0]
    assert by_value[1] == {}
    assert by_value[2]["Hair Color", "Red"] == pytest.approx(0.9)
    assert by_value[0]["Gender", "Female"] == pytest.approx(0.72)
    assert by_value[0]["Eye Color", UNKNOWN] == pytest.approx(0.3)
    assert "sees `blue_hair` 1.00" in next(row.detail for row in told[0] if row.value == "Blue")


def test_a_tagger_gets_a_white_square_in_bgr():
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[..., 0] = 255
    framed = framed_square(picture, 60)
    assert framed.shape == (60, 60, 3)
    assert framed.dtype == np.float32
    assert framed[0, 0].tolist() == [255, 255, 255]
    assert framed[30, 30].tolist() == [0, 0, 255]


def test_a_tagger_whose_labels_do_not_fit_or_that_is_not_there_is_refused_in_one_line(tagger_folder, tmp_path):
    for name in ("model.onnx", "selected_tags.csv"):
        (tmp_path / name).write_bytes((tagger_folder / name).read_bytes())
    with (tmp_path / "selected_tags.csv").open("a") as file:
        file.write("9,one_more,0,1\n")
    source = TaggerSource(TaggerSettings(path=str(tmp_path)), "cpu", load())
    with pytest.raises(ModelMissingError, match="7 labels for 6 outputs"):
        source.answers([Subject(pixels=np.zeros((8, 8, 3), np.uint8))])
    with pytest.raises(ModelMissingError, match="has to be pinned"):
        TaggerSource(TaggerSettings(path="someone/some-tagger"), "cpu", load()).weights()
    with pytest.raises(ModelMissingError, match="not the pinned ones"):
        TaggerSource(TaggerSettings(path=str(tagger_folder), sha256="0" * 64), "cpu", load()).weights()


@pytest.fixture(scope="module")
def llm_folder(tmp_path_factory):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("llm")
    tokenizer = words_tokenizer([*vocabulary_texts(), "A tall woman with short blue hair . Its attributes as JSON"])
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=512, initializer_range=0.6,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_a_text_model_can_only_answer_with_values_of_the_vocabulary(llm_folder):
    chosen = TextLlmSettings(path=str(llm_folder), attributes=("Hair Color", "Gender", "Dress"), batch=3)
    source = TextLlmSource(chosen, "cpu", load())
    subjects = [Subject(description=f"A tall woman with short {c} hair.") for c in ("blue", "Pink", "Green")]
    told = source.answers([*subjects, Subject(tags="1girl")])
    assert told[3] == []
    assert any(told)
    for row in (row for rows in told for row in rows):
        assert row.value in {v.name for v in load().attributes[row.attribute].values}
        assert row.source == "text_llm"
        assert 0 < row.score <= 1
    assert told[:3] == [source.answers([subject])[0] for subject in subjects]


def test_a_text_model_weighs_answers_as_its_likelihoods_say(llm_folder):
    import torch

    from charassets.models.text_llm import load_text_model

    model = load_text_model(TextLlmSettings(path=str(llm_folder), batch=2), "cpu")
    prompt, answers = "What is the Hair Color of the drawn character", ["Blue", "Red", "Green", "Pink"]
    told = model.chances(prompt, answers)
    ids = torch.tensor([model._tokenizer(prompt, add_special_tokens=False)["input_ids"]])
    logits = model._model(ids).logits[0, -1].double().detach()
    single = torch.tensor([model._tokenizer(a, add_special_tokens=False)["input_ids"][0] for a in answers])
    assert told == pytest.approx(torch.softmax(logits[single], 0).numpy(), abs=1e-5)


@pytest.fixture(scope="module")
def vlm_folder(tmp_path_factory):
    import torch
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    folder = tmp_path_factory.mktemp("vlm")
    tokenizer = words_tokenizer([text for t in vocabulary_texts() for text in (t, t.lower())], image_token="<image>")
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    LlavaProcessor(
        image_processor=images, tokenizer=tokenizer, patch_size=16, vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**layers, image_size=32, patch_size=16),
        text_config=LlamaConfig(
            **layers, vocab_size=len(tokenizer), max_position_embeddings=512, initializer_range=0.6
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_a_vision_language_model_answers_every_question_with_an_allowed_value(vlm_folder):
    chosen = VlmSettings(path=str(vlm_folder), attributes=("Hair Color", "Gender"), batch=5)
    source = VlmSource(chosen, "cpu", load())
    pictures = [np.random.default_rng(k).integers(0, 256, (48, 40, 3)).astype(np.uint8) for k in range(2)]
    told = source.answers([Subject(pixels=pictures[0]), Subject(), Subject(pixels=pictures[1])])
    assert [len(rows) for rows in told] == [2, 0, 2]
    for row in (*told[0], *told[2]):
        assert row.value in {*(v.name for v in load().attributes[row.attribute].values), UNKNOWN}
        assert row.source == "vlm"
        assert 1 / 15 < row.score <= 1


def test_an_attribute_nobody_knows_is_refused_when_the_settings_are_read(vlm_folder):
    with pytest.raises(UsageError, match="'Mood' is no attribute"):
        VlmSource(VlmSettings(path=str(vlm_folder), attributes=("Mood",)), "cpu", load())


@pytest.fixture(scope="module")
def reader_folder(tmp_path_factory):
    import torch
    from transformers import (
        TrOCRConfig,
        TrOCRForCausalLM,
        VisionEncoderDecoderModel,
        ViTConfig,
        ViTImageProcessor,
        ViTModel,
    )

    folder = tmp_path_factory.mktemp("reader")
    tokenizer = words_tokenizer(["black hair www.example.com glasses"])
    tokenizer.save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    torch.manual_seed(0)
    encoder = ViTModel(
        ViTConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=32,
            patch_size=16,
        )
    )
    decoder = TrOCRForCausalLM(
        TrOCRConfig(
            vocab_size=len(tokenizer), d_model=32, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=64,
            max_position_embeddings=64, cross_attention_hidden_size=32, pad_token_id=0, bos_token_id=2, eos_token_id=3,
        )
    )  # fmt: skip
    model = VisionEncoderDecoderModel(encoder=encoder, decoder=decoder)
    model.config.decoder_start_token_id, model.config.pad_token_id, model.config.eos_token_id = 2, 0, 3
    model.generation_config.decoder_start_token_id = 2
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = 0, 3
    model.save_pretrained(folder)
    return folder


def lines_of(pixels, kept=12):
    return with_strips(pixels, text_lines(pixels), kept)


def page(lines=10, side=500):
    picture = np.full((side, side, 3), 255, np.uint8)
    for k in range(lines):
        place = (20, 45 + k * 44)
        cv2.putText(picture, "the quick brown fox jumps", place, cv2.FONT_HERSHEY_SIMPLEX, 0.95, (0, 0, 0), 2)
    return picture


def test_a_page_of_text_is_told_from_a_drawing_without_reading_it():
    source = OcrSource(OcrSettings(), "cpu", load())
    drawing = np.full((400, 300, 3), 255, np.uint8)
    cv2.circle(drawing, (150, 120), 80, (240, 200, 170), -1)
    cv2.circle(drawing, (150, 120), 80, (0, 0, 0), 3)
    cv2.rectangle(drawing, (80, 220), (220, 390), (60, 80, 200), -1)
    told = source.answers([Subject(writing=lines_of(page())), Subject(writing=lines_of(drawing)), Subject()])
    assert [(row.attribute, row.value) for row in told[0]] == [("Writing", "Text Page")]
    assert told[0][0].score >= 0.5
    assert told[1] == told[2] == []


def test_a_reader_of_lines_is_asked_about_every_line_found(reader_folder):
    source = OcrSource(OcrSettings(path=str(reader_folder), max_lines=3), "cpu", load())
    told = source.answers([Subject(writing=lines_of(page()))])[0]
    assert ("Writing", "Text Page") in {(row.attribute, row.value) for row in told}
    assert all(row.source == "ocr" for row in told)
    assert source.weights()


def test_written_words_are_evidence_and_an_address_marks_a_picture_as_somebodys():
    source = OcrSource(OcrSettings(), "cpu", load())
    told = {(row.attribute, row.value): row for row in source._meant(["Black hair", "www.example.com", ""])}
    assert told["Hair Color", "Black"].detail == "written `black_hair`"
    assert told["Hair Color", "Black"].score < 0.6
    assert "example.com" in told["Writing", "Watermark"].detail


def test_the_settings_choose_the_sources_and_each_enters_the_fingerprint(tagger_folder, llm_folder, vlm_folder):
    settings = load_settings(
        {
            "tagger": {"path": str(tagger_folder), "floor": 0.4}, "vlm": {"path": str(vlm_folder)},
            "text_llm": {"path": str(llm_folder)}, "ocr": {}, "device": "cpu",
        }
    )  # fmt: skip
    pictures, words = picture_sources(settings, load()), word_sources(settings, load())
    assert [s.source for s in pictures] == ["clip", "head", "colour", "tagger", "vlm", "ocr", "probe"]
    assert [s.source for s in words] == ["tag", "text_llm"]
    assert json.dumps([dict(s.settings_read()) for s in (*pictures, *words)])
    assert {name.split("/")[0] for s in pictures for name in s.weights()} >= {"tagger", "vlm", "heads"}
    plain = load_settings({"device": "cpu"})
    assert [s.source for s in picture_sources(plain, load())] == ["clip", "head", "colour", "probe"]
