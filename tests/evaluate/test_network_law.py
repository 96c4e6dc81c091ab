"""NetworkLaw against the dense Newton solver, differences and invariants."""

from itertools import pairwise

import pytest
import torch
from helpers.dense_newton import DenseNewton
from helpers.differences import tangent_error
from helpers.networks import random_network

from dmn_fe import InputError, laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.laws import Status
from dmn_fe.network import Network


def random_steps(n: int, size: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(n, 6, generator=generator, dtype=torch.float64)


def directions(n: int, seed: int) -> torch.Tensor:
    steps = random_steps(n, 1.0, seed)
    return steps / steps.norm(dim=-1, keepdim=True)


@pytest.mark.parametrize(("depth", "seed"), [(1, 0), (3, 1), (5, 2)])
def test_forty_steps_equal_the_dense_solver(phase_laws, depth, seed):
    network = random_network(depth, seed)
    law = NetworkLaw(network, phase_laws, tolerance=1e-12)
    dense = DenseNewton(network, phase_laws)
    state, states = law.initial_state(1), dense.initial_state()
    jumps = torch.zeros(3 * (2**depth - 1), dtype=torch.float64)
    strain, yielded = torch.zeros(1, 6, dtype=torch.float64), 0
    for step in random_steps(40, 0.002, seed):
        strain = strain + step
        update = law.integrate(strain, state)
        stress, tangent, states, jumps = dense.integrate(strain[0], states, jumps)
        assert update.status.item() == Status.CONVERGED
        scale = stress.abs().max()
        assert (update.stress[0] - stress).abs().max() <= 1e-9 * scale
        assert (update.tangent[0] - tangent).abs().max() <= 1e-9 * tangent.abs().max()
        state = update.state
        yielded += int(update.iterations.item() > 1)
    assert yielded > 15  # the path is plastic, not elastic


def test_tangent_equals_central_differences(phase_laws):
    law = NetworkLaw(random_network(5), phase_laws, tolerance=1e-12)
    committed = law.integrate(0.01 * directions(40, 0), law.initial_state(40)).state
    assert tangent_error(law, 0.02 * directions(40, 1), committed).max() <= 1e-6


def test_hill_mandel(phase_laws):
    """Power of the leaves equals macroscopic power, for the strain and for any strain rate."""
    network = random_network(5)
    law = NetworkLaw(network, phase_laws, tolerance=1e-13)
    first = law.integrate(0.01 * directions(20, 2), law.initial_state(20))
    strain = 0.015 * directions(20, 3)
    update = law.integrate(strain, first.state)
    leaf_strain = law.leaf_strain(update.state).permute(0, 2, 1)
    leaf_stress = leaf_stresses(law, leaf_strain, first.state)
    share = network.weights / network.weights.sum()
    micro = (share * (leaf_stress * leaf_strain).sum(1)).sum(-1)
    macro = (update.stress * strain).sum(-1)
    assert ((micro - macro).abs() <= 1e-10 * macro.abs()).all()
    torch.testing.assert_close((share * leaf_strain).sum(-1), strain, rtol=1e-12, atol=1e-15)


def leaf_stresses(law: NetworkLaw, leaf_strain: torch.Tensor, state: torch.Tensor):
    """Stress of every leaf ``[n, 6, leaf]`` from its own law, leaf by leaf."""
    stress, layout = torch.empty_like(leaf_strain), law.engine.layout
    for index, name in enumerate(law.network.phase_names):
        members = torch.nonzero(law.network.leaf_phase == index).flatten()
        size = law.laws[name].state_size
        for leaf in members.tolist():
            start = layout.leading + layout.leaf_start[leaf]
            own = state[:, start : start + size]
            stress[:, :, leaf] = law.laws[name].integrate(leaf_strain[:, :, leaf], own).stress
    return stress


@pytest.mark.parametrize("size", [0.01, 0.03])
def test_one_large_step_from_the_virgin_state_converges(phase_laws, size):
    law = NetworkLaw(random_network(5), phase_laws)
    update = law.integrate(size * directions(500, 4), law.initial_state(500))
    assert (update.status == Status.CONVERGED).all()


def test_large_steps_converge_in_nearly_perfect_plasticity(phase_laws):
    """Corners of a non-proportional path with almost no hardening: needs the line search."""
    phase_laws["matrix"] = laws.J2(3000.0, 0.35, laws.LinearHardening(30.0, 1.0))
    law = NetworkLaw(random_network(5), phase_laws)
    state = law.initial_state(200)
    for seed in range(4):
        update = law.integrate(0.01 * directions(200, seed), state)
        assert (update.status == Status.CONVERGED).all()
        state = update.state


def test_a_batch_equals_a_loop_over_points(phase_laws):
    law = NetworkLaw(random_network(4), phase_laws, backend="torch")
    law.engine._chunk = 7  # several chunks, the last one not full
    strain = 0.01 * directions(30, 5)
    batch = law.integrate(strain, law.initial_state(30))
    for i in range(30):
        single = law.integrate(strain[i : i + 1], law.initial_state(1))
        torch.testing.assert_close(single.stress[0], batch.stress[i], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(single.state[0], batch.state[i], rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(single.tangent[0], batch.tangent[i], rtol=1e-10, atol=1e-8)


def test_integrate_is_pure(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws)
    strain, state = 0.01 * directions(10, 6), law.initial_state(10)
    copies = strain.clone(), state.clone()
    first, second = law.integrate(strain, state), law.integrate(strain, state)
    assert torch.equal(strain, copies[0])
    assert torch.equal(state, copies[1])
    assert torch.equal(first.stress, second.stress)
    assert torch.equal(first.tangent, second.tangent)


def test_no_points_and_no_strain(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws)
    nothing = law.integrate(torch.zeros(0, 6, dtype=torch.float64), law.initial_state(0))
    assert nothing.stress.shape == (0, 6)
    assert nothing.tangent.shape == (0, 6, 6)
    rest = law.integrate(torch.zeros(2, 6, dtype=torch.float64), law.initial_state(2))
    assert rest.stress.abs().max() == 0
    assert rest.status.tolist() == [0, 0]


def test_bad_points_get_a_status_and_harm_no_other(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws)
    strain = 0.01 * directions(5, 7)
    good = law.integrate(strain, law.initial_state(5))
    strain[2, 0] = torch.nan
    update = law.integrate(strain, law.initial_state(5))
    assert update.status.tolist() == [0, 0, Status.NOT_FINITE, 0, 0]
    torch.testing.assert_close(update.stress[3:], good.stress[3:], rtol=1e-12, atol=1e-12)


def test_the_iteration_limit_is_reported(phase_laws):
    law = NetworkLaw(random_network(4), phase_laws, max_iterations=2, backend="torch")
    update = law.integrate(0.02 * directions(20, 8), law.initial_state(20))
    assert (update.status == Status.MAX_ITERATIONS).any()
    assert update.iterations.max() == 2
    core = NetworkLaw(random_network(4), phase_laws, max_iterations=1)
    update = core.integrate(0.02 * directions(20, 8), core.initial_state(20))
    assert (update.status == Status.MAX_ITERATIONS).all()
    assert torch.isfinite(update.stress).all()


@pytest.mark.parametrize(
    ("names", "word"), [(("matrix",), "'inclusion'"), (("matrix", "fibre"), "'fibre'")]
)
def test_phase_names_must_match(phase_laws, names, word):
    with pytest.raises(InputError, match=word):
        NetworkLaw(random_network(2), {name: phase_laws["matrix"] for name in names})


def test_wrong_kinds_of_arguments_are_named(phase_laws):
    matrix, inclusion = phase_laws["matrix"], phase_laws["inclusion"]
    with pytest.raises(InputError, match="of type str"):
        NetworkLaw("net.dmn", phase_laws)
    with pytest.raises(InputError, match="the laws are a list"):
        NetworkLaw(random_network(2), [matrix, inclusion])
    with pytest.raises(InputError, match="the law of 'matrix' is <class"):
        NetworkLaw(random_network(2), {"matrix": type(matrix), "inclusion": inclusion})


def test_wrong_shapes_are_named(phase_laws):
    law = NetworkLaw(random_network(2), phase_laws)
    with pytest.raises(InputError, match="shapes"):
        law.integrate(torch.zeros(3, 3, dtype=torch.float64), law.initial_state(3))
    with pytest.raises(InputError, match="float32"):
        law.integrate(torch.zeros(3, 6), law.initial_state(3))


@pytest.mark.parametrize("factor", [0.0, 1e-22, 1e-9])
def test_leaves_and_sub_trees_of_vanishing_weight_do_no_harm(phase_laws, factor):
    """A quarter of the tree and two more leaves nearly without weight, over several large steps."""
    network = random_network(5)
    weights = network.weights.clone()
    weights[:8] *= factor
    weights[12] *= factor
    weights[20] *= factor
    network = Network(weights, network.normals, network.leaf_phase, network.phase_names)
    phase_laws["matrix"] = laws.J2(3000.0, 0.35, laws.LinearHardening(30.0, 60.0))
    law = NetworkLaw(network, phase_laws)
    state = law.initial_state(200)
    for seed in range(4):
        update = law.integrate(0.01 * directions(200, seed), state)
        assert (update.status == Status.CONVERGED).all()
        assert torch.isfinite(update.tangent).all()
        state = update.state


@pytest.mark.parametrize("factor", [1e-22, 1e-12])
def test_vanishing_weights_are_the_limit_of_none(phase_laws, factor):
    network, responses = random_network(4), []
    for own in (factor, 0.0):
        weights = network.weights.clone()
        weights[:4] *= own
        weights[6] *= own
        changed = Network(weights, network.normals, network.leaf_phase, network.phase_names)
        law = NetworkLaw(changed, phase_laws, tolerance=1e-12)
        first = law.integrate(0.01 * directions(20, 0), law.initial_state(20))
        responses.append(law.integrate(0.02 * directions(20, 1), first.state))
    nearly, none = responses
    scale = none.stress.norm(dim=-1, keepdim=True)
    assert ((nearly.stress - none.stress).abs() <= 1e-8 * scale).all()


def test_a_closed_cycle_of_strain_dissipates(phase_laws):
    """Drucker's postulate for associated plasticity with hardening: ∮ σ · dε ≥ 0.

    The stored energy of hardening laws is kept in the leaves, so that the work over a closed cycle
    is all dissipated or stored; from elastic cycles none is left.
    """
    law = NetworkLaw(random_network(4), phase_laws, tolerance=1e-12)
    for size, lowest in ((1e-5, -1e-9), (0.01, 0.05)):
        corners = [size * directions(20, seed) for seed in range(3)]
        corners = [torch.zeros_like(corners[0]), *corners, torch.zeros_like(corners[0])]
        state, before = law.initial_state(20), torch.zeros(20, 6, dtype=torch.float64)
        work, scale = torch.zeros(20, dtype=torch.float64), torch.zeros(20, dtype=torch.float64)
        for start, end in pairwise(corners):
            for part in range(1, 21):
                strain = start + (end - start) * part / 20
                update = law.integrate(strain, state)
                assert (update.status == Status.CONVERGED).all()
                power = (0.5 * (before + update.stress) * (end - start) / 20).sum(-1)
                work, scale = work + power, scale + power.abs()
                state, before = update.state, update.stress
        assert (work >= lowest * scale).all()
        if size < 1e-4:
            assert (work.abs() <= 1e-9 * scale).all()


def test_a_leaf_that_fails_is_not_called_converged(phase_laws):
    class Failing(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            update = super().integrate(strain, state, dt)
            status = torch.full((len(strain),), Status.MAX_ITERATIONS, dtype=torch.int8)
            return laws.Update(update.stress, update.state, lambda: update.tangent, status)

    phase_laws["matrix"] = Failing(3000.0, 0.35, laws.LinearHardening(30.0))
    law = NetworkLaw(random_network(2), phase_laws)
    update = law.integrate(0.01 * directions(3, 0), law.initial_state(3))
    assert update.status.tolist() == [Status.MAX_ITERATIONS] * 3
