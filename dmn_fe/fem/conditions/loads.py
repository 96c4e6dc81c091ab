"""Constants and functions of boundary conditions and forces that follow time."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from dolfinx import fem
from mpi4py import MPI

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError

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
        for target, value in loads.items():
            if not isinstance(target, fem.Constant | fem.Function) or not callable(value):
                raise InputError(
                    f"loads: {target!r}: {value!r} must be a fem.Constant or fem.Function and a "
                    "callable of time, e.g. {pull: lambda t: 2.0 * t}."
                )
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
        self.apply(t)

    def apply(self, t: float) -> None:
        """As :meth:`set`, but :meth:`restore` still undoes the :meth:`set` before (collective)."""
        try:
            with RaiseTogether(self._comm):
                for number, (target, value) in enumerate(self._loads):
                    name = getattr(target, "name", None) or f"number {number}"
                    _assign(f"Load {name} at t = {t:g}", target, value(t))
        except Exception:
            self.restore()
            raise

    def restore(self) -> None:
        """Undo the last :meth:`set`."""
        for (target, _), before in zip(self._loads, self._before, strict=True):
            _values(target)[...] = before


def _values(target: fem.Constant | fem.Function) -> np.ndarray:
    return target.x.array if isinstance(target, fem.Function) else target.value


def _assign(what: str, target: fem.Constant | fem.Function, value: Any) -> None:
    try:
        if isinstance(target, fem.Function):
            target.interpolate(value)
        else:
            target.value[...] = value
    except (ValueError, TypeError) as error:
        raise InputError(f"{what} has no usable value: {error}") from error
    if not np.isfinite(_values(target)).all():
        raise InputError(f"{what} is not finite; let its callable return finite numbers.")
