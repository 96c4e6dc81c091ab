"""Files of encoders, and the encoder that comes with the package."""

from pathlib import Path
from typing import Any

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction.encoder import Convolution, Encoder
from dmn_fe.tensor_file import TensorFormat

__all__ = ["SHIPPED", "is_encoder", "load_encoder", "save_encoder", "shipped_encoder"]

#: The file with its weights.
SHIPPED = Path(__file__).with_name("encoder.safetensors")

_FORMAT = TensorFormat(
    key="dmn_fe.encoder",
    version=1,
    tensors=None,
    what="an encoder",
    mend="train one with demos/encoder/train_encoder.py",
)


def shipped_encoder() -> Encoder:
    """The encoder that was trained on synthetic sections, see ``demos/encoder``."""
    return load_encoder(SHIPPED)


def save_encoder(encoder: Encoder, path: str | Path, origin: dict[str, Any]) -> None:
    """Write the weights and how they came about.

    Parameters
    ----------
    encoder : Encoder
    path : path
        A safetensors file.
    origin : dict
        Kept in the header; what JSON can hold.
    """
    slopes = [[layer.slope for layer in block] for block in encoder.blocks]
    header = {"name": encoder.name, "slopes": slopes, "origin": origin}
    tensors: dict[str, Tensor] = {}
    for number, block in enumerate(encoder.blocks):
        for place, layer in enumerate(block):
            tensors[f"{number}.{place}.weight"] = layer.weight.detach().cpu().float()
            tensors[f"{number}.{place}.bias"] = layer.bias.detach().cpu().float()
    _FORMAT.save(path, tensors, header)


def is_encoder(path: str | Path) -> bool:
    """Whether a file is one of :func:`save_encoder`."""
    return _FORMAT.marks(path)


def load_encoder(path: str | Path) -> Encoder:
    """Read the weights of :func:`save_encoder`.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind, or its weights do not fit together.
    """
    return _FORMAT.read(path, _built)


def _built(tensors: dict[str, Tensor], header: dict[str, Any]) -> Encoder:
    blocks, channels = [], 1
    for number, slopes in enumerate(header["slopes"]):
        layers = []
        for place, slope in enumerate(slopes):
            weight, bias = (tensors[f"{number}.{place}.{part}"] for part in ("weight", "bias"))
            if weight.shape != (len(bias), channels, 3, 3):
                raise InputError(
                    f"block {number}: weights of shape {list(weight.shape)} and {len(bias)} biases "
                    f"do not fit {channels} channels"
                )
            layers.append(Convolution(weight, bias, float(slope)))
            channels = len(bias)
        blocks.append(tuple(layers))
    return Encoder(header["name"], tuple(blocks))
