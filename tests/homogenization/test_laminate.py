"""A voxel laminate of rank 1 has a closed form: only the interface jump is unknown."""

import pytest
import torch

from dmn_fe.homogenization import effective_stiffness, sample_orthotropic, sample_tangent_like
from dmn_fe.mandel import interface_matrix, isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE


def laminate(first, second, fraction, normal):
    """``f1 C1 + f2 C2 − f1 f2 ΔC Q ΔC`` with ``Q = H (Hᵀ (f2 C1 + f1 C2) H)⁻¹ Hᵀ``."""
    interface = interface_matrix(normal)
    other = 1.0 - fraction
    mixed = interface.mT @ (other * first + fraction * second) @ interface
    jump = interface @ torch.linalg.solve(mixed, interface.mT)
    difference = first - second
    mean = fraction * first + other * second
    return mean - fraction * other * difference @ jump @ difference


def random_spd(seed):
    generator = torch.Generator().manual_seed(seed)
    factor = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    return factor @ factor.mT + 0.05 * torch.eye(6, dtype=torch.float64)


PAIRS = {
    "isotropic": torch.stack([isotropic_stiffness(1.0, 0.35), isotropic_stiffness(50.0, 0.2)]),
    "orthotropic": sample_orthotropic(8, seed=2)[3],
    "tangent-like": sample_tangent_like(8, seed=2)[5],
    "fully anisotropic": torch.stack([random_spd(0), 100.0 * random_spd(1)]),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("layers", [6, 7])
def test_equals_the_closed_form(pair, axis, layers):
    shape = [4, 5, 3]
    shape[axis] = layers
    position = torch.arange(layers).view([-1 if a == axis else 1 for a in range(3)])
    phase = ((position % 5) < 2).long().expand(shape).numpy()
    rve = VoxelRVE(phase, size=(1.0, 0.7, 2.0))
    stiffness = PAIRS[pair]
    normal = torch.eye(3, dtype=torch.float64)[axis]
    exact = laminate(stiffness[1], stiffness[0], rve.volume_fractions[1], normal)
    computed = effective_stiffness(rve, stiffness, tolerance=1e-12)
    assert (computed - exact).abs().max() <= 1e-8 * exact.abs().max()
