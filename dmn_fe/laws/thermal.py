"""Thermal expansion beside any law: an eigenstrain of its own."""

import math
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws.base import MaterialLaw, Update, check_points
from dmn_fe.laws.base import takes_temperature as _takes_temperature
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.laws.void import Void
from dmn_fe.mandel import IDENTITY

__all__ = ["ThermalExpansion"]


@dataclass(frozen=True, eq=False)
class ThermalExpansion:
    """A law that sees the strain less ``coefficient · temperature``; the state is that of the law.

    Parameters
    ----------
    law : MaterialLaw
        The law, which does not take a temperature itself.
    coefficient : float or Tensor ``[6]``
        Coefficient of thermal expansion in 1 / (unit of temperature), alike in all directions, or
        the strain per temperature (Mandel) in the material axes of the law.
    """

    law: MaterialLaw
    coefficient: float | Tensor

    takes_temperature = True

    def __post_init__(self):
        if isinstance(self.law, type) or not isinstance(self.law, MaterialLaw):
            raise InputError(
                f"ThermalExpansion: law = {self.law!r} is no material law; give one, e.g. "
                "laws.Elastic.isotropic(young, poisson)."
            )
        if isinstance(self.law, Void):
            raise InputError("ThermalExpansion: a void does not expand; give laws.Void() itself.")
        if _takes_temperature(self.law):
            raise InputError("ThermalExpansion: law takes a temperature already; add coefficients.")
        given = self.coefficient
        if isinstance(given, Real):
            coefficient: float | Tensor = float(given)
            finite = math.isfinite(coefficient)
        else:
            try:
                coefficient = torch.as_tensor(given, dtype=torch.float64).clone()
            except (TypeError, ValueError, RuntimeError):
                coefficient = torch.empty(0)
            if coefficient.shape != (6,):
                raise InputError(
                    f"ThermalExpansion: coefficient = {given!r} must be a number, or six of them "
                    "in Mandel order."
                )
            finite = bool(torch.isfinite(coefficient).all())
        if not finite:
            raise InputError(f"ThermalExpansion: coefficient = {given} must be finite.")
        object.__setattr__(self, "coefficient", coefficient)

    @property
    def is_isotropic(self) -> bool:
        """Whether law and expansion are alike in all directions."""
        strain = self._strain
        alike = bool((strain - strain[0] * IDENTITY).abs().max() <= 1e-12 * strain.abs().max())
        return alike and bool(getattr(self.law, "is_isotropic", False))

    @property
    def symmetric_tangent(self) -> bool:
        """As the law."""
        return bool(getattr(self.law, "symmetric_tangent", False))

    @property
    def state_size(self) -> int:
        """As the law."""
        return self.law.state_size

    def initial_state(self, n: int) -> Tensor:
        """As the law."""
        return self.law.initial_state(n)

    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float = 0.0,
        temperature: Tensor | float | None = None,
    ) -> Update:
        """Update of the law; see :class:`~dmn_fe.laws.base.MaterialLaw`.

        Parameters
        ----------
        strain, state, dt
            As of the law; ``strain`` ``[n, 6]`` is the total one.
        temperature : float or Tensor ``[n]``, optional
            Change from the temperature without thermal strain, at the end of the step; zero if
            left out.

        Raises
        ------
        InputError
            Also if ``temperature`` is none of these.
        """
        check_points(self, strain, state)
        if temperature is None:
            return self.law.integrate(strain, state, dt)
        n = len(strain)
        if isinstance(temperature, Real):
            change = strain.new_full((n,), float(temperature))
        elif isinstance(temperature, Tensor) and temperature.dtype == torch.float64:
            change = temperature
        else:
            kind = getattr(temperature, "dtype", type(temperature).__name__)
            raise InputError(
                f"ThermalExpansion: temperature is {kind}; give a number, or a tensor of "
                f"torch.float64 with the shape ({n},)."
            )
        if change.shape not in ((n,), ()):
            raise InputError(
                f"ThermalExpansion: temperature has the shape {tuple(change.shape)}; give a "
                f"number, or one for each of the {n} points."
            )
        thermal = change.expand(n)[:, None] * self._strain.to(strain)
        return self.law.integrate(strain - thermal, state, dt)

    def kernel(self) -> Kernel | None:
        """The compiled twin, if the law has one."""
        inner = kernel_of(self.law)
        if inner is None:
            return None
        headers = ("laws/thermal.hpp", *inner.headers)
        parameters = (*self._strain.tolist(), *inner.parameters)
        kind = f"ThermalExpansion<dmn::{inner.type}>"
        return Kernel(kind, headers, parameters, inner.definition)

    @property
    def _strain(self) -> Tensor:
        """Strain ``[6]`` per temperature."""
        given = self.coefficient
        return given if isinstance(given, Tensor) else given * IDENTITY
