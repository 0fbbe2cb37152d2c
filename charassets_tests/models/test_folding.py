"""Folding keeps the answers and leaves no normalisation behind."""

import pytest
import torch  # noqa: TID253 - every test here needs it
from torch import nn  # noqa: TID253 - see above

from charassets.models.folding import fold
from charassets.models.mini_clip import MiniClipConfig, MiniClipModel
from charassets.models.mini_heads import HeadsNetwork


def lived_in(network):
    """A network whose normalisations have seen something: fresh ones change nothing and would hide a mistake."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features)
            module.running_var = torch.rand(module.num_features) + 0.5
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias)
    return network.eval()


def normalisations(network):
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize(
    ("network", "inputs"),
    [
        (HeadsNetwork(32, [3, 4]), [(2, 3, 32, 32), (2, 3, 32, 32)]),
        (
            MiniClipModel(MiniClipConfig(image_size=32, widths=(8, 8, 16, 16, 16, 16), projection_dim=8)).image,
            [(2, 3, 32, 32)],
        ),
    ],
    ids=["heads", "embedder"],
)
def test_a_folded_network_answers_what_it_did(network, inputs):
    given = [torch.rand(*shape) for shape in inputs]
    network = lived_in(network)
    assert normalisations(network) > 0
    with torch.no_grad():
        before = network(*given)
        after = fold(network)(*given)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)
    assert normalisations(network) == 0


def test_a_normalisation_without_its_convolution_stays():
    network = lived_in(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)))
    assert normalisations(fold(network)) == 1
