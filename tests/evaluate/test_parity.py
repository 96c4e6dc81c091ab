"""One response, whatever evaluates it: torch, lanes of the compiled core, its scalar build."""

import pytest
import torch
from helpers.laws import LAWS
from helpers.networks import UNEVEN, random_network

from dmn_fe import laws
from dmn_fe.evaluate.core.compiler import find_compiler
from dmn_fe.evaluate.core.cpu import CpuEngine
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.laws.kernel import kernel_of
from dmn_fe.network import compress
from dmn_fe.network.tree import Tree
from dmn_fe.training.sampled_law import SampledJ2

NEWTON, AGREEMENT = 1e-11, 1e-9
# Without hardening, flow that is not associated has several solutions, each as good as another.
SEVERAL_SOLUTIONS = {"DruckerPrager perfect"}
COMPILED = {name: case for name, case in LAWS.items() if kernel_of(case[0]) is not None}
NETWORKS = {
    "complete": random_network(4, 1),
    "uneven": random_network(tree=Tree(UNEVEN), seed=2),
    "pruned": compress(random_network(5, 3), 0.02),
    "plane": random_network(3, 4, dimension=2),
    "turned": random_network(3, 5, turned=True),
}
if find_compiler() is None:
    pytest.skip("there is no C++ compiler", allow_module_level=True)


def scalar(law: NetworkLaw) -> NetworkLaw:
    """The same law on the core's scalar build."""
    own = NetworkLaw(law.network, law.laws, law.tolerance, law.max_iterations, "torch")
    kernels = [kernel_of(law.laws[name]) for name in law.network.phase_names]
    arguments = (law.network, law.laws, law.tolerance, law.max_iterations, True, kernels)
    own.engine = CpuEngine(*arguments, find_compiler(1))
    return own


def path(n: int, steps: int, size: float) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    increments = torch.randn(steps, n, 6, generator=generator, dtype=torch.float64)
    return list((size * increments).cumsum(0))


def assert_alike(values: torch.Tensor, reference: torch.Tensor, what: str, least=0.0) -> None:
    difference = (values - reference).abs().max() if reference.numel() else 0.0
    assert difference <= AGREEMENT * max(reference.abs().max().item(), least), what


@pytest.mark.parametrize("name", sorted(COMPILED.keys() - SEVERAL_SOLUTIONS))
@pytest.mark.parametrize("tree", NETWORKS)
def test_all_engines_agree(name, tree):
    law, dt = COMPILED[name]
    phases = {"matrix": law, "inclusion": laws.Elastic.isotropic(70000.0, 0.2)}
    network, n = NETWORKS[tree], 19  # lanes that are not full
    reference = NetworkLaw(network, phases, NEWTON, 200, "torch")
    core = NetworkLaw(network, phases, NEWTON, 200, "cpu")
    others = {"lanes": core, "scalar": scalar(core)}
    states = {who: reference.initial_state(n) for who in ("torch", *others)}
    for step, strain in enumerate(path(n, 3, 0.004)):
        warmth = torch.linspace(-50.0, 80.0 * step, n, dtype=torch.float64)
        expected = reference.integrate(strain, states["torch"], dt, warmth)
        assert not expected.status.any()
        for who, other in others.items():
            update = other.integrate(strain, states[who], dt, warmth)
            assert not update.status.any(), who
            assert_alike(update.stress, expected.stress, f"stress, {who}, step {step}", 1.0)
            assert_alike(update.tangent, expected.tangent, f"tangent, {who}, step {step}")
            assert_alike(update.state, expected.state, f"state, {who}, step {step}")
            states[who] = update.state
        states["torch"] = expected.state


def test_materials_that_differ_from_point_to_point_agree():
    network = NETWORKS["complete"]
    phases = {"matrix": SampledJ2(), "inclusion": SampledJ2()}
    core, reference = (NetworkLaw(network, phases, NEWTON, 200, b) for b in ("cpu", "torch"))
    generator = torch.Generator().manual_seed(3)
    materials = torch.rand(30, 2, 4, generator=generator, dtype=torch.float64)
    materials[..., 0], materials[..., 1] = 1000.0 + 9000.0 * materials[..., 0], 0.3
    materials[..., 2], materials[..., 3] = 20.0 + 20.0 * materials[..., 2], 100.0
    state, layout = core.initial_state(30), core.engine.layout
    for leaf, phase in enumerate(network.leaf_phase.tolist()):
        start = layout.leading + layout.leaf_start[leaf]
        state[:, start : start + 11] = SampledJ2().state_of(materials[:, phase])
    for strain in path(30, 2, 0.005):
        update, expected = core.integrate(strain, state), reference.integrate(strain, state)
        assert_alike(update.stress, expected.stress, "stress")
        assert_alike(update.tangent, expected.tangent, "tangent")
        assert_alike(update.state, expected.state, "state")
        state = update.state
