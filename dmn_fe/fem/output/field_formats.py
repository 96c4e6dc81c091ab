"""Fields in the formats of VTKHDF, VTX (ADIOS2) and XDMF."""

import re
import shutil
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dolfinx import fem, io
from dolfinx.common import has_adios2
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError, file_sentence
from dmn_fe.fem.output.field_file import FieldFile, FieldPlan, check_same_fields
from dmn_fe.fem.output.folder import check_room
from dmn_fe.fem.output.vtkhdf import MeshSeries

__all__ = ["FORMATS", "Vtkhdf", "Vtx", "Xdmf"]


class Vtkhdf(FieldFile):
    """``fields.vtkhdf``, with the displacement in its full degree; a restart continues it."""

    def __init__(self, plan: FieldPlan):
        comm, path = plan.u.function_space.mesh.comm, plan.folder / "fields.vtkhdf"
        self._u = plan.u
        self._series = MeshSeries(path, plan.u, plan.kept if comm.bcast(path.exists()) else None)
        names = {"PointData/displacement", *(f"CellData/{one.name}" for one in plan.quantities)}
        there = self._series.fields()
        check_same_fields(path, there, names)
        self.continues = bool(there)

    def write(self, t: float, values: Mapping[str, NDArray[Any]]) -> None:
        """Add a step."""
        self._series.write(t, {"displacement": self._u}, values)

    def close(self) -> None:
        """Nothing, as the file is open only in a write."""


class _OfDolfinx(FieldFile):
    """Files that DOLFINx writes and cannot continue: a restart begins new ones.

    They have the number of its first step in their names. What a lost step has begun is removed.
    """

    stems: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()

    def __init__(self, plan: FieldPlan):
        domain = plan.u.function_space.mesh
        self._u, self._folder, self._comm = plan.u, plan.folder, domain.comm
        self._suffix = f"_{plan.steps:07d}" if plan.steps > 0 else ""
        self._cell_fields = {
            one.name: fem.Function(fem.functionspace(domain, ("DG", 0, one.shape)), name=one.name)
            for one in plan.quantities
        }
        self._is_open, self.continues = False, plan.steps > 0
        with RaiseTogether(self._comm):
            if self._comm.rank == 0:
                for path in self._lost(plan.steps):
                    _remove(path)

    def _lost(self, steps: int) -> list[Path]:
        """Files of this name that began with the step that this run begins with, or later."""
        name = re.compile(
            f"({'|'.join(self.stems)})(?:_([0-9]{{7,}}))?({'|'.join(map(re.escape, self.endings))})"
        )
        return [
            path
            for path in self._folder.iterdir()
            if (match := name.fullmatch(path.name)) and int(match[2] or 0) >= steps
        ]

    def write(self, t: float, values: Mapping[str, NDArray[Any]]) -> None:
        """Add a step."""
        for name, field in self._cell_fields.items():
            field.x.array[: values[name].size] = values[name].reshape(-1)
            field.x.scatter_forward()
        fields = [self._u, *self._cell_fields.values()]
        # With the mesh, which has no more numbers than a field for each of its points and cells.
        check_room(self._folder, 3 * sum(one.x.array.nbytes for one in fields), self._comm)
        if not self._is_open:  # not before there is something to write
            self._open()
            self._is_open = True
        self._write(t)

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _write(self, t: float) -> None: ...


class Vtx(_OfDolfinx):
    """``displacement.bp``, in its full degree, and ``quantities.bp``."""

    stems, endings = ("displacement", "quantities"), (".bp",)

    def __init__(self, plan: FieldPlan):
        super().__init__(plan)
        self._writers: list[io.VTXWriter] = []

    @classmethod
    def check(cls) -> None:
        """Raise ``InputError`` if DOLFINx is without ADIOS2."""
        if not has_adios2:
            raise InputError(
                'this DOLFINx cannot write the format "vtx", as it is without ADIOS2; take '
                '"vtkhdf" or "xdmf".'
            )

    def _open(self) -> None:
        for stem, fields in zip(
            self.stems, ([self._u], [*self._cell_fields.values()]), strict=True
        ):
            if fields:
                path = self._folder / f"{stem}{self._suffix}.bp"
                self._writers.append(io.VTXWriter(self._comm, path, fields, engine="BP4"))

    def _write(self, t: float) -> None:
        for writer in self._writers:
            writer.write(t)

    def close(self) -> None:
        """Finish the files."""
        for writer in self._writers:
            writer.close()
        self._writers, self._is_open = [], False


class Xdmf(_OfDolfinx):
    """``fields.xdmf`` with ``fields.h5``, and the displacement at the nodes of the mesh only."""

    stems, endings = ("fields",), (".xdmf", ".h5")

    def __init__(self, plan: FieldPlan):
        super().__init__(plan)
        domain = plan.u.function_space.mesh
        degree = domain.ufl_domain().ufl_coordinate_element().degree
        space = fem.functionspace(domain, ("Lagrange", degree, (domain.geometry.dim,)))
        self._at_nodes = fem.Function(space, name="displacement")
        self._file: io.XDMFFile | None = None

    def _open(self) -> None:
        path = self._folder / f"fields{self._suffix}.xdmf"
        self._file = io.XDMFFile(self._comm, path, "w")
        self._file.write_mesh(self._u.function_space.mesh)

    def _write(self, t: float) -> None:
        assert self._file is not None
        self._at_nodes.interpolate(self._u)
        for field in (self._at_nodes, *self._cell_fields.values()):
            self._file.write_function(field, t)

    def close(self) -> None:
        """Finish the files."""
        if self._file is not None:
            self._file.close()
        self._file, self._is_open = None, False


#: Formats of fields by name.
FORMATS: dict[str, type[FieldFile]] = {"vtkhdf": Vtkhdf, "vtx": Vtx, "xdmf": Xdmf}


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        raise InputError(file_sentence(path, error)) from error
