"""Voxel RVEs and their fields as image data of VTK (``.vti``) for ParaView."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.microstructure.voxels import VoxelRVE
from dmn_fe.microstructure.vtk_image import VtkImage, read_image, write_image

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
    write_image(_image(rve), path)


def write_fields(rve: VoxelRVE, path: str | Path, fields: Mapping[str, Any]) -> None:
    """Write an RVE with fields of a solution for ParaView.

    Parameters
    ----------
    rve : VoxelRVE
    path : path
        File to write (``.vti``).
    fields : mapping of str to array or tensor
        Real numbers by name: ``[nx, ny, nz]`` or ``[n, nx, ny, nz]``. Six components are those of
        Mandel, ``[11, 22, 33, 23, 13, 12]``, and are written as a symmetric tensor, without the √2.

    Raises
    ------
    InputError
        If the ending is another, or a field does not fit the voxels.
    """
    check_folder(path, ending=".vti")
    image = _image(rve)
    for name, field in fields.items():
        values = torch.as_tensor(field).detach().to("cpu", torch.float64).numpy()
        if values.ndim == 3:
            values = values[None]
        if values.ndim != 4 or values.shape[1:] != rve.shape or name in image.cell_data:
            raise InputError(
                f"field {name!r} has the shape {list(values.shape)}: give arrays of shape "
                f"[n, {', '.join(map(str, rve.shape))}] with names other than those of the RVE"
            )
        if len(values) == 6:
            values = values[_VTK_ORDER] / np.sqrt([1, 1, 1, 2, 2, 2])[:, None, None, None]
        columns = np.ascontiguousarray(values.reshape(len(values), -1, order="F").T)
        image.cell_data[name] = columns[:, 0] if len(values) == 1 else columns
    write_image(image, Path(path))


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
    image = read_image(path)
    values, of_cells = _pick(image, path, array)
    if image.turned:
        raise InputError(f"{path} has turned axes: resample it on a grid along e1, e2, e3")
    shape = tuple(max(n - 1, 1) for n in image.points) if of_cells else image.points
    size = tuple(h * n for h, n in zip(image.spacing, shape, strict=True))
    rest: dict[str, Any] = {}
    own = image.field_data
    try:
        if "rve.names" in own:
            rest["names"] = tuple(own["rve.names"])
        # Spacing times voxels may differ from the size in the last digit.
        if "rve.size" in own and np.allclose(own["rve.size"], size):
            size = tuple(float(edge) for edge in own["rve.size"])
        if "rve.periodic" in own:
            rest["periodic"] = tuple(bool(flag) for flag in own["rve.periodic"])
        if "rve.orientations" in own and "orientation_index" in image.cell_data:
            rest["orientations"] = np.array(own["rve.orientations"]).reshape(-1, 3, 3)
            index = np.array(image.cell_data["orientation_index"])
            rest["orientation_index"] = index.reshape(shape, order="F")
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: its field data 'rve…' are damaged: write it again") from error
    return VtiContent(np.array(values).reshape(shape, order="F"), size=size, **rest)


def _image(rve: VoxelRVE) -> VtkImage:
    """The RVE as image data."""
    spacing = tuple(edge / n for edge, n in zip(rve.size, rve.shape, strict=True))
    image = VtkImage(tuple(n + 1 for n in rve.shape), spacing)
    image.cell_data["phase"] = rve.phase.ravel(order="F")
    image.field_data["rve.names"] = list(rve.names)
    image.field_data["rve.size"] = np.array(rve.size)
    image.field_data["rve.periodic"] = np.array(rve.periodic, dtype=np.uint8)
    if rve.orientations is not None and rve.orientation_index is not None:
        index = rve.orientation_index.ravel(order="F")
        image.field_data["rve.orientations"] = rve.orientations.reshape(-1, 9)
        image.cell_data["orientation_index"] = index
        for axis in range(3):
            vectors = rve.orientations[:, :, axis].astype(np.float32)
            image.cell_data[f"material axis {axis + 1}"] = vectors[index]
    return image


def _pick(image: VtkImage, path: Path, array: str | None) -> tuple[np.ndarray, bool]:
    """The array that holds the phases, and whether it is one of the cells."""
    found = [
        (name, np.asarray(data[name]), of_cells)
        for data, of_cells in ((image.cell_data, True), (image.point_data, False))
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
        f"{path} has {wanted} (arrays of one component: {there}): choose that with the phases "
        "by 'array' (--array)"
    )
