"""Properties of the two phases of a section."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.mandel import isotropic_stiffness, plane_part

__all__ = ["TwoPhases"]

_NUMBERS = ("young", "poisson", "conductivity")


@dataclass(frozen=True)
class TwoPhases:
    """Two isotropic phases: what a section is made of.

    Isotropic, because a section that is turned or mirrored then has the turned or mirrored
    properties.

    Parameters
    ----------
    young : pair of float
        Young's modulus of phases 0 and 1, any unit of stress.
    poisson : pair of float
    conductivity : pair of float
        Any unit.

    Raises
    ------
    InputError
        Unless stiffness and conductivity of both are positive definite, the conductivities differ
        and one phase is stiffer than the other in every direction: the bounds of Hashin and
        Shtrikman, from which predictions start, are of such phases.
    """

    young: tuple[float, float]
    poisson: tuple[float, float] = (0.3, 0.3)
    conductivity: tuple[float, float] = (1.0, 10.0)

    def __post_init__(self):
        for name in _NUMBERS:
            try:
                first, second = (float(value) for value in getattr(self, name))
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"{name} = {getattr(self, name)!r}: give one number for each of two phases."
                ) from error
            object.__setattr__(self, name, (first, second))
        if not all(0.0 < value < float("inf") for value in self.conductivity):
            raise InputError(f"conductivity = {self.conductivity}: give two positive numbers.")
        if self.conductivity[0] == self.conductivity[1]:
            raise InputError(
                f"conductivity = {self.conductivity}: both phases conduct alike, there is nothing "
                "to predict; give two that differ."
            )
        smallest = torch.linalg.eigvalsh(self.stiffness[1] - self.stiffness[0])
        if not (smallest > 0).all() and not (smallest < 0).all():
            raise InputError(
                f"young = {self.young}, poisson = {self.poisson}: give phases of which one is "
                "stiffer than the other in every direction."
            )

    @property
    def stiffness(self) -> Tensor:
        """Stiffness ``[2, 6, 6]`` (Mandel)."""
        pairs = zip(self.young, self.poisson, strict=True)
        return torch.stack([isotropic_stiffness(*pair) for pair in pairs])

    @property
    def plane_stiffness(self) -> Tensor:
        """Stiffness ``[2, 3, 3]`` in plane strain: components 11, 22, 12."""
        return plane_part(self.stiffness)

    @property
    def plane_conductivity(self) -> Tensor:
        """Conductivity ``[2, 2, 2]`` in the plane."""
        values = torch.tensor(self.conductivity, dtype=torch.float64)
        return values[:, None, None] * torch.eye(2, dtype=torch.float64)

    @property
    def record(self) -> dict[str, Any]:
        """JSON values that a file keeps; ``TwoPhases(**record)`` gives the phases again."""
        return {name: list(values) for name, values in asdict(self).items()}
