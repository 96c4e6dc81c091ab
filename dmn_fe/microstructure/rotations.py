"""Rotations that generators give their material: uniform at random, and along an axis."""

import numpy as np

__all__ = ["axes_along", "random_rotations"]


def random_rotations(count: int, rng: np.random.Generator) -> np.ndarray:
    """Proper rotations ``[count, 3, 3]``, uniform over all orientations.

    A normal vector in four dimensions has a uniform direction: a uniform unit quaternion.
    """
    quaternions = rng.normal(size=(count, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    w, x, y, z = quaternions.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def axes_along(directions: np.ndarray) -> np.ndarray:
    """Rotations ``[n, 3, 3]`` whose first column is the direction ``[n, 3]`` (unit vectors).

    The second axis is perpendicular to the direction and to e3 (to e1 for a direction along e3),
    so that the second axis of a fibre or yarn near the 12-plane lies in that plane.
    """
    first = np.asarray(directions, dtype=float)
    upright = np.abs(first[:, 2:]) > 1.0 - 1e-12
    reference = np.where(upright, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    second = np.cross(reference, first)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    return np.stack([first, second, np.cross(first, second)], axis=-1)
