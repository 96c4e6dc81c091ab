"""Small meshes of a unit box."""

import itertools

import numpy as np

from dmn_fe.microstructure import MeshRVE, VoxelRVE, voxels_to_mesh


def hexahedra(phase: np.ndarray, names: tuple[str, ...] = (), distortion: float = 0.0) -> MeshRVE:
    """One hexahedron for each voxel; inner nodes move at random by a share of an edge."""
    grid = voxels_to_mesh(VoxelRVE(phase, names))
    points = np.array(grid.points)
    size = np.array(grid.size)
    inner = ((points > 1e-9) & (points < size - 1e-9)).all(axis=1)
    shift = np.random.default_rng(0).uniform(-1, 1, points.shape) * distortion / max(phase.shape)
    return MeshRVE(points + shift * inner[:, None], grid.cells, "hexahedron", grid.phase, names)


def tetrahedra(rve: MeshRVE) -> MeshRVE:
    """Six tetrahedra for each hexahedron, around its diagonal."""
    # Corners of VTK by the bits of x, y, z.
    corner = [0, 1, 3, 2, 4, 5, 7, 6]
    ways = list(itertools.permutations((1, 2, 4)))
    splits = [[corner[0], corner[a], corner[a + b], corner[7]] for a, b, _ in ways]
    cells = rve.cells[:, splits].reshape(-1, 4)
    return MeshRVE(rve.points, cells, "tetra", np.repeat(rve.phase, len(ways)), rve.names)


def quads(phase: np.ndarray) -> MeshRVE:
    """One square for each pixel of a section ``[nx, ny]``."""
    return voxels_to_mesh(VoxelRVE(phase[:, :, None]), plane=True)


def triangles(rve: MeshRVE) -> MeshRVE:
    """Two triangles for each quad."""
    cells = rve.cells[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
    return MeshRVE(rve.points, cells, "triangle", np.repeat(rve.phase, 2), rve.names)
