"""NetworkLaw on uneven trees and with turned leaves, against dense algebra and leaf by leaf."""

import pytest
import torch
from helpers.dense_newton import DenseNewton
from helpers.differences import tangent_error
from helpers.laminates import network_stiffness
from helpers.networks import UNEVEN, random_network, random_stiffness

from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.laws import Elastic, Oriented, Status
from dmn_fe.network import Network, compress
from dmn_fe.network.tree import Tree

CHAIN = torch.tensor([0, 1, 0, 1, 0, 1, 1], dtype=torch.bool)


def steps(n: int, size: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(n, 6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("is_leaf", [UNEVEN, CHAIN])
@pytest.mark.parametrize("dimension", [2, 3])
def test_steps_on_uneven_trees_equal_the_dense_solver(phase_laws, is_leaf, dimension):
    network = random_network(tree=Tree(is_leaf), dimension=dimension, seed=1)
    law = NetworkLaw(network, phase_laws, tolerance=1e-12)
    dense = DenseNewton(network, phase_laws)
    state, states = law.initial_state(1), dense.initial_state()
    jumps = torch.zeros(3 * len(network.normals), dtype=torch.float64)
    strain, yielded = torch.zeros(1, 6, dtype=torch.float64), 0
    for step in steps(10, 0.003, 1):
        strain = strain + step
        update = law.integrate(strain, state)
        stress, tangent, states, jumps = dense.integrate(strain[0], states, jumps)
        assert update.status.item() == Status.CONVERGED
        assert (update.stress[0] - stress).abs().max() <= 1e-9 * stress.abs().max()
        assert (update.tangent[0] - tangent).abs().max() <= 1e-9 * tangent.abs().max()
        state = update.state
        yielded += int(update.iterations.item() > 1)
    assert yielded > 4


@pytest.mark.parametrize("tree", [Tree.complete(3), Tree(UNEVEN)])
@pytest.mark.parametrize("kind", ["imn", "dmn"])
def test_anisotropic_elastic_leaves_give_the_stiffness(tree, kind):
    network = random_network(tree=tree, kind=kind, turned=True, seed=2)
    c = random_stiffness(2, seed=3)
    law = NetworkLaw(network, {"matrix": Elastic(c[0]), "inclusion": Elastic(c[1])})
    expected, strain = network_stiffness(network, c), steps(4, 0.01, 2)
    update = law.integrate(strain, law.initial_state(4))
    torch.testing.assert_close(update.stress, strain @ expected, rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(update.tangent, expected.expand(4, 6, 6), rtol=1e-10, atol=1e-11)
    # Turning the leaves is not without effect.
    straight = Network(
        network.weights, network.normals, network.leaf_phase, network.phase_names, tree.is_leaf
    )
    assert (network_stiffness(straight, c) - expected).abs().max() > 0.01 * expected.abs().max()


class AnisotropicJ2:
    """J2 stress plus that of a stiff fibre along e1: no isotropic law, with a state."""

    def __init__(self):
        self.matrix = laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0))
        self.fibre = torch.zeros(6, 6, dtype=torch.float64)
        self.fibre[0, 0], self.fibre[3, 3] = 20000.0, 500.0
        self.state_size = self.matrix.state_size

    def initial_state(self, n):
        return self.matrix.initial_state(n)

    def integrate(self, strain, state, dt=0.0):
        own = self.matrix.integrate(strain, state, dt)
        return laws.Update(
            own.stress + strain @ self.fibre, own.state, lambda: own.tangent + self.fibre
        )


@pytest.mark.parametrize("tree", [Tree.complete(2), Tree(UNEVEN)])
def test_turned_leaves_equal_oriented_laws_leaf_by_leaf(phase_laws, tree):
    """The dense solver with a law of its own for every leaf: the law in axes of the leaf."""
    network = random_network(tree=tree, turned=True, seed=4)
    own_laws = {"matrix": AnisotropicJ2(), "inclusion": phase_laws["inclusion"]}
    names = tuple(f"leaf {i}" for i in range(tree.leaf_count))
    each = {
        name: Oriented(own_laws[network.phase_names[phase]], rotation[None])
        for name, phase, rotation in zip(
            names, network.leaf_phase, network.leaf_rotation, strict=True
        )
    }
    leafwise = Network(
        network.weights, network.normals, torch.arange(tree.leaf_count), names, tree.is_leaf
    )
    law = NetworkLaw(network, own_laws, tolerance=1e-12)
    dense = DenseNewton(leafwise, each)
    state, states = law.initial_state(1), dense.initial_state()
    jumps = torch.zeros(3 * len(network.normals), dtype=torch.float64)
    strain = torch.zeros(1, 6, dtype=torch.float64)
    for step in steps(6, 0.004, 5):
        strain = strain + step
        update = law.integrate(strain, state)
        stress, tangent, states, jumps = dense.integrate(strain[0], states, jumps)
        assert update.status.item() == Status.CONVERGED
        assert (update.stress[0] - stress).abs().max() <= 1e-9 * stress.abs().max()
        assert (update.tangent[0] - tangent).abs().max() <= 1e-9 * tangent.abs().max()
        state = update.state
    plastic = update.state[0, 6 * tree.leaf_count :]
    assert plastic.abs().max() > 1e-3


def test_the_tangent_of_turned_leaves_equals_differences(phase_laws):
    network = random_network(tree=Tree(UNEVEN), turned=True, kind="dmn", seed=5)
    own_laws = {"matrix": AnisotropicJ2(), "inclusion": phase_laws["inclusion"]}
    law = NetworkLaw(network, own_laws, tolerance=1e-12)
    committed = law.integrate(steps(10, 0.006, 6), law.initial_state(10)).state
    assert tangent_error(law, steps(10, 0.01, 7), committed).max() <= 1e-6


def test_isotropic_leaves_do_not_turn(phase_laws):
    turned = random_network(tree=Tree(UNEVEN), turned=True, seed=6)
    plain = Network(
        turned.weights, turned.normals, turned.leaf_phase, turned.phase_names, turned.is_leaf
    )
    first, second = (NetworkLaw(n, phase_laws) for n in (turned, plain))
    strain = steps(5, 0.01, 8)
    a = first.integrate(strain, first.initial_state(5))
    b = second.integrate(strain, second.initial_state(5))
    assert torch.equal(a.stress, b.stress)


def test_a_compressed_network_responds_alike(phase_laws):
    network = random_network(3, seed=7)
    network.weights[[0, 1, 6]] = 0.0
    small = compress(network, 0.0)
    assert len(small.weights) == 5
    strain, stresses = steps(6, 0.01, 9), []
    for own in (network, small):
        law = NetworkLaw(own, phase_laws, tolerance=1e-12)
        state = law.integrate(0.5 * strain.flip(0), law.initial_state(6)).state
        stresses.append(law.integrate(strain, state).stress)
    torch.testing.assert_close(*stresses, rtol=1e-8, atol=1e-8)


def test_a_phase_may_have_no_leaves(phase_laws):
    network = random_network(2)
    network = Network(
        network.weights, network.normals, torch.zeros(4, dtype=torch.int64), network.phase_names
    )
    law = NetworkLaw(network, phase_laws)
    strain = steps(3, 0.01, 10)
    update = law.integrate(strain, law.initial_state(3))
    alone = phase_laws["matrix"].integrate(strain, phase_laws["matrix"].initial_state(3))
    torch.testing.assert_close(update.stress, alone.stress, rtol=1e-7, atol=1e-7)
