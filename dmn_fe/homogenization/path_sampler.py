"""Random materials and strains of nonlinear samples for the training of networks."""

import math

import numpy as np
import torch
from torch import Tensor

from dmn_fe.homogenization.sampler import latin_hypercube, random_numbers, unit_deviators
from dmn_fe.mandel import IDENTITY

__all__ = ["sample_paths"]

_VOLUMETRIC = 0.15  # standard deviation of the volumetric part of a direction, relative


def sample_paths(
    kind: str,
    n: int,
    steps: int,
    strain_scale: tuple[float, float],
    seed: int = 0,
    block: int = 0,
    phases: int = 2,
    random_materials: bool = True,
) -> tuple[Tensor, Tensor]:
    """Strains of samples and materials of the phases.

    Phase 0 is a J2 matrix with linear hardening. The response to a strain in units of the yield
    strain depends on neither Young's modulus nor the yield stress, so both are 1 and a strain of 1
    is the yield strain; hardening modulus log-uniform in 0.003 … 0.3. All other phases are
    isotropic elastic with a Young's modulus log-uniform in 0.1 … 20. Poisson's ratios
    ``U(0.2, 0.4)``.

    Directions are random deviators with a small volumetric part. "one-step": one direction for all
    steps, with rising norms. "history": each step is an increment with a direction of its own, the
    norms in random order. Norms are log-uniform in ``strain_scale``, one from each of ``steps``
    equal parts of its logarithm. Latin hypercube but for directions and orders; blocks of one seed
    are independent of each other.

    Returns
    -------
    strain : Tensor ``[n, steps, 6]``
        At the end of each step (Mandel).
    material : Tensor ``[n, phases, 4]``
        As in :class:`PathDataset`; not-a-number without random materials.

    Raises
    ------
    InputError
        If ``n`` or ``seed`` is negative or no whole number.
    """
    rng = random_numbers(n, seed, block, phases)
    columns = 2 * phases if random_materials else 0
    draw = latin_hypercube(n, columns + steps, rng)
    material = torch.full((n, phases, 4), torch.nan, dtype=torch.float64)
    if random_materials:
        material = _materials(torch.from_numpy(draw[:, :columns]).unflatten(1, (phases, 2)))
    part = (np.arange(steps) + draw[:, columns:]) / steps
    lowest, highest = strain_scale
    norms = lowest * np.exp(part * math.log(highest / lowest))
    if kind == "one-step":
        return torch.from_numpy(norms)[..., None] * _directions(rng, n, 1), material
    norms = rng.permuted(norms, axis=1)
    increments = torch.from_numpy(norms)[..., None] * _directions(rng, n, steps)
    return increments.cumsum(1), material


def _materials(draw: Tensor) -> Tensor:
    """Materials ``[n, phases, 4]`` from uniform numbers ``[n, phases, 2]``."""
    poisson = 0.2 + 0.2 * draw[..., 0]
    material = torch.zeros(*draw.shape[:2], 4, dtype=torch.float64)
    material[..., 0] = 0.1 * 200.0 ** draw[..., 1]
    material[..., 1] = poisson
    material[..., 2] = torch.inf
    matrix = torch.ones(len(draw), dtype=torch.float64)
    hardening = 0.003 * 100.0 ** draw[:, 0, 1]
    material[:, 0] = torch.stack([matrix, poisson[:, 0], matrix, hardening], dim=-1)
    return material


def _directions(rng: np.random.Generator, n: int, steps: int) -> Tensor:
    """Nearly deviatoric strains of norm 1, ``[n, steps, 6]``."""
    deviators = unit_deviators(rng, n, steps)
    volumetric = torch.from_numpy(_VOLUMETRIC * rng.standard_normal((n, steps, 1)))
    direction = deviators + volumetric * IDENTITY / math.sqrt(3.0)
    return direction / torch.linalg.vector_norm(direction, dim=-1, keepdim=True)
