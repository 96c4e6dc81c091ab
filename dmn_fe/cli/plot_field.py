"""A field on the deformed part, as a picture."""

from pathlib import Path

import numpy as np
import pyvista
import vtk

from dmn_fe.errors import InputError
from dmn_fe.fem.pictures import draw_field as draw_surface
from dmn_fe.fem.surface import Surface

__all__ = ["draw_field"]

_SAME_TIME = 1e-9


def draw_field(results: Path, field: str, time: float | None, magnify: float, folder: Path) -> Path:
    """Write ``<field>.png`` from ``fields.vtkhdf``, of vectors and tensors the norm.

    Raises
    ------
    InputError
        If there is no such field or time.
    """
    source = results / "fields.vtkhdf"
    mesh, shown = _read(source, time)
    if field not in mesh.cell_data:
        known = ", ".join(repr(name) for name in mesh.cell_data)
        raise InputError(f"{source}: there is no field {field!r} of cells; the file has: {known}.")
    path = folder / f"{field.replace(' ', '_')}.png"
    draw_surface(path, _surface(mesh, field), field, magnify, f"time {shown:g}")
    return path


def _read(source: Path, time: float | None) -> tuple[pyvista.UnstructuredGrid, float]:
    """The mesh with its fields at a time, and that time; the last one if None."""
    reader = vtk.vtkHDFReader()
    reader.SetFileName(str(source))
    reader.UpdateInformation()
    key = vtk.vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    times = list(reader.GetOutputInformation(0).Get(key) or [])
    chosen = times[-1] if times else 0.0
    if time is not None:
        chosen = min(times, key=lambda t: abs(t - time), default=0.0)
        if abs(chosen - time) > _SAME_TIME * max(1.0, abs(time)):
            known = ", ".join(f"{t:g}" for t in times)
            raise InputError(f"{source}: there is no time {time:g}; the file has: {known}.")
    if times:
        reader.UpdateTimeStep(chosen)
    else:
        reader.Update()
    return pyvista.wrap(reader.GetOutputDataObject(0)), chosen


def _surface(mesh: pyvista.UnstructuredGrid, field: str) -> Surface:
    """Triangles of the boundary with the values of the cells behind."""
    boundary = mesh.extract_surface(nonlinear_subdivision=1).triangulate()
    corners = boundary.faces.reshape(-1, 4)[:, 1:]
    points = np.asarray(boundary.points, dtype=np.float64)
    displacement = np.asarray(boundary.point_data["displacement"], dtype=np.float64)
    values = np.asarray(boundary.cell_data[field], dtype=np.float64)
    if values.ndim > 1:
        values = np.linalg.norm(values.reshape(len(values), -1), axis=1)
    return Surface(points[corners], displacement[corners], values)
