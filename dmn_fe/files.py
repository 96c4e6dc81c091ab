"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dmn_fe.errors import InputError

__all__ = ["check_folder", "written_whole"]


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
        If ``path`` cannot be a file: see :func:`check_folder`.
    """
    check_folder(path)
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        _to_disk(partial)  # or a power failure may leave an empty file of the right name
        partial.replace(path)
        _to_disk(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until what was written to a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
