"""Reading and writing voxel RVEs: NumPy arrays, images and ParaView's image data."""

import io
from pathlib import Path

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole
from dmn_fe.microstructure.images import IMAGE_ENDINGS, OTHER_IMAGE_ENDINGS, read_grey
from dmn_fe.microstructure.segmentation import (
    cluster_thresholds,
    phases_by_threshold,
    phases_by_value,
)
from dmn_fe.microstructure.voxels import VoxelRVE
from dmn_fe.microstructure.vti_files import VtiContent, read_vti, write_vti

__all__ = ["find_thresholds", "read", "write"]


def read(
    path: str | Path,
    names: tuple[str, ...] = (),
    size: tuple[float, ...] = (),
    *,
    thresholds: tuple[float, ...] = (),
    clusters: int | None = None,
    array: str | None = None,
    periodic: tuple[bool, bool, bool] | None = None,
) -> VoxelRVE:
    """Read a voxel RVE.

    Parameters
    ----------
    path : path
        ``.npy``: integer array ``[nx, ny, nz]`` or ``[nx, ny]`` (one voxel in depth).

        ``.png``, ``.tif``, ``.tiff``: an image or a TIFF stack; or a folder, or a pattern such as
        ``ct/slice_*.png``, with one image for each slice. At most 16 grey values become phases in
        rising order, more need ``thresholds`` or ``clusters``; colours are refused. e1 points to
        the right, e2 upwards, slices follow along e3.

        ``.vti``: what :func:`write` wrote, or any image data of VTK with an integer array of
        cells or points; whole numbers 0, 1, … without gaps are phases, other values are treated
        as those of an image.
    names, size : optional
        As for :class:`VoxelRVE`; by default what the file holds (only ``.vti`` does).
    thresholds : tuple of float, optional
        Segment grey values: the phase is the number of thresholds below the value.
    clusters : int, optional
        Segment grey values into this number of phases by :func:`find_thresholds`; the
        thresholds are logged.
    array : str, optional
        Name of the array of a ``.vti`` file, where it has several.
    periodic : tuple of three bool, optional
        As for :class:`VoxelRVE`; by default true for ``.npy``, what a ``.vti`` holds, and false
        for images but along an axis with one voxel.

    Raises
    ------
    InputError
        If the file is missing, of another kind, truncated, damaged, or not an RVE.
    """
    path = Path(path)
    content = _read_content(path, array)
    phase = content.values
    if len(thresholds) and clusters is not None:
        raise InputError("thresholds and clusters were both given: give one of them")
    if clusters is not None:
        thresholds = cluster_thresholds(phase, clusters, str(path))
    if len(thresholds):
        phase = phases_by_threshold(phase, thresholds, str(path))
    elif not _numbered(phase, path):
        phase = phases_by_value(phase, str(path))
    try:
        return VoxelRVE(
            phase,
            names or content.names,
            size or content.size,
            content.orientations,
            content.orientation_index,
            periodic or content.periodic,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def find_thresholds(path: str | Path, clusters: int, array: str | None = None) -> tuple:
    """Thresholds between clusters of grey values, those that ``read(path, clusters=…)`` takes.

    The clusters have the least variance inside: exact k-means in one dimension, Otsu's method.

    Raises
    ------
    InputError
        As :func:`read`.
    """
    return cluster_thresholds(_read_content(Path(path), array).values, clusters, str(path))


def write(rve: VoxelRVE, path: str | Path) -> None:
    """Write an RVE.

    Parameters
    ----------
    rve : VoxelRVE
    path : path
        ``.npy``: the phases ``[nx, ny, nz]`` as uint8; names, size and orientations are not kept.
        ``.vti``: all of the RVE, for ParaView and for :func:`read`.

    Raises
    ------
    InputError
        If ``path`` has another ending.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".vti":
        write_vti(rve, path)
    elif suffix == ".npy":
        content = io.BytesIO()  # np.save on a file does not see that the disk is full
        np.save(content, rve.phase, allow_pickle=False)
        with written_whole(path) as partial:
            partial.write_bytes(content.getvalue())
    else:
        raise InputError(
            f"{path} does not end in .npy or .vti, the formats that RVEs are written in"
        )


def _read_content(path: Path, array: str | None) -> VtiContent:
    """Values ``[nx, ny, nz]`` and what else a file holds."""
    suffix = path.suffix.lower()
    series = path.is_dir() or "*" in path.name
    if not (path.is_file() or series):
        raise InputError(f"there is no RVE file {path}: check the path")
    if suffix == ".vti":
        return read_vti(path, array)
    if suffix == ".npy":
        values = _read_array(path)
        return VtiContent(values[:, :, None] if values.ndim == 2 else values)
    if suffix in IMAGE_ENDINGS or series:
        values = read_grey(path)
        nx, ny, nz = values.shape
        return VtiContent(values, periodic=(nx == 1, ny == 1, nz == 1))
    if suffix in OTHER_IMAGE_ENDINGS:
        raise InputError(
            f"{path} is an image, but of images only {', '.join(IMAGE_ENDINGS)} are read: convert "
            "it to PNG or TIFF"
        )
    raise InputError(
        f"{path} has the ending {suffix!r}: give an RVE as .npy, .vti, {', '.join(IMAGE_ENDINGS)}"
    )


def _numbered(values: np.ndarray, path: Path) -> bool:
    """Whether the values are phase numbers; those of ``.npy`` files are meant to be."""
    if path.suffix.lower() == ".npy" and values.dtype.kind != "f":
        return True
    if path.suffix.lower() != ".vti" or values.dtype.kind not in "iub":
        return False
    found = np.unique(values)
    return bool(found[0] == 0 and found[-1] == len(found) - 1)


def _read_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError) as error:
        raise InputError(
            f"{path} is damaged or not a plain NumPy array: write it again with numpy.save"
        ) from error
