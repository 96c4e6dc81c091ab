"""The weights of an encoder as named tensors, for the files that hold encoders."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction.encoder import Convolution

__all__ = ["Blocks", "blocks_of", "slopes_of", "tensors_of"]

Blocks = tuple[tuple[Convolution, ...], ...]


def tensors_of(blocks: Blocks, prefix: str = "") -> dict[str, Tensor]:
    """Weights and biases, float32 on the CPU: ``0.1.weight`` of the first block's second layer."""
    return {
        f"{prefix}{number}.{place}.{part}": getattr(layer, part).detach().cpu().float()
        for number, layers in enumerate(blocks)
        for place, layer in enumerate(layers)
        for part in ("weight", "bias")
    }


def slopes_of(blocks: Blocks) -> list[list[float]]:
    """Slopes of the rectifiers, which a file keeps in its header."""
    return [[layer.slope for layer in layers] for layers in blocks]


def blocks_of(
    tensors: Mapping[str, Tensor], slopes: Sequence[Sequence[float]], prefix: str = ""
) -> Blocks:
    """The blocks from :func:`tensors_of` and :func:`slopes_of`.

    Raises
    ------
    InputError
        If the weights do not fit together.
    KeyError
        If some are missing.
    """
    blocks, channels = [], 1
    for number, inner in enumerate(slopes):
        layers = []
        for place, slope in enumerate(inner):
            name = f"{prefix}{number}.{place}"
            weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
            if weight.shape != (len(bias), channels, 3, 3):
                raise InputError(
                    f"layer {name}: weights of shape {list(weight.shape)} and {len(bias)} biases "
                    f"do not fit {channels} channels"
                )
            layers.append(Convolution(weight, bias, float(slope)))
            channels = len(bias)
        blocks.append(tuple(layers))
    return tuple(blocks)
