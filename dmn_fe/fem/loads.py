"""Constants and functions of boundary conditions and forces that follow time."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from dmn_fe.errors import InputError
from dmn_fe.fem.collective import raise_together

__all__ = ["Loads"]


class Loads:
    """Load values that are callables of time.

    Parameters
    ----------
    loads : mapping of fem.Constant or fem.Function to callable
        ``loads[c](t)`` is the value of the constant ``c`` at time t (a number or an array of its
        shape), or what ``Function.interpolate`` takes for a function (a callable of x).
    """

    def __init__(self, loads: Mapping[Any, Callable[[float], Any]], comm: MPI.Comm):
        self._loads = list(loads.items())
        self._comm = comm
        self._before = self._copies()

    def _copies(self) -> list[np.ndarray]:
        return [_values(target).copy() for target, _ in self._loads]

    def set(self, t: float) -> None:
        """Give every load its value at time ``t`` (collective).

        Raises
        ------
        InputError
            On every rank, with the old values restored, if a value is not finite or of wrong shape.
        """
        self._before = self._copies()
        error = None
        for number, (target, law) in enumerate(self._loads):
            name = getattr(target, "name", None) or f"number {number}"
            try:
                _assign(target, law(t))
            except (ValueError, TypeError) as caught:
                error = InputError(f"Load {name} at t = {t:g} has no usable value: {caught}")
                break
            if not np.isfinite(_values(target)).all():
                error = InputError(
                    f"Load {name} at t = {t:g} is not finite; return finite numbers for it."
                )
                break
        try:
            raise_together(self._comm, error)
        except Exception:
            self.restore()
            raise

    def restore(self) -> None:
        """Undo the last :meth:`set`."""
        for (target, _), before in zip(self._loads, self._before, strict=True):
            _values(target)[...] = before


def _values(target: fem.Constant | fem.Function) -> np.ndarray:
    return target.x.array if isinstance(target, fem.Function) else target.value


def _assign(target: fem.Constant | fem.Function, value: Any) -> None:
    if isinstance(target, fem.Function):
        target.interpolate(value)
    else:
        target.value[...] = value
