"""The temperature of a part, prescribed over space and time."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dolfinx import default_scalar_type, fem

from dmn_fe.errors import InputError
from dmn_fe.fem.part import Part

__all__ = ["Temperature"]


@dataclass(frozen=True)
class Temperature:
    """Change from the temperature without thermal strain.

    Parameters
    ----------
    change : float or dolfinx.fem.Function
        Of the whole part, or as a field; multiplied by the amplitude.
    amplitude : callable of time, optional
        That of the case if left out.
    """

    change: float | fem.Function
    amplitude: Callable[[float], float] | None = None

    def field(
        self, part: Part, default: Callable[[float], float]
    ) -> tuple[Any, dict[Any, Callable[[float], Any]]]:
        """A UFL expression for a :class:`~dmn_fe.fem.quadrature.QuadratureMap`, and its load."""
        factor = fem.Constant(part.mesh, default_scalar_type(0.0))
        loads: dict[Any, Callable[[float], Any]] = {factor: self.amplitude or default}
        if isinstance(self.change, fem.Function):
            if self.change.ufl_shape != ():
                raise InputError(
                    f"the temperature has the shape {self.change.ufl_shape}; give a scalar field."
                )
            return factor * self.change, loads
        if not math.isfinite(self.change):
            raise InputError(f"the temperature {self.change} must be a finite number.")
        return float(self.change) * factor, loads
