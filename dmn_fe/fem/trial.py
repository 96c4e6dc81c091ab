"""The laws evaluated at the quadrature points of a rank, for a displacement that is tried."""

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.fem.material_points import MaterialPoints, point_status
from dmn_fe.fem.statistics import Count
from dmn_fe.laws import Update

__all__ = ["Trial"]


class Trial:
    """Stress, tangent and new states for one displacement, temperature and time step.

    Parameters
    ----------
    material : MaterialPoints
    stress, tangent : arrays ``[n, 6]``, ``[n, 6, 6]``
        Where they are written, at all points of this rank.

    Attributes
    ----------
    updates : dict of key to Update
        Of each law; empty where nothing was tried.
    status, iterations : integer arrays ``[n]``
        Of the last evaluation, also after :meth:`forget`.
    count : Count
        Work since the last :meth:`forget`.
    """

    def __init__(
        self,
        material: MaterialPoints,
        stress: NDArray[np.float64],
        tangent: NDArray[np.float64],
    ):
        self._material, self._stress, self._tangent = material, stress, tangent
        self.status = np.zeros(len(stress), dtype=np.int8)
        self.iterations = np.zeros(len(stress), dtype=np.int32)
        self.forget()

    def forget(self) -> None:
        """Drop what was evaluated, and start to count anew."""
        self.updates: dict[Any, Update] = {}
        # What it was evaluated for; None where there is nothing.
        self._of: tuple[NDArray[np.float64], NDArray[np.float64] | None, float] | None = None
        self._has_tangent = False
        self.count = Count()

    @property
    def displacement(self) -> NDArray[np.float64] | None:
        """The displacement vector it was evaluated for, if there is one."""
        return None if self._of is None else self._of[0]

    @property
    def is_usable(self) -> bool:
        """Whether there are new states, and no point failed."""
        return self._of is not None and self.count.failed == 0

    def is_of(
        self, u: NDArray[np.float64], temperature: NDArray[np.float64] | None, dt: float
    ) -> bool:
        """Whether it was evaluated for just these."""
        if self._of is None:
            return False
        own_u, own_temperature, own_dt = self._of
        if temperature is not None and not np.array_equal(np.asarray(own_temperature), temperature):
            return False
        return own_dt == dt and np.array_equal(own_u, u)

    def evaluate(
        self,
        u: NDArray[np.float64],
        strain: NDArray[np.float64],
        committed: Mapping[Any, Tensor],
        temperature: NDArray[np.float64] | None,
        dt: float,
    ) -> None:
        """Evaluate the stress; NaN where a law fails.

        Parameters
        ----------
        u : array
            Displacement vector, by which this evaluation is known again.
        strain : array ``[n, 6]``
            Mandel.
        committed : mapping of key to Tensor
            States of each law.
        temperature : array ``[n]``, optional
        dt : float
        """
        self._of, self._has_tangent = None, False
        start = time.perf_counter()
        self.count.failed = 0
        self.updates = self._material.integrate(strain, committed, dt, temperature)
        self._material.write_stress(self.updates, self._stress)
        for key, update in self.updates.items():
            points = self._material.points[key]
            self.status[points] = point_status(update)
            self.iterations[points] = update.iterations.cpu().numpy()
            self.count.add(update, self.status[points])
        self.count.seconds += time.perf_counter() - start
        self._of = u.copy(), temperature, dt

    def evaluate_tangent(self) -> None:
        """Evaluate the consistent tangent at the same strains, unless that was done."""
        if not self._has_tangent:
            start = time.perf_counter()
            self._material.write_tangent(self.updates, self._tangent)
            self.count.seconds += time.perf_counter() - start
        self._has_tangent = True

    def has_finite_tangent(self) -> bool:
        """Whether the tangents of this rank are numbers."""
        # The sum of what is not finite is not, and much cheaper to look at.
        return math.isfinite(float(self._tangent.sum()))
