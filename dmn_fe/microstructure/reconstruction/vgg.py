"""VGG-19 with weights that the user supplies."""

import pickle
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction.encoder import Convolution, Encoder

__all__ = ["read_vgg19"]

#: Numbers of the convolutions in ``features`` of torchvision, block by block.
_CONVOLUTIONS = ((0, 2), (5, 7), (10, 12, 14, 16), (19, 21, 23, 25), (28, 30, 32, 34))
_CHANNELS = (64, 128, 256, 512, 512)
# What the networks were trained with: of torchvision red, green and blue from 0 to 1, less a mean,
# over a deviation; of Gatys blue, green and red from 0 to 255, less a mean.
_TORCHVISION_MEAN, _TORCHVISION_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_GATYS_MEAN = (103.939, 116.779, 123.68)


def read_vgg19(path: str | Path) -> Encoder:
    """The convolutions of a VGG-19 as an encoder, with averages in place of maxima.

    Two layouts are known by their names of the weights: ``features.0.weight`` of torchvision
    (``vgg19-dcbb9e9d.pth``), and ``conv1_1.weight`` of Gatys and coauthors (``vgg_conv.pth``,
    often normalised so that the mean activation of every channel is one). An image of a phase is
    taken as a grey photo; what each network expects of its colours is folded into its first
    convolution.

    Parameters
    ----------
    path : path
        A file of ``torch.save``, of which weights alone are loaded, or of safetensors. Other
        weights in it, such as those of the classifier, are left out.

    Returns
    -------
    Encoder
        Five blocks; the features of a block are those of its last convolution.

    Raises
    ------
    InputError
        If the file is missing or damaged, holds anything but tensors, or has no VGG-19.

    References
    ----------
    K. Simonyan, A. Zisserman, Very deep convolutional networks for large-scale image recognition,
    ICLR (2015), configuration E.
    """
    path = Path(path)
    weights = _load(path)
    names = [
        [(f"features.{n}", f"conv{block}_{layer}") for layer, n in enumerate(numbers, 1)]
        for block, numbers in enumerate(_CONVOLUTIONS, 1)
    ]
    layout = next((i for i in (0, 1) if f"{names[0][0][i]}.weight" in weights), None)
    if layout is None:
        some = ", ".join(sorted(weights)[:3]) or "nothing"
        more = " …" if len(weights) > 3 else ""
        raise InputError(
            f"{path} holds {some}{more}, but no features.0.weight (torchvision) or conv1_1.weight "
            "(Gatys): give the weights of a VGG-19"
        )
    blocks, channels = [], 3
    for row, width in zip(names, _CHANNELS, strict=True):
        block = []
        for name in row:
            weight = _tensor(path, weights, f"{name[layout]}.weight", (width, channels, 3, 3))
            bias = _tensor(path, weights, f"{name[layout]}.bias", (width,))
            block.append(Convolution(weight, bias))
            channels = width
        blocks.append(block)
    blocks[0][0] = _grey(blocks[0][0], layout)
    return Encoder(f"VGG-19 ({path.name})", tuple(tuple(block) for block in blocks))


def _load(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; give the weights of a VGG-19.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} holds more than tensors, or is damaged; save the state_dict alone, or as "
            "safetensors."
        ) from error
    except Exception as error:  # bytes that are no weights may raise anything in the unpickler
        raise InputError(f"{path} is damaged or no file of weights; download it again.") from error
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise InputError(f"{path} holds no state_dict; save model.state_dict().")
    return content


def _tensor(path: Path, weights: dict[str, Tensor], name: str, shape: tuple[int, ...]) -> Tensor:
    """The tensor of a name, float32."""
    found = weights.get(name)
    if found is None or tuple(found.shape) != shape:
        has = "is missing" if found is None else f"has the shape {list(found.shape)}"
        raise InputError(f"{path}: {name} {has}, a VGG-19 has {list(shape)}; give its weights.")
    if not torch.isfinite(found).all():
        raise InputError(f"{path}: {name} holds numbers that are not finite; download it again.")
    return found.detach().to(torch.float32).contiguous()


def _grey(first: Convolution, layout: int) -> Convolution:
    """The first convolution for one channel from 0 to 1, the same in all three colours."""
    weight = first.weight
    if layout == 0:
        weight = weight / weight.new_tensor(_TORCHVISION_DEVIATION)[:, None, None]
        shift = weight.new_tensor(_TORCHVISION_MEAN)
        weight_of_one = weight
    else:
        shift = weight.new_tensor(_GATYS_MEAN)
        weight_of_one = 255.0 * weight
    bias = first.bias - (weight * shift[:, None, None]).sum((1, 2, 3))
    return Convolution(weight_of_one.sum(1, keepdim=True), bias)
