"""From meshes to voxels and back."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_counts
from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.reference_cells import HEXAHEDRON, shape_functions
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["voxelize", "voxels_to_mesh"]

_TOLERANCE = 1e-9
_MOST_VOXELS = 10**9
_NEWTON_STEPS = 20
_PAIRS_AT_ONCE = 500_000


def voxelize(rve: MeshRVE, voxels: int | tuple[int, ...]) -> VoxelRVE:
    """Voxels with the phase, and the orientation, of the cell that holds their centre.

    Parameters
    ----------
    rve : MeshRVE
        A mesh that fills its box.
    voxels : int or tuple of int
        Voxels along the longest edge, the others so that voxels are as near to cubes as can be;
        or the number along each edge. A plane mesh gives one voxel in depth.

    Raises
    ------
    InputError
        If the mesh does not fill its box, or no voxel has its centre in a phase.
    """
    shape = _shape(rve, voxels)
    spacing = np.array(rve.size) / shape
    cell = np.full(int(np.prod(shape)), len(rve.cells), dtype=np.int64)
    for cells, centres in _candidates(rve, shape, spacing):
        position = np.stack(np.unravel_index(centres, shape), axis=1)
        points = np.array(rve.corner) + (position + 0.5) * spacing
        inside = _inside(rve, cells, points)
        # The cell of the lowest number where a centre lies between cells.
        np.minimum.at(cell, centres[inside], cells[inside])
    outside = int(np.sum(cell == len(rve.cells)))
    if outside:
        raise InputError(
            f"{outside} of {cell.size} voxel centres lie in no cell: the mesh must fill its box"
        )
    size = (*rve.size, float(spacing.min()))[:3]
    holder = cell.reshape((*shape, 1)[:3])
    phase = rve.phase[holder]
    missing = set(range(len(rve.names))).difference(np.unique(phase).tolist())
    if missing:
        raise InputError(
            f"phase {rve.names[min(missing)]!r} has no voxel: its cells are smaller than the "
            f"voxels, give more than {max(shape)} of them per edge"
        )
    index = None if rve.orientation_index is None else rve.orientation_index[holder]
    return VoxelRVE(phase, rve.names, size, rve.orientations, index)


def voxels_to_mesh(rve: VoxelRVE, plane: bool = False) -> MeshRVE:
    """One hexahedron for each voxel, in the order of ``rve.phase.ravel()``.

    Or with ``plane`` one quadrilateral for each voxel of an RVE that has a single one along e3.
    """
    if plane and rve.shape[2] != 1:
        raise InputError(
            f"an RVE of {rve.shape[2]} voxels along e3 is no plane section; give one with a single "
            "voxel there, or plane=False."
        )
    nodes = np.arange(np.prod([n + 1 for n in rve.shape])).reshape([n + 1 for n in rve.shape])
    ends = (slice(None, -1), slice(1, None))
    corners = [nodes[tuple(ends[int(c > 0)] for c in corner)].ravel() for corner in HEXAHEDRON]
    axes = [np.linspace(0.0, edge, n + 1) for edge, n in zip(rve.size, rve.shape, strict=True)]
    points: np.ndarray = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    index = None if rve.orientation_index is None else rve.orientation_index.ravel()
    cells: np.ndarray = np.stack(corners, axis=1)
    if plane:
        section = points[:, 2] == 0.0  # nodes 0 to 3 of a hexahedron are those of its lower face
        number = np.cumsum(section) - 1
        points, cells = points[section, :2], number[cells[:, :4]]
    cell_type = "quad" if plane else "hexahedron"
    phase = rve.phase.ravel()
    return MeshRVE(points, cells, cell_type, phase, rve.names, rve.orientations, index)


def _shape(rve: MeshRVE, voxels: int | tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(voxels, Iterable):
        check_counts(voxels=voxels)
        edge = max(rve.size) / voxels
        counts = [max(1, round(length / edge)) for length in rve.size]
    else:
        counts = [int(n) for n in voxels]
        if len(counts) == 3 and rve.dimension == 2 and counts[2] == 1:
            counts = counts[:2]
    if len(counts) != rve.dimension or min(counts) < 1:
        raise InputError(
            f"voxels = {voxels}: give a positive number, or {rve.dimension} of them, one per edge"
        )
    if math.prod(counts) > _MOST_VOXELS:
        raise InputError(
            f"voxels = {voxels} makes {math.prod(counts):.2g} of them, more than "
            f"{_MOST_VOXELS:.0e}: give fewer"
        )
    return tuple(counts)


def _candidates(
    rve: MeshRVE, shape: tuple[int, ...], spacing: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of a cell and a voxel (flat index) whose centre is in the cell's bounding box."""
    corners = (rve.points[rve.cells] - np.array(rve.corner)) / spacing - 0.5
    first = np.ceil(corners.min(axis=1) - _TOLERANCE).astype(np.int64)
    last = np.floor(corners.max(axis=1) + _TOLERANCE).astype(np.int64)
    first, last = np.maximum(first, 0), np.minimum(last, np.array(shape) - 1)
    extent = np.maximum(last - first + 1, 0)
    counts = extent.prod(axis=1)
    # Parts of the cells with a bounded number of pairs; a single cell may exceed it.
    part = np.cumsum(counts) // _PAIRS_AT_ONCE
    for number in np.unique(part):
        cells = np.flatnonzero((part == number) & (counts > 0))
        pair_cell = np.repeat(cells, counts[cells])
        start = np.repeat(np.cumsum(counts[cells]) - counts[cells], counts[cells])
        rest = np.arange(len(pair_cell)) - start
        flat = np.zeros(len(pair_cell), dtype=np.int64)
        stride = 1
        for axis in reversed(range(len(shape))):
            rest, position = np.divmod(rest, extent[pair_cell, axis])
            flat += (first[pair_cell, axis] + position) * stride
            stride *= shape[axis]
        yield pair_cell, flat


def _inside(rve: MeshRVE, cells: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether each point is in its cell."""
    if rve.cell_type in ("triangle", "tetra"):
        return _inside_simplices(rve, cells, points)
    return _inside_others(rve, cells, points)


def _inside_simplices(rve: MeshRVE, cells: np.ndarray, points: np.ndarray) -> np.ndarray:
    """By the barycentric coordinates."""
    unique, which = np.unique(cells, return_inverse=True)
    corners = rve.points[rve.cells[unique]]
    edges = corners[:, 1:] - corners[:, :1]
    flat = np.abs(np.linalg.det(edges)) <= 1e-14 * np.abs(edges).max(axis=(1, 2)) ** rve.dimension
    edges[flat] = np.eye(rve.dimension)
    local = np.matmul((points - corners[which, 0])[:, None], np.linalg.inv(edges)[which])[:, 0]
    inside = (local.min(axis=1) >= -_TOLERANCE) & (local.sum(axis=1) <= 1.0 + _TOLERANCE)
    return inside & ~flat[which]


def _inside_others(rve: MeshRVE, cells: np.ndarray, points: np.ndarray) -> np.ndarray:
    """By the coordinates in the reference cell, from Newton's method on its bilinear map."""
    inside = np.zeros(len(points), dtype=bool)
    corners = rve.points[rve.cells[cells]]
    length = np.ptp(corners, axis=1).max(axis=1)
    local = np.zeros_like(points)
    at_work = np.arange(len(points))
    for _ in range(_NEWTON_STEPS):
        shape, gradient = shape_functions(local[at_work])
        error = points[at_work] - np.matmul(shape[:, None], corners[at_work])[:, 0]
        converged = np.abs(error).max(axis=1) <= 1e-12 * length[at_work]
        within = np.abs(local[at_work]).max(axis=1)
        inside[at_work[converged & (within <= 1.0 + _TOLERANCE)]] = True
        jacobian = np.matmul(corners[at_work].transpose(0, 2, 1), gradient)
        # Points that leave the neighbourhood of the reference cell are not in it.
        going_on = ~converged & (within < 3.0) & (np.abs(np.linalg.det(jacobian)) > 0.0)
        at_work = at_work[going_on]
        if len(at_work) == 0:
            break
        step = np.linalg.solve(jacobian[going_on], error[going_on, :, None])[..., 0]
        local[at_work] += step
    return inside
