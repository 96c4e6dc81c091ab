"""A VTKHDF file of one fixed geometry and data over time, as one process writes it."""

import contextlib
import errno
import json
import logging
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError, file_sentence
from dmn_fe.fem.output._vtkhdf_damage import keep_aside
from dmn_fe.field_series import NOTES, damage

__all__ = ["StepFile"]

_log = logging.getLogger(__name__)


class StepFile:
    """A file to which steps are added; it is open only while one is written.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists.
    geometry : mapping of str to array
        Data sets of :mod:`~dmn_fe.fem.output._vtkhdf_geometry`.
    append : float, optional
        Continue an existing file of this geometry behind the last step up to this time. If it is
        damaged, it stays under another name, and a new one begins.
    notes : mapping, optional
        What else a new file is to tell, as JSON knows it.

    Raises
    ------
    InputError
        If the file cannot be written, or has another geometry.
    """

    def __init__(
        self,
        path: Path,
        geometry: Mapping[str, NDArray[Any]],
        append: float | None = None,
        notes: Mapping[str, Any] | None = None,
    ):
        self._path = path
        if append is not None and (why := damage(path)) is not None:
            append, aside = None, keep_aside(path)
            _log.warning(
                "%s: was damaged and is now %s; a new file begins here (%s).", path, aside.name, why
            )
        if append is None or self._cut(geometry, append) == 0:
            self._create(geometry, notes or {})

    def _create(self, geometry: Mapping[str, NDArray[Any]], notes: Mapping[str, Any]) -> None:
        with _opened(self._path, "w", geometry.values()) as root:
            root.file.attrs[NOTES] = json.dumps(notes)
            root.attrs["Version"] = np.array([2, 0])
            # VTK reads only ASCII of fixed length.
            root.attrs["Type"] = np.bytes_(
                "UnstructuredGrid" if "Types" in geometry else "PolyData"
            )
            for name, values in geometry.items():
                root[name] = values
            root.create_group("Steps").attrs["NSteps"] = 0

    def _cut(self, geometry: Mapping[str, NDArray[Any]], time: float) -> int:
        """Drop the steps after ``time``; the number of those that stay."""
        with _opened(self._path, "r+") as root:
            if "Steps" not in root or not all(_holds(root, *item) for item in geometry.items()):
                raise InputError(
                    f"{self._path}: the file holds other points or cells and cannot be continued; "
                    "remove it, or write to another folder."
                )
            steps = root["Steps"]
            values = steps["Values"][: steps.attrs["NSteps"]] if "Values" in steps else np.empty(0)
            n = int((values <= time).sum())
            steps.attrs.modify("NSteps", n)
            if n > 0:
                # VTK crashes at more times than steps. Fields may be longer, until the next step.
                steps["Values"].resize(n, axis=0)
        return n

    def add(self, t: float, data: Mapping[str, NDArray[Any]]) -> None:
        """Add a step.

        Parameters
        ----------
        t : float
            Time.
        data : mapping of str to array ``[points, ...]`` or ``[cells, ...]``
            Fields by ``PointData/NAME`` or ``CellData/NAME``.

        Raises
        ------
        InputError
            If the file cannot be written, or the fields differ from those of the step before.
        """
        with _opened(self._path, "r+", data.values()) as root:
            steps = root["Steps"]
            k = int(steps.attrs["NSteps"])
            self._check(root, data, first=k == 0)
            for name, values in data.items():
                group, field = name.split("/", 1)
                _put(root, name, k * len(values), values)
                _put(steps, f"{group}Offsets/{field}", k, np.array([k * len(values)]))
            # All steps show the one geometry, which is at the offset 0 of each kind of cells.
            kinds = 1 if "Types" in root else 4
            for name in ("PartOffsets", "PointOffsets"):
                _put(steps, name, k, np.zeros(1, dtype=np.int64))
            for name in ("CellOffsets", "ConnectivityIdOffsets"):
                _put(steps, name, k, np.zeros((1, kinds), dtype=np.int64))
            _put(steps, "NumberOfParts", k, np.ones(1, dtype=np.int64))
            _put(steps, "Values", k, np.array([float(t)]))
            root.file.flush()
            steps.attrs.modify("NSteps", k + 1)  # last: now the step counts

    def fields(self) -> set[str]:
        """Fields of the steps, by ``PointData/NAME`` or ``CellData/NAME``."""
        with _opened(self._path, "r+") as root:
            return _fields(root)

    def _check(self, root: h5py.Group, data: Mapping[str, NDArray[Any]], first: bool) -> None:
        known = _fields(root)
        if not first and known != set(data):
            raise InputError(
                f"{self._path}: all steps need the same fields, but this one has "
                f"{', '.join(sorted(data)) or 'none'} and those before have "
                f"{', '.join(sorted(known)) or 'none'}."
            )
        for name, values in data.items():
            size = math.prod(values.shape[1:])
            before = size if first else math.prod(root[name].shape[1:])
            if size != before:
                raise InputError(f"{self._path}: {name} has {size} numbers, but had {before}.")


def _fields(root: h5py.Group) -> set[str]:
    return {f"{of}/{name}" for of in ("PointData", "CellData") for name in root.get(of, ())}


def _put(parent: h5py.Group, name: str, start: int, rows: NDArray[Any]) -> None:
    """Write ``rows``, flattened, from row ``start`` of a data set, which then ends there."""
    if name not in parent:
        row = (math.prod(rows.shape[1:]),) if rows.ndim > 1 else ()
        chunk = min(max(len(rows), 256), 1 << 16)
        form = {"shape": (0, *row), "maxshape": (None, *row), "chunks": (chunk, *row)}
        parent.create_dataset(name, dtype=rows.dtype, **form)
    values = parent[name]
    values.resize(start + len(rows), axis=0)
    values[start:] = rows.reshape(len(rows), *values.shape[1:])


def _holds(root: h5py.Group, name: str, values: NDArray[Any]) -> bool:
    """Whether a data set is the same but for the round-off of other numbers of ranks."""
    if name not in root or root[name].shape != values.shape:
        return False
    allowed = 1e-9 * np.abs(values).max(initial=0.0) if values.dtype.kind == "f" else 0
    return np.allclose(root[name][:], values, rtol=0, atol=allowed)


@contextlib.contextmanager
def _opened(path: Path, mode: str, new: Iterable[NDArray[Any]] = ()) -> Iterator[h5py.Group]:
    """The group of the format in a file, on a disk with room for ``new`` data sets."""
    try:
        _reserve(path, mode, [values.nbytes for values in new])
        # ParaView may have the file open: with a lock, the simulation would fail.
        with h5py.File(path, mode, locking=False) as file:
            yield file.create_group("VTKHDF") if mode == "w" else file.get("VTKHDF", {})
    except (OSError, RuntimeError) as error:  # HDF5 raises either
        # Under no other name: error and frame would hold each other, and with them the callers'
        # PETSc objects would live longer on this rank than on others.
        sentence = file_sentence(path, error if isinstance(error, OSError) else OSError(str(error)))
        raise InputError(sentence) from error


def _reserve(path: Path, mode: str, sizes: list[int]) -> None:
    """Take room on the disk, of which HDF5 gives back the rest, or raise.

    Where HDF5 itself meets a full disk, it spoils the file and crashes when the process ends.
    """
    with open(path, "wb" if mode == "w" else "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        # At most one chunk more than the data, and what describes them.
        room = 2 * sum(sizes) + (1 << 15) * (32 + len(sizes))
        if sizes and hasattr(os, "posix_fallocate"):  # not on macOS
            try:
                os.posix_fallocate(file.fileno(), end, room)
            except OSError as error:
                file.truncate(end)
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise  # and not if the file system cannot do so
