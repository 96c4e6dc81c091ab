"""Classical bounds of the effective stiffness."""

import numpy as np
import pytest
import torch

from dmn_fe.homogenization import effective_stiffness, sample_orthotropic, sample_tangent_like
from dmn_fe.mandel import isotropic_part, isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE, random_spheres


def assert_not_below(larger, smaller):
    """All eigenvalues of the difference relative to the larger matrix are ≥ 0 but for rounding."""
    root = torch.linalg.cholesky(larger)
    half = torch.linalg.solve_triangular(root, larger - smaller, upper=False)
    relative = torch.linalg.solve_triangular(root, half.mT, upper=False)
    assert torch.linalg.eigvalsh(relative).min() >= -1e-12


def bounds(rve, stiffness):
    fractions = torch.tensor(rve.volume_fractions, dtype=torch.float64)
    voigt = torch.einsum("p,pij->ij", fractions, stiffness)
    reuss = torch.linalg.inv(torch.einsum("p,pij->ij", fractions, torch.linalg.inv(stiffness)))
    return voigt, (reuss + reuss.mT) / 2


@pytest.mark.parametrize("sampler", [sample_orthotropic, sample_tangent_like])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-8])
def test_voigt_and_reuss(sampler, tolerance):
    phase = np.random.default_rng(3).integers(0, 2, (6, 5, 4))
    for rve in (VoxelRVE(phase), random_spheres(10, 0.25, 1, seed=2)):
        for stiffness in sampler(6, seed=11):
            effective = effective_stiffness(rve, stiffness, tolerance)
            voigt, reuss = bounds(rve, stiffness)
            assert_not_below(voigt, effective)
            assert_not_below(effective, reuss)


def hashin_shtrikman(bulk, shear, fraction, host):
    """Bulk and shear modulus of a two-phase mixture whose phase ``host`` surrounds the other
    (Hashin & Shtrikman, J. Mech. Phys. Solids 11 (1963) 127)."""
    other = 1 - host
    k, g, f = bulk[host], shear[host], fraction[host]
    k_hs = k + fraction[other] / (1 / (bulk[other] - k) + 3 * f / (3 * k + 4 * g))
    slope = 6 * (k + 2 * g) * f / (5 * g * (3 * k + 4 * g))
    return k_hs, g + fraction[other] / (1 / (shear[other] - g) + slope)


@pytest.mark.parametrize(("young", "poisson"), [(10.0, 0.2), (50.0, 0.25), (0.1, 0.3)])
def test_isotropic_average_of_spheres_lies_inside_hashin_shtrikman(young, poisson):
    rve = random_spheres(voxels=20, volume_fraction=0.25, count=4, gap=2.0, seed=1)
    stiffness = torch.stack([isotropic_stiffness(1.0, 0.3), isotropic_stiffness(young, poisson)])
    average = [x.item() for x in isotropic_part(effective_stiffness(rve, stiffness))]
    moduli = [x.tolist() for x in isotropic_part(stiffness)]
    hosts = [hashin_shtrikman(*moduli, rve.volume_fractions, host) for host in (0, 1)]
    for value, pair in zip(average, zip(*hosts, strict=True), strict=True):
        assert min(pair) < value < max(pair)
