"""Opposite faces of the box of a mesh RVE: which nodes are images of each other."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dmn_fe.microstructure.meshes import MeshRVE

__all__ = ["PLACE_TOLERANCE", "coinciding", "face_differences", "image_pairs"]

#: Nodes this close, relative to the longest edge of the box, are at one place: mesh files may hold
#: as few as seven digits.
PLACE_TOLERANCE = 1e-6

# Edges between the corners of a cell, in the order of VTK.
_EDGES = {
    "triangle": [(0, 1), (1, 2), (2, 0)],
    "quad": [(0, 1), (1, 2), (2, 3), (3, 0)],
    "tetra": [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)],
    "hexahedron": [
        *((0, 1), (1, 2), (2, 3), (3, 0)),
        *((4, 5), (5, 6), (6, 7), (7, 4)),
        *((0, 4), (1, 5), (2, 6), (3, 7)),
    ],
}


def coinciding(points: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Number of the place ``[n]`` of each point ``[n, d]``: the same for points that coincide."""
    labels = np.empty(points.shape, dtype=np.int64)
    for axis in range(points.shape[1]):
        x = points[:, axis]
        order = np.argsort(x)
        labels[order, axis] = np.cumsum(np.diff(x[order], prepend=x[order][:1]) > tolerance)
    return np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)


def image_pairs(rve: MeshRVE, axis: int) -> NDArray[np.int64]:
    """Pairs ``[n, 2]`` of a node on the lower face across an axis and its image on the upper one.

    Nodes without an image are left out; of coinciding nodes one has it.
    """
    nodes = np.arange(len(rve.points))[:, None]
    lower, upper = _on_faces(rve, axis, nodes)
    across = np.delete(rve.points / max(rve.size), axis, axis=1)
    place = coinciding(across[np.concatenate([lower, upper])[:, 0]], PLACE_TOLERANCE)
    _, of_lower, of_upper = np.intersect1d(
        place[: len(lower)], place[len(lower) :], return_indices=True
    )
    return np.concatenate([lower[of_lower], upper[of_upper]], axis=1)


def face_differences(rve: MeshRVE) -> Iterator[str]:
    """One sentence for each axis across which the nodes or the edges of the two faces differ."""
    nodes = np.arange(len(rve.points))[:, None]
    edges = np.sort(np.concatenate([rve.cells[:, edge] for edge in _EDGES[rve.cell_type]]), axis=1)
    for axis in range(rve.dimension):
        for what, ends in (("nodes", nodes), ("edges", np.unique(edges, axis=0))):
            faces = [rve.points[face] for face in _on_faces(rve, axis, ends)]
            across = [_middle_and_slope(np.delete(f, axis, axis=2) / max(rve.size)) for f in faces]
            lower, upper = _without_partner(across[0], across[1])
            if len(lower) + len(upper) > 0:
                first = (faces[0][lower[0]] if len(lower) else faces[1][upper[0]]).mean(0)
                low = rve.corner[axis]
                yield (
                    f"the mesh is not periodic: {len(lower)} of {len(faces[0])} {what} on the face "
                    f"x{axis + 1} = {low:.4g} and {len(upper)} of {len(faces[1])} on the face "
                    f"x{axis + 1} = {low + rve.size[axis]:.4g} have no partner on the other, the "
                    f"first at ({', '.join(f'{x:.4g}' for x in first)}); mesh opposite faces "
                    "alike, e.g. with gmsh's setPeriodic"
                )
                break  # edges cannot agree where nodes do not


def _on_faces(
    rve: MeshRVE, axis: int, ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of nodes ``[n, 1]`` or edges ``[n, 2]`` those on the lower and those on the upper face."""
    x = rve.points[:, axis] - rve.corner[axis]
    tolerance = PLACE_TOLERANCE * max(rve.size)
    at = [np.abs(x - face) <= tolerance for face in (0.0, rve.size[axis])]
    return ends[at[0][ends].all(1)], ends[at[1][ends].all(1)]


def _middle_and_slope(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle of the ends ``[n, ends, d]``, and what tells the two diagonals of a square apart."""
    way = places[:, -1] - places[:, 0]
    return np.concatenate([places.mean(1), way[:, :1] * way[:, -1:]], axis=1)


def _without_partner(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which points ``[n, d]`` of each set are not at exactly one place of both sets."""
    place = coinciding(np.concatenate([first, second]), PLACE_TOLERANCE)
    one, other = np.split(place, [len(first)])
    counts = [np.bincount(p, minlength=place.max(initial=0) + 1) for p in (one, other)]
    matched = (counts[0] == 1) & (counts[1] == 1)
    return np.flatnonzero(~matched[one]), np.flatnonzero(~matched[other])
