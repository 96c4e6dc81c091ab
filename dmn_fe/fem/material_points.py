"""Laws at groups of quadrature points: one batch for each law; the state is the caller's."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dmn_fe.laws import MaterialLaw, Status, Update

__all__ = ["MaterialPoints"]


class MaterialPoints:
    """Laws of the quadrature points of one rank.

    Parameters
    ----------
    laws : mapping of key to MaterialLaw
        One law for each group of points.
    points : mapping of key to integer array
        Positions of the points of each group, for the same keys; the states of a group are in this
        order. A group may have no point on this rank.
    """

    def __init__(self, laws: Mapping[Any, MaterialLaw], points: Mapping[Any, NDArray[np.int64]]):
        self.laws, self.points = dict(laws), dict(points)

    def initial_state(self) -> dict[Any, torch.Tensor]:
        """Virgin state ``[n, state_size]`` of each group."""
        return {key: law.initial_state(len(self.points[key])) for key, law in self.laws.items()}

    def integrate(
        self, strain: NDArray[np.float64], state: Mapping[Any, torch.Tensor], dt: float
    ) -> dict[Any, Update]:
        """Update of each group that has points, from strains ``[n, 6]`` of all points."""
        strains = torch.from_numpy(strain)
        return {
            key: law.integrate(strains[self.points[key]], state[key], dt)
            for key, law in self.laws.items()
            if len(self.points[key]) > 0
        }

    def write_stress(self, updates: Mapping[Any, Update], target: NDArray[np.float64]) -> None:
        """Write stresses to ``[n, 6]``: NaN for a point that failed, so that a solver sees it."""
        for key, update in updates.items():
            stress = update.stress.detach().cpu().numpy()
            target[self.points[key]] = np.where(_failed(update)[:, None], np.nan, stress)

    def write_tangent(self, updates: Mapping[Any, Update], target: NDArray[np.float64]) -> None:
        """Write consistent tangents to ``[n, 6, 6]``."""
        for key, update in updates.items():
            target[self.points[key]] = update.tangent.detach().cpu().numpy()

    def first_failure(
        self,
        updates: Mapping[Any, Update],
        strain: NDArray[np.float64],
        original_cell: NDArray[np.int64],
        points_per_cell: int,
    ) -> str | None:
        """Cell, point, strain and reason of one failed point of this rank, if there is one."""
        for key, update in updates.items():
            failed = np.flatnonzero(_failed(update))
            if len(failed) > 0:
                number = int(self.points[key][failed[0]])
                cell, point = divmod(number, points_per_cell)
                return (
                    f"cell {original_cell[cell]} in the order of the mesh file, point {point}, "
                    f"strain {np.array2string(strain[number], precision=4)}: "
                    f"{Status(int(update.status[failed[0]])).sentence}"
                )
        return None


def _failed(update: Update) -> NDArray[np.bool_]:
    return (update.status != Status.CONVERGED).cpu().numpy()
