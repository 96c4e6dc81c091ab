"""Skip the fem room where DOLFINx is missing; run scripts on several ranks."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.processes import clean_environment, mpirun_options

if importlib.util.find_spec("dolfinx") is None:
    collect_ignore_glob = ["test_*.py"]

_HERE = Path(__file__).parent
_SECONDS = 240  # of ranks that share their cores with others


@pytest.fixture
def start_ranks(tmp_path):
    """``start_ranks(n, case, script)``: the process of a case of a script, after its end."""
    if shutil.which("mpirun") is None:
        pytest.skip("mpirun is not installed")

    def run(n: int, case: str, script: str, seconds: float = _SECONDS, **options):
        command = ["mpirun", *mpirun_options(), "-n", str(n), sys.executable]
        command += [str(_HERE / script), case, str(tmp_path)]
        options = options or {"capture_output": True, "text": True}
        return subprocess.run(command, env=clean_environment(), timeout=seconds, **options)

    return run


@pytest.fixture
def on_ranks(start_ranks, tmp_path):
    """``on_ranks(n, case)``: results of a case of a script, one per rank."""

    def run(n: int, case: str, script: str = "mpi_cases.py") -> list:
        start_ranks(n, case, script, check=True)
        return [json.loads((tmp_path / f"{case}.{n}.{r}.json").read_text()) for r in range(n)]

    return run
