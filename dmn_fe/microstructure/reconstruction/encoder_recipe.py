"""What the weights of a trained encoder depend on."""

from dataclasses import dataclass

from dmn_fe.microstructure.reconstruction.random_encoder import WIDTHS

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """A training of an encoder, to the last digit on one thread of one machine.

    Parameters
    ----------
    seed : int
    widths : tuple of int
        Channels of the blocks.
    sections : int
        Of each family but the unseen ones.
    voxels, crop : int
        Per edge of a section, a multiple of 32, and of the crops that are compared, one of 16.
    rounds : int
        Each begins with reconstructions by the encoder as it is then; the first one is random.
    reconstructions : int
        In each round.
    iterations : tuple of int
        Of these reconstructions, from the finest grid on.
    steps : int
        Of the optimiser, in each round.
    textures, wrong : int
        Sections in a step, and wrong copies of each.
    rate : float
        Of Adam, that falls to zero in each round.
    """

    seed: int = 0
    widths: tuple[int, ...] = WIDTHS
    sections: int = 20
    voxels: int = 192
    crop: int = 96
    rounds: int = 2
    reconstructions: int = 60
    iterations: tuple[int, ...] = (60, 60, 40)
    steps: int = 300
    textures: int = 10
    wrong: int = 3
    rate: float = 2e-3
