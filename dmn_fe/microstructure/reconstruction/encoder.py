"""The convolutional encoder whose features tell microstructures apart."""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dmn_fe.errors import InputError

__all__ = ["Convolution", "Encoder"]

#: Edges of feature maps below this many pixels are left out: too few for a statistic.
_FEWEST_PIXELS = 4


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution with its rectifier.

    Parameters
    ----------
    weight : Tensor ``[channels out, channels in, 3, 3]``
    bias : Tensor ``[channels out]``
    slope : float
        Of the rectifier for negative values; 0 cuts them off.
    """

    weight: Tensor
    bias: Tensor
    slope: float = 0.0


@dataclass(frozen=True, eq=False)
class Encoder:
    """Blocks of convolutions, and between two blocks an average over 2 × 2 pixels.

    Parameters
    ----------
    name : str
        For reports.
    blocks : tuple of tuples of Convolution
        The first convolution takes one channel: where a phase is.
    outputs : tuple of int
        Numbers of the blocks whose features count; by default all. Study of pruning: ``(0, 1)``
        cuts the encoder behind its second block, ``(0, 2, 3)`` leaves one block's statistics out.

    Raises
    ------
    InputError
        If there are no such blocks.
    """

    name: str
    blocks: tuple[tuple[Convolution, ...], ...]
    outputs: tuple[int, ...] = ()

    def __post_init__(self):
        if not self.outputs:
            object.__setattr__(self, "outputs", tuple(range(len(self.blocks))))
        if not set(self.outputs) <= set(range(len(self.blocks))):
            raise InputError(
                f"outputs = {list(self.outputs)}: the encoder has the blocks 0 to "
                f"{len(self.blocks) - 1}"
            )

    def features(self, image: Tensor, periodic: bool) -> list[Tensor]:
        """Features of images, from fine to coarse.

        Parameters
        ----------
        image : Tensor ``[n, 1, h, w]``
            From 0 to 1.
        periodic : bool
            Whether opposite edges of the images are neighbours. Otherwise features next to the
            edges are left out: they would depend on pixels outside. What is left is what the
            inside of a periodic image would have.

        Returns
        -------
        list of Tensor ``[n, channels, h', w']``
            One for each block of ``outputs``, as far as the image is large enough for them; of a
            periodic image also as far as its edges can be halved.
        """
        found, x, first = [], image, 0  # first: number of the first pixel that is left
        for number, block in enumerate(self.blocks[: max(self.outputs) + 1]):
            if number:
                if periodic and any(edge % 2 for edge in x.shape[2:]):
                    break
                # Pairs begin at even pixels of the whole image.
                odd = first % 2
                x = functional.avg_pool2d(x[..., odd:, odd:], 2)
                first = (first + odd) // 2
            lost = 0 if periodic else len(block)
            if min(x.shape[2:]) < _FEWEST_PIXELS + 2 * lost:
                break
            first += lost
            for layer in block:
                if periodic:
                    x = functional.pad(x, (1, 1, 1, 1), mode="circular")
                x = functional.conv2d(x, layer.weight, layer.bias)
                x = functional.leaky_relu(x, layer.slope) if layer.slope else functional.relu(x)
            if number in self.outputs:
                found.append(x)
        return found

    def cut(self, blocks: int) -> "Encoder":
        """The encoder without what comes behind so many blocks."""
        name = f"{self.name}, {blocks} of {len(self.blocks)} blocks"
        return Encoder(name, self.blocks[:blocks])

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all that the features depend on."""
        digest = hashlib.sha256(str(self.outputs).encode())
        for layer in (layer for block in self.blocks for layer in block):
            digest.update(f"{tuple(layer.weight.shape)} {layer.slope}".encode())
            digest.update(layer.weight.cpu().numpy().tobytes() + layer.bias.cpu().numpy().tobytes())
        digest.update(str([len(block) for block in self.blocks]).encode())
        return digest.hexdigest()

    def to(self, device: str | torch.device) -> "Encoder":
        """The same encoder on another device."""
        blocks = tuple(
            tuple(
                Convolution(layer.weight.to(device), layer.bias.to(device), layer.slope)
                for layer in block
            )
            for block in self.blocks
        )
        return Encoder(self.name, blocks, self.outputs)
