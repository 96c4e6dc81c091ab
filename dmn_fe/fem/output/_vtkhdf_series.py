"""A VTKHDF file of several ranks, through one of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem.output._vtkhdf_file import StepFile

__all__ = ["Series"]


class Series:
    """Data of all ranks, gathered and sorted on rank 0, which alone has the file."""

    def __init__(self, path: str | Path, comm: MPI.Comm):
        self._path, self._comm = Path(path), comm
        self._file: StepFile | None = None
        # Both by "PointData" and "CellData".
        self._owned: dict[str, int] = {}
        self._order: dict[str, NDArray[Any]] = {}  # gathered rows in the order of the file

    def _start(
        self,
        geometry: dict[str, NDArray[Any]] | None,
        append: float | None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        """Make or continue the file on the rank that has the geometry (collective)."""
        with RaiseTogether(self._comm):
            if geometry is not None:
                self._file = StepFile(self._path, geometry, append, notes)

    def _add(self, t: float, owned: dict[str, NDArray[Any]]) -> None:
        """Add a step of owned rows by ``PointData/NAME`` and ``CellData/NAME`` (collective)."""
        group = {name: name.split("/")[0] for name in owned}
        with RaiseTogether(self._comm):
            for name, rows in owned.items():
                if len(rows) != (n := self._owned[group[name]]):
                    raise InputError(f"{self._path}: {name} has {len(rows)} rows, but needs {n}.")
        parts = self._comm.gather(owned)
        with RaiseTogether(self._comm):
            if parts is not None and self._file is not None:
                data = {name: np.concatenate([part[name] for part in parts]) for name in owned}
                self._file.add(t, {k: rows[self._order[group[k]]] for k, rows in data.items()})

    def fields(self) -> set[str]:
        """``PointData/NAME`` and ``CellData/NAME`` of the steps that are there (collective)."""
        found: set[str] = set()
        with RaiseTogether(self._comm):
            if self._file is not None:
                found = self._file.fields()
        shared: set[str] = self._comm.bcast(found)
        return shared

    def close(self) -> None:
        """Nothing, as the file is open only in a write: a killed run leaves a readable file."""
