"""Random stiffnesses of the phases of an RVE for the training of networks."""

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.mandel import DEVIATORIC, IDENTITY, deviator

__all__ = [
    "latin_hypercube",
    "random_numbers",
    "sample_orthotropic",
    "sample_tangent_like",
    "unit_deviators",
]


def sample_orthotropic(
    n: int, seed: int = 0, block: int = 0, contrast: float = 100.0, phases: int = 2
) -> Tensor:
    """Orthotropic stiffnesses, axes along e1, e2, e3.

    Young's moduli ``U(0.1, 10)`` scaled to unit geometric mean, those of each phase but the first
    times a ratio that is log-uniform in ``1/contrast … contrast``; ``G_ij / √(E_i E_j)`` in
    ``U(0.25, 0.5)``; ``ν_ij √(E_j / E_i)`` in ``U(0, 0.5)``, which keeps the stiffness positive
    definite. Latin hypercube (after Liu & Wu, J. Mech. Phys. Solids 127 (2019) 20). Blocks of one
    seed are independent of each other, each a Latin hypercube.

    Returns
    -------
    Tensor ``[n, phases, 6, 6]``

    Raises
    ------
    InputError
        If ``n`` or ``seed`` is negative or no whole number, or there is no phase.
    """
    draw = latin_hypercube(n, 10 * phases - 1, random_numbers(n, seed, block, phases))
    ratio = contrast ** (2.0 * draw[:, 9 * phases :] - 1.0)
    stiffness = []
    for phase in range(phases):
        numbers = draw[:, 9 * phase : 9 * phase + 9]
        young = 0.1 + 9.9 * numbers[:, :3]
        scale = ratio[:, phase - 1] if phase else np.ones(n)
        young *= (scale / np.prod(young, axis=1) ** (1 / 3))[:, None]
        stiffness.append(_orthotropic(young, 0.25 + 0.25 * numbers[:, 3:6], 0.5 * numbers[:, 6:9]))
    return torch.from_numpy(np.stack(stiffness, axis=1))


def sample_tangent_like(n: int, seed: int = 0, block: int = 0, phases: int = 2) -> Tensor:
    """Stiffnesses like the tangents of a plastic matrix (phase 0) with elastic inclusions.

    The matrix has Young's modulus 1 and the stiffness of a J2 tangent,
    ``C = 3K P_vol + 2G θ P_dev − 2G (θ − θ_t) n⊗n``, with θ and θ_t/θ log-uniform in 0.01 … 1 and
    ``n`` a random unit deviator; the inclusions (all other phases) are isotropic with a ratio of
    Young's moduli log-uniform in 0.1 … 100. Poisson's ratios ``U(0.2, 0.4)``. Latin hypercube but
    for the directions ``n``. Networks trained on such samples follow plastic paths about twice as
    well as those trained on orthotropic ones.

    Returns and raises as :func:`sample_orthotropic`.
    """
    rng = random_numbers(n, seed, block, phases)
    draw = torch.from_numpy(latin_hypercube(n, max(5, 2 * phases + 1), rng))
    softening = 10.0 ** (2.0 * draw[:, 3] - 2.0)  # θ
    tangent_softening = softening * 10.0 ** (2.0 * draw[:, 4] - 2.0)  # θ_t
    direction = unit_deviators(rng, n)

    bulk, shear = _moduli(torch.ones(n, dtype=torch.float64), 0.2 + 0.2 * draw[:, 0])
    drop = 2.0 * shear * (softening - tangent_softening)
    matrix = _isotropic(bulk, shear * softening) - drop[:, None, None] * (
        direction[:, :, None] * direction[:, None, :]
    )
    stiffness = [matrix]
    for column in (1, *range(5, 2 * phases, 2))[: phases - 1]:
        poisson, young = 0.2 + 0.2 * draw[:, column], 10.0 ** (3.0 * draw[:, column + 1] - 1.0)
        stiffness.append(_isotropic(*_moduli(young, poisson)))
    return torch.stack(stiffness, dim=1)


def random_numbers(n: int, seed: int, block: int, phases: int) -> np.random.Generator:
    """Generator of a block of ``n`` samples; raises ``InputError`` if a number makes no sense."""
    if phases < 1:
        raise InputError(f"phases = {phases} must be one or more.")
    for name, value in (("n", n), ("seed", seed), ("block", block)):
        if not isinstance(value, int) or value < 0:
            raise InputError(f"{name} = {value} must be a whole number, zero or above.")
    return np.random.default_rng([seed, block] if block else seed)


def latin_hypercube(n: int, dimension: int, rng: np.random.Generator) -> np.ndarray:
    """Points ``[n, dimension]`` in the unit cube, one in each of ``n`` layers of every axis."""
    layers = np.stack([rng.permutation(n) for _ in range(dimension)], axis=1)
    return (layers + rng.random((n, dimension))) / max(n, 1)


def unit_deviators(rng: np.random.Generator, *shape: int) -> Tensor:
    """Random deviators (Mandel) of norm 1, equally likely in all directions, ``[*shape, 6]``."""
    direction = deviator(torch.from_numpy(rng.standard_normal((*shape, 6))))
    return direction / torch.linalg.vector_norm(direction, dim=-1, keepdim=True)


def _orthotropic(young: np.ndarray, shear: np.ndarray, coupling: np.ndarray) -> np.ndarray:
    """Stiffness ``[n, 6, 6]`` from moduli and the ratios of 23, 13, 12, each ``[n, 3]``."""
    stiffness = np.zeros((len(young), 6, 6))
    compliance = np.zeros((len(young), 3, 3))
    root = np.sqrt(young)
    compliance[:, range(3), range(3)] = 1.0 / young
    for pair, (i, j) in enumerate(((1, 2), (0, 2), (0, 1))):
        compliance[:, i, j] = compliance[:, j, i] = -coupling[:, pair] / (root[:, i] * root[:, j])
        stiffness[:, 3 + pair, 3 + pair] = 2.0 * shear[:, pair] * root[:, i] * root[:, j]
    inverse = np.linalg.inv(compliance)
    stiffness[:, :3, :3] = (inverse + inverse.transpose(0, 2, 1)) / 2.0
    return stiffness


def _moduli(young: Tensor, poisson: Tensor) -> tuple[Tensor, Tensor]:
    """Bulk and shear modulus."""
    return young / (3.0 * (1.0 - 2.0 * poisson)), young / (2.0 * (1.0 + poisson))


def _isotropic(bulk: Tensor, shear: Tensor) -> Tensor:
    """Stiffness ``[n, 6, 6]``."""
    identity = torch.outer(IDENTITY, IDENTITY)
    return bulk[:, None, None] * identity + 2.0 * shear[:, None, None] * DEVIATORIC
