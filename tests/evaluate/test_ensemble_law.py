"""EnsembleLaw against a loop over its members."""

import numpy as np
import pytest
import torch
from helpers.differences import tangent_error
from helpers.networks import UNEVEN, random_network

from dmn_fe import InputError, laws
from dmn_fe.evaluate import EnsembleLaw, NetworkLaw, network_law
from dmn_fe.laws import MaterialLaw, Status
from dmn_fe.network import Ensemble
from dmn_fe.network.tree import Tree


@pytest.fixture
def ensemble() -> Ensemble:
    """Three networks of different trees."""
    return Ensemble(
        (random_network(3, seed=1), random_network(2, seed=2), random_network(tree=Tree(UNEVEN)))
    )


def strains(n: int, size: float = 0.01, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(n, 6, generator=generator, dtype=torch.float64)


def test_two_steps_equal_a_loop_over_the_members(ensemble, phase_laws):
    law = EnsembleLaw(ensemble, phase_laws)
    assert isinstance(law, MaterialLaw)
    members = [NetworkLaw(network, phase_laws) for network in ensemble.networks]
    state, states = law.initial_state(5), [m.initial_state(5) for m in members]
    for seed in (0, 1):
        strain = strains(5, seed=seed)
        update = law.integrate(strain, state)
        each = [m.integrate(strain, s) for m, s in zip(members, states, strict=True)]
        stress = np.stack([u.stress.numpy() for u in each])
        np.testing.assert_allclose(update.members.numpy(), stress, rtol=0, atol=0)
        np.testing.assert_allclose(update.stress.numpy(), stress.mean(0), rtol=1e-14)
        np.testing.assert_allclose(update.spread.numpy(), stress.std(0, ddof=1), rtol=1e-12)
        tangent = np.stack([u.tangent.numpy() for u in each]).mean(0)
        np.testing.assert_allclose(update.tangent.numpy(), tangent, rtol=1e-13, atol=1e-9)
        most = np.stack([u.iterations.numpy() for u in each]).max(0)
        assert update.iterations.tolist() == most.tolist()
        assert update.status.tolist() == [Status.CONVERGED] * 5
        assert (update.spread > 0).all()
        state, states = update.state, [u.state for u in each]
        assert torch.equal(state, torch.cat(states, -1))


def test_tangent_equals_central_differences(ensemble, phase_laws):
    law = EnsembleLaw(ensemble, phase_laws, tolerance=1e-12)
    committed = law.integrate(strains(6, seed=2), law.initial_state(6)).state
    assert tangent_error(law, strains(6, 0.015, seed=3), committed).max() <= 1e-6


def test_copies_of_one_network_have_no_spread(phase_laws):
    network = random_network(2)
    law, alone = EnsembleLaw(Ensemble((network,) * 3), phase_laws), NetworkLaw(network, phase_laws)
    strain = strains(4, seed=4)
    update = law.integrate(strain, law.initial_state(4))
    expected = alone.integrate(strain, alone.initial_state(4)).stress
    torch.testing.assert_close(update.stress, expected, rtol=1e-14, atol=0)
    assert update.spread.abs().max() <= 1e-13 * expected.abs().max()


def test_the_worst_status_is_told(ensemble, phase_laws):
    """A limit of two sweeps, which an elastic point keeps and a plastic one does not."""
    law = EnsembleLaw(ensemble, phase_laws, max_iterations=2)
    strain = torch.stack([strains(1, 1e-5)[0], strains(1, 0.05)[0], strains(1)[0] * torch.nan])
    update = law.integrate(strain, law.initial_state(3))
    assert update.status.tolist() == [
        Status.CONVERGED,
        Status.MAX_ITERATIONS,
        Status.NOT_FINITE,
    ]


def test_one_law_for_whatever_a_file_holds(ensemble, phase_laws):
    assert isinstance(network_law(ensemble, phase_laws), EnsembleLaw)
    single = network_law(ensemble.networks[0], phase_laws, tolerance=1e-5)
    assert isinstance(single, NetworkLaw)
    assert single.tolerance == 1e-5


def test_wrong_arguments_are_named(ensemble, phase_laws):
    with pytest.raises(InputError, match="several networks"):
        EnsembleLaw(ensemble.networks[0], phase_laws)
    with pytest.raises(InputError, match="'inclusion'"):
        EnsembleLaw(ensemble, {"matrix": laws.Elastic.isotropic(1.0, 0.3)})
    with pytest.raises(InputError, match="the laws are a list"):
        network_law(ensemble, list(phase_laws.values()))
    law = EnsembleLaw(ensemble, phase_laws)
    with pytest.raises(InputError, match="shapes"):
        law.integrate(strains(3), law.initial_state(2))


@pytest.mark.parametrize("backend", ["cpu", "torch"])
def test_states_of_the_members_may_lie_anywhere(ensemble, phase_laws, backend):
    law = EnsembleLaw(ensemble, phase_laws, backend=backend)
    first = law.integrate(strains(7), law.initial_state(7)).state
    expected = law.integrate(strains(7, seed=1), first)
    for state in (first.mT.contiguous().mT, first.repeat_interleave(2, 0)[::2]):
        update = law.integrate(strains(7, seed=1), state)
        assert torch.equal(update.stress, expected.stress)
        assert torch.equal(update.state, expected.state)
