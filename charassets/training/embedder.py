"""Trains the mini embedder on studio portraits: attributes in words, identity over poses, robustness to re-encoding.

What belongs here: the data pipeline, the losses, the loop, the export. Not here: the network, the prompts, the drawing.

Attributes are learnt as zero-shot will ask for them: a softmax over one attribute's prompts at a time. Whole captions against
whole pictures (the loss of CLIP) spread the little text there is over all attributes at once and learn far slower.

    python -m charassets.training.embedder --minutes 24 --out build/embedder
"""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from charassets.attributes.zero_shot import Question
from charassets.training.budget import Budget
from charassets.training.drawing import draw_all, drawn_portrait
from charassets.training.prompts import labels, questions, templates, words
from charassets.training.views import copy_of, varied, view_of

if TYPE_CHECKING:
    import torch

SIZE = 96  # px of the square the network sees
_DRAWN = 128  # px of the drawings it is cut from
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
_PEAK_RATE, _WARMUP_STEPS, _WEIGHT_DECAY = 1.5e-3, 100, 0.03
_FIRST_IDENTITY = 10_000_000  # training identities; measuring uses seeds below
# Told apart from each other, two drawings give the towers far stronger gradients than one attribute in twenty does.
_ATTRIBUTE_WEIGHT, _IDENTITY_WEIGHT, _COPY_WEIGHT = 4.0, 0.2, 0.2
_IDENTITY_SCALE, _COPY_SCALE = 12.0, 20.0  # inverse temperatures of the two contrasts
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


def train(out: Path, minutes: float, seed: int = 0, *, identities: int = 6000, batch: int = 40) -> Path:
    """Train for ``minutes`` of processor time, going on from the checkpoint in ``out`` if there is one.

    Args:
        out: folder of the checkpoint and of the result.
        minutes: training time in all, earlier runs included; drawing is not counted.
        seed: of characters, augmentation and initial weights.
        identities: characters drawn, each in two pictures.
        batch: characters a step; three pictures of each pass through the network.

    Returns:
        Folder of the finished model, as ``save_pretrained`` writes it.
    """
    import torch
    from torch.nn import functional

    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    asked, forms, tokenizer = questions(), templates(), new_tokenizer()
    model = _new_model(len(tokenizer)).to(device, memory_format=torch.channels_last)
    # Linear read-outs of the embedding, for training only: they carry attributes into the image tower before text is any use.
    readout = torch.nn.Linear(model.config.projection_dim, sum(len(q.options) for q in asked)).to(device)
    trained = torch.nn.ModuleDict({"model": model, "readout": readout})
    optimizer = torch.optim.AdamW(trained.parameters(), lr=_PEAK_RATE, weight_decay=_WEIGHT_DECAY, betas=(0.9, 0.98))
    budget, step = Budget(minutes * 60), 0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        trained.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, budget.spent = saved["step"], saved["spent"]
    first = _FIRST_IDENTITY + seed * identities
    pool = draw_all(drawn_portrait, ((first + k, view, _DRAWN) for k in range(identities) for view in range(2)))
    truth = np.stack([labels(p.attributes, p.style, asked) for p in pool])
    weights = [weight.to(device) for weight in _class_weights(truth, asked)]
    rng = np.random.default_rng([seed, step])
    model.train()
    budget.start()
    while budget.share < 1:
        rate = _PEAK_RATE * min(1, (step + 1) / _WARMUP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * budget.share) + 0.005)
        for group in optimizer.param_groups:
            group["lr"] = rate
        chosen = rng.choice(identities, batch, replace=False) * 2
        chosen = np.concatenate([chosen, chosen + 1])
        views = [view_of(pool[k], SIZE, rng) for k in chosen]
        copies = [copy_of(view, rng) for view in views[:batch]]
        pixels = _pixels([varied(view, rng) for view in views] + copies).to(device)
        tokens = tokenizer(_ask(asked, forms, rng), padding=True, return_tensors="pt").to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            image = model.get_image_features(pixels).pooler_output
            text = model.get_text_features(**tokens).pooler_output
        read = readout(image.float())
        image, text = functional.normalize(image.float(), dim=1), functional.normalize(text.float(), dim=1)
        scale = model.logit_scale.clamp(max=math.log(50)).exp()
        rows = np.concatenate([chosen, chosen[:batch]])
        right = torch.from_numpy(truth[rows]).to(device)
        told = _attribute_loss(scale * image @ text.T, right, asked, weights)
        probed = _attribute_loss(read, right, asked, weights)
        own, other, copy = image[:batch], image[batch : 2 * batch], image[2 * batch :]
        same, copied = _contrast(own, other, _IDENTITY_SCALE), _contrast(own, copy, _COPY_SCALE)
        nearer = functional.relu((own * other).sum(1) + _COPY_MARGIN - (own * copy).sum(1)).mean()
        loss = _ATTRIBUTE_WEIGHT * (told + probed) + _IDENTITY_WEIGHT * same + _COPY_WEIGHT * (copied + 4 * nearer)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 2.0)
        optimizer.step()
        step += 1
        budget.tell(
            f"step {step}  attributes {told:.3f} {probed:.3f}  identity {same:.3f}  copies {copied:.3f}  margin {nearer:.3f}"
        )
        if budget.save_due() or budget.share >= 1:
            state = {"model": trained.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"step": step, "spent": budget.elapsed}, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    return save(model, tokenizer, out / "embedder")


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
    parser.add_argument("--identities", type=int, default=6000)
    given = parser.parse_args()
    train(given.out, given.minutes, given.seed, identities=given.identities)


if __name__ == "__main__":
    main()
