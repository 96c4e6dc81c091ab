"""Results of long work, appended one by one: what was written once stays, whatever happens.

A journal is a header and records of one size: number, values, checksum. A record that was cut off
when the machine stopped, or that is damaged, counts as not written.
"""

import hashlib
import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["Journal", "read_journal", "record_count"]

_MAGIC = b"dmn_fe journal 1\n"
_DIGEST = 32
_HEADER = len(_MAGIC) + _DIGEST
_CHECK = 8


class Journal:
    """A journal that is open for appending.

    Parameters
    ----------
    path : Path
        Made if it does not exist; an incomplete record at its end is cut off.
    identity : bytes
        SHA-256 of what the results belong to.
    values : int
        Numbers (float64) in a record.

    Raises
    ------
    InputError
        If the file belongs to other work, or another process is writing it.
    """

    def __init__(self, path: Path, identity: bytes, values: int):
        self._identity = identity
        fresh = not path.exists() or path.stat().st_size < _HEADER
        records = {} if fresh else read_journal(path, identity, values)
        self._file = open(path, "ab")  # noqa: SIM115
        _lock(self._file, path)
        if fresh:
            self._file.truncate(0)
            self._file.write(_MAGIC + identity)
        else:
            self._file.truncate(_HEADER + len(records) * _record_size(values))
        self._flush()

    def append(self, number: int, values: np.ndarray) -> None:
        """Write a record so that it is on the disk afterwards."""
        content = struct.pack("<q", number) + np.asarray(values, dtype="<f8").tobytes()
        self._file.write(content + _checksum(self._identity, content))
        self._flush()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def read_journal(path: Path, identity: bytes, values: int) -> dict[int, np.ndarray]:
    """The whole records ``{number: values}`` up to the first that is not.

    Raises
    ------
    InputError
        If the file is no journal, or belongs to other work.
    """
    content = path.read_bytes()
    if not (_MAGIC + identity).startswith(content[:_HEADER]):
        raise InputError(
            f"{path}: holds results of other settings or of another version; give another path, "
            "or remove the file to begin anew."
        )
    size, records = _record_size(values), {}
    for start in range(_HEADER, len(content) - size + 1, size):
        record = content[start : start + size]
        if record[-_CHECK:] != _checksum(identity, record[:-_CHECK]):
            break
        records[struct.unpack("<q", record[:8])[0]] = np.frombuffer(record[8:-_CHECK], "<f8")
    return records


def record_count(path: Path, values: int) -> int:
    """How many records a journal has by its size."""
    return max(0, path.stat().st_size - _HEADER) // _record_size(values)


def _record_size(values: int) -> int:
    return 8 + 8 * values + _CHECK


def _checksum(identity: bytes, content: bytes) -> bytes:
    return hashlib.sha256(identity + content).digest()[:_CHECK]


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise InputError(
            f"{path}: another process is writing it; wait for it or stop it."
        ) from error
    except OSError:  # a file system without locks
        return
