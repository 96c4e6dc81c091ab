"""The data sets of a VTKHDF file that say where the points and cells are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["grid", "vertices"]


def grid(points: NDArray[Any], cells: NDArray[Any], types: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Data sets of an unstructured grid.

    Parameters
    ----------
    points : array ``[n, 3]``
    cells : array ``[cells, m]`` of int
        Points of each cell, in VTK's order.
    types : array ``[cells]``
        VTK's type of each cell.
    """
    size = {"NumberOfPoints": np.array([len(points)])}
    return size | {"Points": points, "Types": types.astype(np.uint8)} | _cells("", cells)


def vertices(points: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Data sets of points ``[n, 3]``, each with a vertex, without which VTK shows nothing."""
    sets = {"NumberOfPoints": np.array([len(points)]), "Points": points}
    sets |= _cells("Vertices/", np.arange(len(points))[:, None])
    for kind in ("Lines", "Polygons", "Strips"):  # VTK looks for them
        sets |= _cells(f"{kind}/", np.empty((0, 1), dtype=np.int64))
    return sets


def _cells(prefix: str, cells: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {
        f"{prefix}NumberOfCells": np.array([len(cells)]),
        f"{prefix}NumberOfConnectivityIds": np.array([cells.size]),
        f"{prefix}Offsets": np.arange(len(cells) + 1) * cells.shape[1],
        f"{prefix}Connectivity": cells.reshape(-1),
    }
