"""The laminate and the tree against closed forms and invariants (theory of laminates)."""

import pytest
import torch
from helpers.laminates import rank_one
from helpers.networks import random_network, random_stiffness

from dmn_fe import mandel
from dmn_fe.network import Network


def unit(*components: float) -> torch.Tensor:
    vector = torch.tensor(components, dtype=torch.float64)
    return vector / vector.norm()


def test_isotropic_laminate_has_backus_moduli():
    """Known moduli of a stack normal to e3: C33 is the harmonic mean, C66 the arithmetic one."""
    c1, c2 = mandel.isotropic_stiffness(1.0, 0.25), mandel.isotropic_stiffness(20.0, 0.35)
    normal = unit(0, 0, 1)
    network = Network(
        torch.tensor([0.3, 0.7], dtype=torch.float64),
        normal[None],
        torch.tensor([0, 1]),
        ("a", "b"),
    )
    effective = network.stiffness(torch.stack([c1, c2]))
    expected = {
        2: 1 / (0.3 / c1[2, 2] + 0.7 / c2[2, 2]),
        3: 1 / (0.3 / c1[3, 3] + 0.7 / c2[3, 3]),
        5: 0.3 * c1[5, 5] + 0.7 * c2[5, 5],
    }
    for component, value in expected.items():
        assert effective[component, component].item() == pytest.approx(value.item(), rel=1e-13)


def test_rank_two_laminate():
    c = random_stiffness(2, seed=3)
    weights = torch.tensor([0.1, 0.3, 0.4, 0.2], dtype=torch.float64)
    normals = torch.stack([unit(1, 2, 3), unit(-1, 0, 2), unit(2, 1, -1)])
    network = Network(weights, normals, torch.tensor([0, 1, 0, 1]), ("a", "b"))
    left = rank_one(c[0], c[1], 0.25, normals[1])
    right = rank_one(c[0], c[1], 2 / 3, normals[2])
    expected = rank_one(left, right, 0.4, normals[0])
    torch.testing.assert_close(network.stiffness(c), expected, rtol=1e-12, atol=1e-12)


def test_equal_phases_give_the_phase():
    c = random_stiffness(1, seed=4)
    torch.testing.assert_close(
        random_network(5).stiffness(c.expand(2, 6, 6)), c[0], rtol=1e-12, atol=1e-12
    )


def test_stiffness_lies_between_reuss_and_voigt():
    c = random_stiffness(50, 2, seed=5)
    network = random_network(5)
    fractions = network.volume_fractions[:, None, None]
    voigt = (fractions * c).sum(1)
    reuss = torch.linalg.inv((fractions * torch.linalg.inv(c)).sum(1))
    effective = network.stiffness(c)
    assert torch.linalg.eigvalsh(voigt - effective).min() > -1e-10
    assert torch.linalg.eigvalsh(effective - reuss).min() > -1e-10


def test_opposite_normals_are_the_same_laminate():
    network, c = random_network(4), random_stiffness(2, seed=6)
    flipped = Network(network.weights, -network.normals, network.leaf_phase, network.phase_names)
    torch.testing.assert_close(network.stiffness(c), flipped.stiffness(c))


def test_objectivity():
    """Turning all normals and phase stiffnesses turns the result."""
    network, c = random_network(4), random_stiffness(2, seed=7)
    generator = torch.Generator().manual_seed(8)
    r, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))
    q = mandel.rotation_matrix(r)
    turned = Network(
        network.weights, network.normals @ r.mT, network.leaf_phase, network.phase_names
    )
    torch.testing.assert_close(
        turned.stiffness(q @ c @ q.mT), q @ network.stiffness(c) @ q.mT, rtol=1e-12, atol=1e-12
    )


def test_leaves_without_weight_do_not_matter():
    network, c = random_network(3), random_stiffness(2, seed=9)
    weights = network.weights.clone()
    weights[2:4] = 0.0
    pruned = Network(weights, network.normals, network.leaf_phase, network.phase_names)
    other_normals = network.normals.clone()
    other_normals[4] = unit(3, 1, 2)  # the laminate of the two empty leaves
    same = Network(weights, other_normals, network.leaf_phase, network.phase_names)
    assert torch.isfinite(pruned.stiffness(c)).all()
    torch.testing.assert_close(pruned.stiffness(c), same.stiffness(c))
