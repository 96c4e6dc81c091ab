"""What is said where something is missing, broken, too old, or does not end."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from helpers.hidden import fake_module, fake_program
from helpers.processes import clean_environment

from dmn_fe.doctor import diagnosis, processes
from dmn_fe.doctor.diagnosis import look_at, look_at_mpirun, try_ranks, try_rooms
from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.processes import call_checks, run_limited

LIMIT = 60.0
CHAIN = ("mpi4py", "PETSc", "DOLFINx", "dolfinx_mpc")

needs_mpi4py = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or shutil.which("mpirun") is None,
    reason="mpi4py or mpirun is missing",
)


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """No variables of the MPI that this process may have started."""
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    for name, value in clean_environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A folder whose modules come before all others, here and in child processes."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    # Quick, and there in every environment.
    fake_module(tmp_path, "mpi4py", "__version__ = '4.1'")
    fake_module(tmp_path, "petsc4py", "__version__ = '3.24'")
    fake_module(tmp_path, "dolfinx", "__version__ = '0.9.0'")
    for name in ("mpi4py", "petsc4py", "dolfinx"):  # what pytest has imported already
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_nothing_there_is_no_fault(monkeypatch):
    monkeypatch.setattr(diagnosis, "find_spec", lambda _: None)
    found = look_at(CHAIN, LIMIT, {})
    assert [each.status for each in found.values()] == ["missing"] * 3 + ["skipped"]
    assert found["DOLFINx"].text == "not installed"
    assert "dmn-fe run" in found["DOLFINx"].advice
    assert "--ranks" in found["mpi4py"].advice
    assert all(found[name].install for name in CHAIN[:3])


def test_without_torch_nothing_works(monkeypatch):
    monkeypatch.setattr(diagnosis, "find_spec", lambda _: None)
    found = look_at(("numpy", "torch", "CUDA", "C++ compiler", "cache folder"), LIMIT, {})
    assert [each.status for each in found.values()] == ["failed"] + ["skipped"] * 4
    assert found["torch"].text == "not looked at without numpy"
    assert found["numpy"].install


@pytest.mark.parametrize(
    ("body", "text", "install"),
    [
        ("raise ImportError('libmpi.so.40 is missing')", "ImportError: libmpi.so.40 is missing", 1),
        ("__version__ = '0.8.0.post1'", "0.8.0.post1, older than 0.9", 1),
        ("import os; os.abort()", "it crashed (SIGABRT)", 1),
        ("import sys; print('MPI_Init failed. Sorry.'); sys.exit(3)", "SystemExit", 1),
        ("import os; os.write(2, b'--\\nno MPI here. Bye.'); os._exit(3)", "", 1),
        ("import time; time.sleep(99)", "it did not end within 1.5 s", 0),
    ],
)
def test_a_dolfinx_that_does_not_work_is_a_fault(modules, body, text, install):
    if "SystemExit" in text:
        text = "it ended with exit status 3: MPI_Init failed"
    elif not text:
        text = "it ended with exit status 3: no MPI here"
    fake_module(modules, "dolfinx", body)
    limit = 1.5 if "sleep" in body else LIMIT
    start = time.monotonic()
    found = look_at(("DOLFINx", "dolfinx_mpc"), limit, {})
    assert time.monotonic() - start < 20.0
    assert found["DOLFINx"].status == "failed"
    assert found["DOLFINx"].text == text
    assert bool(found["DOLFINx"].install) == install
    assert found["DOLFINx"].advice
    assert found["dolfinx_mpc"].status in ("skipped", "missing")


def test_a_crash_does_not_lose_what_was_found_before(modules, monkeypatch):
    fake_module(modules, "gmsh", "__version__ = '4.13'")
    fake_module(modules, "pyvista", "import os; os.kill(os.getpid(), 9)")
    fake_module(modules, "dolfinx_mpc", "")
    first, second, third = call_checks(["gmsh", "pyvista", "dolfinx_mpc"], LIMIT)
    assert (first.status, first.text) == ("ok", "4.13")
    assert (second.status, second.text) == ("failed", "it crashed (SIGKILL)")
    assert third.status == "skipped"
    assert "pyvista" in third.text


def test_a_crash_at_the_end_is_told(modules):
    fake_module(modules, "gmsh", "import atexit, os\n__version__ = '1'\natexit.register(os.abort)")
    (found,) = call_checks(["gmsh"], LIMIT)
    assert (found.status, found.text) == ("failed", "it works, but then it crashed (SIGABRT)")
    assert "gmsh" in found.advice


def test_libraries_may_print(modules):
    fake_module(modules, "gmsh", "__version__ = '1'\nprint('dmn-fe doctor: {', end='')")
    (found,) = call_checks(["gmsh"], LIMIT)
    assert (found.status, found.text, found.name) == ("ok", "1", "gmsh")


@pytest.mark.parametrize(("scalar", "mumps"), [("float64", 1), ("float64", 0), ("complex128", 1)])
def test_petsc_must_be_real(modules, scalar, mumps):
    pytest.importorskip("numpy")
    (modules / "petsc4py.py").unlink()
    (modules / "petsc4py").mkdir()
    (modules / "petsc4py" / "__init__.py").write_text("__version__ = '3.22.4'")
    (modules / "petsc4py" / "PETSc.py").write_text(
        f"import numpy\nScalarType = numpy.{scalar}\n"
        f"class Sys:\n    getVersion = lambda: (3, 22, 5)\n"
        f"    hasExternalPackage = lambda name: bool({mumps})\n"
    )
    found = look_at(("PETSc",), LIMIT, {})["PETSc"]
    words = "complex" if scalar == "complex128" else "real"
    assert found.text == f"3.22.5, {words}, {'with' if mumps else 'no'} MUMPS"
    assert found.values["scalars"] == words
    if scalar == "complex128":
        assert found.status == "failed"
        assert "real" in found.advice
    else:
        assert found.status == ("ok" if mumps else "warning")


def test_another_compiler_than_was_wished_for_is_a_warning(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("CXX", "/none/g++")
    found = look_at(("C++ compiler",), LIMIT, {})["C++ compiler"]
    if found.status == "missing":
        pytest.skip("there is no other compiler")
    assert found.status == "warning"
    assert "CXX = /none/g++ was not found" in found.advice


@pytest.mark.parametrize(
    ("program", "status", "text"),
    [
        (None, "missing", "not on PATH"),
        ("echo 'mpirun (any) 1.0'", "ok", "mpirun (any) 1.0, {}"),
        ("echo 'no licence. Sorry' >&2; exit 4", "failed", "exit status 4: no licence"),
        ("sleep 99", "failed", "did not end within 1 s"),
        ("trap '' TERM; sleep 99 & wait; wait", "failed", "did not end within 1 s"),
    ],
)
def test_mpirun(tmp_path, monkeypatch, program, status, text):
    monkeypatch.setattr(processes, "_SECONDS_TO_END", 0.3)
    monkeypatch.setenv("PATH", str(tmp_path) + (os.pathsep + "/usr/bin:/bin" if program else ""))
    if program is not None:
        fake_program(tmp_path, "mpirun", program)
    found = look_at_mpirun(1.0)
    assert found.status == status
    assert text.format(tmp_path / "mpirun") in found.text
    assert bool(found.install) == (status != "ok")


@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps")
@pytest.mark.parametrize("deaf", ["", "trap '' TERM; "])
def test_what_is_ended_ends_all_that_it_started(tmp_path, monkeypatch, deaf):
    monkeypatch.setattr(processes, "_SECONDS_TO_END", 0.3)
    sleep = f"sleep 97.{time.time_ns()}"  # of this test alone
    fake_program(tmp_path, "mpirun", f"{deaf}{sleep} & {sleep}")
    assert run_limited([str(tmp_path / "mpirun")], 0.3).status is None
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert sleep not in listed.stdout


def test_a_process_does_not_see_the_launcher_of_this_one(monkeypatch):
    for name in ("PMIX_RANK", "PMIX_SERVER_URI41", "OMPI_MCA_btl"):
        monkeypatch.setenv(name, "0")
    seen = run_limited(["env"], LIMIT, {"PATH": "none", "OWN": "1"}).output.splitlines()
    assert not any(line.startswith(("PMIX_", "OMPI_MCA_")) for line in seen)
    assert {"OMPI_ALLOW_RUN_AS_ROOT=1", "OWN=1", f"PATH={os.environ['PATH']}"} <= set(seen)
    monkeypatch.delenv("PMIX_RANK")  # without a launcher these are wishes of the user
    assert "OMPI_MCA_btl=0" in run_limited(["env"], LIMIT).output.splitlines()


@pytest.mark.parametrize(
    ("program", "text", "advice"),
    [
        ('shift 2; exec "$@"', "mpi4py sees 1", "another MPI"),
        ("echo prterun has detected an attempt to run as root. >&2; exit 1", "root", "ALLOW"),
        ("sleep 99", "did not end", "mpirun -n 2 hostname"),
        ("echo; exit 0", "without a result", "mpirun -n 2 hostname"),
    ],
)
@needs_mpi4py
def test_ranks_that_do_not_work(tmp_path, monkeypatch, program, text, advice):
    fake_program(tmp_path, "mpirun", program)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = try_ranks(1.0 if program == "sleep 99" else LIMIT)
    assert (found.name, found.status) == ("mpi", "failed")
    assert text in found.text
    assert advice in found.advice


@pytest.mark.skipif(
    importlib.util.find_spec("dolfinx") is None or importlib.util.find_spec("torch") is None,
    reason="DOLFINx is missing",
)
def test_dolfinx_needs_a_place_for_its_forms(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    (found,) = call_checks(["fem"], LIMIT)
    assert found.status == "failed"
    assert "set XDG_CACHE_HOME to a folder that can be written" in found.advice
    assert "Traceback" not in found.text


def test_self_tests_that_cannot_work_are_left_out():
    every = ("dmn_fe", "numpy", "torch", "C++ compiler", "CUDA", "mpi4py", "mpirun", "PETSc")
    found = {name: Finding("failed", "", name=name) for name in every}
    tried = list(try_rooms(found, LIMIT))
    assert [each.name for each in tried][0::9] == ["laws", "mpi"]
    assert {each.status for each in tried} == {"skipped"}


def test_a_room_that_fails_gets_advice(monkeypatch):
    failed = Finding("failed", "RuntimeError: no", name="fem")
    told = Finding("failed", "Permission denied", "set XDG_CACHE_HOME", name="fem")
    for finding, advice in ((failed, "report it"), (told, "set XDG_CACHE_HOME")):
        monkeypatch.setattr(diagnosis, "call_checks", lambda *_, each=finding: [each])
        found = {"CUDA": told, "C++ compiler": told, "mpirun": told}
        (first, *_) = try_rooms(found, LIMIT)
        assert advice in first.advice


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="the system has no alarm")
def test_a_check_ends_though_nobody_ends_it(modules):
    fake_module(modules, "gmsh", "while True:\n    pass")
    command = [sys.executable, "-m", "dmn_fe.doctor.child", "1", "gmsh"]
    ended = subprocess.run(command, timeout=30, capture_output=True)
    assert ended.returncode == -signal.SIGALRM
