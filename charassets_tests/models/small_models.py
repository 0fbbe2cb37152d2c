"""Real model classes with small random weights, saved as people save them: what they answer is noise, how they answer is not."""

import json

SIDE = 64


def save_clip(folder):
    """A CLIP of the original architecture; its tokenizer knows a dozen words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    tower = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    words = ["<pad>", "<unk>", "<start>", "<end>", "a", "girl", "boy", "with", "blonde", "black", "hair", "long"]
    config = CLIPConfig(
        text_config={
            **tower,
            "vocab_size": len(words),
            "max_position_embeddings": 16,
            "pad_token_id": 0,
            "bos_token_id": 2,
            "eos_token_id": 3,
        },
        vision_config={**tower, "image_size": SIDE, "patch_size": 16},
        projection_dim=48,
    )
    CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("<start>", 2), ("<end>", 3)]  # CLIP reads its answer off the end token
    tokenizer.post_processor = processors.TemplateProcessing(single="<start> $A <end>", special_tokens=ends)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<start>", eos_token="<end>"
    ).save_pretrained(folder)
    return folder


def save_dinov2(folder):
    """A picture-only encoder."""
    import torch
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE, patch_size=16, mlp_ratio=2
    )
    Dinov2Model(config).save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    BitImageProcessor(size={"shortest_edge": SIDE}, crop_size=size).save_pretrained(folder)
    return folder


def save_yolo(path):
    """A YOLO11n as ultralytics saves a checkpoint: untrained, but with statistics under which its answers vary."""
    import torch
    from ultralytics import YOLO

    torch.manual_seed(0)
    model = YOLO("yolo11n.yaml", task="detect")
    network = model.model.train()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # take the statistics of what passes, else signals fade out on the way to the head
    with torch.no_grad():
        network(torch.rand(4, 3, 160, 160))
    for classes in network.model[-1].cv3:
        torch.nn.init.normal_(classes[-1].weight, std=0.05)
    model.save(str(path))
    return path


def add_remote_code(folder, marker):
    """Make a saved model name a module of its own that would leave a mark when it is run."""
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "stranger", "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(marker)!r}, 'w').write('ran')\nclass Config: ...\nclass Model: ...\n")
    return folder
