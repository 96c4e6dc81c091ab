"""Errors that every MPI rank raises together, so that no rank waits for one that has left."""

from mpi4py import MPI

from dmn_fe.errors import InputError

__all__ = ["raise_together"]


def raise_together(comm: MPI.Comm, error: Exception | None) -> None:
    """Raise on every rank of ``comm`` when at least one rank brings an error (collective).

    Parameters
    ----------
    comm : MPI.Comm
        Every rank of it must call.
    error : Exception or None
        What went wrong on this rank.

    Raises
    ------
    InputError
        With the sentence of the lowest rank that has one, if its error is an ``InputError``.
    RuntimeError
        With type, sentence and rank of the error, if it is of another type.
    """
    own = None if error is None else (isinstance(error, InputError), _sentence(error, comm))
    first = next((e for e in comm.allgather(own) if e is not None), None)
    if first is None:
        return
    is_input, sentence = first
    raise (InputError if is_input else RuntimeError)(sentence) from error


def _sentence(error: Exception, comm: MPI.Comm) -> str:
    if isinstance(error, InputError):
        return str(error)
    return f"{type(error).__name__} on rank {comm.rank}: {error}"
