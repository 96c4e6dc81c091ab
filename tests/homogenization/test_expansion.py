"""Thermal expansion: Levin's exact relation, laminates, textures, wrong input."""

import numpy as np
import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import effective_expansion, effective_stiffness, sample_orthotropic
from dmn_fe.mandel import isotropic_stiffness, rotation_matrix
from dmn_fe.microstructure import VoxelRVE, random_spheres

RANDOM = VoxelRVE(np.random.default_rng(1).integers(0, 2, (6, 5, 4)))


def free_strain(seed, count=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("rve", [RANDOM, random_spheres(12, 0.25, 1, seed=3)])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-12])
def test_levin_relation_of_two_phases(rve, tolerance):
    """``α* = ⟨α⟩ + (S* − ⟨S⟩) (S1 − S2)⁻¹ (α1 − α2)``, whatever the arrangement (Levin 1967)."""
    stiffness, free = sample_orthotropic(4, seed=3)[2], free_strain(0)
    compliance = torch.linalg.inv(stiffness)
    effective = torch.linalg.inv(effective_stiffness(rve, stiffness, 1e-13))
    f1, f2 = rve.volume_fractions
    jump = torch.linalg.solve(compliance[0] - compliance[1], free[0] - free[1])
    mean = f1 * free[0] + f2 * free[1]
    expected = mean + (effective - f1 * compliance[0] - f2 * compliance[1]) @ jump
    computed = effective_expansion(rve, stiffness, free, tolerance)
    assert (computed - expected).abs().max() <= 10.0 * tolerance * expected.abs().max() + 1e-9


def test_one_expansion_everywhere_is_that_of_the_rve():
    stiffness, free = sample_orthotropic(4, seed=3)[1], free_strain(1, 1).expand(2, 6)
    torch.testing.assert_close(effective_expansion(RANDOM, stiffness, free, 1e-12), free[0])


def test_voids_do_not_expand_the_rve():
    stiffness = torch.stack([isotropic_stiffness(3.0, 0.3), torch.zeros(6, 6)])
    rve = random_spheres(12, 0.25, 1, seed=3)
    computed = effective_expansion(rve, stiffness, torch.tensor([2.0, 50.0]))
    torch.testing.assert_close(computed, 2.0 * torch.tensor([1.0, 1, 1, 0, 0, 0]).double())


def test_orientations_turn_stiffness_and_expansion():
    """Oriented material equals separate phases with turned constants."""
    angle = 0.4
    turn = torch.tensor(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    phase = RANDOM.phase.astype(int)
    table = np.stack([np.eye(3), turn.numpy()])
    oriented = VoxelRVE(np.zeros_like(phase), orientations=table, orientation_index=phase)
    stiffness, free = sample_orthotropic(4, seed=3)[:1, 1], free_strain(2, 1)
    q = rotation_matrix(turn)
    pair = torch.stack([stiffness[0], q @ stiffness[0] @ q.mT])
    free_pair = torch.stack([free[0], q @ free[0]])
    torch.testing.assert_close(
        effective_stiffness(oriented, stiffness, 1e-12), effective_stiffness(RANDOM, pair, 1e-12)
    )
    torch.testing.assert_close(
        effective_expansion(oriented, stiffness, free, 1e-12),
        effective_expansion(RANDOM, pair, free_pair, 1e-12),
    )


def test_many_orientations_equal_few():
    """A table with every orientation many times over takes the product voxel by voxel."""
    phase = RANDOM.phase.astype(int)
    angles = np.random.default_rng(0).uniform(0, 3, 20)
    one = [[[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]] for a in angles]
    index = np.random.default_rng(2).integers(0, 20, phase.shape)
    stiffness = sample_orthotropic(4, seed=3)[:1, 1]
    q = rotation_matrix(torch.tensor(np.array(one)))
    oriented = VoxelRVE(np.zeros_like(phase), orientations=np.array(one), orientation_index=index)
    phases = VoxelRVE(index)
    torch.testing.assert_close(
        effective_stiffness(oriented, stiffness, 1e-12),
        effective_stiffness(phases, q @ stiffness @ q.mT, 1e-12),
    )


def test_bad_input():
    stiffness = sample_orthotropic(4, seed=3)[1]
    with pytest.raises(InputError, match=r"shape \[3\], expected \[2, 6\] or \[2\]"):
        effective_expansion(RANDOM, stiffness, torch.ones(3))
    with pytest.raises(InputError, match="not 2 samples: call it for each"):
        effective_expansion(RANDOM, stiffness.expand(2, 2, 6, 6), torch.ones(2))
    with pytest.raises(InputError, match="finite"):
        effective_expansion(RANDOM, stiffness, torch.tensor([1.0, float("nan")]))
