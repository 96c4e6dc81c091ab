"""The macroscopic response along a loading path."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["PathRecord"]


@dataclass(eq=False)
class PathRecord:
    """Macroscopic response at the points of a loading, the start included.

    Attributes
    ----------
    time : Tensor ``[n]``
    strain, stress : Tensor ``[n, 6]``
        Volume averages (Mandel).
    phase_strain, phase_stress : Tensor ``[n, phases, 6]``
        Averages over each phase.
    tangent : Tensor ``[n, 6, 6]``
        Consistent macroscopic tangents; not-a-number where they were not asked for.
    iterations, linear_iterations, parts : Tensor ``[n]``
        Newton iterations, iterations of the linear solver, and parts that each step took.
    """

    time: Tensor
    strain: Tensor
    stress: Tensor
    phase_strain: Tensor
    phase_stress: Tensor
    tangent: Tensor
    iterations: Tensor
    linear_iterations: Tensor
    parts: Tensor

    @classmethod
    def empty(cls, time: Tensor, phases: int) -> "PathRecord":
        """A record to be filled; zero at the start."""
        shapes = ((6,), (6,), (phases, 6), (phases, 6), (6, 6), (), (), ())
        zeros = [torch.zeros(len(time), *shape, dtype=torch.float64) for shape in shapes]
        record = cls(time, *zeros)
        record.tangent[:] = torch.nan
        return record

    def __len__(self) -> int:
        return len(self.time)
