"""Checks of the material orientations that RVEs carry."""

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["checked_orientations"]


def checked_orientations(
    orientations: np.ndarray | None,
    orientation_index: np.ndarray | None,
    shape: tuple[int, ...],
    places: str,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Locked copies of the table ``[m, 3, 3]`` of rotations and of the index into it.

    Parameters
    ----------
    orientations, orientation_index
        As given to a container; both or none.
    shape : tuple of int
        Shape that the index must have.
    places : str
        What the index is given for, for messages: "voxels", "cells".

    Raises
    ------
    InputError
        If one is missing, a matrix is no proper rotation, or the index does not fit.
    """
    if orientations is None and orientation_index is None:
        return None, None
    if orientations is None or orientation_index is None:
        raise InputError(
            "orientations and orientation_index belong together: give both, or none of them"
        )
    table = np.array(orientations, dtype=np.float64, order="C")
    if table.ndim != 3 or table.shape[1:] != (3, 3) or len(table) == 0:
        raise InputError(
            f"the orientations have the shape {list(table.shape)}: "
            "give rotation matrices of shape [m, 3, 3]"
        )
    error = np.abs(table @ table.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2))
    wrong = np.flatnonzero(~(error < 1e-9) | ~(np.linalg.det(table) > 0.0))
    if len(wrong):
        raise InputError(
            f"orientation {wrong[0]} is not a proper rotation: give orthogonal matrices with "
            "determinant 1"
        )
    index = np.asarray(orientation_index)
    if index.shape != tuple(shape) or index.dtype.kind not in "iu":
        raise InputError(
            f"orientation_index is an array of type {index.dtype} and shape {list(index.shape)}: "
            f"give integers of shape {list(shape)}, one for each of the {places}"
        )
    if index.min() < 0 or index.max() >= len(table):
        raise InputError(
            f"orientation_index runs from {index.min()} to {index.max()}, "
            f"but there are {len(table)} orientations: number them from 0"
        )
    index = np.array(index, dtype=np.int32, order="C")
    table.setflags(write=False)
    index.setflags(write=False)
    return table, index
