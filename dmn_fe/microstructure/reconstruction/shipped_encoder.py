"""Files of encoders, and the encoder that comes with the package."""

from pathlib import Path
from typing import Any

from torch import Tensor

from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.encoder_tensors import (
    blocks_of,
    slopes_of,
    tensors_of,
)
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
    header = {"name": encoder.name, "slopes": slopes_of(encoder.blocks), "origin": origin}
    _FORMAT.save(path, tensors_of(encoder.blocks), header)


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
    return Encoder(header["name"], blocks_of(tensors, header["slopes"]))
