"""Errors that every MPI rank raises together, so that no rank waits for one that has left."""

from mpi4py import MPI

from dmn_fe.errors import InputError

__all__ = ["RaiseTogether"]


class RaiseTogether:
    """Block after which every rank of ``comm`` raises if one of them did inside (collective).

    The block itself must not communicate.

    Raises
    ------
    InputError
        With the sentence of the lowest rank that failed, if its error is an ``InputError``.
    RuntimeError
        With type, rank and sentence of the error, if it is of another type.
    """

    # Not a generator: its frame and the error would hold each other, and with them the callers'
    # PETSc objects would live longer on this rank than on others, which destroy collectively.

    def __init__(self, comm: MPI.Comm):
        self._comm = comm

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error: BaseException | None, trace) -> None:
        if error is not None and not isinstance(error, Exception):
            return  # the user stops the program
        own = None
        if isinstance(error, InputError):
            own = (True, str(error))
        elif error is not None:
            own = (False, f"{type(error).__name__} on rank {self._comm.rank}: {error}")
        first = next((e for e in self._comm.allgather(own) if e is not None), None)
        if first is not None:
            is_input, sentence = first
            raise (InputError if is_input else RuntimeError)(sentence) from error
