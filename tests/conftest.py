"""Laws that many tests use, and the command line."""

import contextlib
import subprocess
import sys

import hypothesis
import pytest
from helpers.processes import clean_environment

with contextlib.suppress(ImportError):
    import dolfinx  # noqa: F401  (before torch, see dmn_fe.fem)

from dmn_fe import laws
from dmn_fe.cli import main

# No limit of time for an example: a busy machine is no reason to fail.
hypothesis.settings.register_profile("dmn_fe", deadline=None)
hypothesis.settings.load_profile("dmn_fe")


@pytest.fixture
def dmn_fe(tmp_path, monkeypatch, capsys):
    """``dmn_fe("train", "data.safetensors", …)`` in a temporary folder, within this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> subprocess.CompletedProcess:
        command = ["dmn-fe", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ending:
            main()
        return subprocess.CompletedProcess(command, ending.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def dmn_fe_process(tmp_path):
    """The same in a process of its own, which may start MPI."""

    def start(*arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "dmn_fe", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=240,
        )

    return start


@pytest.fixture
def phase_laws():
    """A plastic matrix and a stiff elastic inclusion (MPa)."""
    return {
        "matrix": laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0)),
        "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
    }
