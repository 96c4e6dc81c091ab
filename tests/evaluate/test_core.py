"""The compiled core: robustness, histories of all kinds, threads and unusual batches."""

import copy
import ctypes
import os
import pickle
import signal
import subprocess
import sys
import time

import pytest
import torch
from helpers.laws import LAWS, random_strain
from helpers.networks import random_network
from helpers.processes import ROOT, clean_environment

from dmn_fe import InputError, laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.evaluate.core import cpu
from dmn_fe.evaluate.core.compiler import find_compiler, the_compiler
from dmn_fe.evaluate.core.library import load_source
from dmn_fe.evaluate.core.threads import thread_count
from dmn_fe.evaluate.leaves import Leaves
from dmn_fe.evaluate.sweep import Sweep
from dmn_fe.evaluate.virgin import VirginNetwork
from dmn_fe.laws import Status
from dmn_fe.laws.kernel import kernel_of

COMPILED = [name for name, (law, _) in LAWS.items() if kernel_of(law) is not None]
INCLUSION = laws.Elastic.isotropic(70000.0, 0.2)
if find_compiler() is None:
    pytest.skip("there is no C++ compiler", allow_module_level=True)


def imbalance(law: NetworkLaw, update, state: torch.Tensor, dt: float) -> torch.Tensor:
    """Relative traction jump of updated points, by the laws in torch, ``[n]``."""
    leaves = Leaves(law.network, law.laws)
    strain = law.leaf_strain(update.state).permute(2, 1, 0).contiguous()
    stress = leaves.integrate(strain, law.engine.layout.history(state), dt).stress
    return Sweep(law.network).residual(stress)


@pytest.mark.parametrize("name", COMPILED)
def test_three_percent_in_one_step_converges_or_says_so(name):
    """And what has converged is in equilibrium by the laws in torch."""
    own, dt = LAWS[name]
    n = 1000 if "Crystal" in name else 10000
    law = NetworkLaw(random_network(5, 1), {"matrix": own, "inclusion": INCLUSION}, backend="cpu")
    direction = random_strain(n, 1.0, 0)
    strain = 0.03 * direction / direction.norm(dim=-1, keepdim=True)
    state = law.initial_state(n)
    update = law.integrate(strain, state, dt)
    converged = update.status == Status.CONVERGED
    assert converged.double().mean() >= 0.999
    if name != "Void":  # a matrix of void has no stress to compare with
        assert imbalance(law, update, state, dt)[converged].max() <= 2e-8
    assert torch.isfinite(update.tangent[converged]).all()


def test_a_step_is_taken_in_parts_where_it_does_not_converge_at_once(phase_laws):
    """The solution is that of the whole step: history counts from its begin."""
    strain = 0.02 * random_strain(40, 1.0, 2)
    whole = NetworkLaw(random_network(4), phase_laws, 1e-11, backend="cpu")
    short = NetworkLaw(random_network(4), phase_laws, 1e-11, max_iterations=4, backend="cpu")
    state = whole.initial_state(40)
    for size in (0.3, 1.0):
        expected, found = (law.integrate(size * strain, state) for law in (whole, short))
        assert not found.status.any()
        torch.testing.assert_close(found.stress, expected.stress, rtol=1e-8, atol=1e-7)
        torch.testing.assert_close(found.state, expected.state, rtol=1e-8, atol=1e-10)
        state = expected.state
    assert (found.iterations > expected.iterations).any()


@pytest.mark.parametrize("backend", ["cpu", "torch"])
def test_histories_without_warm_start_and_in_single_precision(phase_laws, backend):
    network = random_network(4)
    full = NetworkLaw(network, phase_laws, 1e-10, backend=backend)
    cold = NetworkLaw(network, phase_laws, 1e-10, backend=backend, warm_start=False)
    single = NetworkLaw(network, phase_laws, 1e-10, backend=backend, single=True)
    assert full.state_size - cold.state_size == 6 + 3 * 15
    assert single.initial_state(3).dtype == torch.float32
    states = [law.initial_state(25) for law in (full, cold, single)]
    strain = torch.zeros(25, 6, dtype=torch.float64)
    for seed in range(4):
        strain = strain + random_strain(25, 0.004, seed)
        updates = [
            law.integrate(strain, state)
            for law, state in zip((full, cold, single), states, strict=True)
        ]
        states = [update.state for update in updates]
        scale = updates[0].stress.abs().max()
        assert (updates[1].stress - updates[0].stress).abs().max() <= 1e-8 * scale
        assert (updates[2].stress - updates[0].stress).abs().max() <= 1e-5 * scale
        assert updates[2].state.dtype == torch.float32
    with pytest.raises(InputError, match="without warm_start"):
        cold.leaf_strain(states[1])
    with pytest.raises(InputError, match=r"float64; give a tensor of torch\.float32"):
        single.integrate(strain, states[0])


def test_history_of_a_network_of_depth_five_is_below_two_kilobytes(phase_laws):
    law = NetworkLaw(random_network(5), phase_laws, warm_start=False)
    assert 8 * law.state_size == 16 * 7 * 8  # 896 bytes: plastic strains of 16 matrix leaves
    assert 8 * NetworkLaw(random_network(5), phase_laws).state_size <= 2048


def test_threads_and_chunks_change_nothing(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws, backend="cpu")
    strain, state = random_strain(4001, 0.004, 0), law.initial_state(4001)
    law.engine.threads = 1
    one = law.integrate(strain, state)
    law.engine.threads = 3
    three = law.integrate(strain, state)
    for name in ("stress", "state", "tangent", "status"):
        assert torch.equal(getattr(one, name), getattr(three, name))


def test_a_point_does_not_depend_on_its_neighbours(phase_laws):
    law = NetworkLaw(random_network(4), phase_laws, 1e-12, backend="cpu")
    strain = random_strain(21, 0.006, 3)
    strain[::3] *= 0.01
    first = law.integrate(strain, law.initial_state(21))
    batch = law.integrate(1.4 * strain, first.state)
    for i in range(21):
        single = law.integrate(1.4 * strain[i : i + 1], first.state[i : i + 1])
        torch.testing.assert_close(single.stress[0], batch.stress[i], rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(single.tangent[0], batch.tangent[i], rtol=1e-9, atol=1e-6)


def test_arrays_that_are_not_contiguous_are_taken(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws, backend="cpu")
    strain, state = random_strain(10, 0.004, 0), law.initial_state(10)
    plain = law.integrate(strain, state)
    other = law.integrate(strain.T.contiguous().T, state.T.contiguous().T)
    every = law.integrate(strain.repeat_interleave(2, 0)[::2], state)
    assert torch.equal(plain.stress, other.stress)
    assert torch.equal(plain.state, every.state)


def test_what_is_not_a_number_stays_in_its_point(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws, backend="cpu")
    strain, state = random_strain(12, 0.004, 0), law.initial_state(12)
    good = law.integrate(strain, state)
    strain[2, 1], strain[5, 3] = torch.nan, torch.inf
    state[7, -2] = torch.nan  # a plastic strain
    state[8, -1] = torch.nan  # an equivalent plastic strain
    update = law.integrate(strain, state)
    bad = torch.zeros(12, dtype=torch.bool)
    bad[[2, 5, 7, 8]] = True
    assert (update.status[bad] != 0).all()
    assert not update.status[~bad].any()
    # The laws' iterations go on until all lanes are done: alike but for round-off.
    torch.testing.assert_close(update.stress[~bad], good.stress[~bad], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", COMPILED)
def test_no_entry_of_a_state_is_lost_that_is_not_a_number(name):
    own, step = LAWS[name]
    phases = {"matrix": own, "inclusion": INCLUSION}
    law = NetworkLaw(random_network(2), phases, backend="cpu")
    n = law.state_size
    state = law.integrate(random_strain(n, 0.004, 0), law.initial_state(n), step).state
    state.fill_diagonal_(torch.nan)  # another entry of every point
    for dt in (step, 0.0):
        assert law.integrate(random_strain(n, 0.006, 1), state, dt).status.all()


def test_one_thread_under_mpi_all_cores_alone(monkeypatch):
    for name in ("OMP_NUM_THREADS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "mpi4py.MPI", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert thread_count() == 4
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "8")
    assert thread_count() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "2,1")
    assert thread_count() == 2


@pytest.mark.parametrize("milliseconds", [0.3, 1.0, 5.0, 20.0])
def test_an_interrupt_waits_for_the_threads(phase_laws, milliseconds):
    law = NetworkLaw(random_network(5), phase_laws, backend="cpu")
    law.engine.threads = 2
    n = 2 * cpu._CALL + 1
    state, new_state = law.initial_state(n), law.initial_state(n)
    strain = random_strain(1, 0.01, 0).repeat(n, 1)
    expected = law.integrate(strain[:1], state[:1]).state

    def interrupt(*_):
        raise KeyboardInterrupt

    def integrate_for_ever():
        signal.setitimer(signal.ITIMER_REAL, 1e-3 * milliseconds)
        while True:
            law.engine.integrate(strain, state, 0.0, None, new_state)

    usual = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            integrate_for_ever()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
    written = new_state.clone()
    time.sleep(0.03)
    assert torch.equal(new_state, written)
    torch.testing.assert_close(law.integrate(strain[:1], state[:1]).state, expected)


def test_memory_that_is_short_is_said_in_a_sentence():
    program = (
        "import resource, torch\n"
        "from dmn_fe import InputError, laws\n"
        "from dmn_fe.evaluate import NetworkLaw\n"
        "from helpers.networks import random_network\n"
        "own = laws.Elastic.isotropic(1.0, 0.2)\n"
        "law = NetworkLaw(random_network(5), {'matrix': own, 'inclusion': own}, backend='cpu')\n"
        "strain, state = torch.zeros(10**5, 6).double(), law.initial_state(10**5)\n"
        "status = open('/proc/self/status').read()\n"
        "used = 1024 * int(status.split('VmSize:')[1].split()[0])\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, -1))\n"
        "try:\n    law.integrate(strain, state)\n"
        "except InputError as error:\n    print(error)\n"
    )
    environment = clean_environment() | {"PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=200)
    assert "at 100000 points: out of memory; integrate fewer" in done.stdout, done.stderr


def test_copies_and_pickles_respond_alike(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws, backend="cpu")
    strain, state = random_strain(5, 0.004, 0), law.initial_state(5)
    expected = law.integrate(strain, state).stress
    for other in (copy.deepcopy(law), pickle.loads(pickle.dumps(law))):
        assert torch.equal(other.integrate(strain, state).stress, expected)


@pytest.mark.parametrize("name", COMPILED)
def test_the_virgin_network_is_that_of_torch(name):
    phases = {"matrix": LAWS[name][0], "inclusion": INCLUSION}
    law = NetworkLaw(random_network(3, turned=True), phases, backend="cpu")
    leaves = Leaves(law.network, phases)
    expected = VirginNetwork.of(leaves, Sweep(law.network, leaves.symmetric))
    arrays = law.engine.arrays.arrays
    jumps, tangent = (torch.from_numpy(arrays[f"elastic_{n}"]) for n in ("jumps", "tangent"))
    torch.testing.assert_close(tangent, expected.tangent, rtol=1e-10, atol=1e-8)
    torch.testing.assert_close(jumps, expected.jumps.permute(1, 0, 2), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 700])
def test_threads_do_not_change_the_result(phase_laws, n):
    strain = random_strain(n, 0.01, 0)
    responses = []
    for threads in (1, 2, 5):
        law = NetworkLaw(random_network(3), phase_laws, backend="cpu")
        law.engine.threads = threads
        responses.append(law.integrate(strain, law.initial_state(n)))
    for other in responses[1:]:
        assert torch.equal(other.stress, responses[0].stress)
        assert torch.equal(other.state, responses[0].state)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_part_is_done_once_and_short_memory_is_told(threads):
    text = (
        '#include "threads.hpp"\n'
        'extern "C" int dmn_try(long count, int threads, long short_of_memory, int* done) {\n'
        "    return dmn::run_parts(count, threads, [&](long number) {\n"
        "        if (number == short_of_memory) throw std::bad_alloc();\n"
        "        ++done[number];\n"
        "    });\n"
        "}\n"
    )
    library = load_source(the_compiler(), text, "a trial of threads")
    for count, failing in ((0, -1), (1, -1), (7, -1), (7, 3), (1, 0)):
        done = (ctypes.c_int * 7)()
        arguments = ctypes.c_long(count), threads, ctypes.c_long(failing), done
        assert library.dmn_try(*arguments) == int(failing >= 0)
        if failing < 0:
            assert list(done) == [1] * count + [0] * (7 - count)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_threads_survive_a_fork(phase_laws):
    law = NetworkLaw(random_network(3), phase_laws, backend="cpu")
    law.engine.threads = 2
    strain, state = random_strain(700, 0.01, 0), law.initial_state(700)
    law.integrate(strain, state)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # rather than wait for threads that are not there
        good = False
        try:
            good = not law.integrate(strain, state).status.any()
        finally:
            os._exit(not good)
    assert os.waitpid(child, 0)[1] == 0
