"""A table of comma-separated values that grows row by row and survives restarts."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mpi4py import MPI

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError, file_sentence
from dmn_fe.fem.output.folder import make_folder
from dmn_fe.files import written_whole

__all__ = ["CsvTable"]


class CsvTable:
    """A file that rank 0 writes, readable at any time; all methods are collective.

    The file is open only while a row is written: a run that is killed leaves whole rows, but
    perhaps the last.

    Parameters
    ----------
    path : str or Path
        The file; its folder is made if missing.
    columns : sequence of str
        Names in the first row, with ``"time"`` among them.
    comm : MPI.Comm
        Ranks that share the table.
    """

    def __init__(self, path: str | Path, columns: Sequence[str], comm: MPI.Comm):
        self._path, self._columns, self._comm = Path(path), list(columns), comm

    def begin(self, kept: float | None = None) -> None:
        """Start the file anew, or go on with what it has up to the time ``kept``.

        A file that is not there is started anew in any case.

        Raises
        ------
        InputError
            On all ranks, if the file cannot be written, or has other columns or damaged rows and
            cannot be continued.
        """
        make_folder(self._path.parent, self._comm)
        with RaiseTogether(self._comm):
            if self._comm.rank == 0:
                try:
                    self._start(kept)
                except OSError as error:
                    raise InputError(file_sentence(self._path, error)) from error

    def _start(self, kept: float | None) -> None:
        rows = [] if kept is None or not self._path.exists() else self._rows()
        if kept is None or not rows:
            self._write("w", self._columns)
            return
        if rows[0] != self._columns:
            raise InputError(
                f"{self._path}: has other columns than this run and cannot be continued; remove "
                "it, or write to another file."
            )
        stay = [row for row in rows[1:] if self._time(row) <= kept]
        with (
            written_whole(self._path) as partial,
            open(partial, "w", newline="", encoding="utf-8") as file,
        ):
            csv.writer(file, lineterminator="\n").writerows([self._columns, *stay])

    def _rows(self) -> list[list[str]]:
        """All whole rows of the file."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self._path}: is no table and cannot be continued; write to another file."
            ) from error
        whole, _, _ = text.rpartition("\n")  # what follows was cut off when the run was killed
        return list(csv.reader(io.StringIO(whole, newline="")))

    def _time(self, row: list[str]) -> float:
        try:
            if len(row) == len(self._columns):
                return float(row[self._columns.index("time")])
        except ValueError:
            pass
        raise InputError(
            f"{self._path}: the row {','.join(row)!r} is damaged; remove it, or write to another "
            "file."
        )

    def add(self, *values: float | str) -> None:
        """Add a row; numbers keep all their digits.

        Raises
        ------
        InputError
            On all ranks, if it cannot be written, e.g. because the disk is full.
        """
        with RaiseTogether(self._comm):
            if self._comm.rank == 0:
                try:
                    self._write("a", values)
                except OSError as error:
                    raise InputError(file_sentence(self._path, error)) from error

    def _write(self, mode: str, values: Sequence[float | str]) -> None:
        plain = [v.item() if isinstance(v, np.generic) else v for v in values]
        with open(self._path, mode, newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(plain)
