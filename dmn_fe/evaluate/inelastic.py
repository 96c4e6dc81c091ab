"""What of a strain is not elastic, seen from outside of a law."""

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws import MaterialLaw, ThermalExpansion
from dmn_fe.mandel import IDENTITY

__all__ = ["ElasticPart", "temperatures", "thermal_strain"]


class ElasticPart:
    """The virgin material of a law, at once: its tangent at no strain and ``dt = 0``.

    Parameters
    ----------
    law : MaterialLaw
    """

    def __init__(self, law: MaterialLaw):
        zero = torch.zeros(1, 6, dtype=torch.float64)
        self._law = law
        self._stiffness = law.integrate(zero, law.initial_state(1), 0.0).tangent[0]
        # What has no stiffness, as a void, holds no strain back: the pseudo-inverse.
        self._compliance = torch.linalg.pinv(self._stiffness)

    def inelastic(self, strain: Tensor, stress: Tensor, temperature: Tensor | None) -> Tensor:
        """Strain ``[n, 6]`` less the thermal strain and that which the stress ``[n, 6]`` makes."""
        if isinstance(self._law, ThermalExpansion):
            strain = strain - thermal_strain(self._law, temperature)
        return (strain @ self._stiffness.mT - stress) @ self._compliance.mT


def thermal_strain(law: ThermalExpansion, temperature: Tensor | None) -> Tensor:
    """Thermal strain ``[n, 6]`` at temperatures ``[n]``; ``[6]`` zeros without one."""
    given = law.coefficient
    strain = given if isinstance(given, Tensor) else given * IDENTITY
    return 0.0 * strain if temperature is None else temperature[:, None] * strain


def temperatures(given: Tensor | float | None, n: int) -> Tensor | None:
    """Temperatures ``[n]`` of n points from those that were given, if any.

    Raises
    ------
    InputError
        If they are neither a number nor ``[n]``.
    """
    if given is None:
        return None
    temperature = torch.as_tensor(given, dtype=torch.float64).cpu()
    if temperature.shape not in ((), (n,)):
        raise InputError(
            f"phase_averages: temperature has the shape {tuple(temperature.shape)}; give a number, "
            f"or one for each of the {n} points."
        )
    return temperature.expand(n)
