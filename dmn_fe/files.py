"""Files that appear whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dmn_fe.errors import InputError, file_sentence

__all__ = ["check_folder", "lock", "written_whole"]


def check_folder(path: str | Path, ending: str = "") -> None:
    """Raise ``InputError`` unless ``path`` can become a file; long work checks this first.

    With ``ending``, also if the name does not end so: it could be that of another file.
    """
    path = Path(path)
    if not path.name.endswith(ending):
        raise InputError(f"{path} does not end in {ending}; give a name that does.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; make it first.")
    try:
        # Permissions say little to root, on read-only systems or on full disks.
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(b"x")
    except OSError as error:
        raise InputError(
            f"{path}: the folder {path.parent} cannot be written to ({error.strerror}); give "
            "another."
        ) from error


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it into place if the block succeeds.

    Raises
    ------
    InputError
        If ``path`` cannot be a file (see :func:`check_folder`), or the disk is full.
    """
    check_folder(path)
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        _to_disk(partial)  # or a power failure may leave an empty file of the right name
        partial.replace(path)
        _to_disk(path.parent)
    except OSError as error:
        # The error of a full disk, after the opening, does not know the name.
        if error.filename is not None and str(error.filename) != str(partial):
            raise  # of another file that the block works with
        raise InputError(file_sentence(path, error)) from error
    finally:
        partial.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until what was written to a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot; on a full disk it is the first to know.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def lock(file: BinaryIO, path: Path) -> None:
    """Lock an open file against other processes until it is closed; ``path`` is for messages.

    Raises
    ------
    InputError
        If another process has locked it.
    """
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            f"{path}: another process is writing it; wait for it or stop it."
        ) from error
    except OSError:  # a file system without locks
        return
