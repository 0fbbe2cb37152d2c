"""The architecture of the shipped mini embedder: image and text in one 256-d space, as a transformers model.

What belongs here: the network and its registration with transformers. Not here: training it, framing pictures, prompts.
torch and transformers are imported at module level because the classes derive from theirs; therefore nothing may import this
module at module level.
"""

from dataclasses import dataclass

import torch  # noqa: TID253 - see above
from torch import Tensor, nn  # noqa: TID253 - see above
from transformers import (  # noqa: TID253 - see above
    AutoConfig,
    AutoModel,
    AutoModelForImageClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import (  # noqa: TID253 - see above
    BaseModelOutputWithPooling,
    ImageClassifierOutputWithNoAttention,
)
from transformers.utils.generic import ModelOutput  # noqa: TID253 - see above


class MiniClipConfig(PretrainedConfig):
    """Sizes of a ``MiniClipModel``.

    Attributes:
        image_size: side of the square input in pixels, a multiple of 32.
        widths: channels after each stage of the image tower; the picture is halved at each but the fourth.
        projection_dim: length of an embedding.
        vocab_size: words the text tower knows.
        text_width: channels of the text tower.
        max_position_embeddings: tokens a text may have.
        logit_scale: logarithm of the initial scale of cosines.
        both_ways: outside training a picture is looked at as it is and mirrored, and the mean counts: a picture and its mirror
            image then have one embedding.
    """

    model_type = "charassets_mini_clip"

    def __init__(
        self,
        image_size: int = 96,
        widths: tuple[int, ...] = (24, 48, 96, 192, 192, 320),
        projection_dim: int = 256,
        vocab_size: int = 512,
        text_width: int = 128,
        max_position_embeddings: int = 24,
        pad_token_id: int = 0,
        logit_scale: float = 2.5,
        both_ways: bool = True,
        **kwargs: object,
    ) -> None:
        self.image_size = image_size
        self.widths = list(widths)
        self.projection_dim = projection_dim
        self.vocab_size = vocab_size
        self.text_width = text_width
        self.max_position_embeddings = max_position_embeddings
        self.pad_token_id = pad_token_id
        self.logit_scale = logit_scale
        self.both_ways = both_ways
        super().__init__(**kwargs)  # pyright: ignore[reportArgumentType]


class _Block(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al., 2016)."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(out)
        self.second = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        inner = torch.relu(self.first_norm(self.first(x)))
        return torch.relu(self.second_norm(self.second(inner)) + self.shortcut(x))


class _ImageTower(nn.Module):
    """Convolutions, then what is anywhere (mean, maximum) and what is where (a narrow map kept in place)."""

    def __init__(self, config: MiniClipConfig) -> None:
        super().__init__()
        first, *rest = config.widths
        self.stem = nn.Sequential(nn.Conv2d(3, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        stages, channels, side = [], first, config.image_size // 2
        for number, width in enumerate(rest):
            stride = 1 if number == 3 else 2
            stages.append(_Block(channels, width, stride))
            channels, side = width, side // stride
        self.stages = nn.Sequential(*stages)
        self.place = nn.Conv2d(channels, 48, 1)
        features = 2 * channels + 48 * side * side
        self.project = nn.Sequential(nn.LayerNorm(features), nn.Linear(features, config.projection_dim))

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stages(self.stem(pixel_values))
        placed = torch.relu(self.place(x)).flatten(1)
        features = torch.cat([x.mean((2, 3)), x.amax((2, 3)), placed], dim=1)
        return x, self.project(features)


class _TextTower(nn.Module):
    """Word embeddings, one layer of attention, the mean over words."""

    def __init__(self, config: MiniClipConfig) -> None:
        super().__init__()
        width = config.text_width
        self.words = nn.Embedding(config.vocab_size, width, padding_idx=config.pad_token_id)
        self.positions = nn.Parameter(torch.zeros(config.max_position_embeddings, width))
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.project = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.projection_dim))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        x = self.words(input_ids) + self.positions[: input_ids.shape[1]]
        keep = attention_mask.bool()
        normed = self.norm(x)
        x = x + self.attention(normed, normed, normed, key_padding_mask=~keep, need_weights=False)[0]
        x = x + self.mix(x)
        weights = keep.unsqueeze(-1).to(x.dtype)
        return x, self.project((x * weights).sum(1) / weights.sum(1).clamp(min=1))


@dataclass
class MiniClipOutput(ModelOutput):
    """Embeddings of a batch of pictures and texts, and their scaled cosines ``(pictures, texts)``."""

    logits_per_image: Tensor | None = None
    image_embeds: Tensor | None = None
    text_embeds: Tensor | None = None


class MiniClipModel(PreTrainedModel):
    """Image and text towers into one space; called as transformers' CLIP is.

    Args:
        config: the sizes.
    """

    config_class = MiniClipConfig
    base_model_prefix = "mini_clip"
    main_input_name = "pixel_values"

    def __init__(self, config: MiniClipConfig) -> None:
        super().__init__(config)
        self.image = _ImageTower(config)
        self.text = _TextTower(config)
        self.logit_scale = nn.Parameter(torch.tensor(float(config.logit_scale)))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        # torch's own initial values serve; transformers would otherwise overwrite them with a normal distribution.
        return

    def get_image_features(self, pixel_values: Tensor, **_: object) -> BaseModelOutputWithPooling:
        """Embeddings of ``(n, 3, side, side)`` pictures: ``pooler_output`` is ``(n, projection_dim)``, not unit-norm."""
        hidden, pooled = self._image_features(pixel_values)
        return BaseModelOutputWithPooling(last_hidden_state=hidden, pooler_output=pooled)

    def _image_features(self, pixel_values: Tensor) -> tuple[Tensor, Tensor]:
        hidden, pooled = self.image(pixel_values)
        if self.config.both_ways and not self.training:
            mirrored = self.image(pixel_values.flip(-1))[1]
            pooled = nn.functional.normalize(pooled, dim=-1) + nn.functional.normalize(mirrored, dim=-1)
        return hidden, pooled

    def get_text_features(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: object
    ) -> BaseModelOutputWithPooling:
        """Embeddings of ``(n, tokens)`` texts: ``pooler_output`` is ``(n, projection_dim)``, not unit-norm."""
        if attention_mask is None:
            attention_mask = (input_ids != self.config.pad_token_id).long()
        hidden, pooled = self.text(input_ids, attention_mask)
        return BaseModelOutputWithPooling(last_hidden_state=hidden, pooler_output=pooled)

    def forward(
        self, input_ids: Tensor, pixel_values: Tensor, attention_mask: Tensor | None = None, **_: object
    ) -> MiniClipOutput:
        """Both towers and the scaled cosines between every picture and every text."""
        if attention_mask is None:
            attention_mask = (input_ids != self.config.pad_token_id).long()
        image = nn.functional.normalize(self._image_features(pixel_values)[1], dim=-1)
        text = nn.functional.normalize(self.text(input_ids, attention_mask)[1], dim=-1)
        return MiniClipOutput(self.logit_scale.exp() * image @ text.T, image, text)


class MiniClipForImageClassification(PreTrainedModel):
    """The image tower under one linear layer, called as transformers' classifiers of pictures are.

    Args:
        config: the sizes, and ``num_labels``.
    """

    config_class = MiniClipConfig
    base_model_prefix = "mini_clip"
    main_input_name = "pixel_values"

    def __init__(self, config: MiniClipConfig) -> None:
        super().__init__(config)
        self.image = _ImageTower(config)
        self.classifier = nn.Linear(config.projection_dim, config.num_labels or 2)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        # torch's own initial values serve the tower; the last layer begins at no answer, until a probe fills it.
        if module is self.classifier:
            nn.init.zeros_(self.classifier.weight)
            nn.init.zeros_(self.classifier.bias)

    def forward(
        self, pixel_values: Tensor, labels: Tensor | None = None, **_: object
    ) -> ImageClassifierOutputWithNoAttention:
        """``(n, num_labels)`` logits; outside training a picture counts together with its mirror image."""
        features = self.image(pixel_values)[1]
        if self.config.both_ways and not self.training:
            features = (features + self.image(pixel_values.flip(-1))[1]) / 2
        logits = self.classifier(features)
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return ImageClassifierOutputWithNoAttention(loss=loss, logits=logits)  # pyright: ignore[reportArgumentType]


AutoConfig.register(MiniClipConfig.model_type, MiniClipConfig, exist_ok=True)
AutoModel.register(MiniClipConfig, MiniClipModel, exist_ok=True)
AutoModelForImageClassification.register(MiniClipConfig, MiniClipForImageClassification, exist_ok=True)
