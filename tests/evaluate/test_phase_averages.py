"""Averages over phases against a loop over the leaves, sums and closed forms."""

from dataclasses import replace

import pytest
import torch
from helpers.emulated_gpu import EmulatedGpu
from helpers.laws import COPPER, LAWS, SLIP, random_strain
from helpers.networks import UNEVEN, random_network
from torch import Tensor

from dmn_fe import InputError, laws, mandel
from dmn_fe.evaluate import EnsembleLaw, FixedPointLaw, NetworkLaw, phase_averages
from dmn_fe.evaluate import leaf_averages as module
from dmn_fe.evaluate.core.compiler import find_compiler
from dmn_fe.evaluate.core.cuda import CudaEngine
from dmn_fe.laws.kernel import kernel_of
from dmn_fe.network import Ensemble
from dmn_fe.network.tree import Tree

ELASTIC = laws.Elastic.isotropic(70000.0, 0.2)
J2 = LAWS["J2"][0]
CRYSTAL = laws.CrystalPlasticity(*COPPER, SLIP, 1e-3, 10.0)
NETWORKS = {
    "depth 3": random_network(3),
    "depth 5": random_network(5, 1),
    "DMN": random_network(3, 2, kind="dmn", turned=True),
    "turned": random_network(5, 3, turned=True),
    "uneven": random_network(tree=Tree(UNEVEN)),
}
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
BACKENDS = [
    "torch",
    pytest.param("cpu", marks=needs_compiler),
    pytest.param("cuda", marks=needs_compiler),
]


def network_law(network, phases, backend: str = "torch", **options) -> NetworkLaw:
    """A network's law; of ``"cuda"`` on an emulated GPU."""
    law = NetworkLaw(network, phases, backend="torch" if backend == "cuda" else backend, **options)
    if backend == "cuda":
        kernels = [kernel_of(phases[name]) for name in network.phase_names]
        arguments = (network, law.laws, law.tolerance, law.max_iterations, True, kernels)
        law.engine = CudaEngine(*arguments, EmulatedGpu(kernels))
    return law


def committed(law, n: int = 7, steps: int = 3, dt: float = 0.5, **others):
    """Strain, stress and state after some random steps."""
    state, strain = law.initial_state(n), torch.zeros(n, 6, dtype=torch.float64)
    for step in range(steps):
        strain = strain + random_strain(n, 0.004, step)
        update = law.integrate(strain, state, dt, **others)
        assert not update.status.any()
        state = update.state
    return strain, update.stress, state


def sums(averages) -> tuple[Tensor, Tensor, float]:
    """Strain, stress and volume of all phases together."""
    parts = list(averages.values())
    strain, stress = (
        torch.stack([part.fraction * getattr(part, name) for part in parts]).sum(0)
        for name in ("strain", "stress")
    )
    return strain, stress, sum(part.fraction for part in parts)


def assert_sums(averages, strain, stress, tolerance: float = 1e-8) -> None:
    found_strain, found_stress, volume = sums(averages)
    assert volume == pytest.approx(1.0, abs=1e-12)
    for found, given in ((found_strain, strain), (found_stress, stress)):
        assert (found - given.cpu()).abs().max() <= tolerance * given.abs().max()


def one_by_one(law: NetworkLaw, state: Tensor, temperature: Tensor) -> dict[str, dict[str, Tensor]]:
    """The same by a loop over points and leaves, with tensors turned by matrices of 3 x 3."""
    network, layout = law.network, law.engine.layout
    leaf_strain = law.leaf_strain(state)
    found = {}
    for phase, name in enumerate(network.phase_names):
        own, size = law.laws[name], law.laws[name].state_size
        virgin = torch.zeros(1, 6, dtype=torch.float64)
        compliance = torch.linalg.inv(own.integrate(virgin, own.initial_state(1)).tangent[0])
        leaves = torch.nonzero(network.leaf_phase == phase)[:, 0].tolist()
        weight = sum(float(network.weights[leaf]) for leaf in leaves)
        rows = {name: [] for name in ("strain", "stress", "inelastic_strain", "largest_von_mises")}
        for point in range(len(state)):
            means, largest = torch.zeros(3, 3, 3, dtype=torch.float64), 0.0
            for leaf in leaves:
                # A law without axes keeps its history in those of the network.
                eye = torch.eye(3, dtype=torch.float64)
                turn = eye if own.is_isotropic else network.rotations[leaf]
                strain = mandel.to_tensor(leaf_strain[point, leaf])
                there = mandel.from_tensor(turn.mT @ strain @ turn)
                start = layout.leading + layout.leaf_start[leaf]
                history = state[point : point + 1, start : start + size]
                warmth = temperature[point : point + 1]
                stress = own.integrate(there[None], history, 0.0, warmth).stress[0]
                given = own.coefficient
                given = given if isinstance(given, Tensor) else given * mandel.IDENTITY
                thermal = given * float(warmth)
                inelastic = there - thermal - compliance @ stress
                back = [turn @ mandel.to_tensor(one) @ turn.mT for one in (stress, inelastic)]
                means += float(network.weights[leaf]) / weight * torch.stack([strain, *back])
                largest = max(largest, float(mandel.von_mises(stress)))
            for key, value in zip(rows, [*mandel.from_tensor(means), largest], strict=True):
                rows[key].append(torch.as_tensor(value, dtype=torch.float64))
        found[name] = {key: torch.stack(value) for key, value in rows.items()}
    return found


@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_averages_equal_a_loop_over_the_leaves(network, monkeypatch):
    monkeypatch.setattr(module, "_LEAVES", 3 * len(network.weights))
    along = torch.tensor([3e-5, 1e-5, 0.0, 0.0, 2e-5, 0.0], dtype=torch.float64)
    phases = {
        "matrix": laws.ThermalExpansion(CRYSTAL, along),
        "inclusion": laws.ThermalExpansion(J2, 2e-5),
    }
    law = NetworkLaw(network, phases)
    warmth = torch.linspace(-30.0, 60.0, 40, dtype=torch.float64)
    _, _, state = committed(law, 40, temperature=warmth)  # chunks of 16, the last one not full
    averages = phase_averages(law, state, temperature=warmth)
    assert list(averages) == ["matrix", "inclusion"]
    some = slice(11, 20)
    for name, expected in one_by_one(law, state[some], warmth[some]).items():
        phase = network.phase_names.index(name)
        assert averages[name].fraction == pytest.approx(float(network.volume_fractions[phase]))
        for key, value in expected.items():
            found = getattr(averages[name], key)[some]
            assert (found - value).abs().max() <= 1e-11 * value.abs().max()
            assert value.abs().max() > 0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_phases_add_up_to_strain_and_stress(network, backend):
    phases = {"matrix": CRYSTAL, "inclusion": laws.ThermalExpansion(J2, 2e-5)}
    law = network_law(network, phases, backend)
    warmth = torch.linspace(-40.0, 60.0, 7, dtype=torch.float64)
    strain, stress, state = committed(law, temperature=warmth)
    assert_sums(phase_averages(law, state, temperature=warmth), strain, stress)
    # Without the temperature the stress is another one.
    found = sums(phase_averages(law, state))[1]
    assert (found - stress.cpu()).abs().max() > 1e-3 * stress.abs().max()


@pytest.mark.parametrize(("own", "dt"), LAWS.values(), ids=list(LAWS))
def test_every_law_gives_its_committed_stress_without_time(own, dt):
    """Of which the stress of the leaves is made."""
    others = {"temperature": 50.0} if laws.takes_temperature(own) else {}
    strain, stress, state = committed(own, 50, 4, dt, **others)
    found = own.integrate(strain, state, 0.0, **others).stress
    assert (found - stress).abs().max() <= 1e-10 * stress.abs().max()
    law = NetworkLaw(NETWORKS["turned"], {"matrix": own, "inclusion": ELASTIC}, backend="torch")
    strain, stress, state = committed(law, dt=dt, temperature=50.0)
    assert_sums(phase_averages(law, state, temperature=50.0), strain, stress)


def test_equal_phases_are_as_the_plain_law():
    strain, stress, state = committed(J2)
    law = NetworkLaw(NETWORKS["turned"], {"matrix": J2, "inclusion": J2}, tolerance=1e-13)
    _, _, of_leaves = committed(law)
    plain = phase_averages(J2, state, strain)
    for found in (*phase_averages(law, of_leaves).values(), *plain.values()):
        torch.testing.assert_close(found.inelastic_strain, state[:, :6], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(found.strain, strain, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(found.stress, stress, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(found.largest_von_mises, mandel.von_mises(stress))
    assert state[:, :6].abs().max() > 1e-3
    assert list(plain) == ["material"]
    assert plain["material"].fraction == 1.0


def test_plastic_strain_of_leaves_is_what_their_laws_keep():
    """Of crystals that are turned, from their histories."""
    network = NETWORKS["turned"]
    law = NetworkLaw(network, {"matrix": CRYSTAL, "inclusion": ELASTIC})
    _, _, state = committed(law)
    averages, layout = phase_averages(law, state), law.engine.layout
    expected = torch.zeros(7, 6, dtype=torch.float64)
    for leaf in torch.nonzero(network.leaf_phase == 0)[:, 0].tolist():
        start = layout.leading + layout.leaf_start[leaf]
        turn = mandel.rotation_matrix(network.leaf_rotation[leaf])
        share = network.weights[leaf] / network.weights[network.leaf_phase == 0].sum()
        expected += share * state[:, start : start + 6] @ turn.mT
    found = averages["matrix"].inelastic_strain
    assert (found - expected).abs().max() <= 1e-9 * expected.abs().max()
    size = expected.abs().max()
    assert averages["inclusion"].inelastic_strain.abs().max() <= 1e-10 * size


def test_free_expansion_is_neither_stress_nor_inelastic():
    swelling = laws.ThermalExpansion(ELASTIC, 1e-5)
    law = NetworkLaw(
        NETWORKS["depth 3"], {"matrix": laws.ThermalExpansion(J2, 1e-5), "inclusion": swelling}
    )
    strain = (1e-3 * mandel.IDENTITY).repeat(2, 1)
    state = law.integrate(strain, law.initial_state(2), 0.0, 100.0).state
    for found in phase_averages(law, state, temperature=100.0).values():
        torch.testing.assert_close(found.strain, strain)
        assert found.stress.abs().max() <= 1e-9
        assert found.inelastic_strain.abs().max() <= 1e-15


def test_thermal_expansion_around_a_network_is_in_its_strain():
    inner = NetworkLaw(NETWORKS["depth 3"], {"matrix": J2, "inclusion": ELASTIC})
    law = laws.ThermalExpansion(inner, 1e-5)
    strain, stress, state = committed(law, temperature=80.0)
    averages = phase_averages(law, state, temperature=80.0)
    assert_sums(averages, strain, stress)
    assert averages["inclusion"].inelastic_strain.abs().max() <= 1e-12


def test_an_ensemble_averages_over_all_its_leaves():
    networks = (random_network(3, 1), random_network(5, 2), random_network(tree=Tree(UNEVEN)))
    phases = {"matrix": J2, "inclusion": ELASTIC}
    law = EnsembleLaw(Ensemble(networks), phases)
    strain, stress, state = committed(law)
    averages = phase_averages(law, state)
    assert_sums(averages, strain, stress)
    states = state.split([member.state_size for member in law.members], -1)
    each = [phase_averages(m, own) for m, own in zip(law.members, states, strict=True)]
    for name, found in averages.items():
        parts = [one[name] for one in each]
        shares = torch.tensor([part.fraction for part in parts], dtype=torch.float64)
        assert shares.std() > 1e-3  # else a plain mean would do
        assert found.fraction == pytest.approx(shares.mean().item(), rel=1e-12)
        for key in ("stress", "inelastic_strain"):
            stacked = torch.stack([getattr(part, key) for part in parts])
            mean = (shares[:, None, None] * stacked).sum(0) / shares.sum()
            torch.testing.assert_close(getattr(found, key), mean, rtol=1e-12, atol=1e-18)
        largest = torch.stack([part.largest_von_mises for part in parts]).amax(0)
        assert torch.equal(found.largest_von_mises, largest)


def rotations(n: int) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    q, _ = torch.linalg.qr(torch.randn(n, 3, 3, generator=generator, dtype=torch.float64))
    return q * torch.linalg.det(q)[:, None, None]


@pytest.mark.parametrize("kind", ["network", "ensemble", "plain"])
@pytest.mark.parametrize("turned", [False, True])
def test_plane_stress_and_material_axes_are_unwrapped(kind, turned):
    phases = {"matrix": J2, "inclusion": ELASTIC}
    two = Ensemble((random_network(3, 1), random_network(3, 2)))
    own = {
        "network": NetworkLaw(random_network(3), phases),
        "ensemble": EnsembleLaw(two, phases),
        "plain": CRYSTAL,
    }[kind]
    law = laws.PlaneStress(laws.Oriented(own, rotations(5)) if turned else own)
    state, given = law.initial_state(5), torch.zeros(5, 6, dtype=torch.float64)
    for step in range(3):
        given = given + random_strain(5, 0.003, step)
        update = law.integrate(given, state, 0.5)
        state = update.state
    averages = phase_averages(law, state, given if kind == "plain" else None)
    assert_sums(averages, update.strain, update.stress)
    if turned and kind == "plain":
        # Plastic strain of the state, turned to global axes.
        turn = mandel.rotation_matrix(rotations(5))
        expected = (turn @ state[:, :6, None])[..., 0]
        torch.testing.assert_close(
            averages["material"].inelastic_strain, expected, rtol=1e-8, atol=1e-10
        )


def test_single_precision_and_the_fixed_point_do_too():
    phases = {"matrix": J2, "inclusion": ELASTIC}
    single = NetworkLaw(NETWORKS["depth 5"], phases, single=True)
    for law, tolerance in (
        (single, 2e-5),
        (FixedPointLaw(NETWORKS["depth 3"], phases), 1e-8),
    ):
        strain, stress, state = committed(law)
        assert_sums(phase_averages(law, state), strain, stress, tolerance)


def test_voids_and_phases_without_weight_are_zero():
    network = random_network(3)
    law = NetworkLaw(network, {"matrix": J2, "inclusion": laws.Void()})
    strain, stress, state = committed(law)
    averages = phase_averages(law, state)
    assert_sums(averages, strain, stress)
    void = averages["inclusion"]
    assert not void.stress.any()
    assert not void.inelastic_strain.any()
    assert void.strain.abs().max() > strain.abs().max()
    bare = replace(network, weights=network.weights * (network.leaf_phase == 0))
    named = replace(network, phase_names=(*network.phase_names, "binder"))
    for other, name in ((bare, "inclusion"), (named, "binder")):
        law = NetworkLaw(other, {one: J2 for one in other.phase_names})
        strain, stress, state = committed(law)
        averages = phase_averages(law, state)
        assert_sums(averages, strain, stress)
        assert averages[name].fraction == 0.0
        assert not averages[name].strain.any()
        assert not averages[name].largest_von_mises.any()


def test_leaves_of_no_weight_are_not_the_largest():
    """Of a leaf that has all but vanished the stress may be anything."""
    network = random_network(4)
    phases = {"matrix": J2, "inclusion": ELASTIC}
    inclusions = torch.nonzero(network.leaf_phase == 1)[:, 0]

    def stresses(law, state) -> Tensor:
        """Von Mises stress ``[n, inclusions]``."""
        return mandel.von_mises(law.leaf_strain(state)[:, inclusions] @ ELASTIC.stiffness)

    law = NetworkLaw(network, phases)
    _, _, state = committed(law)
    largest = stresses(law, state).amax(0).argmax()
    weights = network.weights.clone()
    weights[inclusions[largest]] *= 1e-8
    thin = NetworkLaw(replace(network, weights=weights), phases)
    _, _, state = committed(thin)
    mises = stresses(thin, state)
    counted = torch.arange(len(inclusions)) != largest
    expected = mises[:, counted].amax(1)
    assert (mises[:, largest] > expected).any()
    found = phase_averages(thin, state)["inclusion"].largest_von_mises
    torch.testing.assert_close(found, expected)


def test_no_points():
    law = NetworkLaw(NETWORKS["turned"], {"matrix": CRYSTAL, "inclusion": ELASTIC})
    averages = phase_averages(law, law.initial_state(0))
    assert [one.stress.shape for one in averages.values()] == [(0, 6)] * 2
    assert averages["matrix"].largest_von_mises.shape == (0,)


def test_what_does_not_fit_is_refused():
    phases = {"matrix": J2, "inclusion": ELASTIC}
    law = NetworkLaw(random_network(2), phases)
    state = law.initial_state(3)
    with pytest.raises(InputError, match="state of J2 does not hold the strain; give strain"):
        phase_averages(J2, J2.initial_state(3))
    cold = NetworkLaw(random_network(2), phases, warm_start=False)
    with pytest.raises(InputError, match="without warm_start"):
        phase_averages(cold, cold.initial_state(3))
    with pytest.raises(InputError, match=r"temperature has the shape \(2,\)"):
        phase_averages(law, state, temperature=torch.zeros(2))
    with pytest.raises(InputError, match="must have the shapes"):
        phase_averages(law, state[:, 1:])
    with pytest.raises(InputError, match="3 states for 2 orientations"):
        phase_averages(laws.Oriented(law, rotations(2)), state)
