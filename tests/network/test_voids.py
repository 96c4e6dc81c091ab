"""Laminates and networks with voids against closed forms, pseudo-inverses and differences."""

import pytest
import torch
from helpers.networks import random_stiffness
from torch.nn.functional import normalize

from dmn_fe import mandel
from dmn_fe.network import Network
from dmn_fe.network.imn import IMN
from dmn_fe.network.laminate import mix_stiffness
from dmn_fe.network.tree import Tree, tree_stiffness
from dmn_fe.training.leaf_phases import leaf_phases
from dmn_fe.training.start import random_start

YOUNG, POISSON = 3.0, 0.3
SOLID = mandel.isotropic_stiffness(YOUNG, POISSON)
VOID = torch.zeros(6, 6, dtype=torch.float64)
AXES = torch.eye(3, dtype=torch.float64)


def mixed(c1, c2, fraction, normal):
    """One laminate by the code: stiffness and K."""
    fraction = torch.tensor([fraction], dtype=torch.float64)
    parts = mix_stiffness(c1[..., None], c2[..., None], fraction, normal[:, None])
    return parts[0][..., 0], parts[3][..., 0]


def energy_minimum(c1, c2, fraction, normal):
    """Least energy over all jumps, by a pseudo-inverse of plain matrices."""
    h = mandel.interface_matrix(normal)
    difference = h.mT @ (c1 - c2)
    a = h.mT @ ((1 - fraction) * c1 + fraction * c2) @ h
    inverse = torch.linalg.pinv(a, atol=1e-9 * c1.norm().item(), hermitian=True)
    mean = fraction * c1 + (1 - fraction) * c2
    return mean - fraction * (1 - fraction) * difference.mT @ inverse @ difference


def random_normals(count, seed):
    generator = torch.Generator().manual_seed(seed)
    return normalize(torch.randn(count, 3, generator=generator, dtype=torch.float64), dim=-1)


def test_layers_between_voids_are_in_plane_stress():
    network = Network(
        torch.tensor([0.6, 0.4], dtype=torch.float64), AXES[2:], torch.tensor([0, 1]), ("s", "v")
    )
    in_plane = YOUNG / (1.0 - POISSON**2)
    expected = torch.zeros(6, 6, dtype=torch.float64)
    expected[0, 0] = expected[1, 1] = 0.6 * in_plane
    expected[0, 1] = expected[1, 0] = 0.6 * POISSON * in_plane
    expected[5, 5] = 0.6 * YOUNG / (1.0 + POISSON)
    effective = network.stiffness(torch.stack([SOLID, VOID]))
    torch.testing.assert_close(effective, expected, rtol=1e-13, atol=1e-15)


def coated_void(porosity: float, shares: list[float], normals: torch.Tensor) -> Network:
    """A void coated by layers of solid, whose ``shares`` mᵢ are given from the core outwards."""
    core, fractions = 1.0, []
    for share in shares:
        fractions.append(1.0 - (1.0 - porosity) * share / core)
        core *= fractions[-1]
    assert core == pytest.approx(porosity)
    whole, weights = 1.0, []
    for fraction in reversed(fractions):
        weights.append(whole * (1.0 - fraction))
        whole *= fraction
    # Breadth first: outermost layer, next, …, innermost layer, void.
    is_leaf = torch.tensor([False, *[True, False] * (len(shares) - 1), True, True])
    leaves = torch.tensor([*weights, porosity], dtype=torch.float64)
    phases = torch.tensor([0] * len(shares) + [1])
    return Network(leaves, normals.flip(0), phases, ("solid", "void"), is_leaf)


def test_a_coated_void_is_a_sequential_laminate():
    """``f (C − A)⁻¹ = (B − A)⁻¹ + (1 − f) Σ mᵢ H (Hᵀ A H)⁻¹ Hᵀ`` with core B and coating A
    (Francfort & Murat, Arch. Ration. Mech. Anal. 94 (1986) 307)."""
    shares, normals, porosity = [0.2, 0.5, 0.3], random_normals(3, 0), 0.25
    solid = random_stiffness(seed=2)
    network = coated_void(porosity, shares, normals)
    right = -torch.linalg.inv(solid)
    for share, normal in zip(shares, normals, strict=True):
        h = mandel.interface_matrix(normal)
        right += (1.0 - porosity) * share * h @ torch.linalg.inv(h.mT @ solid @ h) @ h.mT
    expected = solid + porosity * torch.linalg.inv(right)
    effective = network.stiffness(torch.stack([solid, VOID]))
    torch.testing.assert_close(effective, expected, rtol=1e-11, atol=1e-11)
    assert torch.linalg.eigvalsh(effective)[0] > 0.01 * torch.linalg.eigvalsh(solid)[0]


def test_three_equal_coatings_attain_the_hashin_shtrikman_bound():
    bulk, shear = (modulus.item() for modulus in mandel.isotropic_part(SOLID))
    effective = coated_void(0.3, [1 / 3] * 3, AXES).stiffness(torch.stack([SOLID, VOID]))
    bound = bulk + 0.3 / (-1.0 / bulk + 0.7 * 3.0 / (3.0 * bulk + 4.0 * shear))
    assert mandel.isotropic_part(effective)[0].item() == pytest.approx(bound, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("which", ["void", "same normal", "other normal", "softer", "axis"])
def test_singular_laminates_are_energy_minima(which, seed):
    """A laminate of solid and void beside a void, or beside another such laminate."""
    first, second, normal = random_normals(3, seed)
    if which == "axis":
        first = AXES[seed % 3]
    solid, fraction = random_stiffness(seed=seed), 0.3
    porous = mixed(solid, VOID, 0.7, first)[0]
    if which in ("void", "axis"):
        beside = VOID
    elif which == "same normal":
        beside, normal = mixed(2.0 * solid, VOID, 0.4, first)[0], first
    elif which == "other normal":
        beside = mixed(2.0 * solid, VOID, 0.4, second)[0]
    else:
        beside = 1e-4 * solid
    effective, jump = mixed(porous, beside, fraction, normal)
    expected = energy_minimum(porous, beside, fraction, normal)
    if which == "softer":  # here A is regular, and one of its eigenvalues small
        h = mandel.interface_matrix(normal)
        regular = torch.linalg.inv(h.mT @ (0.7 * porous + 0.3 * beside) @ h)
        difference = h.mT @ (porous - beside)
        expected = 0.3 * porous + 0.7 * beside - 0.21 * difference.mT @ regular @ difference
    torch.testing.assert_close(effective, expected, rtol=1e-10, atol=1e-11)
    assert jump.norm() < 1e3
    assert torch.linalg.eigvalsh(effective)[0] > -1e-13 * solid.norm()


def test_two_voids_are_a_void():
    effective, jump = mixed(VOID, VOID, 0.4, AXES[0])
    assert effective.abs().max() == jump.abs().max() == 0.0


def test_a_singular_laminate_in_the_plane():
    plane, (first, normal) = [0, 1, 5], random_normals(2, 3)[:, :2]
    first, normal = normalize(first, dim=0), normalize(normal, dim=0)
    solid = random_stiffness(seed=4)[plane][:, plane]
    h = torch.zeros(3, 2, dtype=torch.float64)
    h[0, 0], h[1, 1] = normal
    h[2, 0], h[2, 1] = normal[1] / 2**0.5, normal[0] / 2**0.5
    porous = mixed(solid, 0.0 * solid, 0.7, first)[0]
    effective = mixed(porous, 0.0 * solid, 0.3, normal)[0]
    a = h.mT @ porous @ h
    expected = 0.3 * (porous - porous @ h @ torch.linalg.pinv(a, rtol=1e-9) @ h.mT @ porous)
    torch.testing.assert_close(effective, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("dimension", "phases"),
    [
        (3, [0, 1, 0, 1, 0, 1, 0, 1]),
        (3, [0, 1, 1, 1, 0, 0, 0, 1]),
        (3, [1, 1, 1, 1, 0, 0, 0, 0]),
        (2, [1, 1, 1, 1, 0, 0, 0, 0]),
        (3, None),
        (2, None),
    ],
    ids=["alternating", "void beside solid and void", "half", "half, plane", "as trained", "plane"],
)
def test_gradients_beside_voids_equal_differences(dimension, phases):
    phases = leaf_phases(3, ("solid", "void"), [1]) if phases is None else torch.tensor(phases)
    parametrisation = IMN(Tree.complete(3), dimension)
    stiffness = torch.stack([random_stiffness(seed=6), VOID])[phases]
    weight = random_stiffness(seed=7)

    def loss(parameters):
        geometry, leaves = parametrisation.geometry(parameters), stiffness
        chosen = [0, 1, 2, 3, 4, 5] if dimension == 3 else [0, 1, 5]
        leaves = leaves[:, chosen][:, :, chosen].permute(1, 2, 0)[..., None, None]
        effective = tree_stiffness(parametrisation.tree, leaves, geometry.weights, geometry.normals)
        return (weight[chosen][:, chosen, None, None] * effective).sum()

    parameters = random_start(parametrisation, "uniform", [1]).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(parameters), parameters)
    steps = 1e-5 * torch.eye(parametrisation.size, dtype=torch.float64)
    with torch.no_grad():
        differences = [(loss(parameters + s) - loss(parameters - s)) / 2e-5 for s in steps]
    expected = torch.stack(differences)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(
        gradient[0], expected, rtol=1e-6, atol=1e-7 * expected.abs().max().item()
    )
