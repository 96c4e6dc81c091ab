"""Folders for results."""

import errno
import os
import tempfile
from pathlib import Path

from mpi4py import MPI

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError, file_sentence

__all__ = ["check_room", "make_folder"]


def make_folder(folder: str | Path, comm: MPI.Comm) -> None:
    """Make a folder that is to hold files, unless it is there (collective).

    Raises
    ------
    InputError
        On all ranks, if it cannot be made or written to.
    """
    with RaiseTogether(comm):
        if comm.rank == 0:
            try:
                Path(folder).mkdir(parents=True, exist_ok=True)
                # Permissions say little to root, on read-only systems or on full disks.
                with tempfile.TemporaryFile(dir=folder) as file:
                    file.write(b"x")
            except OSError as error:
                raise InputError(file_sentence(folder, error)) from error


def check_room(folder: str | Path, size: int, comm: MPI.Comm) -> None:
    """Check that a disk has room for ``size`` more bytes of this rank (collective).

    For libraries that hang, crash or spoil files where they meet a full disk.

    Raises
    ------
    InputError
        On all ranks, if it has not.
    """
    total = comm.reduce(size)
    with RaiseTogether(comm):
        if total and hasattr(os, "posix_fallocate"):  # not on macOS
            try:
                with tempfile.TemporaryFile(dir=folder) as file:
                    os.posix_fallocate(file.fileno(), 0, total)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise InputError(file_sentence(folder, error)) from error
