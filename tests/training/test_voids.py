"""Networks of an RVE with voids: from its data set to plastic strains."""

import pytest
import torch
from helpers.differences import tangent_error

from dmn_fe import InputError, laws, mandel
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.homogenization import StiffnessDataset, effective_stiffness, make_dataset
from dmn_fe.laws import Status
from dmn_fe.microstructure import random_spheres
from dmn_fe.network import Network
from dmn_fe.training import Settings, train
from dmn_fe.training.leaf_phases import leaf_phases

YOUNG, POISSON = 3000.0, 0.35
SOLID = mandel.isotropic_stiffness(YOUNG, POISSON)
POROUS = torch.stack([SOLID, torch.zeros(6, 6, dtype=torch.float64)])
SOLID_LAW = laws.Elastic.isotropic(YOUNG, POISSON)


@pytest.fixture(scope="module")
def rve():
    return random_spheres(voxels=10, volume_fraction=0.2, count=2, gap=1.0, seed=0)


@pytest.fixture(scope="module")
def dataset(rve, tmp_path_factory):
    path = tmp_path_factory.mktemp("voids") / "porous.safetensors"
    return make_dataset(rve, "orthotropic", 30, 0, path, 1e-4, voids=("inclusion",))


@pytest.fixture(scope="module")
def network(dataset):
    return train(dataset, depth=4, seed=0, iterations=80).network


def directions(n: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(n, 6, generator=generator, dtype=torch.float64)
    return steps / steps.norm(dim=-1, keepdim=True)


def test_a_porous_rve_is_learnt(network, rve):
    assert network.metadata["validation"]["linear_mean"] < 0.05
    assert network.metadata["data"]["voids"] == ["inclusion"]
    assert network.volume_fractions[1].item() == pytest.approx(rve.volume_fractions[1], abs=0.05)
    reference, effective = effective_stiffness(rve, POROUS), network.stiffness(POROUS)
    assert (effective - reference).norm() < 0.05 * reference.norm()


def test_the_bulk_modulus_is_below_the_hashin_shtrikman_bound(network):
    """It holds for every arrangement of a solid and a void, isotropic or not."""
    bulk, shear = (modulus.item() for modulus in mandel.isotropic_part(SOLID))
    porosity = network.volume_fractions[1].item()
    solid = 1.0 - porosity
    bound = bulk + porosity / (-1.0 / bulk + 3.0 * solid / (3.0 * bulk + 4.0 * shear))
    found = mandel.isotropic_part(network.stiffness(POROUS))[0].item()
    assert 0.8 * bound < found < bound


def test_an_elastic_network_law_has_the_stiffness_of_the_network(network):
    law = NetworkLaw(network, {"matrix": SOLID_LAW, "inclusion": laws.Void()})
    strain = 0.01 * directions(5, 0)
    update = law.integrate(strain, law.initial_state(5))
    stiffness = network.stiffness(POROUS)
    assert update.status.tolist() == [Status.CONVERGED] * 5
    torch.testing.assert_close(update.stress, strain @ stiffness, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(
        update.tangent, stiffness.expand(5, 6, 6), rtol=1e-10, atol=1e-10 * YOUNG
    )


@pytest.mark.parametrize("modulus", [1.0, 60.0])
def test_large_plastic_steps_converge(network, modulus):
    matrix = laws.J2(YOUNG, POISSON, laws.LinearHardening(30.0, modulus))
    law = NetworkLaw(network, {"matrix": matrix, "inclusion": laws.Void()})
    state = law.initial_state(100)
    for seed, size in ((0, 0.03), (1, 0.01), (2, 0.02)):
        update = law.integrate(size * directions(100, seed), state)
        assert (update.status == Status.CONVERGED).all()
        state = update.state
    sharp = NetworkLaw(network, law.laws, tolerance=1e-12)
    assert tangent_error(sharp, 0.015 * directions(20, 3), state[:20]).max() <= 1e-6


def test_a_void_is_the_limit_of_a_soft_phase(network):
    matrix = laws.J2(YOUNG, POISSON, laws.LinearHardening(30.0, 60.0))
    strain, stresses = 0.01 * directions(20, 4), []
    for pore in (laws.Void(), laws.Elastic.isotropic(1e-6 * YOUNG, 0.2)):
        law = NetworkLaw(network, {"matrix": matrix, "inclusion": pore})
        stresses.append(law.integrate(strain, law.initial_state(20)).stress)
    void, soft = stresses
    assert (void - soft).abs().max() < 1e-3 * soft.abs().max()


def test_a_strain_that_only_moves_voids_gives_no_stress():
    """A laminate pulled apart across its void layer: the residual is round-off alone."""
    normal = directions(1, 5)[:, :3]
    normal = normal / normal.norm()
    fractions = torch.tensor([0.7, 0.3], dtype=torch.float64)
    layers = Network(fractions, normal, torch.tensor([0, 1]), ("matrix", "pore"))
    law = NetworkLaw(layers, {"matrix": SOLID_LAW, "pore": laws.Void()})
    opening = mandel.interface_matrix(normal[0]).mT
    update = law.integrate(0.01 * opening, law.initial_state(3))
    assert update.status.tolist() == [Status.CONVERGED] * 3
    assert update.stress.abs().max() < 1e-12 * YOUNG
    bad = torch.full((1, 6), torch.nan, dtype=torch.float64)
    assert law.integrate(bad, law.initial_state(1)).status.tolist() == [Status.NOT_FINITE]


def test_voids_have_every_eighth_leaf():
    assert leaf_phases(3, ("a", "b"), []).tolist() == [0, 1] * 4
    assert leaf_phases(3, ("a", "pore"), [1]).tolist() == [0] * 7 + [1]
    found = leaf_phases(4, ("pore", "a", "b", "crack"), [0, 3]).tolist()
    assert found == [1, 2, 1, 2, 1, 2, 1, 0, 1, 2, 1, 2, 1, 2, 1, 3]


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (None, {"depth": 2}, "depth = 2: a void keeps its surroundings stiff under 3 laminates"),
        (None, {"settings": Settings(depth=4, start="quilting")}, "depth = 2: a void"),
        (None, {"depth": 3, "oriented_phases": ("inclusion",)}, "'inclusion' is a void"),
        ("some", {"depth": 3}, "'inclusion' is void in some of the samples only"),
        ("all", {"depth": 3}, "all phases of the data are voids"),
    ],
)
def test_what_cannot_be_trained_is_refused(dataset, change, options, words):
    stiffness = dataset.phase_stiffness.clone()
    if change == "some":
        stiffness[3, 1] = SOLID
    if change == "all":
        stiffness[:] = 0.0
    data = StiffnessDataset(stiffness, dataset.effective, dataset.meta)
    with pytest.raises(InputError, match=words):
        train(data, iterations=5, **options)
