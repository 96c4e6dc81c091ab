"""Skip the fem room where DOLFINx is missing; run scripts on several ranks."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("dolfinx") is None:
    collect_ignore_glob = ["test_*.py"]

_HERE = Path(__file__).parent
_SECONDS = 120


@pytest.fixture
def on_ranks(tmp_path):
    """``on_ranks(n, case)``: results of a case of ``mpi_cases.py``, one per rank."""
    if shutil.which("mpirun") is None:
        pytest.skip("mpirun is not installed")

    def run(n: int, case: str) -> list:
        command = ["mpirun", *_mpirun_options(), "-n", str(n), sys.executable]
        command += [str(_HERE / "mpi_cases.py"), case, str(tmp_path)]
        subprocess.run(command, env=_environment(), check=True, timeout=_SECONDS)
        return [json.loads((tmp_path / f"{case}.{n}.{r}.json").read_text()) for r in range(n)]

    return run


def _mpirun_options() -> list[str]:
    version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True).stdout
    return ["--oversubscribe"] if "Open MPI" in version else []


def _environment() -> dict[str, str]:
    # pytest itself is an MPI process, once it has imported DOLFINx: its children must not see that.
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMI", "PRTE"))}
    paths = [str(_HERE.parent), str(_HERE.parent.parent), os.environ.get("PYTHONPATH", "")]
    return clean | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_btl": "self,sm",  # all ranks are on this machine, which may have no network
    }
