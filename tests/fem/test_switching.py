"""Points that switch from a network to the full RVE and back."""

# isort: off
from dmn_fe.fem import Support, SwitchingLaw, SwitchingRule, make_problem  # before torch

# isort: on
import numpy as np
import pytest
import torch
from helpers.blocks import STEEL
from helpers.laws import random_strain
from helpers.networks import layers
from helpers.parts import rectangle
from mpi4py import MPI

from dmn_fe import InputError, laws
from dmn_fe.evaluate import EnsembleLaw, NetworkLaw, StrainEnvelope
from dmn_fe.fem.switching_rule import Doubts
from dmn_fe.homogenization import RVELaw, VoxelProblem
from dmn_fe.microstructure import laminate
from dmn_fe.network import Ensemble

SCRIPT = "mpi_switching.py"
PHASES = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(600e3, 0.2)}
ALWAYS = SwitchingRule(spread=0.0, envelope=None)


def rve_law(tolerance=1e-10) -> RVELaw:
    return RVELaw(VoxelProblem(laminate(4, 0.25), PHASES, tolerance=tolerance))


def wrong() -> EnsembleLaw:
    """Two networks with too much inclusion."""
    return EnsembleLaw(Ensemble((layers(0.3, 0), layers(0.4, 0))), PHASES)


def steps(law, n=3, size=0.004):
    """Strains and stresses of a law along a path of three points, and its last state."""
    strains = [k * random_strain(2, size, seed=1) + 0.001 * k**2 for k in range(1, n + 1)]
    state, stresses = law.initial_state(2), []
    for strain in strains:
        update = law.integrate(strain, state)
        assert (update.status == 0).all()
        stresses.append(update.stress)
        state = law.commit(update) if isinstance(law, SwitchingLaw) else update.state
    return strains, stresses, state


def test_points_that_switch_go_on_as_if_they_had_always_had_the_rve():
    switching = SwitchingLaw(wrong(), rve_law(), ALWAYS)
    _, stresses, state = steps(switching)
    _, network, _ = steps(wrong())
    _, rve, states = steps(rve_law())
    assert torch.equal(stresses[0], network[0])  # it switches after the first step
    for found, expected in zip(stresses[1:], rve[1:], strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-6)
    assert (network[2] - rve[2]).abs().max() > 1e-3 * rve[2].abs().max()
    assert state.active.tolist() == [0, 1]
    torch.testing.assert_close(state.rve, states, rtol=1e-8, atol=1e-6)


def test_the_network_goes_on_beside_the_rve():
    _, _, state = steps(SwitchingLaw(wrong(), rve_law(), ALWAYS))
    _, _, network = steps(wrong())
    assert torch.equal(state.network, network)


def test_tangents_are_those_of_who_answers():
    law = SwitchingLaw(wrong(), rve_law(), SwitchingRule(spread=0.0, envelope=None, most=0.5))
    strains, _, state = steps(law, n=2)
    assert len(state.active) == 1
    active, other = int(state.active[0]), 1 - int(state.active[0])
    update = law.integrate(strains[1], state)
    network = wrong().integrate(strains[1], state.network)
    rve = rve_law().integrate(strains[1][active, None], state.rve)
    assert torch.equal(update.tangent[active], rve.tangent[0])
    assert torch.equal(update.tangent[other], network.tangent[other])
    assert update.point_spread[active] == 0.0
    assert update.point_spread[other] > 0.0
    assert torch.equal(update.new_state.active, state.active)  # a trial does not switch


def test_points_come_back_when_they_are_safe():
    # A network that is right, but an envelope that it passes and comes back into.
    entry = {"deviatoric": 0.002, "volumetric": 1.0}
    exact = NetworkLaw(layers(0.25, 0).with_metadata(strain_envelope=entry), PHASES)
    law = SwitchingLaw(exact, rve_law(), SwitchingRule(spread=0.05, envelope=1.0, back=0.5))
    shear = torch.zeros(1, 6, dtype=torch.float64)
    shear[0, 5] = 1.0
    state, active = law.initial_state(1), []
    for size in (0.001, 0.003, 0.0015, 0.0005, 0.003):
        state = law.commit(law.integrate(size * shear, state))
        active.append(len(state.active))
    assert active == [0, 1, 1, 0, 1]
    assert law.switched == (1, 1, 0)
    assert len(state.path) == 5


def failing(law, largest):
    """The law, which now fails beyond a strain of this size."""
    integrate = law.integrate

    def fails(strain, state, dt=0.0):
        update = integrate(strain, state, dt)
        failed = strain.norm(dim=-1) > largest
        update.status[failed] = int(laws.Status.MAX_ITERATIONS)
        update.stress[failed] = torch.nan
        update.state[failed] = torch.nan
        return update

    law.integrate = fails
    return law


def pull(law, sizes):
    """A point under growing and falling shear; how many points had the RVE after each step."""
    shear = torch.zeros(1, 6, dtype=torch.float64)
    shear[0, 5] = 1.0
    state, active = law.initial_state(1), []
    for size in sizes:
        update = law.integrate(size * shear, state)
        assert update.status.item() == 0
        assert torch.isfinite(update.stress).all()
        state = law.commit(update)
        active.append(len(state.active))
    return state, active


def test_a_point_whose_network_has_failed_stays_with_the_rve():
    entry = {"deviatoric": 0.002, "volumetric": 1.0}
    rule = SwitchingRule(spread=None, envelope=1.0)
    for largest, last in ((1.0, 0), (0.004, 1)):
        exact = NetworkLaw(layers(0.25, 0).with_metadata(strain_envelope=entry), PHASES)
        law = SwitchingLaw(failing(exact, largest), rve_law(), rule)
        state, active = pull(law, (0.003, 0.005, 1e-4, 1e-6))
        assert active == [1, 1, last, last]
        assert torch.isfinite(state.network).all()  # as before it failed
        again = law.with_rows(law.initial_state(1), law.own_rows(state))
        assert again.bound.tolist() == state.bound.tolist() == [last]


def test_a_point_whose_rve_cannot_follow_is_tried_once():
    rve, tried = failing(rve_law(), 0.002), []
    integrate = rve.integrate

    def counted(strain, state, dt=0.0):
        tried.append(len(strain))
        return integrate(strain, state, dt)

    rve.integrate = counted
    state, active = pull(SwitchingLaw(wrong(), rve, ALWAYS), (0.003, 0.004, 0.005))
    assert active == [0, 0, 0]
    assert state.bound.tolist() == [2]
    assert sum(tried) == 1


def test_a_rule_that_counts_nothing_is_refused():
    alone = NetworkLaw(layers(0.25, 0), PHASES)
    for rule in (ALWAYS, SwitchingRule()):
        with pytest.raises(InputError, match="counts nothing that this network tells"):
            SwitchingLaw(alone, rve_law(), rule)


def test_in_plane_stress_the_strain_out_of_the_plane_counts():
    """A sheet that is drawn out at the same volume is far from where its volume would take it."""
    entry = {"deviatoric": 1.0, "volumetric": 0.003}
    network = NetworkLaw(layers(0.25, 0).with_metadata(strain_envelope=entry), PHASES)
    law = SwitchingLaw(network, rve_law(), SwitchingRule(spread=None, envelope=1.0))
    sheet = law.wrapped(laws.PlaneStress)
    strain = 0.01 * torch.tensor([[1.0, -0.5, 0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    update = sheet.integrate(strain, sheet.initial_state(1))
    whole = update.of_network.strain
    assert whole[:, :3].sum().abs() < 0.003 < strain[:, :3].sum()
    assert len(sheet.commit(update).active) == 0
    bulk = law.integrate(strain, law.initial_state(1))
    assert len(law.commit(bulk).active) == 1


def test_a_part_whose_points_all_switch_is_full_fe2():
    """With the exact network, whose first step is that of the RVE too."""

    def reaction(law):
        part = rectangle(2.0, 1.0, (2, 1), "triangle")
        supports = [Support("left", [0.0, 0.0]), Support("right", [0.01, -0.02])]
        problem = make_problem(part, {"part": law}, supports)
        for t in (0.3, 0.6, 1.0):
            assert problem.step(t).converged
        return problem.reaction(part.facets("right")), problem.qmap

    exact = EnsembleLaw(Ensemble((layers(0.25, 0), layers(0.2501, 0))), PHASES)
    expected, _ = reaction(rve_law())
    found, qmap = reaction(SwitchingLaw(exact, rve_law(), ALWAYS))
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()
    assert len(qmap.kept_state(next(iter(qmap.laws))).active)


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_and_restarts_change_nothing(on_ranks, ranks):
    one, results = on_ranks(1, "strip", SCRIPT)[0], on_ranks(ranks, "strip", SCRIPT)
    assert one["switched"][-1][0] > 0
    largest = np.abs(one["reactions"]).max()
    assert np.abs(np.array(one["after restart"]) - one["reactions"][-1]).max() < 1e-9 * largest
    for found in results:
        assert found["switched"] == one["switched"]
        for name in ("reactions", "after restart", "sheet"):
            assert np.abs(np.array(found[name]) - one[name]).max() < 1e-8 * largest
        assert (
            np.abs(np.array(found["after one rank"]) - one["after restart"]).max() < 1e-8 * largest
        )
        assert found["sheet switched"] == one["sheet switched"] > 0


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_without_points_come_along(on_ranks, ranks):
    one, results = on_ranks(1, "uneven", SCRIPT)[0], on_ranks(ranks, "uneven", SCRIPT)
    assert one["active"] == [[2, 2, 0], [2, 0, 0], [2, 0, 0]]
    assert all(result["active"] == one["active"] for result in results)
    np.testing.assert_allclose(results[0]["stress"], one["stress"], rtol=0, atol=1e-9)


def test_the_most_doubtful_points_switch_first():
    rule = SwitchingRule(back=0.5, most=0.5)
    value = np.array([1.5, 0.6, 3.0, 2.0, 0.2, 0.1])
    active = np.array([False, True, False, False, True, False])
    chosen = rule.choose(Doubts(value, active), MPI.COMM_SELF)
    assert chosen.tolist() == [True, False, True, True, False, False]
    everybody = SwitchingRule(back=0.5).choose(Doubts(value, active), MPI.COMM_SELF)
    assert everybody.tolist() == [True, True, True, True, False, False]


def test_doubt_is_the_largest_of_what_counts():
    strain = torch.zeros(2, 6, dtype=torch.float64)
    strain[1, 5] = 0.03
    spread = torch.tensor([4.0, 1.0], dtype=torch.float64)
    envelope = StrainEnvelope(0.02, 0.01)
    both = SwitchingRule(spread=0.02, envelope=1.0).doubts(strain, spread, envelope, 100.0)
    assert both.tolist() == pytest.approx([2.0, 1.5])
    one = SwitchingRule(spread=0.02, envelope=None).doubts(strain, spread, envelope, 100.0)
    assert one.tolist() == pytest.approx([2.0, 0.5])
    assert SwitchingRule().doubts(strain, None, None, 100.0).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"spread": -1.0}, "spread = -1.0"),
        ({"spread": None, "envelope": None}, "give a threshold"),
        ({"back": 2.0}, "back = 2.0"),
        ({"most": -0.1}, "most = -0.1"),
    ],
)
def test_wrong_rules_are_told(options, words):
    with pytest.raises(InputError, match=words):
        SwitchingRule(**options)


def test_other_laws_are_told():
    other = {**PHASES, "inclusion": STEEL}
    rve = RVELaw(VoxelProblem(laminate(4, 0.25), other))
    with pytest.raises(InputError, match="other names or other laws"):
        SwitchingLaw(wrong(), rve, ALWAYS)
