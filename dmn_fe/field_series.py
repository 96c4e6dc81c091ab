"""Fields over time that a simulation leaves behind, read without DOLFINx, MPI or VTK."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError

__all__ = ["NOTES", "FieldSeries", "damage", "read_series"]

#: Attribute of the file that has the notes, as JSON.
NOTES = "dmn_fe"

_GROUPS = ("PointData", "CellData")
_TENSOR = 9  # components


@dataclass(frozen=True)
class FieldSeries:
    """Fields at the points and of the cells of one geometry, over time.

    Attributes
    ----------
    times : array ``[k]``
    points : array ``[n, 3]``
        Coordinates of the points: quadrature points, or nodes.
    cells : array ``[c, m]`` or None
        Points of each cell, in VTK's order; None of a file of points.
    point_data : dict of str to array ``[k, n, ...]``
        Values at the points by name; of tensors ``[k, n, 3, 3]``.
    cell_data : dict of str to array ``[k, c, ...]``
        Values of the cells by name.
    notes : dict
        What else the file tells, such as the number of all points where it has some of them; see
        :class:`~dmn_fe.fem.output.PointCloud`.
    """

    times: NDArray[np.float64]
    points: NDArray[np.float64]
    cells: NDArray[np.int64] | None
    point_data: dict[str, NDArray[Any]]
    cell_data: dict[str, NDArray[Any]]
    notes: dict[str, Any]


def read_series(path: str | Path, names: Iterable[str] | None = None) -> FieldSeries:
    """Read a file such as ``fields.vtkhdf``, ``points.vtkhdf`` or ``strain_paths.vtkhdf``.

    It may be that of a run that is still going on.

    Parameters
    ----------
    path : str or Path
    names : iterable of str, optional
        The fields to read; all of them if left out.

    Raises
    ------
    InputError
        If the file is missing, damaged, or none of this kind, or lacks a field of a name.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "there is no such file"
        raise InputError(f"{path}: {what}; give a .vtkhdf file of a run.")
    if (why := damage(path)) is not None:
        raise InputError(
            f"{path}: is damaged, or no file of fields over time ({why}); give a .vtkhdf file of a "
            "run, or run it again."
        )
    wanted = None if names is None else list(names)
    try:
        with h5py.File(path, "r", locking=False) as file:
            if wanted is not None:
                _check_names(path, file["VTKHDF"], wanted)
            return _read(file, wanted)
    except InputError:
        raise
    except Exception as error:  # HDF5 raises many; foreign files lack groups, or have others
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: cannot be read as fields over time on one geometry ({reason}); give a "
            ".vtkhdf file of a run, or run it again."
        ) from error


def damage(path: Path) -> str | None:
    """Why HDF5 cannot read a file of steps; None if it can, or if there is no such file."""
    try:
        with open(path, "rb"):
            pass
    except OSError:
        return None  # not of what is in it
    try:
        with h5py.File(path, "r", locking=False) as file:
            steps = file["VTKHDF/Steps"]
            n = int(steps.attrs["NSteps"])
            file.visititems(_look_at)
            if n > 0 and len(steps["Values"]) < n:
                return "there are fewer times than steps"
    except Exception as error:  # HDF5 raises many
        return " ".join(str(error).split())
    return None


def _check_names(path: Path, root: h5py.Group, names: list[str]) -> None:
    known = [one for group in _GROUPS for one in root.get(group, ())]
    for name in names:
        if name not in known:
            has = ", ".join(repr(one) for one in known) or "none"
            raise InputError(f"{path}: there is no field {name!r}; the file has: {has}.")


def _read(file: h5py.File, names: list[str] | None) -> FieldSeries:
    root = file["VTKHDF"]
    steps = root["Steps"]
    k = int(steps.attrs["NSteps"])
    times = steps["Values"][:k] if "Values" in steps else np.empty(0)
    points = root["Points"][:]
    if k > 0 and steps["PointOffsets"][:k].any():
        raise ValueError("the points move")
    cells = None
    if "Types" in root:
        lengths = np.diff(root["Offsets"][:])
        if len(set(lengths.tolist())) > 1:
            raise ValueError("there are cells of several kinds")
        cells = root["Connectivity"][:].reshape(len(lengths), -1)
    sizes = (len(points), 0 if cells is None else len(cells))
    of_points, of_cells = (
        _data(root, group, k, n, names) for group, n in zip(_GROUPS, sizes, strict=True)
    )
    notes = json.loads(file.attrs.get(NOTES, "{}"))
    return FieldSeries(times, points, cells, of_points, of_cells, notes)


def _data(
    root: h5py.Group, group: str, k: int, n: int, names: list[str] | None
) -> dict[str, NDArray[Any]]:
    """Fields ``[k, n, ...]`` of the points or cells, by name."""
    found = {}
    for name, values in root.get(group, {}).items():
        if names is not None and name not in names:
            continue
        begins = root[f"Steps/{group}Offsets/{name}"][:k].tolist()
        steps = np.empty((k, n, *values.shape[1:]), values.dtype)
        for step, begin in zip(steps, begins, strict=True):
            rows = values[begin : begin + n]
            if len(rows) != n:
                raise ValueError(f"{name!r} has too few values")
            step[:] = rows
        found[name] = steps.reshape(k, n, 3, 3) if steps.shape[2:] == (_TENSOR,) else steps
    return found


def _look_at(name: str, item: h5py.Group | h5py.Dataset) -> None:
    """Read the first and last row of a data set, and where all of its parts are."""
    if not isinstance(item, h5py.Dataset) or item.size == 0:
        return
    item[:1], item[-1:]
    if item.chunks is not None:
        item.id.get_num_chunks()
