"""Processes that tests start."""

import os
from pathlib import Path

__all__ = ["ROOT", "clean_environment"]

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
