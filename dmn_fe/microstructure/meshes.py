"""An RVE as a finite element mesh with one phase for each cell."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.orientations import checked_orientations
from dmn_fe.microstructure.voxels import check_names, default_names

__all__ = ["CELL_TYPES", "MeshRVE"]

#: Cell types with straight edges by meshio's names: dimension and corners.
CELL_TYPES = {"triangle": (2, 3), "quad": (2, 4), "tetra": (3, 4), "hexahedron": (3, 8)}


@dataclass(frozen=True, eq=False)
class MeshRVE:
    """Representative volume element as a mesh of one cell type that fills a box.

    Parameters
    ----------
    points : array ``[n, 3]`` or ``[n, 2]``
        Coordinates of the nodes; the edges of the box are along e1, e2, e3. A plane mesh
        (triangles, quads) has two coordinates and is a section that is constant along e3.
    cells : integer array ``[m, corners]``
        Nodes of each cell, in the order of VTK and meshio.
    cell_type : "triangle", "quad", "tetra" or "hexahedron"
    phase : integer array ``[m]``
        Phase of each cell.
    names : tuple of str, optional
        As for :class:`~dmn_fe.microstructure.VoxelRVE`.
    orientations, orientation_index : arrays ``[k, 3, 3]`` and ``[m]``, optional
        As for :class:`~dmn_fe.microstructure.VoxelRVE`, with one index for each cell.

    Raises
    ------
    InputError
        If shapes, node numbers, phases, names or orientations make no sense, a node is used by no
        cell, or a coordinate is not finite.
    """

    points: np.ndarray
    cells: np.ndarray
    cell_type: str
    phase: np.ndarray
    names: tuple[str, ...] = ()
    orientations: np.ndarray | None = None
    orientation_index: np.ndarray | None = None

    def __post_init__(self):
        if self.cell_type not in CELL_TYPES:
            raise InputError(
                f"cell type {self.cell_type!r} is unknown: give one of {', '.join(CELL_TYPES)}"
            )
        dimension, corners = CELL_TYPES[self.cell_type]
        points = np.array(self.points, dtype=np.float64, order="C")
        if points.ndim != 2 or points.shape[1] != dimension or not np.isfinite(points).all():
            raise InputError(
                f"the points of a mesh of {self.cell_type} cells have the shape "
                f"{list(points.shape)}: give finite coordinates of shape [n, {dimension}]"
            )
        cells = np.array(self.cells, dtype=np.int64, order="C")
        if cells.ndim != 2 or cells.shape[1] != corners or len(cells) == 0:
            raise InputError(
                f"the {self.cell_type} cells have the shape {list(cells.shape)}: "
                f"give node numbers of shape [m, {corners}]"
            )
        used = np.unique(cells)
        if used[0] < 0 or used[-1] >= len(points) or len(used) != len(points):
            raise InputError(
                f"the cells use {len(used)} nodes from {used[0]} to {used[-1]}, "
                f"but there are {len(points)} points: every point must belong to a cell"
            )
        phase = np.asarray(self.phase)
        if phase.shape != (len(cells),) or phase.dtype.kind not in "iub" or phase.min() < 0:
            raise InputError(
                f"the phases are an array of type {phase.dtype} and shape {list(phase.shape)}: "
                f"give whole numbers 0, 1, …, one for each of the {len(cells)} cells"
            )
        phase = np.array(phase, dtype=np.int32)
        names = tuple(self.names) or default_names(int(phase.max()) + 1)
        check_names(names, phase, "cell")
        table, index = checked_orientations(
            self.orientations, self.orientation_index, phase.shape, "cells"
        )
        for name, value in (
            ("points", points),
            ("cells", cells),
            ("phase", phase),
            ("names", names),
            ("orientations", table),
            ("orientation_index", index),
        ):
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return CELL_TYPES[self.cell_type][0]

    @property
    def corner(self) -> tuple[float, ...]:
        """The corner of the box with the smallest coordinates."""
        return tuple(float(x) for x in self.points.min(axis=0))

    @property
    def size(self) -> tuple[float, ...]:
        """Edge lengths of the box."""
        return tuple(float(x) for x in np.ptp(self.points, axis=0))

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of points, cells, phases, names and orientations."""
        header = json.dumps([self.cell_type, list(self.names)])
        digest = hashlib.sha256(header.encode())
        for array in (self.points, self.cells, self.phase):
            digest.update(array.tobytes())
        if self.orientations is not None and self.orientation_index is not None:
            digest.update(self.orientations.tobytes() + self.orientation_index.tobytes())
        return digest.hexdigest()
