"""The strain paths on which networks and their truth are compared."""

import math

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.loading import Loading

__all__ = ["standard_loadings"]

# Orthonormal basis of the deviatoric strains (Mandel), the rows; then the volumetric direction.
_BASIS = np.array(
    [
        np.array([2.0, -1.0, -1.0, 0.0, 0.0, 0.0]) / math.sqrt(6.0),
        np.array([0.0, 1.0, -1.0, 0.0, 0.0, 0.0]) / math.sqrt(2.0),
        [0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) / math.sqrt(3.0),
    ]
)
_ISOCHORIC, _SHEAR_23, _SHEAR_12, _VOLUMETRIC = _BASIS[[0, 2, 4, 5]]
_RANDOM_LEGS = 4
_BULGE = 0.3  # of a random leg beside the straight line, relative to the leg's length
_RANDOM_VOLUMETRIC = 0.1  # part of the deviatoric size


def standard_loadings(
    amplitude: float = 0.0125, steps: int = 30, duration: float = 1.0, seed: int = 0
) -> dict[str, Loading]:
    """Seven strain-driven loadings by name, from proportional shear to a random walk.

    ========================== =================================================================
    ``shear-12``, ``shear-23`` simple shear in two planes
    ``isochoric``              uniaxial, isochoric: diag(1, −1/2, −1/2)
    ``corner``                 isochoric, then with that part kept a shear 12, at a right angle
    ``cyclic``                 isochoric and shear 12 mixed: load, unload, reverse, load again
    ``random``                 bent legs between corners at random places in deviatoric space,
                               with a small volumetric part
    ``uniaxial-strain``        diag(1, 0, 0), whose stress is mostly pressure
    ========================== =================================================================

    Parameters
    ----------
    amplitude : float
        Largest norm of the strain (Mandel) on each path.
    steps : int
        Steps of each loading, at least 5, shared out among its legs by their lengths.
    duration : float
        Time from start to end, in the unit of time of the laws' rates.
    seed : int
        Of the random path.

    Raises
    ------
    InputError
        If a number makes no sense.
    """
    for name, value in (("amplitude", amplitude), ("duration", duration)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"standard_loadings: {name} = {value} must be finite and above zero.")
    if not isinstance(steps, int) or steps < 5:
        raise InputError(f"standard_loadings: steps = {steps!r} must be a whole number >= 5.")
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"standard_loadings: seed = {seed!r} must be a whole number >= 0.")
    zero = np.zeros(6)
    mixed = (_ISOCHORIC + _SHEAR_12) / math.sqrt(2.0)
    paths = {
        "shear-12": _straight([zero, _SHEAR_12], steps),
        "shear-23": _straight([zero, _SHEAR_23], steps),
        "isochoric": _straight([zero, _ISOCHORIC], steps),
        "corner": _straight([zero, _ISOCHORIC, _ISOCHORIC + _SHEAR_12], steps),
        "cyclic": _straight([zero, mixed, zero, -mixed, mixed], steps),
        "random": _random(steps, seed),
        "uniaxial-strain": _straight([zero, np.eye(6)[0]], steps),
    }
    times = torch.linspace(0.0, duration, steps + 1, dtype=torch.float64)
    return {
        name: Loading.of_strain(_scaled(path, amplitude), times) for name, path in paths.items()
    }


def _scaled(path: np.ndarray, amplitude: float) -> Tensor:
    """The path with the given largest norm."""
    return torch.from_numpy(path * (amplitude / np.linalg.norm(path, axis=1).max()))


def _straight(corners: list[np.ndarray], steps: int) -> np.ndarray:
    """Straight lines from corner to corner ``[steps + 1, 6]``; a step ends at each corner."""
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    path = [corners[0][None]]
    for start, end, shares in zip(corners, corners[1:], _shares(lengths, steps), strict=False):
        path.append(start + shares[:, None] * (end - start))
    return np.concatenate(path)


def _random(steps: int, seed: int) -> np.ndarray:
    """Legs bent by half a sine, ``[steps + 1, 6]``; but for its size the curve does not depend on
    the steps."""
    generator = np.random.default_rng(seed)
    weights = np.array([1.0] * 5 + [_RANDOM_VOLUMETRIC])

    def directions() -> np.ndarray:
        values = generator.normal(size=(_RANDOM_LEGS, 6))
        return weights * values / np.linalg.norm(values[:, :5], axis=1, keepdims=True)

    legs, bulges = directions(), _BULGE * directions()
    path, corner = [np.zeros((1, 6))], np.zeros(6)
    for leg, bulge, share in zip(legs, bulges, _shares(np.ones(_RANDOM_LEGS), steps), strict=True):
        path.append(corner + share[:, None] * leg + np.sin(np.pi * share)[:, None] * bulge)
        corner = corner + leg
    return np.concatenate(path) @ _BASIS


def _shares(lengths: np.ndarray, steps: int) -> list[np.ndarray]:
    """For each leg the shares of it, up to 1, at which its steps end."""
    ends = np.rint(np.cumsum(lengths) / lengths.sum() * steps).astype(int)
    return [np.arange(1, count + 1) / count for count in np.diff(ends, prepend=0)]
