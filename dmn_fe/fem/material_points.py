"""Laws at groups of quadrature points: one batch for each law; the state is the caller's."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dmn_fe.laws import MaterialLaw, Status, Update, takes_temperature

__all__ = ["MaterialPoints", "point_status"]


class MaterialPoints:
    """Laws of the quadrature points of one rank.

    Parameters
    ----------
    laws : mapping of key to MaterialLaw
        One law for each group of points.
    points : mapping of key to integer array
        Positions of the points of each group, for the same keys; the states of a group are in this
        order. A group may have no point on this rank: its law is called all the same, since a law
        that ranks share may communicate.
    """

    def __init__(self, laws: Mapping[Any, MaterialLaw], points: Mapping[Any, NDArray[np.int64]]):
        self.laws, self.points = dict(laws), dict(points)
        self._in_order = {key: np.array_equal(at, np.arange(len(at))) for key, at in points.items()}

    def initial_state(self) -> dict[Any, torch.Tensor]:
        """Virgin state ``[n, state_size]`` of each group."""
        return {key: law.initial_state(len(self.points[key])) for key, law in self.laws.items()}

    def integrate(
        self,
        strain: NDArray[np.float64],
        state: Mapping[Any, torch.Tensor],
        dt: float,
        temperature: NDArray[np.float64] | None = None,
    ) -> dict[Any, Update]:
        """Update of each group from strains ``[n, 6]`` and temperatures ``[n]`` of all points.

        Laws that take no temperature do not get one. All laws are called, also after one raised:
        those that ranks share wait for each other.
        """
        updates: dict[Any, Update] = {}

        def integrate(key: Any) -> None:
            law, own = self.laws[key], torch.from_numpy(self._of_group(key, strain))
            if temperature is None or not takes_temperature(law):
                updates[key] = law.integrate(own, state[key], dt)
            else:
                warmth = torch.from_numpy(self._of_group(key, temperature))
                updates[key] = law.integrate(own, state[key], dt, warmth)  # type: ignore[call-arg]

        _for_all(self.laws, integrate)
        return updates

    def _of_group(self, key: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values of a group; without a copy where that is all of them."""
        points = self.points[key]
        if self._in_order[key] and len(points) == len(values):
            return values
        return values[points]

    def write_stress(self, updates: Mapping[Any, Update], target: NDArray[np.float64]) -> None:
        """Write stresses to ``[n, 6]``: NaN for a point that failed, so that a solver sees it."""
        for key, update in updates.items():
            stress = update.stress.detach().cpu().numpy()
            failed = _failed(update)
            if failed.any():
                stress = np.where(failed[:, None], np.nan, stress)
            target[self.points[key]] = stress

    def write_tangent(self, updates: Mapping[Any, Update], target: NDArray[np.float64]) -> None:
        """Write consistent tangents to ``[n, 6, 6]``; of all laws, also after one raised."""

        def write(key: Any) -> None:
            target[self.points[key]] = updates[key].tangent.detach().cpu().numpy()

        _for_all(updates, write)

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
            without_tangent = np.flatnonzero(_has_no_tangent(update))
            if len(failed) > 0:
                first, why = failed[0], Status(int(point_status(update)[failed[0]])).sentence
            elif len(without_tangent) > 0:
                first, why = without_tangent[0], "the tangent is not a finite number"
            else:
                continue
            number = int(self.points[key][first])
            cell, point = divmod(number, points_per_cell)
            return (
                f"cell {original_cell[cell]} in the order of the mesh file, point {point}, "
                f"strain {np.array2string(strain[number], precision=4)}: {why}"
            )
        return None


def _for_all(keys: Iterable[Any], call: Callable[[Any], None]) -> None:
    """Call for every key; then raise the first error there was."""
    first: Exception | None = None
    for key in keys:
        try:
            call(key)
        except Exception as error:
            first = first or error
    if first is not None:
        try:
            raise first
        finally:
            del first  # error and frame would hold each other, see RaiseTogether


def point_status(update: Update) -> NDArray[np.int8]:
    """Status ``[n]``; a stress that is not finite has not converged, whatever its law says."""
    status = update.status.cpu().numpy()
    finite = np.isfinite(update.stress.detach().cpu().numpy()).all(-1)
    return np.where((status == Status.CONVERGED) & ~finite, np.int8(Status.NOT_FINITE), status)


def _failed(update: Update) -> NDArray[np.bool_]:
    """Whether each point ``[n]`` failed."""
    return point_status(update) != Status.CONVERGED


def _has_no_tangent(update: Update) -> NDArray[np.bool_]:
    """Whether each tangent ``[n]`` that was asked for is not finite."""
    if "tangent" not in vars(update):  # a cached property
        return np.zeros(len(update.stress), dtype=bool)
    return (~torch.isfinite(update.tangent).all(-1).all(-1)).cpu().numpy()
