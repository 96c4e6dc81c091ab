"""An encoder with random weights: nothing learnt, the control of every other one."""

import torch

from dmn_fe.microstructure.reconstruction.encoder import Convolution, Encoder

__all__ = ["random_encoder"]

#: Channels of the blocks, as those of the shipped encoder.
WIDTHS = (32, 48, 64, 64)


def random_encoder(seed: int = 0, widths: tuple[int, ...] = WIDTHS) -> Encoder:
    """One convolution in each block, its weights normally distributed.

    Filters of the first block have the mean zero, so that they see edges and no volume fraction,
    and a rectifier that keeps a tenth of the negative side, so that dark and bright sides count.

    Parameters
    ----------
    seed : int
    widths : tuple of int
        Channels of each block.

    References
    ----------
    I. Ustyuzhaninov, W. Brendel, L. Gatys, M. Bethge, What does it take to generate natural
    textures?, ICLR (2017): random filters do nearly as well as learnt ones.
    """
    generator = torch.Generator().manual_seed(seed)
    blocks, channels = [], 1
    for number, width in enumerate(widths):
        weight = torch.randn(width, channels, 3, 3, generator=generator)
        if number == 0:
            weight = weight - weight.mean(dim=(2, 3), keepdim=True)
        # Half of the square of a normal variable passes a rectifier, so √2 keeps the size.
        length = weight.flatten(1).norm(dim=1)[:, None, None, None]
        slope = 0.1 if number == 0 else 0.0
        blocks.append((Convolution(2.0**0.5 * weight / length, torch.zeros(width), slope),))
        channels = width
    return Encoder(f"random (seed {seed})", tuple(blocks))
