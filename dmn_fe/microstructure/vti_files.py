"""Voxel RVEs and their fields as image data of VTK (``.vti``) for ParaView."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder, written_whole
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["VtiContent", "read_vti", "write_fields", "write_vti"]

# What VTK and we write beside the phases.
_NO_PHASES = ("vtkGhostType", "orientation_index")
# Mandel [11, 22, 33, 23, 13, 12] in the order of VTK, [11, 22, 33, 12, 23, 13].
_VTK_ORDER = [0, 1, 2, 5, 3, 4]


@dataclass(frozen=True)
class VtiContent:
    """Values ``[nx, ny, nz]`` of a file, and what else of a :class:`VoxelRVE` it holds."""

    values: np.ndarray
    names: tuple[str, ...] = ()
    size: tuple[float, ...] = ()
    orientations: np.ndarray | None = None
    orientation_index: np.ndarray | None = None
    periodic: tuple[bool, bool, bool] = (True, True, True)


def write_vti(rve: VoxelRVE, path: Path) -> None:
    """Write an RVE: cell data ``phase`` and the material axes; the rest as field data."""
    _save(_grid(rve), path)


def write_fields(rve: VoxelRVE, path: str | Path, fields: Mapping[str, Any]) -> None:
    """Write an RVE with fields of a solution for ParaView.

    Parameters
    ----------
    rve : VoxelRVE
    path : path
        File to write (``.vti``).
    fields : mapping of str to array or tensor
        By name: ``[nx, ny, nz]`` or ``[n, nx, ny, nz]``. Six components are Mandel components
        ``[11, 22, 33, 23, 13, 12]`` and are written as a symmetric tensor, without the √2.

    Raises
    ------
    InputError
        If the ending is another, or a field does not fit the voxels.
    """
    check_folder(path, ending=".vti")
    grid = _grid(rve)
    for name, field in fields.items():
        values = torch.as_tensor(field).detach().cpu().numpy()
        if values.ndim == 3:
            values = values[None]
        if values.ndim != 4 or values.shape[1:] != rve.shape or name in grid.cell_data:
            raise InputError(
                f"field {name!r} has the shape {list(values.shape)}: give arrays of shape "
                f"[n, {', '.join(map(str, rve.shape))}] with names other than those of the RVE"
            )
        if len(values) == 6:
            values = values[_VTK_ORDER] / np.sqrt([1, 1, 1, 2, 2, 2])[:, None, None, None]
        columns = np.ascontiguousarray(values.reshape(len(values), -1, order="F").T)
        grid.cell_data[name] = columns[:, 0] if len(values) == 1 else columns
    _save(grid, Path(path))


def read_vti(path: Path, array: str | None = None) -> VtiContent:
    """Read what :func:`write_vti` wrote, or image data of others.

    Parameters
    ----------
    path : path
    array : str, optional
        Name of the array, of cells or points; by default ``phase``, or the only one of integers,
        or the only one.

    Raises
    ------
    InputError
        If the file is damaged, the array is not clear, or the grid is turned.
    """
    grid = _load(path)
    values, of_cells = _pick(grid, path, array)
    if not grid.GetDirectionMatrix().IsIdentity():
        raise InputError(f"{path} has turned axes: resample it on a grid along e1, e2, e3")
    points = np.array(grid.dimensions)
    shape = tuple(int(n) for n in (np.maximum(points - 1, 1) if of_cells else points))
    size = tuple(float(h * n) for h, n in zip(grid.spacing, shape, strict=True))
    rest: dict[str, Any] = {}
    own = grid.field_data
    try:
        if "rve.names" in own:
            rest["names"] = tuple(json.loads(str(own["rve.names"][0])))
        # The text of the spacing may have fewer digits than the size, by which the RVE is known.
        if "rve.size" in own and np.allclose(own["rve.size"], size):
            size = tuple(float(edge) for edge in own["rve.size"])
        if "rve.periodic" in own:
            rest["periodic"] = tuple(bool(flag) for flag in own["rve.periodic"])
        if "rve.orientations" in own and "orientation_index" in grid.cell_data:
            rest["orientations"] = np.array(own["rve.orientations"]).reshape(-1, 3, 3)
            index = np.array(grid.cell_data["orientation_index"])
            rest["orientation_index"] = index.reshape(shape, order="F")
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: its field data 'rve…' are damaged: write it again") from error
    return VtiContent(np.array(values).reshape(shape, order="F"), size=size, **rest)


def _grid(rve: VoxelRVE) -> Any:
    """The RVE as ``pyvista.ImageData``."""
    import pyvista

    spacing = [edge / n for edge, n in zip(rve.size, rve.shape, strict=True)]
    grid = pyvista.ImageData(dimensions=[n + 1 for n in rve.shape], spacing=spacing)
    grid.cell_data["phase"] = rve.phase.ravel(order="F")
    # As JSON, because VTK takes no letters beyond ASCII.
    grid.field_data["rve.names"] = [json.dumps(rve.names)]
    grid.field_data["rve.size"] = np.array(rve.size)
    grid.field_data["rve.periodic"] = np.array(rve.periodic, dtype=np.uint8)
    if rve.orientations is not None and rve.orientation_index is not None:
        index = rve.orientation_index.ravel(order="F")
        grid.field_data["rve.orientations"] = rve.orientations.reshape(-1, 9)
        grid.cell_data["orientation_index"] = index
        for axis in range(3):
            vectors = rve.orientations[:, :, axis].astype(np.float32)
            grid.cell_data[f"material axis {axis + 1}"] = vectors[index]
    grid.set_active_scalars("phase")
    return grid


def _save(grid: Any, path: Path) -> None:
    from vtkmodules.vtkIOXML import vtkXMLImageDataWriter

    with written_whole(path) as partial:
        writer = vtkXMLImageDataWriter()
        writer.SetInputData(grid)
        writer.SetFileName(str(partial))
        if writer.Write() != 1:
            raise OSError(f"{path} could not be written: is the disk full?")


def _load(path: Path) -> Any:
    """The ``pyvista.ImageData`` of a file; VTK returns empty data where it fails."""
    import pyvista
    from vtkmodules.vtkCommonCore import vtkLogger

    # VTK prints its complaints, and pyvista tells of them by a warning.
    verbosity = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            grid = pyvista.read(path)
    except (UserWarning, ValueError, RuntimeError, OSError) as error:
        raise InputError(f"{path} is damaged or no image data of VTK: write it again") from error
    finally:
        vtkLogger.SetStderrVerbosity(verbosity)
    if not isinstance(grid, pyvista.ImageData) or grid.n_points == 0:
        raise InputError(f"{path} is damaged or no image data of VTK: write it again")
    return grid


def _pick(grid: Any, path: Path, array: str | None) -> tuple[np.ndarray, bool]:
    """The array that holds the phases, and whether it is one of the cells."""
    found = [
        (name, np.asarray(data[name]), of_cells)
        for data, of_cells in ((grid.cell_data, True), (grid.point_data, False))
        for name in data
        if name not in _NO_PHASES and np.ndim(data[name]) == 1
    ]
    integers = [entry for entry in found if entry[1].dtype.kind in "iub"]
    for choice in (
        [entry for entry in found if entry[0] == (array or "phase")],
        [] if array else integers,
        [] if array else found,
    ):
        if len(choice) == 1:
            return choice[0][1:]
    there = ", ".join(repr(entry[0]) for entry in found) or "none"
    wanted = f"no array {array!r}" if array else "not one array that must be the phases"
    raise InputError(
        f"{path} has {wanted} (arrays of one component: {there}): give the name 'array'"
    )
