"""Trains the mini embedder on studio portraits: attributes in words, identity over poses, robustness to re-encoding.

What belongs here: the data pipeline, the losses, the loop, the export. Not here: the network, the prompts, the drawing.

Attributes are learnt as zero-shot will ask for them: a softmax over one attribute's prompts at a time. Whole captions against
whole pictures (the loss of CLIP) spread the little text there is over all attributes at once and learn far slower.

    python -m charassets.training.embedder --minutes 24 --out build/embedder
"""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.zero_shot import Question
from charassets.studio.traits import sample_character
from charassets.training.drawing import DrawnPortrait, draw_all, drawn_portrait
from charassets.training.loop import Recipe, device_here, fit
from charassets.training.prompts import labels, questions, templates, words
from charassets.training.views import copy_of, varied, view_of

if TYPE_CHECKING:
    import torch

SIZE = 96  # px of the square the network sees
_DRAWN = 128  # px of the drawings it is cut from
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
_RECIPE = Recipe(peak_rate=1.5e-3, warmup_steps=100, weight_decay=0.03, betas=(0.9, 0.98), clip=2.0)
_FIRST_IDENTITY = 10_000_000  # training identities; measuring uses seeds below
_VIEWS = 4  # pictures of each character; two of them meet in a step
# Told apart from each other, two drawings give the towers far stronger gradients than one attribute in twenty does.
_ATTRIBUTE_WEIGHT, _IDENTITY_WEIGHT, _COPY_WEIGHT = 3.0, 1.0, 0.4
_IDENTITY_SCALE, _COPY_SCALE = 16.0, 20.0  # inverse temperatures of the two contrasts
_LOOK_ALIKES = 0.5  # share of the steps in which all characters have hair of two colours: strangers that look alike
_COPY_MARGIN = 0.08  # a re-encoded copy must be closer than another picture of the same character by this much


def _pixels(pictures: list[NDArray[np.uint8]]) -> "torch.Tensor":
    import torch

    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div_(255)
    batch = (batch - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    return batch.contiguous(memory_format=torch.channels_last)


def new_tokenizer() -> Any:  # noqa: ANN401 - transformers' class, known only inside the function
    """One token a word of the training vocabulary, lower case; punctuation separates and is dropped."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    index = {word: k for k, word in enumerate(["[PAD]", "[UNK]", *words()])}
    raw = Tokenizer(models.WordLevel(index, unk_token="[UNK]"))  # noqa: S106 - a token of text, not of access
    raw.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex("[^a-z0-9+]+"), " ")])
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="[PAD]",  # noqa: S106
        unk_token="[UNK]",  # noqa: S106
        model_max_length=24,
        model_input_names=["input_ids", "attention_mask"],
    )


def _ask(asked: tuple[Question, ...], forms: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    """One wording of every answer of every question, in order."""
    return [
        str(rng.choice(forms)).replace("{}", str(rng.choice(prompts)))
        for question in asked
        for prompts in question.prompts
    ]


def _attribute_loss(
    logits: "torch.Tensor", truth: "torch.Tensor", asked: tuple[Question, ...], weights: list["torch.Tensor"]
) -> "torch.Tensor":
    """Mean cross-entropy over the questions.

    Args:
        logits: ``(pictures, options of all questions)``, in the order of ``asked``.
        truth: ``(pictures, questions)`` index of the right answer, or ``UNLABELED``.
        asked: the questions.
        weights: a weight for each option, question by question.
    """
    from torch.nn import functional

    losses, start = [], 0
    for k, question in enumerate(asked):
        stop = start + len(question.options)
        if (truth[:, k] >= 0).any():
            answers = logits[:, start:stop]
            losses.append(functional.cross_entropy(answers, truth[:, k], weights[k], label_smoothing=0.05))
        start = stop
    return sum(losses) / len(losses)  # pyright: ignore[reportReturnType]


def _contrast(first: "torch.Tensor", second: "torch.Tensor", scale: float) -> "torch.Tensor":
    """InfoNCE: row k of one batch belongs to row k of the other (van den Oord et al., 2018)."""
    import torch
    from torch.nn import functional

    logits = scale * first @ second.T
    target = torch.arange(len(first), device=first.device)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def _class_weights(truth: NDArray[np.int64], asked: tuple[Question, ...]) -> list["torch.Tensor"]:
    """Inverse square root of the frequency, mean 1: rare answers count more, but not so much that they are guessed."""
    import torch

    found = []
    for k, question in enumerate(asked):
        known = truth[:, k][truth[:, k] >= 0]
        frequency = np.bincount(known, minlength=len(question.options)) / max(1, len(known))
        weight = np.where(frequency > 0, 1 / np.sqrt(np.maximum(frequency, 1e-3)), 0.0)
        found.append(torch.from_numpy(weight / max(weight[frequency > 0].mean(), 1e-9)).float())
    return found


def _new_model(vocabulary: int) -> Any:  # noqa: ANN401 - the class derives from torch's and is known only inside
    from charassets.models.mini_clip import MiniClipConfig, MiniClipModel

    return MiniClipModel(MiniClipConfig(image_size=SIZE, vocab_size=vocabulary))


class _Pool:
    """The drawings learnt from, and how batches of characters are chosen from them.

    Args:
        identities: characters, each in ``_VIEWS`` pictures.
        first: seed of the first of them.
        asked: the questions.
    """

    def __init__(self, identities: int, first: int, asked: tuple[Question, ...]) -> None:
        jobs = ((first + k, view, _DRAWN) for k in range(identities) for view in range(_VIEWS))
        self.portraits: list[DrawnPortrait] = draw_all(drawn_portrait, jobs)
        self.truth = np.stack([labels(p.attributes, p.style, asked) for p in self.portraits])
        hair = [str(sample_character(first + k).attributes.get("Hair Color")) for k in range(identities)]
        self._hair = np.array(hair)

    def pairs(self, count: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Two pictures each of ``count`` characters, as rows of the pool."""
        all_of_them = chosen = np.arange(len(self._hair))
        if rng.random() < _LOOK_ALIKES:
            chosen = np.flatnonzero(np.isin(self._hair, rng.choice(np.unique(self._hair), 2)))
        chosen = chosen if len(chosen) >= count else all_of_them
        chosen = rng.choice(chosen, count, replace=False)
        views = rng.permuted(np.tile(np.arange(_VIEWS), (count, 1)), axis=1)[:, :2]
        first, second = (chosen[:, None] * _VIEWS + views).T
        return first, second


class _Lessons:
    """Attributes by their prompts, identity over pictures, copies near; see ``charassets.training.loop.Learner``.

    Args:
        model: the two towers. tokenizer: of the text tower.
        asked: the questions.
        pool: the drawings.
        batch: characters a step.
        device: where the towers are.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - see _new_model
        tokenizer: Any,  # noqa: ANN401 - transformers' class
        asked: tuple[Question, ...],
        pool: _Pool,
        batch: int,
        device: "torch.device",
    ) -> None:
        import torch

        self._model, self._tokenizer, self._asked, self._pool = model, tokenizer, asked, pool
        self._batch, self._device = batch, device
        self._forms, self._weights = templates(), [w.to(device) for w in _class_weights(pool.truth, asked)]
        # Linear read-outs of the embedding, for training only: they carry attributes into the image tower before text is any use.
        self._readout = torch.nn.Linear(model.config.projection_dim, sum(len(q.options) for q in asked)).to(device)

    def modules(self) -> Mapping[str, "torch.nn.Module"]:
        """Towers and read-out."""
        import torch

        return {"network": torch.nn.ModuleDict({"model": self._model, "readout": self._readout})}

    def stepped(self, step: int) -> None:
        """Nothing but the network changes."""

    def lesson(self, rng: np.random.Generator) -> tuple["torch.Tensor", str]:
        """Two pictures of each character, and a copy of the first for half of them."""
        import torch

        first, second = self._pool.pairs(self._batch, rng)
        copied = max(1, self._batch // 2)
        rows = np.concatenate([first, second, first[:copied]])
        views = [view_of(self._pool.portraits[k], SIZE, rng) for k in rows[: 2 * self._batch]]
        copies = [copy_of(view, rng) for view in views[:copied]]
        pixels = _pixels([varied(view, rng) for view in views] + copies).to(self._device)
        image, text, read = self._seen(pixels, rng)
        right = torch.from_numpy(self._pool.truth[rows]).to(self._device)
        scale = self._model.logit_scale.clamp(max=math.log(50)).exp()
        told = _attribute_loss(scale * image @ text.T, right, self._asked, self._weights)
        probed = _attribute_loss(read, right, self._asked, self._weights)
        own, other, copy = image[: self._batch], image[self._batch : 2 * self._batch], image[2 * self._batch :]
        same, near = _contrast(own, other, _IDENTITY_SCALE), _contrast(own[:copied], copy, _COPY_SCALE)
        margin = ((own * other).sum(1)[:copied] + _COPY_MARGIN - (own[:copied] * copy).sum(1)).relu().mean()
        loss = _ATTRIBUTE_WEIGHT * (told + probed) + _IDENTITY_WEIGHT * same + _COPY_WEIGHT * (near + 4 * margin)
        return loss, f"attributes {told:.3f} {probed:.3f}  identity {same:.3f}  copies {near:.3f}  margin {margin:.3f}"

    def _seen(
        self, pixels: "torch.Tensor", rng: np.random.Generator
    ) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]:
        """Unit embeddings of the pictures and of one wording of every answer, and the read-out's logits."""
        import torch
        from torch.nn import functional

        words = _ask(self._asked, self._forms, rng)
        tokens = self._tokenizer(words, padding=True, return_tensors="pt").to(self._device)
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            image = self._model.get_image_features(pixels).pooler_output
            text = self._model.get_text_features(**tokens).pooler_output
        read = self._readout(image.float())
        return functional.normalize(image.float(), dim=1), functional.normalize(text.float(), dim=1), read


def train(
    out: Path, minutes: float, seed: int = 0, *, identities: int = 5000, batch: int = 96, start: Path | None = None
) -> Path:
    """Train for ``minutes`` of processor time, going on from the checkpoint in ``out`` if there is one.

    Args:
        out: folder of the checkpoint and of the result.
        minutes: training time in all, earlier runs included; drawing is not counted.
        seed: of characters, augmentation and initial weights.
        identities: characters drawn, each in several pictures.
        batch: characters a step; two pictures of each pass through the network, and copies of half of them.
        start: folder of a finished embedder to begin from instead of random weights.

    Returns:
        Folder of the finished model, as ``save_pretrained`` writes it.
    """
    import torch

    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device, asked, tokenizer = device_here(), questions(), new_tokenizer()
    model = _new_model(len(tokenizer))
    if start is not None:
        _continue_from(start, model, tokenizer)
    model = model.to(device, memory_format=torch.channels_last)
    pool = _Pool(identities, _FIRST_IDENTITY + seed * identities, asked)
    fit(_Lessons(model, tokenizer, asked, pool, min(batch, identities), device), _RECIPE, out, minutes, seed)
    return save(model, tokenizer, out / "embedder")


def _continue_from(folder: Path, model: Any, tokenizer: Any) -> None:  # noqa: ANN401 - see _new_model, new_tokenizer
    """Take over all weights of a finished embedder; words that it did not know keep their random ones."""
    import torch
    from transformers import PreTrainedTokenizerFast

    from charassets.models.mini_clip import MiniClipModel

    known = MiniClipModel.from_pretrained(folder).float().state_dict()
    places, name = PreTrainedTokenizerFast.from_pretrained(folder).get_vocab(), "text.words.weight"
    table = model.state_dict()[name].clone()
    for word, place in tokenizer.get_vocab().items():
        if word in places:
            table[place] = known[name][places[word]]
    with torch.no_grad():
        model.load_state_dict({**known, name: table})


def save(model: Any, tokenizer: Any, folder: Path) -> Path:  # noqa: ANN401 - transformers' classes
    """Write model, tokenizer and image processor as transformers' Auto classes read them; weights in half precision."""
    import torch
    from transformers import CLIPImageProcessor

    model = model.to("cpu", torch.float16, memory_format=torch.contiguous_format).eval()
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    square = {"height": SIZE, "width": SIZE}
    processor = CLIPImageProcessor(size=square, do_center_crop=False, image_mean=list(MEAN), image_std=list(STD))
    processor.save_pretrained(folder)
    return folder


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=train.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--identities", type=int, default=5000)
    parser.add_argument("--start", type=Path, help="a finished embedder to begin from")
    given = parser.parse_args()
    train(given.out, given.minutes, given.seed, identities=given.identities, start=given.start)


if __name__ == "__main__":
    main()
