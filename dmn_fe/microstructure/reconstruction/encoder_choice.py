"""Which encoder a name or a path stands for."""

from pathlib import Path

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.random_encoder import random_encoder
from dmn_fe.microstructure.reconstruction.shipped_encoder import (
    is_encoder,
    load_encoder,
    shipped_encoder,
)
from dmn_fe.microstructure.reconstruction.vgg import read_vgg19

__all__ = ["BLOCKS", "choose_encoder"]

#: Blocks that count of the shipped encoder and the random one. More of them take longer and bring
#: nothing, since the texture is compared at several resolutions anyway: see demos/reconstruction.
BLOCKS = 2


def choose_encoder(encoder: Encoder | str | Path) -> Encoder:
    """The encoder itself, the first blocks of ``"shipped"`` or ``"random"``, or that of a file.

    The file is one of ``demos/encoder/train_encoder.py``, or has the weights of a VGG-19.

    Raises
    ------
    InputError
        If there is no such encoder or file.
    """
    if isinstance(encoder, Encoder):
        return encoder
    if encoder == "shipped":
        return shipped_encoder().cut(BLOCKS)
    if encoder == "random":
        return random_encoder().cut(BLOCKS)
    if is_encoder(encoder):
        return load_encoder(encoder)
    if Path(encoder).suffix in (".pth", ".pt", ".safetensors"):
        return read_vgg19(encoder)
    raise InputError(
        f"encoder = {str(encoder)!r}: give 'shipped', 'random', or a file with the weights of a "
        "VGG-19 (.pth, .pt, .safetensors)"
    )
