"""Values of cells from those of their quadrature points."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmn_fe.fem.output.quantities import Quantity, at_points
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.quadrature import QuadratureMap

__all__ = ["CellValues"]


class CellValues:
    """Averages over the volume of the owned cells, by the quadrature rule of a map.

    Parameters
    ----------
    qmap : QuadratureMap

    Attributes
    ----------
    weights : array ``[cells, points per cell]``
        Part of the cell's volume at each of its points.
    """

    def __init__(self, qmap: QuadratureMap):
        volumes = qmap.volumes().reshape(-1, qmap.points_per_cell)
        self.weights = volumes / volumes.sum(axis=1, keepdims=True)

    def average(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Averages ``[cells, ...]`` of values ``[n, ...]`` at the points."""
        averages: NDArray[np.float64]
        averages = np.einsum("cp,cp...->c...", self.weights, self._by_cell(values))
        return averages

    def largest(self, values: NDArray[Any]) -> NDArray[Any]:
        """Largest ``[cells, ...]`` of values ``[n, ...]`` at the points of each cell."""
        largest: NDArray[Any] = self._by_cell(values).max(axis=1)
        return largest

    def total(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sums ``[cells, ...]`` of values ``[n, ...]`` at the points of each cell."""
        total: NDArray[Any] = self._by_cell(values).sum(axis=1)
        return total

    def of(self, problem: Problem, quantities: Iterable[Quantity]) -> dict[str, NDArray[Any]]:
        """Values ``[cells, *shape]`` of quantities by name (collective).

        Raises
        ------
        InputError
            As :func:`~dmn_fe.fem.output.quantities.at_points`.
        """
        quantities = list(quantities)
        values = at_points(problem, quantities)
        of_cell = {"average": self.average, "largest": self.largest, "sum": self.total}
        return {one.name: of_cell[one.of_cell](values[one.name]) for one in quantities}

    def _by_cell(self, values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(*self.weights.shape, *values.shape[1:])
