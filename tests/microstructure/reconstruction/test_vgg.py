"""Weights of a VGG-19 that a user supplies: both layouts, and files that are none."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction import read_vgg19

NUMBERS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
GATYS = [f"conv{b}_{i}" for b, n in enumerate((2, 2, 4, 4, 4), 1) for i in range(1, n + 1)]
WIDTHS = (64, 64, 128, 128, *(256,) * 4, *(512,) * 8)


@pytest.fixture(scope="module")
def torchvision():
    """A state_dict of the shapes of torchvision, with weights from a seed."""
    generator, weights, channels = torch.Generator().manual_seed(0), {}, 3
    for number, width in zip(NUMBERS, WIDTHS, strict=True):
        scale = (2.0 / (9 * channels)) ** 0.5
        weights[f"features.{number}.weight"] = scale * torch.randn(
            width, channels, 3, 3, generator=generator
        )
        weights[f"features.{number}.bias"] = 0.1 * torch.randn(width, generator=generator)
        channels = width
    weights["classifier.0.weight"] = torch.zeros(3, 3)
    return weights


def gatys(torchvision: dict) -> dict:
    """The same network for blue, green, red from 0 to 255 less a mean."""
    weights = {
        f"{new}.{kind}": torchvision[f"features.{old}.{kind}"]
        for new, old in zip(GATYS, NUMBERS, strict=True)
        for kind in ("weight", "bias")
    }
    deviation = torch.tensor([0.229, 0.224, 0.225])
    first = weights["conv1_1.weight"] / (255.0 * deviation)[:, None, None]
    # The means of both differ: torchvision's times 255 are 123.675, 116.28, 103.53.
    shift = torch.tensor([123.68, 116.779, 103.939]) - 255.0 * torch.tensor([0.485, 0.456, 0.406])
    weights["conv1_1.bias"] = weights["conv1_1.bias"] + (first * shift[:, None, None]).sum(
        (1, 2, 3)
    )
    weights["conv1_1.weight"] = first.flip(1)
    return weights


def photo_features(weights: dict, grey: torch.Tensor) -> list[torch.Tensor]:
    """What torchvision's network sees in a grey photo, periodic, with average pooling."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (grey.expand(1, 3, -1, -1) - mean[:, None, None]) / deviation[:, None, None]
    found = []
    for number in NUMBERS:
        if number in (5, 10, 19, 28):
            found.append(x)
            x = functional.avg_pool2d(x, 2)
        layer = (weights[f"features.{number}.{kind}"] for kind in ("weight", "bias"))
        x = functional.relu(functional.conv2d(functional.pad(x, (1,) * 4, "circular"), *layer))
    return [*found, x]


@pytest.mark.parametrize("layout", ["torchvision", "gatys"])
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_both_layouts_see_a_phase_as_a_grey_photo(tmp_path, torchvision, layout, ending):
    weights = torchvision if layout == "torchvision" else gatys(torchvision)
    path = tmp_path / f"vgg{ending}"
    torch.save(weights, path) if ending == ".pth" else save_file(
        {name: value.contiguous() for name, value in weights.items()}, path
    )
    grey = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    found = read_vgg19(path).features(grey, periodic=True)
    expected = photo_features(torchvision, grey)
    assert [f.shape for f in found] == [f.shape for f in expected]
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))


def test_missing_and_wrong_weights_are_named(tmp_path, torchvision):
    path = tmp_path / "vgg.pth"
    torch.save({k: v for k, v in torchvision.items() if k != "features.10.bias"}, path)
    with pytest.raises(InputError, match=r"features\.10\.bias is missing"):
        read_vgg19(path)
    torch.save({**torchvision, "features.2.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(InputError, match=r"features.2.weight has the shape \[64, 3, 3, 3\]"):
        read_vgg19(path)
    torch.save({**torchvision, "features.0.bias": torch.full((64,), np.nan)}, path)
    with pytest.raises(InputError, match="not finite"):
        read_vgg19(path)
    torch.save({"layer1.weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match=r"holds layer1\.weight"):
        read_vgg19(path)


def test_files_that_are_no_weights(tmp_path):
    path = tmp_path / "vgg.pth"
    with pytest.raises(InputError, match="no such file"):
        read_vgg19(path)
    path.write_bytes(b"not a file of torch")
    with pytest.raises(InputError, match=r"vgg.pth (is damaged|holds more than tensors)"):
        read_vgg19(path)
    path.write_bytes(b"hello")  # for an unpickler, "h" takes what was never stored
    with pytest.raises(InputError, match=r"vgg\.pth is damaged"):
        read_vgg19(path)
    torch.save(torch.nn.Linear(2, 2), path)  # a pickled object, which could run anything
    with pytest.raises(InputError, match="more than tensors"):
        read_vgg19(path)
    torch.save([1, 2], path)
    with pytest.raises(InputError, match="no state_dict"):
        read_vgg19(path)
    (tmp_path / "vgg.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match="damaged"):
        read_vgg19(tmp_path / "vgg.safetensors")
