"""One response, whatever evaluates it: torch, lanes of the compiled core, its scalar build."""

from dataclasses import replace

import pytest
import torch
from helpers.networks import random_network
from helpers.parity import (
    COMPILED,
    NETWORKS,
    NEWTON,
    SEVERAL_SOLUTIONS,
    assert_alike,
    assert_engines_agree,
    path,
    reference_law,
)

from dmn_fe import laws
from dmn_fe.evaluate import CompiledLaw
from dmn_fe.evaluate.core.compiler import find_compiler
from dmn_fe.evaluate.core.cpu import CpuEngine
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.laws import Status
from dmn_fe.laws.kernel import kernel_of
from dmn_fe.training.sampled_law import SampledJ2

if find_compiler() is None:
    pytest.skip("there is no C++ compiler", allow_module_level=True)


def scalar(law: NetworkLaw) -> NetworkLaw:
    """The same law on the core's scalar build."""
    own = NetworkLaw(law.network, law.laws, law.tolerance, law.max_iterations, "torch")
    kernels = [kernel_of(law.laws[name]) for name in law.network.phase_names]
    arguments = (law.network, law.laws, law.tolerance, law.max_iterations, True, kernels)
    own.engine = CpuEngine(*arguments, find_compiler(1))
    return own


@pytest.mark.parametrize("name", sorted(COMPILED.keys() - SEVERAL_SOLUTIONS))
@pytest.mark.parametrize("tree", NETWORKS)
def test_all_engines_agree(name, tree):
    core = reference_law(name, tree, "cpu")
    others = {"lanes": core, "scalar": scalar(core)}
    # Lanes that are not full.
    assert_engines_agree(reference_law(name, tree), others, 19, 3, COMPILED[name][1])


@pytest.mark.parametrize("leaves_of_third", [0, 5])
def test_three_phases_agree(leaves_of_third):
    network = random_network(4, 2)
    network.leaf_phase[:leaves_of_third] = 2
    network = replace(network, phase_names=(*network.phase_names, "binder"))
    phases = {
        "matrix": laws.Perzyna(3000.0, 0.35, laws.LinearHardening(30.0, 100.0), 1e-2, 3.0),
        "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
        "binder": laws.DruckerPrager(
            2000.0, 0.3, laws.VoceHardening(10.0, 5.0, 40.0, 20.0), friction=0.3, dilatancy=0.1
        ),
    }
    reference, core = (NetworkLaw(network, phases, NEWTON, 200, b) for b in ("torch", "cpu"))
    assert_engines_agree(reference, {"lanes": core, "scalar": scalar(core)}, 19, 3, 0.1)


@pytest.mark.parametrize("told", ["", "elastic = every_lane();"])
def test_points_where_a_law_fails_are_the_same(told):
    source = f"""
        for (int i = 0; i < 6; ++i) stress[i] = 100.0 * strain[i];
        failed = value(square(strain)) > limit; {told}
    """
    phases = {
        "matrix": CompiledLaw(source, {"limit": 1e-2}, is_isotropic=True, symmetric=True),
        "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
    }
    reference, core = (NetworkLaw(random_network(3), phases, backend=b) for b in ("torch", "cpu"))
    strain = torch.linspace(0.1, 3.0, 50, dtype=torch.float64)[:, None] * path(50, 1, 0.01)[0]
    update, expected = (law.integrate(strain, law.initial_state(50)) for law in (core, reference))
    assert 5 < (update.status != 0).sum() < 45
    assert torch.equal(update.status != 0, expected.status != 0)
    assert torch.equal(update.status == Status.MAX_ITERATIONS, update.status != 0)


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
