"""Where a simulation tells its progress."""

import os
import sys

from rich.console import Console

__all__ = ["run_console", "terminal_of_ranks"]

_TERMINAL = "DMN_FE_TERMINAL"
# Variables that one mpirun or another sets for its ranks.
_OF_RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK")


def terminal_of_ranks() -> dict[str, str]:
    """Variables that tell ranks whether the standard output of this process is a terminal."""
    return {_TERMINAL: "1" if sys.stdout.isatty() else "0"}


def run_console() -> Console:
    """Standard output; a terminal only where a person looks at it.

    Open MPI gives its ranks a terminal of their own, wherever its output goes. Whoever started
    mpirun for them knows; without being told, ranks write for a log.
    """
    is_rank = any(name in os.environ for name in _OF_RANKS)
    told = os.environ.get(_TERMINAL, "0") == "1"
    return Console(force_terminal=sys.stdout.isatty() and (told or not is_rank))
