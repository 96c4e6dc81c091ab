"""Processes that tests start."""

import os
import subprocess
from pathlib import Path

__all__ = ["ROOT", "clean_environment", "mpirun_options", "process_of_rank"]

#: The project.
ROOT = Path(__file__).parents[2]


def clean_environment() -> dict[str, str]:
    """Environment for a child process that may start MPI, with the project and tests importable.

    pytest itself is an MPI process once it has imported DOLFINx: its children must not see that.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMPI_", "PMI", "PRTE"))}
    paths = [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    return clean | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_btl": "self,sm",  # all ranks are on this machine, which may have no network
    }


def mpirun_options() -> list[str]:
    """Options with which this mpirun starts more ranks than there are cores."""
    version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True).stdout
    return ["--oversubscribe"] if "Open MPI" in version else []


def process_of_rank(folder: Path, rank: int) -> int:
    """Number of the process of a rank that works in a folder; Linux only."""
    names = {f"{name}={rank}".encode() for name in ("OMPI_COMM_WORLD_RANK", "PMI_RANK")}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").samefile(folder)
            variables = (process / "environ").read_bytes().split(b"\0") if here else []
        except OSError:  # it has ended, or is of another user
            continue
        if names & set(variables):
            return int(process.name)
    raise AssertionError(f"there is no rank {rank} in {folder}")
