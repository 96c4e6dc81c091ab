"""The bilinear maps of quads and hexahedra from the reference cell ``[-1, 1]^d``."""

import numpy as np

__all__ = ["HEXAHEDRON", "QUAD", "shape_functions"]

#: Corners of the reference cells in the order of VTK.
QUAD = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
HEXAHEDRON = np.array([[*xy, z] for z in (-1, 1) for xy in QUAD])


def shape_functions(local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values ``[n, corners]`` and derivatives ``[n, corners, d]`` at local coordinates ``[n, d]``.

    In the plane for quads, in space for hexahedra.
    """
    dimension = local.shape[1]
    corners = QUAD if dimension == 2 else HEXAHEDRON
    factors = 0.5 * (1.0 + corners * local[:, None, :])
    gradient = np.empty_like(factors)
    for axis in range(dimension):
        others = [factors[:, :, other] for other in range(dimension) if other != axis]
        gradient[:, :, axis] = 0.5 * corners[:, axis] * np.prod(others, axis=0)
    return factors.prod(axis=2), gradient
