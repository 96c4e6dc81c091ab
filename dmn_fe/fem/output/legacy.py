"""Fields and a table as the command line still writes them; ``Fields``, ``Table`` replace them."""

import contextlib
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from dolfinx import fem, io
from dolfinx.common import has_adios2
from mpi4py import MPI

from dmn_fe import mandel
from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError, file_sentence
from dmn_fe.fem.quadrature import QuadratureMap

__all__ = ["CsvLog", "FieldOutput", "von_mises_field"]


class FieldOutput:
    """Displacement, and stress averaged over cells, for ParaView; use it in a ``with`` block.

    Writes ``displacement.bp`` (of the full degree) and ``stress.bp`` (VTX) where DOLFINx has
    ADIOS2, else ``fields.xdmf``, with the displacement at the vertices.

    Parameters
    ----------
    folder : str or Path
        Made if missing; files of the same names are replaced.
    u : dolfinx.fem.Function
        Displacement.
    qmap : QuadratureMap
        Gives the stress.
    vtx : bool
        Whether to write VTX.

    Attributes
    ----------
    files : list of Path
        What is written.
    von_mises : dolfinx.fem.Function
        Von Mises stress of the average stress of each cell, as of the last :meth:`write`.
    """

    def __init__(
        self, folder: str | Path, u: fem.Function, qmap: QuadratureMap, vtx: bool = has_adios2
    ):
        self._u, self._qmap = u, qmap
        domain, folder = u.function_space.mesh, Path(folder)
        with RaiseTogether(domain.comm):
            folder.mkdir(parents=True, exist_ok=True)
        self.von_mises = von_mises_field(qmap)
        stress_space = fem.functionspace(domain, ("DG", 0, (3, 3)))
        self._stress = fem.Function(stress_space, name="stress")
        self._cell_fields = [self.von_mises, self._stress]
        self._xdmf: io.XDMFFile | None = None
        self._vtx: list[io.VTXWriter] = []
        names = ("displacement.bp", "stress.bp") if vtx else ("fields.xdmf", "fields.h5")
        self.files = [folder / name for name in names]
        if vtx:
            for path, fields in zip(self.files, ([u], self._cell_fields), strict=True):
                self._vtx.append(io.VTXWriter(domain.comm, path, fields, engine="BP4"))
        else:
            # XDMF holds one value for each vertex of the mesh.
            vertices = fem.functionspace(domain, ("Lagrange", 1, (domain.geometry.dim,)))
            self._vertex_u = fem.Function(vertices, name="displacement")
            self._xdmf = io.XDMFFile(domain.comm, self.files[0], "w")
            self._xdmf.write_mesh(domain)

    def write(self, t: float) -> None:
        """Add the present fields under time ``t`` (collective)."""
        self._average_stress()
        for writer in self._vtx:
            writer.write(t)
        if self._xdmf is not None:
            self._vertex_u.interpolate(self._u)
            for field in (self._vertex_u, *self._cell_fields):
                self._xdmf.write_function(field, t)

    def _average_stress(self) -> None:
        average = torch.from_numpy(self._qmap.cell_average())
        _set_owned(self.von_mises, mandel.von_mises(average))
        _set_owned(self._stress, mandel.to_tensor(average))

    def close(self) -> None:
        """Finish the files (collective)."""
        for writer in self._vtx:
            writer.close()
        if self._xdmf is not None:
            self._xdmf.close()
        self._vtx, self._xdmf = [], None

    def __enter__(self) -> "FieldOutput":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def von_mises_field(qmap: QuadratureMap) -> fem.Function:
    """Von Mises stress of the average stress of each cell, as a DG-0 function (collective)."""
    space = fem.functionspace(qmap.u.function_space.mesh, ("DG", 0))
    field = fem.Function(space, name="von_mises")
    _set_owned(field, mandel.von_mises(torch.from_numpy(qmap.cell_average())))
    return field


def _set_owned(field: fem.Function, values: torch.Tensor) -> None:
    """Set a DG-0 function from values of the owned cells, and its ghost values from them."""
    field.x.array[: values.numel()] = values.reshape(-1).numpy()
    field.x.scatter_forward()


class CsvLog:
    """A table that rank 0 writes row by row, readable at any time; use it in a ``with`` block.

    Parameters
    ----------
    path : str or Path
        The file; replaced if it exists.
    columns : sequence of str
        Names in the first row.
    comm : MPI.Comm
        Ranks that share the log.
    """

    def __init__(self, path: str | Path, columns: Sequence[str], comm: MPI.Comm = MPI.COMM_WORLD):
        self._file, self._path, self._comm = None, path, comm
        with RaiseTogether(comm):
            if comm.rank == 0:
                self._file = open(path, "w", newline="", encoding="utf-8")  # noqa: SIM115
        self.write(*columns)

    def write(self, *values: float | str) -> None:
        """Add a row; numbers keep all their digits (collective).

        Raises
        ------
        InputError
            On all ranks, if the disk is full.
        """
        with RaiseTogether(self._comm):
            if self._file is not None:
                row = [float(v) if isinstance(v, np.floating) else v for v in values]
                try:
                    csv.writer(self._file, lineterminator="\n").writerow(row)
                    self._file.flush()
                except OSError as error:
                    raise InputError(file_sentence(self._path, error)) from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # of a row that could not be written, and was told
                self._file.close()

    def __enter__(self) -> "CsvLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
