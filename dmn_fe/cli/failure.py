"""The end of all ranks after an error: one sentence, and the exit status.

mpirun may lose what was printed shortly before a rank ends with an error, and adds words of its
own. So ranks that were started by :func:`~dmn_fe.cli.launch.run_on_ranks` leave their sentence in a
file and end in order, and who started them says it.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from dmn_fe.files import written_whole

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["Failure", "fail_together", "handover", "read_failure", "started_ranks"]

_RANKS, _FILE = "DMN_FE_RANKS", "DMN_FE_FAILURE"  # variables of the environment
_SECONDS_TO_MEET = 300.0  # one rank may still draw a picture


class Failure(NamedTuple):
    """Exit status and sentence of a failure."""

    status: int
    sentence: str


def handover(ranks: int, file: Path) -> dict[str, str]:
    """Variables that tell ranks how many were started, and where to leave their failure."""
    return {_RANKS: str(ranks), _FILE: str(file)}


def started_ranks() -> int | None:
    """How many ranks were started together; None if nobody tells."""
    ranks = os.environ.get(_RANKS)
    return None if ranks is None else int(ranks)


def read_failure(file: Path) -> Failure | None:
    """What ranks have left; None if that is nothing."""
    return Failure(*json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def fail_together(error: Exception, status: int, comm: "MPI.Comm | None") -> NoReturn:
    """End this rank after an error that all ranks raise (collective); rank 0 says its sentence.

    If some rank does not come, this one has failed alone, and ends them all.
    """
    rank = 0 if comm is None else comm.rank
    is_left = _leave(Failure(status, str(error)), rank)
    if comm is not None and not _all_come(comm):
        print(f"dmn-fe: rank {rank} failed alone: {error}", file=sys.stderr, flush=True)
        comm.Abort(status)
    if is_left:
        sys.exit(0)
    if rank == 0:
        print(f"dmn-fe: {error}", file=sys.stderr, flush=True)
    sys.exit(status)


def _leave(failure: Failure, rank: int) -> bool:
    """Leave a failure to who started the ranks; says whether that is possible."""
    file = Path(os.environ.get(_FILE, ""))
    if _FILE not in os.environ or not file.parent.is_dir():
        return False
    try:
        if rank == 0:
            with written_whole(file) as partial:
                partial.write_text(json.dumps(failure), encoding="utf-8")
    except (OSError, ValueError):  # a full disk
        return False
    return True


def _all_come(comm: "MPI.Comm") -> bool:
    """Whether all ranks meet here before long."""
    request, limit = comm.Ibarrier(), time.monotonic() + _SECONDS_TO_MEET
    while not request.Test():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True
