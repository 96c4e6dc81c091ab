"""The core for GPUs: compiled by NVRTC, emulated on the processor, and run where there is a GPU."""

import sys

import pytest
import torch
from helpers.emulated_gpu import EmulatedGpu
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
from dmn_fe.errors import InputError
from dmn_fe.evaluate.compiled_law import CompiledLaw
from dmn_fe.evaluate.core.compiler import CompilationError, find_compiler
from dmn_fe.evaluate.core.cuda import CudaEngine
from dmn_fe.evaluate.core.nvrtc import compiled_kernels, cuda_core
from dmn_fe.evaluate.ensemble_law import EnsembleLaw
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.laws import Status
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.network import Ensemble

OWN = CompiledLaw(
    "for (int i = 0; i < 6; ++i) stress[i] = a * strain[i];\n"
    "new_state[0] = maximum(state[0], value(strain[0]));",
    {"a": 3000.0},
    state_size=1,
    symmetric=True,
)
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
GPU_CASES = [
    (law, tree)
    for law in sorted(COMPILED.keys() - SEVERAL_SOLUTIONS)
    for tree in NETWORKS
    if torch.cuda.is_available()
]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def emulated(law: NetworkLaw, *, warm_start: bool = True, **memory: int) -> NetworkLaw:
    """The same law on an emulated GPU."""
    names = law.network.phase_names
    own = NetworkLaw(
        law.network, law.laws, law.tolerance, law.max_iterations, "torch", warm_start=warm_start
    )
    own.state_dtype = law.state_dtype
    kernels = [kernel_of(law.laws[name]) for name in names]
    gpu = EmulatedGpu(kernels, **memory)
    arguments = (law.network, law.laws, law.tolerance, law.max_iterations, warm_start, kernels)
    own.engine = CudaEngine(*arguments, gpu)
    own.gpu = gpu
    return own


# With a law whose tangent is not symmetric all tangents have 36 entries, else 21.
@pytest.mark.parametrize(("architecture", "symmetric"), [("sm_80", True), ("sm_90", False)])
def test_every_law_compiles_for_gpus(architecture, symmetric):
    pytest.importorskip("cuda.core", reason="cuda-core, which calls NVRTC, is not installed")
    wanted = [law for law, _ in COMPILED.values() if law.symmetric_tangent or not symmetric]
    kernels = {kernel.type: kernel for kernel in map(kernel_of, [*wanted, OWN])}
    binary = compiled_kernels(list(kernels.values()), architecture)
    for name in (b"dmn_sizes", b"dmn_elastic", b"dmn_newton", b"dmn_parts"):
        assert name in binary


def test_a_law_that_does_not_compile_says_where():
    pytest.importorskip("cuda.core", reason="cuda-core, which calls NVRTC, is not installed")
    with pytest.raises(CompilationError, match=r"error: .*NoSuchLaw"):
        compiled_kernels([Kernel("NoSuchLaw", ())], "sm_80")


@needs_compiler
@pytest.mark.parametrize(
    ("law", "tree"), [("J2", "uneven"), ("DruckerPrager", "complete"), ("Crystal", "turned")]
)
def test_the_kernels_agree_with_torch(law, tree):
    other = emulated(reference_law(law, tree))
    # More points than threads.
    assert_engines_agree(reference_law(law, tree), {"gpu": other}, 150, 2, COMPILED[law][1])
    assert other.gpu.launched == ["dmn_sizes", *["dmn_elastic", "dmn_newton", "dmn_parts"] * 2]


@needs_compiler
def test_points_that_fail_go_in_parts(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws, NEWTON, 3, backend="cpu")
    other = emulated(law)
    strain = path(300, 1, 0.005)[0]
    strain[3, 2] = torch.nan
    expected = law.integrate(strain, law.initial_state(300))
    update = other.integrate(strain, other.initial_state(300))
    assert torch.equal(update.status, expected.status)
    assert torch.equal(update.iterations, expected.iterations)
    good = expected.status == Status.CONVERGED
    assert (expected.iterations[good] > 3).sum() > 100
    assert set(expected.status.tolist()) == set(Status) - {Status.SMALLER_STEP}
    assert_alike(update.stress[good], expected.stress[good], "stress")
    assert_alike(update.tangent[good], expected.tangent[good], "tangent")


@needs_compiler
def test_strains_may_lie_on_the_gpu(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws, NEWTON, backend="cpu")
    other = emulated(law)
    strain = path(70, 1, 0.004)[0]
    expected = law.integrate(strain, law.initial_state(70))
    there, state = other.gpu.bring(strain), other.initial_state(70)
    update = other.integrate(there, state)
    assert state.stride() == update.state.stride() == (1, 70)
    assert all(other.gpu.holds(each) for each in (update.stress, update.state, update.status))
    assert_alike(update.tangent, expected.tangent, "tangent")
    # A state in another order is taken too.
    again = other.integrate(there, update.state.contiguous())
    assert_alike(again.stress, law.integrate(strain, expected.state).stress, "stress")


@needs_compiler
def test_states_without_jumps_and_in_single_precision(phase_laws):
    options = {"warm_start": False, "single": True}
    law = NetworkLaw(NETWORKS["pruned"], phase_laws, NEWTON, backend="cpu", **options)
    other = emulated(law, warm_start=False)
    states = law.initial_state(40), other.initial_state(40)
    assert states[1].dtype == torch.float32
    for strain in path(40, 2, 0.004):
        expected = law.integrate(strain, states[0])
        update = other.integrate(strain, states[1])
        assert_alike(update.stress, expected.stress, "stress")
        states = expected.state, update.state


@needs_compiler
def test_an_ensemble_keeps_its_states_side_by_side(phase_laws):
    networks = NETWORKS["complete"], NETWORKS["uneven"]
    law = EnsembleLaw(Ensemble(networks), phase_laws, tolerance=NEWTON, backend="cpu")
    other = EnsembleLaw(Ensemble(networks), phase_laws, tolerance=NEWTON, backend="torch")
    other.members = [emulated(member) for member in other.members]
    states = law.initial_state(40), other.initial_state(40)
    for strain in path(40, 2, 0.004):
        expected = law.integrate(strain, states[0])
        update = other.integrate(strain, states[1])
        assert update.state.stride() == (1, 40)
        for what in ("stress", "tangent", "state", "spread"):
            assert_alike(getattr(update, what), getattr(expected, what), what)
        states = expected.state, update.state


@needs_compiler
@pytest.mark.parametrize(("n", "memory"), [(500, {"free": 360_000}), (100, {"largest": 150_000})])
def test_points_are_solved_in_parts_where_memory_is_short(phase_laws, n, memory):
    law = NetworkLaw(random_network(3), phase_laws, NEWTON, backend="cpu")
    other = emulated(law, **memory)
    strain = path(n, 1, 0.004)[0]
    expected = law.integrate(strain, law.initial_state(n))
    update = other.integrate(strain, other.initial_state(n))
    assert other.gpu.launched.count("dmn_newton") == 4
    assert_alike(update.stress, expected.stress, "stress")
    assert_alike(update.tangent, expected.tangent, "tangent")
    assert_alike(update.state, expected.state, "state")


@needs_compiler
def test_no_memory_at_all_is_said_in_a_sentence(phase_laws):
    other = emulated(NetworkLaw(random_network(3), phase_laws), largest=100_000)
    with pytest.raises(InputError, match="at 500 points: out of memory of the GPU, of which"):
        other.integrate(path(500, 1, 0.004)[0], torch.zeros(500, other.state_size).double())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_said_in_a_sentence(phase_laws):
    with pytest.raises(InputError, match=r"backend = 'cuda'.*\n?.*or take backend = 'cpu'\."):
        NetworkLaw(random_network(3), phase_laws, backend="cuda")


def test_what_is_missing_to_compile_is_said_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.core", None)
    with pytest.raises(InputError, match=r"cuda-core is not installed; pip install 'cuda-core>="):
        cuda_core()


def test_tensors_on_the_wrong_device_are_refused(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws)
    state, strain = law.initial_state(2), torch.zeros(2, 6, dtype=torch.float64)
    with pytest.raises(InputError, match=r"state lies on meta, .* start from initial_state\(n\)"):
        law.integrate(strain, state.to("meta"))
    with pytest.raises(InputError, match="strain lies on meta, the state on cpu"):
        law.integrate(strain.to("meta"), state)
    phase_laws["matrix"] = laws.ThermalExpansion(phase_laws["matrix"], 1e-5)
    law = NetworkLaw(law.network, phase_laws)
    with pytest.raises(InputError, match="temperature lies on meta, the state on cpu"):
        law.integrate(strain, law.initial_state(2), 0.0, torch.zeros(2, device="meta"))


@pytest.mark.parametrize(("law", "tree"), GPU_CASES)  # one test is skipped where there are none
def test_a_gpu_agrees_with_torch(law, tree):
    others = {"gpu": reference_law(law, tree, "cuda")}
    assert_engines_agree(reference_law(law, tree), others, 150, 3, COMPILED[law][1])


@needs_gpu
def test_a_gpu_agrees_with_the_processor_at_many_points(phase_laws):
    core = NetworkLaw(random_network(5), phase_laws, NEWTON, backend="cpu")
    law = NetworkLaw(core.network, phase_laws, NEWTON, backend="cuda")
    strain, n = path(200_000, 1, 0.004)[0], 200_000
    expected = core.integrate(strain, core.initial_state(n))
    for place in ("cpu", law.engine.device):
        update = law.integrate(strain.to(place), law.initial_state(n))
        assert update.stress.device == torch.device(place)
        assert torch.equal(update.status.cpu(), expected.status)
        assert_alike(update.stress, expected.stress, "stress")
        assert_alike(update.tangent, expected.tangent, "tangent")


@needs_compiler
def test_laws_of_ones_own_run_on_a_gpu():
    phases = {"matrix": OWN, "inclusion": laws.Elastic.isotropic(70000.0, 0.2)}
    core = NetworkLaw(random_network(3), phases, NEWTON, backend="cpu")
    assert_engines_agree(core, {"gpu": emulated(core)}, 40, 2, 0.0)
    if torch.cuda.is_available():
        law = NetworkLaw(core.network, phases, NEWTON, backend="cuda")
        assert_engines_agree(core, {"gpu": law}, 40, 2, 0.0)
