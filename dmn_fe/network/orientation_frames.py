"""Principal frames of orientation tensors."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from dmn_fe.errors import InputError
from dmn_fe.mandel import to_tensor

__all__ = ["principal_frames"]

_ALIKE = 1e-6  # eigenvalues whose eigenvectors are round-off
_DIGITS = 6  # of components: of those that are equal but for round-off the first counts


def principal_frames(
    tensors: ArrayLike, tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues ``[n, 3]``, falling, and rotations ``[n, 3, 3]`` whose columns are eigenvectors.

    Axis 1 is the direction of the largest eigenvalue. Frames are right-handed, and the same for the
    same tensor: the largest component of axis 1 and of axis 2 is positive. Among eigenvalues that
    are alike, axes are as near to those of the coordinates as can be: of an isotropic tensor the
    frame is that of the coordinates, and of one with an axis of symmetry, the axis of coordinates
    that is least along it is turned onto the plane across it.

    Parameters
    ----------
    tensors : array ``[n, 3, 3]`` or ``[n, 6]``
        Second-order orientation tensors, as such or as Mandel vectors.
    tolerance : float
        Of symmetry, trace and eigenvalues below zero.

    Raises
    ------
    InputError
        If one is not symmetric, has another trace than 1, or an eigenvalue below zero.
    """
    given = np.asarray(tensors, dtype=np.float64)
    if given.ndim == 2 and given.shape[1] == 6:
        given = to_tensor(torch.from_numpy(np.ascontiguousarray(given))).numpy()
    if given.ndim != 3 or given.shape[1:] != (3, 3):
        raise InputError(
            f"the orientation tensors have the shape {list(given.shape)}; give [n, 3, 3], or "
            "[n, 6] as Mandel vectors."
        )
    finite = np.isfinite(given).all((1, 2))
    _refuse(given, ~finite, "holds a value that is not finite; give finite numbers")
    skew = np.abs(given - given.transpose(0, 2, 1)).max((1, 2))
    trace = np.trace(given, axis1=1, axis2=2)
    _refuse(given, skew > tolerance, "is not symmetric; give the mean of p ⊗ p")
    wrong = np.abs(trace - 1.0) > tolerance
    _refuse(given, wrong, "has another trace than 1; divide it by its trace")
    rising, vectors = np.linalg.eigh(0.5 * (given + given.transpose(0, 2, 1)))
    _refuse(
        given, rising[:, 0] < -tolerance, "has an eigenvalue below zero; a mean of p ⊗ p has none"
    )
    values = rising[:, ::-1]
    first, second, third = (_upright(vectors[:, :, column]) for column in (2, 1, 0))
    upper = (values[:, 0] - values[:, 1] < _ALIKE)[:, None]
    lower = (values[:, 1] - values[:, 2] < _ALIKE)[:, None]
    first = np.where(upper, _across(third), first)
    second = np.where(upper, np.cross(third, first), np.where(lower, _across(first), second))
    frames = np.stack([first, second, np.cross(first, second)], axis=-1)
    return values, np.where((upper & lower)[..., None], np.eye(3), frames)


def _refuse(tensors: NDArray[np.float64], wrong: ArrayLike, what: str) -> None:
    at = np.flatnonzero(wrong)
    if len(at):
        numbers = np.round(tensors[at[0]], 6).tolist()
        raise InputError(f"the orientation tensor {numbers} at point {at[0]} {what}.")


def _upright(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors ``[n, 3]`` with the sign that makes the largest component positive."""
    largest = np.abs(np.round(vectors, _DIGITS)).argmax(1)
    sign = np.sign(vectors[np.arange(len(vectors)), largest])
    return sign[:, None] * vectors


def _across(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors across unit vectors ``[n, 3]``: the axis of coordinates least along each."""
    least = np.eye(3)[np.abs(np.round(axis, _DIGITS)).argmin(1)]
    across = least - (least * axis).sum(1, keepdims=True) * axis
    return across / np.linalg.norm(across, axis=1, keepdims=True)
