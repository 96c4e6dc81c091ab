"""How the core is built: once for many processes, again for what differs, or not at all."""

import ctypes
import errno
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers.networks import random_network
from helpers.processes import clean_environment

from dmn_fe import InputError, laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.evaluate.core import library, points, structures
from dmn_fe.evaluate.core.compiler import CompilationError, find_compiler
from dmn_fe.evaluate.torch_engine import TorchEngine
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.training import core_gradient, core_stiffness

if find_compiler() is None:
    pytest.skip("there is no C++ compiler", allow_module_level=True)

ELASTIC = kernel_of(laws.Elastic.isotropic(1.0, 0.2))


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    library._loaded.cache_clear()
    yield tmp_path / "dmn_fe" / "core"
    library._loaded.cache_clear()


@pytest.fixture
def other_compiler():
    find_compiler.cache_clear()
    yield
    find_compiler.cache_clear()


@pytest.fixture
def without_compiler(other_compiler, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sysconfig.get_config_var", lambda name: None)


def test_many_processes_that_start_at_once_build_it_once(tmp_path):
    program = (
        "import logging; logging.basicConfig(level=logging.INFO)\n"
        "from dmn_fe import laws\n"
        "from dmn_fe.evaluate.core.compiler import find_compiler\n"
        "from dmn_fe.evaluate.core.library import load_library\n"
        "from dmn_fe.laws.kernel import kernel_of\n"
        "law = kernel_of(laws.Elastic.isotropic(1.0, 0.2))\n"
        "print(load_library(find_compiler(), [law]).dmn_lanes())\n"
    )
    environment = clean_environment() | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", program]
    processes = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(4)
    ]
    ends = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert {out.strip() for out, _ in ends} == {str(find_compiler().lanes)}
    assert sum("built the core for dmn::Elastic" in err for _, err in ends) == 1
    left = sorted(path.suffix for path in (tmp_path / "dmn_fe" / "core").iterdir())
    assert left in ([".so"], [".lock", ".so"])  # no half-made library


def test_it_is_found_again_and_built_anew_for_other_laws(cache, caplog):
    caplog.set_level(logging.INFO)
    first = library.load_library(find_compiler(), [ELASTIC])
    library._loaded.cache_clear()
    again = library.load_library(find_compiler(), [ELASTIC])
    assert len(list(cache.glob("*.so"))) == 1
    assert first.dmn_lanes() == again.dmn_lanes()
    library.load_library(find_compiler(), [ELASTIC, ELASTIC])
    assert len(list(cache.glob("*.so"))) == 2
    assert len([r for r in caplog.records if r.message.startswith("built the core")]) == 2


def test_a_cache_that_others_have_filled_is_read_without_a_lock(cache, monkeypatch, caplog):
    library.load_library(find_compiler(), [ELASTIC])
    library._loaded.cache_clear()

    def refuse(*_, **__):
        raise PermissionError("read-only")

    monkeypatch.setattr("filelock.FileLock", refuse)
    assert library.load_library(find_compiler(), [ELASTIC]).dmn_lanes() > 0
    assert "built for this run" not in caplog.text


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    library._loaded.cache_clear()
    assert library.load_library(find_compiler(), [ELASTIC]).dmn_lanes() > 0
    assert "built for this run alone" in caplog.text
    library._loaded.cache_clear()


def test_a_lock_that_never_comes_is_no_obstacle(cache, monkeypatch, caplog):
    """As of some network file systems."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    monkeypatch.setattr(library, "_LONGEST_WAIT", 0.2)
    assert library.load_library(find_compiler(), [ELASTIC]).dmn_lanes() > 0
    assert "built for this run alone" in caplog.text


def test_a_user_without_a_home_has_a_core(monkeypatch, caplog):
    def refuse():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", refuse)
    library._loaded.cache_clear()
    assert library.load_library(find_compiler(), [ELASTIC]).dmn_lanes() > 0
    assert "built for this run alone" in caplog.text
    library._loaded.cache_clear()


def test_no_folder_at_all_is_said_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    library._loaded.cache_clear()
    with pytest.raises(
        CompilationError, match=r"cannot be built in a temporary folder, or.*set TMPDIR"
    ):
        library.load_library(find_compiler(), [ELASTIC])
    library._loaded.cache_clear()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_damaged_library_is_built_again(cache, tmp_path, monkeypatch, caplog, share):
    library.load_library(find_compiler(), [ELASTIC])
    (path,) = cache.glob("*.so")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    other = tmp_path / "other" / "dmn_fe" / "core" / path.name
    other.parent.mkdir(parents=True)
    content = path.read_bytes()
    other.write_bytes(content[: int(share * len(content))])
    library._loaded.cache_clear()
    assert library.load_library(find_compiler(), [ELASTIC]).dmn_lanes() > 0
    assert f"{other} is damaged; it is built again" in caplog.text
    assert other.stat().st_size == path.stat().st_size


@pytest.mark.parametrize(
    ("program", "word"),
    [
        ("exit 0", "the compiler made nothing"),
        ('while [ "$1" != -o ]; do shift; done; echo > "$2"', "or not loaded"),
    ],
)
def test_what_makes_no_library_is_named(cache, other_compiler, monkeypatch, program, word):
    compiler = cache.parents[1] / "compiler"
    compiler.write_text(f"#!/bin/bash\n[ $1 = --version ] && echo 1 && exit\n{program}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(CompilationError, match=f"{word}.*set .*CXX to"):
        library.load_library(find_compiler(), [ELASTIC])
    assert not list(cache.glob("*.so"))


def test_a_law_that_does_not_compile_leaves_nothing_behind(cache):
    with pytest.raises(CompilationError, match="Nonsense"):
        library.load_library(find_compiler(), [Kernel("Nonsense", ("laws/law.hpp",))])
    assert not [path for path in cache.iterdir() if path.suffix != ".lock"]


def test_structs_are_as_large_here_as_there():
    mirrored = {
        "cpu.hpp": {
            "Network": structures.NetworkStruct,
            "History": structures.History,
            "Tangents": structures.Tangents,
            "Batch": structures.Batch,
            "VirginResponse": structures.VirginResponse,
        },
        "points.hpp": {"Points": points._Points},
        "training.hpp": {
            "StiffnessSamples": core_stiffness._Samples,
            "StiffnessTask": core_stiffness._Task,
        },
        "gradient.hpp": {"GradientTask": core_gradient._Task},
    }
    arrays = {"Leaf": structures.LEAF.itemsize, "Interface": structures.INTERFACE.itemsize}
    for header, pairs in mirrored.items():
        sizes = {name: ctypes.sizeof(own) for name, own in pairs.items()}
        if header == "cpu.hpp":
            sizes |= arrays
        numbers = ", ".join(f"sizeof(dmn::{name})" for name in sizes)
        text = f'#include "{header}"\nextern "C" const long sizes[] = {{{numbers}}};\n'
        built = library.load_source(find_compiler(), text, "sizes")
        there = (ctypes.c_long * len(sizes)).in_dll(built, "sizes")
        assert dict(zip(sizes, there, strict=True)) == sizes


def test_without_a_compiler_torch_takes_over_and_says_so(without_compiler, phase_laws, caplog):
    law = NetworkLaw(random_network(2), phase_laws)
    assert isinstance(law.engine, TorchEngine)
    assert "no C++ compiler was found" in caplog.text
    assert "30 to 70 times" in caplog.text
    strain = torch.zeros(2, 6, dtype=torch.float64)
    assert not law.integrate(strain, law.initial_state(2)).status.any()
    with pytest.raises(InputError, match="no C\\+\\+ compiler"):
        NetworkLaw(random_network(2), phase_laws, backend="cpu")


def test_what_does_not_compile_is_tried_once_and_told_once(cache, monkeypatch, phase_laws, caplog):
    def refuse(self, source, library, include):
        builds.append(source)
        raise CompilationError("no library of vector functions.")

    builds = []
    monkeypatch.setattr("dmn_fe.evaluate.core.compiler.Compiler.build", refuse)
    phase_laws["matrix"] = laws.J2(3000.0, 0.35, laws.PowerHardening(30.0, 0.01, 0.2))
    for _ in range(3):
        law = NetworkLaw(random_network(2), phase_laws)
        assert isinstance(law.engine, TorchEngine)
    assert len(builds) == 1
    assert caplog.text.count("no library of vector functions") == 1


def test_a_law_without_a_compiled_form_is_named(phase_laws, caplog):
    class Own(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            return super().integrate(strain, state, dt)

    phase_laws["matrix"] = Own(3000.0, 0.35, laws.LinearHardening(30.0))
    law = NetworkLaw(random_network(2), phase_laws)
    assert isinstance(law.engine, TorchEngine)
    assert "the law of 'matrix'" in caplog.text
    with pytest.raises(InputError, match="has no compiled form"):
        NetworkLaw(random_network(2), phase_laws, backend="cpu")


def test_a_wrong_backend_is_named(phase_laws):
    with pytest.raises(InputError, match="backend = 'gpu'"):
        NetworkLaw(random_network(2), phase_laws, backend="gpu")
