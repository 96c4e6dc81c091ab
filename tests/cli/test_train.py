"""From an RVE to a network by commands, and what they say of wrong input."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers.networks import random_network

from dmn_fe import __version__, cli, load, save
from dmn_fe.homogenization import (
    PathDataset,
    StiffnessDataset,
    generation,
    path_generation,
    sample_tangent_like,
)
from dmn_fe.training import Settings
from dmn_fe.training.run import Run


def one_sentence(process) -> str:
    """The error of a command that ended with status 2 and no traceback."""
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    lines = [line for line in process.stderr.splitlines() if line.startswith("dmn-fe: ")]
    assert len(lines) == 1
    return lines[0]


def test_from_rve_to_network(dmn_fe, tmp_path):
    made = dmn_fe("rve", "make", "fibres", "--voxels", 16, "--count", 2, "--output", "fibres.npy")
    assert made.returncode == 0, made.stderr
    assert "16 × 16 × 1 voxels" in made.stdout
    phases = "--phases=resin,glass"
    data = dmn_fe("data", "fibres.npy", "--samples", 12, phases, "--output", "data.safetensors")
    assert data.returncode == 0, data.stderr
    trained = dmn_fe(
        "train", "data.safetensors", "--depth", 2, "--iterations", 30, "--output", "fibres.dmn"
    )
    assert trained.returncode == 0, trained.stderr
    assert "validation error mean" in trained.stdout
    network = load(tmp_path / "fibres.dmn")
    assert network.phase_names == ("resin", "glass")
    assert network.metadata["data"]["samples"] == 12
    inspected = dmn_fe("inspect", "fibres.dmn")
    assert inspected.returncode == 0
    for words in ("4 leaves", "phase 'glass'", "data.rve_hash", "validation.linear_mean"):
        assert words in inspected.stdout
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["data.safetensors", "fibres.dmn", "fibres.npy"]


def test_from_a_porous_rve_to_a_network(dmn_fe, tmp_path):
    dmn_fe("rve", "make", "fibres", "--voxels", 16, "--count", 2, "--output", "holes.npy")
    phases, void = "--phases=steel,pore", "--void=pore"
    data = dmn_fe("data", "holes.npy", "--samples=8", phases, void, "--output", "a.safetensors")
    assert data.returncode == 0, data.stderr
    assert StiffnessDataset.load(tmp_path / "a.safetensors").voids == ("pore",)
    options = ("--depth", 3, "--iterations", 10, "--output", "a.dmn")
    trained = dmn_fe("train", "a.safetensors", *options)
    assert trained.returncode == 0, trained.stderr
    assert load(tmp_path / "a.dmn").leaf_phase.tolist().count(1) == 1


def test_a_data_set_on_two_ranks_is_the_same_file(dmn_fe, tmp_path):
    dmn_fe("rve", "make", "fibres", "--voxels", 16, "--count", 2, "--output", "fibres.npy")
    arguments = ("data", "fibres.npy", "--samples", 5)
    assert dmn_fe(*arguments, "--output", "one.safetensors").returncode == 0
    process = dmn_fe(*arguments, "--output", "two.safetensors", "--ranks", 2)
    assert process.returncode == 0
    one, two = (tmp_path / f"{name}.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("kind", ["one-step", "history"])
def test_nonlinear_samples_go_on_after_an_interruption(dmn_fe, tmp_path, monkeypatch, kind):
    solve, calls = path_generation.path_stresses, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return solve(*arguments)

    monkeypatch.setattr(path_generation, "path_stresses", interrupted)
    np.save(tmp_path / "rve.npy", np.arange(4).reshape(4, 1, 1) // 2)
    arguments = ("data", "rve.npy", "--kind", kind, "--samples", 3, "--steps", 2)
    arguments += ("--phases=resin,glass", "--output", "paths.safetensors")
    process = dmn_fe(*arguments)
    assert process.returncode == 130
    assert "1 samples are kept beside paths.safetensors, and the same command" in process.stderr
    process = dmn_fe(*arguments)
    assert process.returncode == 0, process.stderr
    assert f"paths.safetensors: 3 {kind} samples of rve.npy\n" in process.stdout
    assert len(calls) == 4
    made = PathDataset.load(tmp_path / "paths.safetensors")
    assert (made.kind, made.phase_names) == (kind, ("resin", "glass"))
    assert made.stress.shape == (3, 2, 6)
    assert "complete already" in dmn_fe(*arguments).stdout


def test_nonlinear_samples_on_two_ranks_are_the_same_file(dmn_fe, tmp_path):
    np.save(tmp_path / "rve.npy", np.arange(4).reshape(4, 1, 1) // 2)
    arguments = ("data", "rve.npy", "--kind", "one-step", "--samples", 5, "--tolerance", 1e-5)
    assert dmn_fe(*arguments, "--output", "one.safetensors").returncode == 0
    process = dmn_fe(*arguments, "--output", "two.safetensors", "--ranks", 2)
    assert process.returncode == 0
    one, two = (tmp_path / f"{name}.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("inspect", "none.dmn"), "none.dmn: no such file"),
        (("inspect", "foreign.dmn"), "foreign.dmn"),
        (("train", "none.safetensors", "--output", "a.dmn"), "none.safetensors"),
        (("train", "net.dmn", "--output", "a.dmn"), "net.dmn"),
        (("train", "set.safetensors", "--output", "none/a.dmn"), "folder none"),
        (("train", "set.safetensors", "--depth", 0, "--output", "a.dmn"), "depth = 0"),
        (("train", "set.safetensors", "--output", "rve.npy"), "rve.npy does not end in .dmn"),
        (("data", "rve.npy", "--output", "rve.npy"), "does not end in .safetensors"),
        (("data", "rve.npy", "--output", "/proc/a.safetensors"), "/proc"),
        (("data", "none.npy", "--output", "a.safetensors"), "none.npy"),
        (("data", "empty.npy", "--output", "a.safetensors"), "phase 1"),
        (("data", "rve.npy", "--kind", "round", "--output", "a.safetensors"), "'round'"),
        (("data", "rve.npy", "--steps", 2, "--output", "a.safetensors"), "--steps is for --kind"),
        (("data", "rve.npy", "--void", "pore", "--output", "a.safetensors"), "no phase 'pore'"),
        (("data", "rve.npy", "--void", "inclusion", "--output", "a.safetensors"), "cut the RVE"),
        (
            ("data", "rve.npy", "--void=matrix", "--kind=one-step", "--output", "a.safetensors"),
            "--void is for stiffness",
        ),
        (
            ("data", "rve.npy", "--kind", "history", "--steps", 0, "--output", "a.safetensors"),
            "steps = 0 must be a positive whole number",
        ),
        (
            ("data", "rve.npy", "--kind", "one-step", "--batch", 2, "--output", "a.safetensors"),
            "--device and --batch are for stiffness",
        ),
        (
            ("rve", "make", "spheres", "--volume-fraction", 0.9, "--output", "a.npy"),
            "volume fraction",
        ),
        (("rve", "make", "spheres", "--output", "a.txt"), "a.txt"),
    ],
)
def test_wrong_input_gets_one_sentence(dmn_fe, tmp_path, arguments, words):
    (tmp_path / "foreign.dmn").write_text("not a network")
    save(random_network(2), tmp_path / "net.dmn")
    np.save(tmp_path / "rve.npy", np.arange(8).reshape(2, 2, 2) % 2)
    np.save(tmp_path / "empty.npy", 2 * (np.arange(8).reshape(2, 2, 2) % 2))
    dataset = StiffnessDataset(*_samples(), {"phase_names": ["matrix", "inclusion"]})
    dataset.save(tmp_path / "set.safetensors")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert words in one_sentence(dmn_fe(*arguments))
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_damaged_network_file_is_named(dmn_fe, tmp_path):
    save(random_network(3), tmp_path / "net.dmn")
    content = bytearray((tmp_path / "net.dmn").read_bytes())
    content[-3] ^= 1
    (tmp_path / "net.dmn").write_bytes(content)
    assert "net.dmn: the content does not match" in one_sentence(dmn_fe("inspect", "net.dmn"))


def test_an_unknown_command_and_no_command(dmn_fe):
    assert dmn_fe("simulate").returncode == 2
    helped = dmn_fe("--help")
    assert helped.returncode == 0
    for command in ("demo", "rve", "data", "train", "inspect", "run"):
        assert command in helped.stdout


def test_help_loads_neither_torch_nor_dolfinx():
    code = (
        "import sys, dmn_fe.cli; assert not {'torch', 'dolfinx', 'mpi4py'} & set(sys.modules), "
        "sorted({'torch', 'dolfinx', 'mpi4py'} & set(sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_version(dmn_fe):
    assert dmn_fe("--version").stdout == f"dmn-fe {__version__}\n"


def test_an_interrupted_data_set_says_what_is_kept(dmn_fe, tmp_path, monkeypatch):
    solve, calls = generation.solve_load_cases, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return solve(*arguments)

    monkeypatch.setattr(generation, "solve_load_cases", interrupted)
    dmn_fe("rve", "make", "fibres", "--voxels", 16, "--count", 2, "--output", "fibres.npy")
    arguments = ("data", "fibres.npy", "--samples", 12, "--output", "data.safetensors")
    process = dmn_fe(*arguments)
    assert process.returncode == 130
    assert "3 samples are kept beside data.safetensors, and the same command" in process.stderr
    process = dmn_fe(*arguments)
    assert process.returncode == 0
    assert len(calls) == 13
    assert "complete already" not in process.stdout
    assert "complete already" in dmn_fe(*arguments).stdout


def test_an_interrupted_training_goes_on(dmn_fe, tmp_path, monkeypatch):
    advance, calls = Run.advance, []

    def interrupted(run):
        calls.append(run)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return advance(run)

    dataset = StiffnessDataset(*_samples(), {"phase_names": ["matrix", "inclusion"]})
    dataset.save(tmp_path / "set.safetensors")
    arguments = ("train", "set.safetensors", "--depth", 2, "--iterations", 50, "--networks", 2)
    assert dmn_fe(*arguments, "--output", "whole.dmn").returncode == 0
    monkeypatch.setattr(Run, "advance", interrupted)
    process = dmn_fe(*arguments, "--output", "a.dmn")
    assert process.returncode == 130
    assert "a.dmn.partial.safetensors keeps it, and the same command" in process.stderr
    assert not (tmp_path / "a.dmn").exists()
    process = dmn_fe(*arguments, "--output", "a.dmn")
    assert process.returncode == 0
    assert (tmp_path / "a.dmn").read_bytes() == (tmp_path / "whole.dmn").read_bytes()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.dmn", "set.safetensors", "whole.dmn"]
    inspected = dmn_fe("inspect", "a.dmn")
    assert "network 2 of 2" in inspected.stdout


def _samples():
    phase_stiffness = sample_tangent_like(10, seed=0)
    return phase_stiffness, random_network(2).stiffness(phase_stiffness)


def test_a_full_disk_gets_one_sentence(dmn_fe, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "spheres.npy")

    monkeypatch.setattr(cli, "app", full)
    process = dmn_fe("rve", "make", "spheres", "--output", "spheres.npy")
    assert process.returncode == 2
    assert process.stderr == (
        "dmn-fe: spheres.npy: No space left on device; check the file, its folder and the space "
        "on the disk.\n"
    )


def test_wrong_input_is_found_before_ranks_are_started(dmn_fe_process, tmp_path):
    np.save(tmp_path / "rve.npy", np.arange(8).reshape(2, 2, 2) % 2)
    process = dmn_fe_process(
        *("data", "rve.npy", "--kind", "round", "--output", "a.safetensors", "--ranks", 2)
    )
    assert process.returncode == 2
    assert process.stderr.startswith("dmn-fe: kind = 'round' is unknown")
    assert process.stderr.count("\n") == 1


def test_the_help_tells_the_defaults(dmn_fe, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    lines = dmn_fe("train", "--help").stdout.splitlines()
    usual = Settings()
    for name in (
        *("start", "start_low", "start_high", "optimiser", "elastic_iterations", "loss"),
        *("validation_fraction", "regularisation", "fraction_penalty", "path_weight"),
    ):
        (line,) = [own for own in lines if f" --{name.replace('_', '-')} " in own]
        assert f"[default: {getattr(usual, name)}]" in line
    assert "default: None" not in "".join(lines)


@pytest.mark.parametrize("option", ["--path-samples", "--path-weight", "--elastic-iterations"])
def test_options_of_nonlinear_samples_need_them(dmn_fe, option):
    process = dmn_fe("train", "data.safetensors", "--output", "a.dmn", option, 3)
    assert process.returncode == 2
    assert process.stderr == f"dmn-fe: {option} is for nonlinear samples; give --paths.\n"
