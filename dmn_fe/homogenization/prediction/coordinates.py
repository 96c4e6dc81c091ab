"""Nine numbers without limits that describe the properties of a section of known fractions."""

import torch
from torch import Tensor

from dmn_fe.homogenization.prediction.bounds import voigt_reuss
from dmn_fe.homogenization.prediction.estimates import hashin_shtrikman_mean
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.square_group import components_of, matrices_of
from dmn_fe.homogenization.prediction.two_phases import TwoPhases

__all__ = ["Coordinates", "relative_errors"]


class Coordinates:
    """Properties of sections as numbers, relative to the mean of the Hashin–Shtrikman bounds.

    What a regression has to find: zero is that mean, any other value lies between the bounds of
    Voigt and Reuss.

    Parameters
    ----------
    phases : TwoPhases
    fractions : Tensor ``[n]``
        Volume fraction of phase 1 of each section.
    """

    def __init__(self, phases: TwoPhases, fractions: Tensor):
        fractions = fractions.double()
        moduli = (phases.plane_stiffness, phases.plane_conductivity)
        self._bounds = [voigt_reuss(fractions, values) for values in moduli]
        self._middle = self._arguments(*hashin_shtrikman_mean(phases, fractions))

    def properties(self, components: Tensor) -> tuple[Tensor, Tensor]:
        """Stiffness ``[n, 3, 3]`` and conductivity ``[n, 2, 2]`` of numbers ``[n, 9]``."""
        matrices = matrices_of(components.double() + self._middle)
        pairs = zip(self._bounds, matrices, strict=True)
        stiffness, conductivity = (bounds.property_at(matrix) for bounds, matrix in pairs)
        return stiffness, conductivity

    def components(self, stiffness: Tensor, conductivity: Tensor) -> Tensor:
        """Numbers ``[n, 9]`` of properties: the inverse of :meth:`properties`."""
        return self._arguments(stiffness, conductivity) - self._middle

    def _arguments(self, *properties: Tensor) -> Tensor:
        pairs = zip(self._bounds, properties, strict=True)
        return components_of(*(bounds.argument_of(values) for bounds, values in pairs))

    @classmethod
    def of(cls, data: SectionDataset) -> tuple["Coordinates", Tensor]:
        """Coordinates of the sections of a data set, and their numbers ``[n, 9]``."""
        found = cls(data.phases, data.fractions)
        return found, found.components(data.plane_stiffness, data.plane_conductivity)


def relative_errors(properties: tuple[Tensor, Tensor], data: SectionDataset) -> Tensor:
    """``‖C − C*‖ / ‖C*‖`` (Frobenius) of stiffness and conductivity, ``[n, 2]``."""
    truth = (data.plane_stiffness, data.plane_conductivity)
    norm = torch.linalg.matrix_norm
    pairs = zip(properties, truth, strict=True)
    return torch.stack([norm(found - exact) / norm(exact) for found, exact in pairs], dim=-1)
