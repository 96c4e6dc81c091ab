"""Grey values of images: single images, TIFF stacks, series of slices; colours of one image."""

import re
from pathlib import Path

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.image_files import decode_images, decode_tiff

__all__ = ["IMAGE_ENDINGS", "OTHER_IMAGE_ENDINGS", "read_colour", "read_grey"]

IMAGE_ENDINGS = (".png", ".tif", ".tiff")
#: Images that are read as photos only: most of these formats change the values.
OTHER_IMAGE_ENDINGS = (".jpg", ".jpeg", ".bmp", ".gif", ".webp")


def read_grey(path: Path) -> np.ndarray:
    """Grey values ``[nx, ny, nz]`` of an image, a TIFF stack, or a series of images.

    e1 points to the right of each slice, e2 upwards, and slices follow each other along e3.
    Integers of 16 bits and floating point numbers keep their values; images with channels of
    colour are taken if their pixels are grey all the same.

    Parameters
    ----------
    path : path
        An image, a folder that holds the slices of one series, or a pattern like ``ct/s_*.png``
        for the names of the slices. Slices are taken in natural order: ``s_9`` before ``s_10``.

    Raises
    ------
    InputError
        If a file is missing, truncated or damaged, has colours or transparent pixels, or the
        slices differ in size.
    """
    if "*" in path.name or path.is_dir():
        files = _series(path)
        slices = [_checked_single(file) for file in files]
        _check_sizes(slices, [str(file) for file in files])
    elif path.suffix.lower() == ".png":
        slices = decode_images(path, _without_colour)
    else:
        slices = decode_tiff(path, _without_colour)
        _check_sizes(slices, [f"{path}, slice {i}" for i in range(1, len(slices) + 1)])
    # Slices are rows from the upper edge down, [z, -y, x].
    return np.stack(slices)[:, ::-1].transpose(2, 1, 0)


def read_colour(path: Path) -> np.ndarray:
    """Colours ``[nx, ny, 3]`` of one image, as red, green, blue; e1 to the right, e2 upwards.

    Grey pixels have three equal values. Besides ``.png`` and ``.tif``, what cameras write is read:
    ``.jpg``, ``.bmp``, ``.gif``, ``.webp``.

    Raises
    ------
    InputError
        If the file is a stack or a series, truncated or damaged, or has transparent pixels.
    """
    if "*" in path.name or path.is_dir():
        raise InputError(f"{path} stands for a series of images: give one of them")
    decode = decode_tiff if path.suffix.lower() in (".tif", ".tiff") else decode_images
    images = decode(path, _with_colour)
    if len(images) > 1:
        raise InputError(f"{path} is a stack of {len(images)} images: export one of them")
    return images[0][::-1].transpose(1, 0, 2)


def _series(path: Path) -> list[Path]:
    """The slices of a folder or pattern in natural order."""
    folder, pattern = (path, "*") if path.is_dir() else (path.parent, path.name)
    files = [
        file
        for file in folder.glob(pattern)
        if file.suffix.lower() in IMAGE_ENDINGS and not file.name.startswith(".")
    ]
    if not files:
        raise InputError(
            f"{path} holds no image ({', '.join(IMAGE_ENDINGS)}): "
            "give the folder or the pattern of a series of slices"
        )
    numbers = {file: [int(n) for n in re.findall(r"\d+", file.name)] for file in files}
    texts = {re.sub(r"\d+", "#", file.name): file.name for file in files}
    if len(texts) > 1:
        first, second = sorted(texts.values())[:2]
        raise InputError(
            f"{path} holds more than one series, with {first} and {second}: "
            "give a pattern of names like 'folder/slice_*.png'"
        )
    files.sort(key=lambda file: numbers[file])
    _check_no_gap(path, [numbers[file] for file in files])
    return files


def _check_no_gap(path: Path, numbers: list[list[int]]) -> None:
    """Raise ``InputError`` where the numbers of the slices are not equally spaced."""
    table = np.array(numbers)
    columns = np.flatnonzero((table != table[0]).any(axis=0))
    if len(table) < 3 or len(columns) != 1:
        return
    values = table[:, columns[0]]
    steps = np.diff(values)
    gaps = np.flatnonzero(steps != steps.min())
    if len(gaps):
        raise InputError(
            f"{path}: the slice after number {values[gaps[0]]} is missing, the next one is number "
            f"{values[gaps[0] + 1]}: complete the series"
        )


def _checked_single(path: Path) -> np.ndarray:
    """One slice of a series."""
    if path.suffix.lower() == ".png":
        return decode_images(path, _without_colour)[0]
    slices = decode_tiff(path, _without_colour)
    if len(slices) > 1:
        raise InputError(f"{path} is a stack of {len(slices)} slices: give this file, not a series")
    return slices[0]


def _check_sizes(slices: list[np.ndarray], places: list[str]) -> None:
    for image, place in zip(slices, places, strict=True):
        if image.shape != slices[0].shape:
            raise InputError(
                f"{place} has {image.shape[1]} × {image.shape[0]} pixels, but {places[0]} has "
                f"{slices[0].shape[1]} × {slices[0].shape[0]}: give slices of one size"
            )


def _without_colour(path: Path, channels: np.ndarray) -> np.ndarray:
    """Grey values ``[rows, columns]`` of pixels that may have equal channels of colour."""
    if channels.ndim == 2:
        return channels
    if (channels[..., :1] != channels[..., 1:3]).any():
        raise InputError(
            f"{path} is a colour image, and different colours may have one grey value: convert it "
            "to grey values, or to labels 0, 1, … of the phases"
        )
    return _opaque(path, channels)[..., 0]


def _with_colour(path: Path, channels: np.ndarray) -> np.ndarray:
    """Red, green, blue ``[rows, columns, 3]`` of pixels that may be grey."""
    if channels.ndim == 2:
        return np.repeat(channels[..., None], 3, axis=-1)
    return _opaque(path, channels)


def _opaque(path: Path, channels: np.ndarray) -> np.ndarray:
    """Red, green, blue of pixels with perhaps an opacity, which must be full."""
    highest = np.iinfo(channels.dtype).max if channels.dtype.kind in "iu" else 1.0
    if (channels[..., 3:] != highest).any():
        raise InputError(f"{path} has transparent pixels: export it without transparency")
    return channels[..., :3]
