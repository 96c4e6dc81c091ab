"""``dmn-fe doctor``: its report, its JSON object and its exit status."""

import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys

import pytest
import torch
from helpers.hidden import fake_module, hide_modules
from helpers.processes import clean_environment

from dmn_fe import __version__
from dmn_fe.evaluate.core.compiler import find_compiler

ROOMS = ["laws", "microstructure", "homogenization", "network", "training", "evaluate: torch"]
OTHERS = ["evaluate: core", "evaluate: GPU", "fem", "mpi"]
OPTIONAL = ("mpi4py", "petsc4py", "dolfinx", "dolfinx_mpc", "gmsh", "pyvista")


def is_there(*modules):
    return all(importlib.util.find_spec(module) is not None for module in modules)


def parsed(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def doctor(tmp_path):
    """``doctor("--quick", …)`` in a process where ``tmp_path`` can hide modules."""

    def run(*arguments, module="dmn_fe", **variables):
        command = [sys.executable, "-m", module, *arguments]
        environment = clean_environment()
        environment["PYTHONPATH"] = f"{tmp_path}:{environment['PYTHONPATH']}"
        return subprocess.run(
            command,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=200,
        )

    return run


@pytest.fixture(scope="module")
def whole():
    """A whole run of this environment, with its JSON object."""
    command = [sys.executable, "-m", "dmn_fe", "doctor", "--json"]
    environment = clean_environment()
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)


def test_all_that_is_there_works(whole):
    document = parsed(whole.stdout)
    assert document["failed"] == []
    assert (whole.returncode, document["status"], whole.stderr) == (0, "ok", "")
    assert document["dmn_fe"] == __version__
    assert list(document["self_tests"]) == ROOMS + OTHERS


def test_the_json_object_has_what_is_found(whole):
    found = parsed(whole.stdout)["found"]
    assert found["Python"]["values"]["executable"] == sys.executable
    assert found["torch"]["values"]["version"] == torch.__version__
    assert found["cores"]["values"]["available"] >= 1
    assert (found["C++ compiler"]["status"] == "missing") == (find_compiler() is None)
    assert (found["mpirun"]["status"] == "missing") == (shutil.which("mpirun") is None)
    for name, module in (("DOLFINx", "dolfinx"), ("gmsh", "gmsh"), ("mpi4py", "mpi4py")):
        assert (found[name]["status"] == "missing") != is_there(module)
    if is_there("dolfinx"):
        version = importlib.metadata.version("fenics-dolfinx")
        assert found["DOLFINx"]["values"]["version"] == version
    entries = {"status", "text", "advice", "install", "values", "details", "seconds"}
    assert all(set(each) == entries for each in found.values())


def test_the_rooms_are_tried(whole):
    tests = parsed(whole.stdout)["self_tests"]
    there = {
        "evaluate: core": find_compiler() is not None,
        "evaluate: GPU": torch.cuda.is_available() and is_there("cuda"),
        "fem": is_there("dolfinx"),
        "mpi": is_there("mpi4py") and shutil.which("mpirun") is not None,
    }
    for name, each in tests.items():
        wanted = ("ok", "warning") if there.get(name, True) else ("skipped",)
        assert each["status"] in wanted, each
        assert (each["seconds"] is None) == (each["status"] == "skipped")


def test_what_is_missing_is_no_fault(doctor, tmp_path):
    hide_modules(tmp_path, *OPTIONAL)
    done = doctor("doctor", "--quick", COLUMNS="200")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[-1] == "all that is there works"
    at = next(k for k, line in enumerate(lines) if line.split()[:2] == ["DOLFINx", "missing"])
    assert "dmn-fe run" in lines[at + 1]
    assert lines[at + 2].lstrip().startswith(("> conda ", "> apt-get install python3-dolfinx-real"))
    assert "self-tests" not in done.stdout


def test_a_fault_is_named_at_the_end(doctor, tmp_path):
    hide_modules(tmp_path, "torch", *OPTIONAL[:4])
    fake_module(tmp_path, "gmsh", "raise ImportError('libGLU.so.1: cannot open')")
    fake_module(tmp_path, "pyvista", "__version__ = '0.44'")
    done = doctor("doctor")
    assert done.returncode == 1
    assert "failed   ImportError: libGLU.so.1: cannot open\n" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == (
        "failed: torch, gmsh; all messages: dmn-fe doctor --json"
    )
    skipped = [line.split()[0] for line in done.stdout.splitlines() if " skipped " in line]
    assert {"CUDA", "laws", "fem", "mpi"} <= set(skipped)


def test_json_of_a_fault_has_the_messages(doctor, tmp_path):
    hide_modules(tmp_path, "torch", *OPTIONAL[:4])
    fake_module(tmp_path, "gmsh", "raise ImportError('libGLU.so.1: cannot open')")
    fake_module(tmp_path, "pyvista", "__version__ = '0.44'")
    done = doctor("doctor", "--json", "--quick")
    document = parsed(done.stdout)
    assert (done.returncode, document["status"]) == (1, "failed")
    assert document["failed"] == ["torch", "gmsh"]
    assert "Traceback" in document["found"]["gmsh"]["details"]
    assert document["self_tests"] == {}


def test_without_the_libraries_of_the_command(doctor, tmp_path):
    hide_modules(tmp_path, "typer", "rich", "pydantic", "torch", *OPTIONAL)
    done = doctor(module="dmn_fe.doctor", COLUMNS="200")
    assert done.returncode == 1
    assert "missing or too old: pydantic, typer, rich." in done.stdout
    assert done.stdout.splitlines()[-1].startswith("failed: dmn_fe, torch")


def test_it_is_one_process(dmn_fe, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    done = dmn_fe("doctor")
    assert done.returncode == 2
    assert "leave mpirun away" in done.stderr
