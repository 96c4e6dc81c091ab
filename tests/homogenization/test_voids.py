import itertools

import numpy as np
import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    effective_conductivity,
    effective_expansion,
    effective_stiffness,
)
from dmn_fe.homogenization.elastic import solve_load_cases
from dmn_fe.homogenization.hourglass import HourglassControl
from dmn_fe.homogenization.kinematics import Strain, TemperatureGradient
from dmn_fe.homogenization.preconditioner import UniformMedium
from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE, bicontinuous, laminate

SHAPES = [(4, 4, 4), (3, 5, 3), (5, 4, 1)]
SIZE = (1.0, 0.5, 2.0)
YOUNG, POISSON = 3.0, 0.3
SHEAR = YOUNG / (2.0 * (1.0 + POISSON))
SOLID = isotropic_stiffness(YOUNG, POISSON)
POROUS = torch.stack([SOLID, torch.zeros(6, 6, dtype=torch.float64)])


def random_field(shape, seed, components=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, 2, components, *shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
def test_hourglass_amplitudes(shape):
    """A plain loop over voxels and corners."""
    nodal = random_field(shape, 0)
    expected = torch.zeros(4, *nodal.shape, dtype=torch.float64)
    for voxel in itertools.product(*map(range, shape)):
        for corner in itertools.product((0, 1), repeat=3):
            node = tuple((i + c) % n for i, c, n in zip(voxel, corner, shape, strict=True))
            x, y, z = (2 * c - 1 for c in corner)
            for mode, sign in enumerate((x * y, x * z, y * z, x * y * z)):
                expected[(mode, ..., *voxel)] += sign * nodal[(..., *node)]
    scheme = RotatedScheme(shape, SIZE)
    amplitudes = torch.stack(scheme.hourglass(nodal))
    torch.testing.assert_close(amplitudes, expected)
    other = torch.stack([random_field(shape, seed) for seed in range(1, 5)])
    work = (nodal * scheme.hourglass_transposed(*other)).sum()
    torch.testing.assert_close((amplitudes * other).sum(), work)


def test_hourglass_control_is_a_twentieth_of_full_integration():
    """u = (−1)^(i+j) e1, whose gradient squared has the mean 4/3 (1/hx² + 1/hy²)."""
    shape = (4, 6, 3)
    signs = torch.tensor([[(-1.0) ** (i + j) for j in range(6)] for i in range(4)]).double()
    nodal = torch.zeros(1, 1, 3, *shape, dtype=torch.float64)
    nodal[0, 0, 0] = signs[:, :, None]
    scheme = RotatedScheme(shape, SIZE)
    assert Strain(scheme).apply(nodal).abs().max() < 1e-14
    control = HourglassControl(scheme, torch.zeros(shape, dtype=torch.int64), SOLID[None, None])
    energy = (nodal * control.multiply(nodal)).sum() / 72
    assert energy.item() == pytest.approx(0.05 * SHEAR * 4 / 3 * (4.0**2 + 12.0**2))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [Strain, TemperatureGradient])
def test_uniform_medium_with_hourglass_control_is_solved(shape, kind):
    kinematics = kind(RotatedScheme(shape, SIZE))
    n = kinematics.entries
    moduli = SOLID[None, :n, :n]
    group = torch.zeros(shape, dtype=torch.int64)
    control = HourglassControl(kinematics.scheme, group, moduli[None])
    force = random_field(shape, 3, kinematics.components)
    force -= force.mean((-3, -2, -1), keepdim=True)
    nodal = UniformMedium(kinematics, moduli, control).solve(force)
    flux = torch.einsum("sab,slbxyz->slaxyz", moduli, kinematics.apply(nodal))
    answer = kinematics.transpose(flux) + control.multiply(nodal)
    torch.testing.assert_close(answer, force)


def test_solid_layers_between_void():
    """Layers in plane stress, without any stiffness across."""
    layers = laminate(8, 0.5)
    in_plane = YOUNG / (1.0 - POISSON**2)
    expected = torch.zeros(6, 6, dtype=torch.float64)
    expected[1, 1] = expected[2, 2] = 0.5 * in_plane
    expected[1, 2] = expected[2, 1] = 0.5 * POISSON * in_plane
    expected[3, 3] = 0.5 * 2.0 * SHEAR
    effective = effective_stiffness(layers, POROUS)
    torch.testing.assert_close(effective, expected, rtol=1e-6, atol=1e-8)
    conductivity = effective_conductivity(layers, torch.tensor([2.0, 0.0]))
    torch.testing.assert_close(conductivity, torch.diag(torch.tensor([0.0, 1.0, 1.0])).double())
    with pytest.raises(InputError, match="voids cut the RVE apart: it has no stiffness"):
        effective_expansion(layers, POROUS, torch.tensor([1.0, 0.0]))


def test_an_island_has_no_stiffness():
    phase = np.ones((9, 9, 9), dtype=int)
    phase[3:6, 3:6, 3:6] = 0
    assert effective_stiffness(VoxelRVE(phase), POROUS).abs().max() < 1e-9
    with pytest.raises(InputError, match="voids cut the RVE apart: it has no stiffness"):
        effective_expansion(VoxelRVE(phase), POROUS, torch.tensor([1.0, 0.0]))


def test_samples_with_and_without_voids_in_a_batch():
    layers = laminate(4, 0.5)
    solid = torch.stack([SOLID, 2.0 * SOLID])
    together = effective_stiffness(layers, torch.stack([POROUS, solid, POROUS]))
    assert torch.equal(together[0], together[2])
    assert torch.equal(together[0], effective_stiffness(layers, POROUS))
    assert torch.equal(together[1], effective_stiffness(layers, solid))


def test_porous_medium_with_thin_members():
    """Members of two or three voxels: few iterations, and close to a grid twice as fine."""
    coarse = bicontinuous(24, 0.5, 6.0, seed=1)
    solution = solve_load_cases(coarse, POROUS)
    assert solution.iterations.max() < 100
    assert torch.linalg.eigvalsh(solution.effective).min() > 0
    tight = effective_stiffness(coarse, POROUS, 1e-9)
    error = (solution.effective - tight).diagonal() / tight.diagonal()
    assert error.min() >= -1e-9
    assert error.max() <= 1e-6
    fine = VoxelRVE(coarse.phase.repeat(2, 0).repeat(2, 1).repeat(2, 2), coarse.names)
    finer = effective_stiffness(fine, POROUS, 1e-3).diagonal()
    assert ((solution.effective.diagonal() - finer) / finer).abs().max() < 0.02


@pytest.mark.parametrize("arrangement", ["noise", "layers"])
def test_tolerance_with_voids_and_two_solids(arrangement):
    """Slow convergence, which an estimate from too few iterations takes for the end."""
    phase = 2 * bicontinuous(24, 0.5, 6.0, seed=2).phase[::2, ::2, ::2].astype(int)
    if arrangement == "noise":
        second = np.random.default_rng(0).random(phase.shape) < 0.5
    else:
        second = np.indices(phase.shape)[0] % 2 == 1
    rve = VoxelRVE(np.where(phase == 0, second.astype(int), 2), ("stiff", "soft", "pore"))
    stiffness = torch.stack([SOLID, 1e-2 * SOLID, torch.zeros_like(SOLID)])
    tight = effective_stiffness(rve, stiffness, 1e-10)
    found = effective_stiffness(rve, stiffness)
    fractions = torch.tensor(rve.volume_fractions, dtype=torch.float64)
    voigt = torch.einsum("p,pij->ij", fractions, stiffness).diagonal()
    error = (found - tight).diagonal() / torch.maximum(tight.diagonal(), 1e-4 * voigt)
    assert error.min() >= -1e-8
    assert error.max() <= 1e-6


def test_voids_are_the_limit_of_soft_inclusions():
    phase = np.zeros((12, 12, 12), dtype=int)
    phase[3:9, 3:9, 3:9] = 1
    rve = VoxelRVE(phase)
    void = effective_stiffness(rve, POROUS)
    soft = effective_stiffness(rve, torch.stack([SOLID, 1e-5 * SOLID]))
    # The control of hourglass modes, which is there beside voids only, adds a little.
    torch.testing.assert_close(void, soft, rtol=5e-3, atol=5e-3)
    assert (void - soft).diagonal().min() > -1e-4
