"""Networks of a polycrystal: one phase, whose leaves have material axes of their own."""

import pytest
import torch

from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.homogenization import effective_stiffness, make_dataset, sample_orthotropic
from dmn_fe.laws import Status
from dmn_fe.microstructure import voronoi_polycrystal
from dmn_fe.training import train


@pytest.fixture(scope="module")
def grains():
    return voronoi_polycrystal(8, 8, lloyd_steps=2, seed=0)


@pytest.fixture(scope="module")
def dataset(grains, tmp_path_factory):
    path = tmp_path_factory.mktemp("grains") / "grains.safetensors"
    return make_dataset(grains, "orthotropic", 40, 0, path, 1e-4)


@pytest.fixture(scope="module")
def network(dataset):
    return train(dataset, depth=3, iterations=80, oriented_phases=("grain",)).network


def test_material_axes_are_learnt(network, dataset, grains):
    aligned = train(dataset, depth=3, iterations=80).network
    with_axes, without = (n.metadata["validation"]["linear_mean"] for n in (network, aligned))
    assert with_axes < 0.06
    assert without > 0.3
    other = sample_orthotropic(1, seed=99, phases=1)[0]
    reference = effective_stiffness(grains, other, 1e-4)
    assert (network.stiffness(other) - reference).norm() < 0.1 * reference.norm()


def test_an_anisotropic_law_is_turned_with_the_leaves(network):
    stiffness = sample_orthotropic(1, seed=5, phases=1)[0]
    law = NetworkLaw(network, {"grain": laws.Elastic(stiffness[0])})
    strain = 0.01 * torch.eye(6, dtype=torch.float64)
    update = law.integrate(strain, law.initial_state(6))
    effective = network.stiffness(stiffness)
    assert update.status.tolist() == [Status.CONVERGED] * 6
    torch.testing.assert_close(update.tangent, effective.expand(6, 6, 6), rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(update.stress, strain @ effective, rtol=1e-9, atol=1e-11)
    assert (effective - stiffness[0]).norm() > 0.05 * effective.norm()
