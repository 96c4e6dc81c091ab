"""Work of several MPI ranks, or of one process without MPI."""

import os
from typing import TYPE_CHECKING, Any, Protocol

from dmn_fe.errors import InputError, file_sentence

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "RANK_DEFAULTS",
    "Alone",
    "Communicator",
    "FailedTogether",
    "RaiseTogether",
    "ranks_of_launcher",
    "shared_errors",
]

#: Variables of ranks that are started on this machine, where the user has not set them.
RANK_DEFAULTS = {
    "OMP_NUM_THREADS": "1",
    # Open MPI looks for network interfaces although all ranks are here; other MPIs ignore it.
    "OMPI_MCA_btl": "^tcp",
}
# Variables in which one mpirun or another tells how many ranks it has started.
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE", "MV2_COMM_WORLD_SIZE")


def ranks_of_launcher() -> int:
    """Ranks of the mpirun that has started this process, 1 of none; MPI need not run to tell."""
    for name in _SIZES:
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return 1


class FailedTogether(RuntimeError):
    """An error of one rank that is no wrong input; raised on all ranks alike."""


class Communicator(Protocol):
    """The part of an mpi4py communicator that work without DOLFINx needs."""

    rank: int
    size: int

    def allgather(self, sendobj: Any) -> list[Any]:
        """The objects of all ranks (collective)."""

    def bcast(self, obj: Any, root: int = 0) -> Any:
        """The object of one rank (collective)."""


class Alone:
    """A communicator of one process, where there is no MPI."""

    rank = 0
    size = 1

    def allgather(self, sendobj: Any) -> list[Any]:
        """The object, as a list."""
        return [sendobj]

    def bcast(self, obj: Any, root: int = 0) -> Any:
        """The object."""
        return obj


class RaiseTogether:
    """Block after which every rank of ``comm`` raises if one of them did inside (collective).

    The block itself must not communicate.

    Raises
    ------
    InputError
        With the sentence of the lowest rank that failed, if its error is an ``InputError`` or a
        file that could not be read or written.
    FailedTogether
        With type, rank and sentence of the error, if it is of another type. One rank alone raises
        its error as it is.
    """

    # Not a generator: its frame and the error would hold each other, and with them the callers'
    # PETSc objects would live longer on this rank than on others, which destroy collectively.

    def __init__(self, comm: "Communicator | MPI.Comm"):
        self._comm = comm

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error: BaseException | None, trace) -> None:
        if self._comm.size == 1 or (error is not None and not isinstance(error, Exception)):
            return  # it is raised as it is; or the user stops the program
        own = None
        if isinstance(error, InputError):
            own = (True, str(error))
        elif isinstance(error, OSError) and error.filename is not None:
            own = (True, file_sentence(error.filename, error))
        elif isinstance(error, FailedTogether):  # of some of the ranks
            own = (False, str(error))
        elif error is not None:
            own = (False, f"{type(error).__name__} on rank {self._comm.rank}: {error}")
        first = next((e for e in self._comm.allgather(own) if e is not None), None)
        if first is not None:
            is_input, sentence = first
            raise (InputError if is_input else FailedTogether)(sentence) from error


def shared_errors(comm: "Communicator | MPI.Comm") -> tuple[type[Exception], ...]:
    """Errors that all ranks raise if one does, after which they can still communicate."""
    return (Exception,) if comm.size == 1 else (InputError, FailedTogether)
