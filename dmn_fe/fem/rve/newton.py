"""Newton's method for the balance of a periodic RVE under a macroscopic load."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.fem.material_points import MaterialPoints
from dmn_fe.fem.rve.system import PeriodicSystem
from dmn_fe.homogenization.rve_problem import MacroLoad
from dmn_fe.laws import Update

__all__ = ["Balance", "LoadStep", "NotConverged"]

# Stresses below this part of the largest in the step, times the tolerance, are round-off: a step
# may unload to nothing.
_UNLOADED = 1e-3
# A step is shortened where the energy rises at its end by more than this part of its first fall.
_RISE = 0.8
_SEARCH_STEPS = 8


class NotConverged(RuntimeError):
    """Newton's method failed; raised on all ranks alike."""


@dataclass
class Balance:
    """An iterate: local arrays are of the points of this rank.

    Attributes
    ----------
    macro_strain : array ``[6]``
        Macroscopic strain.
    displacement : array ``[dofs]``
        Fluctuation.
    strain, stress : arrays ``[n, 6]``
        Local strain and stress; NaN stress where a law failed.
    updates : mapping of key to Update
        Results of the laws.
    iterations : int
        Newton iterations up to here.
    """

    macro_strain: NDArray[np.float64]
    displacement: NDArray[np.float64]
    strain: NDArray[np.float64]
    stress: NDArray[np.float64]
    updates: Mapping[Any, Update]
    iterations: int = 0

    def tangent(self, material: MaterialPoints) -> NDArray[np.float64]:
        """Consistent local tangents ``[n, 6, 6]``."""
        tangent = np.empty((len(self.strain), 6, 6))
        material.write_tangent(self.updates, tangent)
        return tangent


class LoadStep:
    """One step of an RVE: the laws at their committed states, and what is prescribed at the end.

    Parameters
    ----------
    system : PeriodicSystem
        The discrete fluctuations.
    material : MaterialPoints
        The laws.
    load : MacroLoad
        What is prescribed at the end of the step.
    states : mapping of key to Tensor
        Committed states of the laws.
    dt : float
        Time step.
    """

    def __init__(
        self,
        system: PeriodicSystem,
        material: MaterialPoints,
        load: MacroLoad,
        states: Mapping[Any, torch.Tensor],
        dt: float,
    ):
        self.system, self.material, self.states, self.dt = system, material, states, dt
        self.driven = load.stress_driven.numpy()
        self.strain = load.strain.numpy()
        self.stress = load.stress.numpy()

    def balance(
        self,
        macro_strain: NDArray[np.float64],
        displacement: NDArray[np.float64],
        tolerance: float,
        max_iterations: int,
    ) -> Balance:
        """Balance at the end of the step, from committed macroscopic strain and fluctuation.

        The first iteration linearises at the committed strains and applies the whole step, so that
        stiff phases are not strained like soft ones (collective).

        Raises
        ------
        NotConverged
            If a law fails or the limit of iterations is reached.
        SingularMatrix
            If a tangent matrix cannot be solved.
        """
        at = self._evaluate(macro_strain, displacement, 0)
        ahead = np.where(self.driven, 0.0, self.strain - macro_strain)
        largest = 0.0
        while True:
            magnitude = self.system.magnitude(at.stress)
            if np.isnan(magnitude):  # a law failed
                raise NotConverged(self._failure(at))
            largest = max(largest, magnitude)
            imbalance = self._imbalance(at)
            small = tolerance * max(magnitude, _UNLOADED * largest)
            if not ahead.any() and imbalance <= small:
                return at
            if at.iterations == max_iterations:
                raise NotConverged(
                    f"after {max_iterations} Newton iterations stresses of {imbalance:.3g} are "
                    f"out of balance, more than {small:.3g}; take a smaller step"
                )
            change, displacement = self._direction(at, ahead)
            if ahead.any():
                # Exactly what is prescribed, without round-off.
                macro = np.where(self.driven, at.macro_strain + change, self.strain)
                at = self._evaluate(macro, at.displacement + displacement, at.iterations + 1)
                ahead = np.zeros(6)
            else:
                at = self._search(at, change, displacement)

    def _evaluate(self, macro: NDArray, displacement: NDArray, iterations: int) -> Balance:
        """The laws at a macroscopic strain and a fluctuation (collective)."""
        strain = self.system.strain(displacement) + macro
        stress = np.empty_like(strain)
        with RaiseTogether(self.system.comm):
            updates = self.material.integrate(strain, self.states, self.dt)
            self.material.write_stress(updates, stress)
        return Balance(macro, displacement, strain, stress, updates, iterations)

    def _imbalance(self, at: Balance) -> float:
        """What is out of balance, as a stress (collective)."""
        force = self.system.norm(self.system.force(at.stress)) / self.system.force_of_stress
        gap = np.where(self.driven, self.system.average(at.stress) - self.stress, 0.0)
        return max(force, float(np.abs(gap).max()))

    def _direction(
        self, at: Balance, ahead: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Newton's change of macroscopic strain and fluctuation (collective).

        ``ahead`` ``[6]`` is what the prescribed strains still change. Unknown strains are condensed
        with one more solution for each of them.
        """
        system = self.system
        tangent = at.tangent(self.material)
        system.linearise(tangent)
        change = ahead.copy()
        displacement = system.balancing(at.stress + tangent @ ahead)
        if self.driven.any():
            local = system.strain(displacement) + ahead
            stress = at.stress + np.einsum("nij,nj->ni", tangent, local)
            gap = (self.stress - system.average(stress))[self.driven]
            units = np.eye(6)[self.driven]
            responses = [system.response(tangent, unit) for unit in units]
            block = np.stack([average[self.driven] for average, _ in responses], axis=1)
            try:
                unknown = np.linalg.solve(block, gap)
            except np.linalg.LinAlgError as error:
                raise NotConverged(
                    "the RVE has no stiffness left against a prescribed stress; take a smaller step"
                ) from error
            change[self.driven] += unknown
            displacement += sum(x * w for x, (_, w) in zip(unknown, responses, strict=True))
        return change, displacement

    def _search(
        self, at: Balance, change: NDArray[np.float64], displacement: NDArray[np.float64]
    ) -> Balance:
        """The next iterate on the way of a Newton step, by the slope of the incremental energy.

        Where the energy of the laws is convex this cannot diverge (collective).
        """
        direction = self.system.strain(displacement) + change
        external = float(self.stress[self.driven] @ change[self.driven])

        def slope(there: Balance) -> float:
            work = np.einsum("ni,ni->n", there.stress, direction)
            return float(self.system.average(work)) - external

        start, factor = slope(at), 1.0
        for _ in range(_SEARCH_STEPS):
            there = self._evaluate(
                at.macro_strain + factor * change,
                at.displacement + factor * displacement,
                at.iterations + 1,
            )
            end = slope(there)
            if np.isnan(end):
                factor *= 0.5
            elif start < 0 and end > -_RISE * start:
                factor *= start / (start - end)
            else:
                break
        return there

    def _failure(self, at: Balance) -> str:
        """Which point failed, and why (collective)."""
        sentence = self.material.first_failure(
            at.updates,
            at.strain,
            self.system.rve.original_cell,
            self.system.fields.points_per_cell,
        )
        sentences = self.system.comm.allgather(sentence)
        return next((s for s in sentences if s is not None), "a stress is not finite")
