"""Directions of fibres with a given second-order orientation tensor.

The tensor of N directions p is A = 1/N Σ p ⊗ p (Advani & Tucker, J. Rheol. 31 (1987) 751). Uniform
directions mapped by ``p → B p / |B p|`` follow the angular central Gaussian distribution; the
matrix B for a tensor is found from the N directions themselves, so that they have it exactly.
"""

import numpy as np
from numpy.typing import ArrayLike

from dmn_fe.errors import InputError
from dmn_fe.microstructure.rotations import random_rotations

__all__ = [
    "TOLERANCE",
    "checked_orientation_tensor",
    "orientation_tensor",
    "restore_tensor",
    "sample_directions",
]

#: Largest error of an entry of the orientation tensor that :func:`sample_directions` accepts.
TOLERANCE = 1e-4
_STEPS = 2000


def orientation_tensor(directions: np.ndarray) -> np.ndarray:
    """``[3, 3]``, the mean of ``p ⊗ p`` over unit vectors ``[n, 3]``."""
    return directions.T @ directions / len(directions)


def checked_orientation_tensor(tensor: ArrayLike) -> np.ndarray:
    """The tensor as an array ``[3, 3]``.

    Raises
    ------
    InputError
        If it is not symmetric, not positive semi-definite, or its trace is not 1.
    """
    target = np.asarray(tensor, dtype=float)
    if target.shape != (3, 3) or not np.isfinite(target).all():
        raise InputError(
            f"the orientation tensor has the shape {list(target.shape)}: give 3 × 3 finite numbers"
        )
    if np.abs(target - target.T).max() > 1e-6 or abs(np.trace(target) - 1.0) > 1e-6:
        raise InputError(
            f"the orientation tensor {target.tolist()} must be symmetric with the trace 1"
        )
    lowest = np.linalg.eigvalsh(target)[0]
    if lowest < -1e-6:
        raise InputError(
            f"the orientation tensor {target.tolist()} has the eigenvalue {lowest:.3g}: "
            "a mean of p ⊗ p has none below zero"
        )
    return target


def sample_directions(target: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors ``[count, 3]`` whose orientation tensor is ``target`` within ``TOLERANCE``.

    Raises
    ------
    InputError
        If so few directions cannot have the tensor (one or two, most often).
    """
    # A spiral of equal areas over the half sphere, turned at random: more even than chance.
    height = (np.arange(count) + 0.5) / count
    turn = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)
    ring = np.sqrt(1.0 - height**2)
    even = np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)
    directions = rng.permutation(even @ random_rotations(1, rng)[0].T)
    directions = restore_tensor(directions, target)
    error = np.abs(orientation_tensor(directions) - target).max()
    if error > TOLERANCE:
        raise InputError(
            f"{count} fibres came within {error:.2g} of the entries of the orientation tensor "
            f"{target.tolist()}, not {TOLERANCE:g}: use more fibres"
        )
    return directions


def restore_tensor(
    directions: np.ndarray, target: np.ndarray, tolerance: float = 1e-9
) -> np.ndarray:
    """Map directions ``[n, 3]`` by one matrix, and normalise, so that they have the tensor.

    Each step maps by ``A^½ R^-½`` (R: the tensor reached), the identity where R is A. It stops
    when every entry is within the tolerance, or after 2000 steps: the caller checks.
    """
    root = _power(target, 0.5)
    for _ in range(_STEPS):
        reached = orientation_tensor(directions)
        if np.abs(reached - target).max() < tolerance:
            break
        directions = directions @ (root @ _power(reached, -0.5)).T
        directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return directions


def _power(tensor: np.ndarray, exponent: float) -> np.ndarray:
    """Power of a symmetric tensor within its range: planar and aligned tensors have less rank."""
    values, vectors = np.linalg.eigh(tensor)
    powers = np.where(values > 1e-12, np.maximum(values, 1e-12) ** exponent, 0.0)
    return (vectors * powers) @ vectors.T
