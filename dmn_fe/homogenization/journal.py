"""Results of long work, appended one by one: what was written once stays, whatever happens.

A journal is a header that says what it belongs to, and records of one size: number, values,
checksum. A record that was cut off when the machine stopped, or that is damaged, counts as not
written.
"""

import contextlib
import hashlib
import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np

from dmn_fe.errors import InputError, file_sentence
from dmn_fe.files import lock

__all__ = ["Journal", "journal_settings", "read_journal", "record_count"]

_MAGIC = b"dmn_fe journal 2\n"
_MAX_HEADER = 1 << 20
_CHECK = 8


class Journal:
    """A journal that is open for appending.

    Parameters
    ----------
    path : Path
        Made if it does not exist; an incomplete record at its end is cut off.
    settings : dict
        JSON values that say what the results belong to.
    values : int
        Numbers (float64) in a record.

    Raises
    ------
    InputError
        If the file belongs to other work, or another process is writing it.
    """

    def __init__(self, path: Path, settings: dict[str, Any], values: int):
        self._header = _header(settings)
        self._file = open(path, "ab")  # noqa: SIM115
        try:
            lock(self._file, path)
            if path.stat().st_size < len(self._header) and _belongs(path, settings):
                self._file.truncate(0)
                self._file.write(self._header)
            else:
                records = read_journal(path, settings, values)
                self._file.truncate(len(self._header) + len(records) * _record_size(values))
            self._flush()
        except BaseException as error:
            with contextlib.suppress(OSError):
                self._file.close()
            if isinstance(error, OSError) and error.filename is None:
                raise InputError(file_sentence(path, error)) from error
            raise

    def append(self, number: int, values: np.ndarray) -> None:
        """Write a record so that it is on the disk afterwards.

        Raises
        ------
        InputError
            If the disk is full.
        """
        content = struct.pack("<q", number) + np.asarray(values, dtype="<f8").tobytes()
        try:
            self._file.write(content + _checksum(self._header, content))
            self._flush()
        except OSError as error:
            raise InputError(file_sentence(self._file.name, error)) from error

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # of a record that could not be written, and was told
            self._file.close()

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def read_journal(path: Path, settings: dict[str, Any], values: int) -> dict[int, np.ndarray]:
    """The whole records ``{number: values}`` up to the first that is not.

    Raises
    ------
    InputError
        If the file is no journal, or belongs to other work.
    """
    if not _belongs(path, settings):
        others = journal_settings(path)
        for key, value in settings.items():
            if key in others and others[key] != value:
                raise InputError(
                    f"{path}: begun with {key} = {others[key]!r}, not {value!r}; finish it with "
                    "the settings it was begun with, give another path, or remove the file to "
                    "begin anew."
                )
        raise InputError(
            f"{path}: holds results of another version, or is no journal; give another path, or "
            "remove the file to begin anew."
        )
    header, content = _header(settings), path.read_bytes()
    size, records = _record_size(values), {}
    for start in range(len(header), len(content) - size + 1, size):
        record = content[start : start + size]
        if record[-_CHECK:] != _checksum(header, record[:-_CHECK]):
            break
        records[struct.unpack("<q", record[:8])[0]] = np.frombuffer(record[8:-_CHECK], "<f8")
    return records


def journal_settings(path: Path) -> dict[str, Any]:
    """What a journal belongs to; nothing if it is none."""
    with open(path, "rb") as file:
        if file.readline(len(_MAGIC)) != _MAGIC:
            return {}
        try:
            settings = json.loads(file.readline(_MAX_HEADER))
        except ValueError:
            return {}
    return settings if isinstance(settings, dict) else {}


def record_count(path: Path, values: int) -> int:
    """How many records a journal has by its size."""
    header = len(_header(journal_settings(path)))
    return max(0, path.stat().st_size - header) // _record_size(values)


def _belongs(path: Path, settings: dict[str, Any]) -> bool:
    """Whether a journal has this header, or as much of it as was written before a stop."""
    header = _header(settings)
    with open(path, "rb") as file:
        return header.startswith(file.read(len(header)))


def _header(settings: dict[str, Any]) -> bytes:
    return _MAGIC + json.dumps(settings, sort_keys=True).encode() + b"\n"


def _record_size(values: int) -> int:
    return 8 + 8 * values + _CHECK


def _checksum(header: bytes, content: bytes) -> bytes:
    return hashlib.sha256(header + content).digest()[:_CHECK]
