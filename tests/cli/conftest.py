"""The command line: within this process, and as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dmn_fe.cli import main

ROOT = Path(__file__).parents[2]


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
    # pytest itself may be an MPI process, once it has imported DOLFINx: its children must not see.
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMI", "PRTE"))}
    environment = clean | {
        "OMP_NUM_THREADS": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), clean.get("PYTHONPATH", "")])),
    }

    def start(*arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "dmn_fe", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
        )

    return start
