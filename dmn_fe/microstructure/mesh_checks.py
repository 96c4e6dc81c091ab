"""Checks of mesh RVEs."""

import itertools
from collections.abc import Iterator

import numpy as np

from dmn_fe.microstructure.findings import Finding
from dmn_fe.microstructure.meshes import MeshRVE
from dmn_fe.microstructure.periodic_faces import PLACE_TOLERANCE, face_differences, image_pairs
from dmn_fe.microstructure.reference_cells import HEXAHEDRON, QUAD, shape_functions

__all__ = ["cell_volumes", "check_mesh"]


def cell_volumes(rve: MeshRVE) -> np.ndarray:
    """Volume ``[m]`` of each cell (area in the plane); warped faces are those of the bilinear map.

    Negative where the nodes go round the other way than VTK's.
    """
    corners = rve.points[rve.cells]
    if rve.cell_type in ("triangle", "tetra"):
        return np.linalg.det(corners[:, 1:] - corners[:, :1]) / (2 if rve.dimension == 2 else 6)
    # Two Gauss points per direction integrate the determinant exactly.
    points = np.array(list(itertools.product((-(3**-0.5), 3**-0.5), repeat=rve.dimension)))
    return _jacobians(corners, points).sum(axis=1)


def check_mesh(rve: MeshRVE, void: int | None) -> list[Finding]:
    """The findings of :func:`~dmn_fe.microstructure.check` for meshes."""
    return [
        *_shapes(rve),
        *_filling(rve),
        *_coinciding_nodes(rve),
        *_opposite_faces(rve),
        *_pieces(rve, void),
    ]


def _jacobians(corners: np.ndarray, local: np.ndarray) -> np.ndarray:
    """Determinants ``[m, points]`` of the maps of cells ``[m, corners, d]``."""
    _, gradient = shape_functions(local)
    return np.linalg.det(np.einsum("mci,pcj->mpij", corners, gradient))


def _shapes(rve: MeshRVE) -> Iterator[Finding]:
    """Cells that are flat, twisted or not convex."""
    corners = rve.points[rve.cells]
    length = np.ptp(corners, axis=1).max(axis=1) ** rve.dimension
    flat = np.abs(cell_volumes(rve)) <= 1e-9 * length
    if flat.any():
        yield Finding(
            "error",
            f"{flat.sum()} of {len(flat)} cells are flat, the first is cell {np.argmax(flat)}: "
            "mesh again",
        )
    if rve.cell_type in ("quad", "hexahedron"):
        at_corners = _jacobians(corners, QUAD if rve.cell_type == "quad" else HEXAHEDRON)
        twisted = ~flat & ((at_corners > 0).any(axis=1) & (at_corners <= 0).any(axis=1))
        if twisted.any():
            yield Finding(
                "error",
                f"{twisted.sum()} of {len(twisted)} cells are twisted or not convex, the first is "
                f"cell {np.argmax(twisted)}: mesh again",
            )


def _filling(rve: MeshRVE) -> Iterator[Finding]:
    filled = float(np.abs(cell_volumes(rve)).sum() / np.prod(rve.size))
    if abs(filled - 1.0) > 1e-5:
        yield Finding(
            "error",
            f"the cells have {filled:.3%} of the volume of their box "
            f"{' × '.join(f'{edge:.4g}' for edge in rve.size)}: an RVE is a box without holes, "
            "mesh pores as a phase",
        )


def _coinciding_nodes(rve: MeshRVE) -> Iterator[Finding]:
    from scipy.spatial import cKDTree

    pairs = cKDTree(rve.points).query_pairs(PLACE_TOLERANCE * max(rve.size), output_type="ndarray")
    if len(pairs):
        at = ", ".join(f"{x:.4g}" for x in rve.points[pairs[0, 0]])
        yield Finding(
            "error",
            f"{len(pairs)} pairs of nodes lie at one place, the first at ({at}), so that the cells "
            "on both sides are not joined: merge duplicate nodes",
        )


def _opposite_faces(rve: MeshRVE) -> Iterator[Finding]:
    yield from (Finding("error", sentence) for sentence in face_differences(rve))


def _pieces(rve: MeshRVE, void: int | None) -> Iterator[Finding]:
    """Solid pieces that share no node with the rest, also not through the periodic faces."""
    from scipy.sparse import coo_array, csgraph

    solid = rve.cells if void is None else rve.cells[rve.phase != void]
    if len(solid) == 0:
        return
    links = [np.stack([solid[:, 0], solid[:, i]], axis=1) for i in range(1, solid.shape[1])]
    links += [image_pairs(rve, axis) for axis in range(rve.dimension)]
    first, second = np.concatenate(links).T
    shape = (len(rve.points), len(rve.points))
    graph = coo_array((np.ones(len(first)), (first, second)), shape=shape)
    piece = csgraph.connected_components(graph, directed=False)[1][solid[:, 0]]
    count = len(np.unique(piece))
    if count > 1:
        largest = np.bincount(piece).max() / len(piece)
        where = "that share no node" if void is None else f"parted by phase {rve.names[void]!r}"
        yield Finding(
            "error",
            f"the solid cells are in {count} pieces {where}, the largest has {largest:.1%} of "
            "them: join them, or make the small ones void",
        )
