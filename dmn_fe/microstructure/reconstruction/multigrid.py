"""The optimisation, from a coarse grid to the final one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.lbfgs import LBFGS
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.gaussian_start import gaussian_start
from dmn_fe.microstructure.reconstruction.grids import coarser, finer, halvings
from dmn_fe.microstructure.reconstruction.objective import MIXING, Distance, Objective
from dmn_fe.microstructure.reconstruction.phase_partition import partition
from dmn_fe.microstructure.reconstruction.slice_loss import SliceLoss
from dmn_fe.microstructure.reconstruction.texture_loss import Loss, TextureLoss

__all__ = ["Multigrid", "Stage"]

_HISTORY = 20
# Of one stage, after which a file may be written and L-BFGS forgets; that costs nothing measurable.
_MOST_ITERATIONS = 50


@dataclass(frozen=True)
class Stage:
    """A number of iterations on one grid.

    Parameters
    ----------
    halvings : int
        How often the edges of the final grid are halved.
    iterations : int
    mixing_weight : float
        See :class:`Objective`.
    """

    halvings: int
    iterations: int
    mixing_weight: float = 0.0


class Multigrid:
    """Images or volumes whose texture is that of the target, optimised from grid to grid.

    Parameters
    ----------
    images : Tensor ``[k, h, w]``, one for a section or three for a volume
        Indicators of the phases; three are those of the sections normal to e1, e2, e3.
    shape : tuple of two or three int
        Voxels of the results.
    encoder : Encoder
    losses : tuple of str
    levels : int
        See :class:`TextureLoss`.
    iterations : tuple of int
        On the finest grid, on the next coarser, …; the last one counts for all coarser ones too.
    sharpening : int
        Iterations at the end in which every voxel has to decide for a phase.
    """

    def __init__(
        self,
        images: Sequence[Tensor],
        shape: tuple[int, ...],
        encoder: Encoder,
        losses: tuple[Loss, ...],
        levels: int,
        iterations: tuple[int, ...],
        sharpening: int,
    ):
        self._images, self._shape, self._encoder = images, shape, encoder
        self._losses, self._levels = losses, levels
        self._distances: dict[int, Distance] = {}
        self._starts: tuple[tuple[int, ...], Tensor] | None = None
        smallest = min(min(image.shape[1:]) for image in images)
        self.stages = [
            stage
            for grid in range(halvings(shape, smallest), -1, -1)
            for stage in _stages(grid, iterations[min(grid, len(iterations) - 1)])
        ] + _stages(0, sharpening, MIXING)

    def edges(self, number: int) -> tuple[int, ...]:
        """Voxels of the grid of a stage."""
        return tuple(edge >> self.stages[number].halvings for edge in self._shape)

    def distance(self, grid: int) -> Distance:
        """Distance from the texture of the target on a grid."""
        if grid not in self._distances:
            targets = [coarser(image[None], grid)[0] for image in self._images]
            textures = [
                TextureLoss(target, self._encoder, self._levels, self._losses) for target in targets
            ]
            self._distances[grid] = textures[0] if len(self._shape) == 2 else SliceLoss(textures)
        return self._distances[grid]

    def start(self, seeds: Sequence[int]) -> Tensor:
        """Where the optimisation begins, on the final grid ``[seeds, k, …]``."""
        if self._starts is None or self._starts[0] != tuple(seeds):
            fields = [gaussian_start(self._images, self._shape, seed) for seed in seeds]
            self._starts = tuple(seeds), partition(torch.stack(fields))
        return self._starts[1]

    def run(
        self, seeds: Sequence[int], number: int, indicator: Tensor | None, tick: Callable[[], None]
    ) -> Tensor:
        """Indicators ``[seeds, k, …]`` after a stage.

        Parameters
        ----------
        seeds : sequence of int
        number : int
            Of the stage.
        indicator : Tensor, optional
            After the stage before; None for the first one.
        tick : callable
            Called after every iteration.
        """
        stage = self.stages[number]
        full = self.start(seeds)
        here = coarser(full, stage.halvings)
        if indicator is None:
            indicator = here
        indicator = indicator.to(here.device)
        if indicator.shape != here.shape:
            # What the coarser grid could not know comes from the start again.
            indicator = finer(indicator) + here - finer(coarser(here))
        objective = Objective(
            self.distance(stage.halvings), tuple(here.shape[1:]), stage.mixing_weight
        )
        optimiser = LBFGS(objective, indicator.flatten(1), _HISTORY)
        for _ in range(stage.iterations):
            optimiser.step()
            tick()
        return optimiser.parameters.unflatten(1, tuple(here.shape[1:]))


def _stages(grid: int, iterations: int, mixing_weight: float = 0.0) -> list[Stage]:
    """Stages of about equal length."""
    count = -(-iterations // _MOST_ITERATIONS)
    parts = [(i + 1) * iterations // count - i * iterations // count for i in range(count)]
    return [Stage(grid, part, mixing_weight) for part in parts]
