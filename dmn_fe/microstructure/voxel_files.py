"""Reading voxel RVEs from ``.npy`` files and images, writing ``.npy`` files."""

from pathlib import Path

import numpy as np
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["read", "write"]

_IMAGES = (".png", ".tif", ".tiff")
_MAX_GREY_VALUES = 16


def read(
    path: str | Path,
    names: tuple[str, ...] = (),
    size: tuple[float, ...] = (),
) -> VoxelRVE:
    """Read a voxel RVE.

    Parameters
    ----------
    path : path
        ``.npy``: integer array ``[nx, ny, nz]`` or ``[nx, ny]`` (one voxel in depth).
        ``.png``, ``.tif``, ``.tiff``: an image with at most 16 grey values, which become phases
        in rising order; e1 points to the right, e2 upwards, one voxel in depth.
    names, size : optional
        As for :class:`VoxelRVE`; the files hold neither.

    Raises
    ------
    InputError
        If the file is missing, of another kind, damaged, or not an RVE.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no RVE file {path}: check the path")
    suffix = path.suffix.lower()
    if suffix == ".npy":
        phase = _read_array(path)
    elif suffix in _IMAGES:
        phase = _read_image(path)
    else:
        raise InputError(
            f"{path} has the ending {suffix!r}: give an RVE as .npy, {', '.join(_IMAGES)}"
        )
    try:
        return VoxelRVE(phase[:, :, None] if phase.ndim == 2 else phase, names, size)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def write(rve: VoxelRVE, path: str | Path) -> None:
    """Write the phases ``[nx, ny, nz]`` as a ``.npy`` file of uint8; names and size are not kept.

    Raises
    ------
    InputError
        If ``path`` does not end in ``.npy``.
    """
    path = Path(path)
    if path.suffix.lower() != ".npy":
        raise InputError(f"{path} does not end in .npy, the format that RVEs are written in")
    with written_whole(path) as partial, open(partial, "wb") as file:
        np.save(file, rve.phase, allow_pickle=False)


def _read_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(
            f"{path} is damaged or not a plain NumPy array: write it again with numpy.save"
        ) from error


def _read_image(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            # Palette and colour images become grey; 16-bit images keep their values.
            grey = np.asarray(image if image.mode.startswith("I") else image.convert("L"))
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is damaged or not an image: export it again") from error
    values, phase = np.unique(grey, return_inverse=True)
    if len(values) > _MAX_GREY_VALUES:
        raise InputError(
            f"{path} has {len(values)} grey values, more than {_MAX_GREY_VALUES}: "
            "segment the image so that every phase has one grey value"
        )
    return phase.reshape(grey.shape)[::-1].T
