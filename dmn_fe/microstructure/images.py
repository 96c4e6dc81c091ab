"""Grey values of images: single images, TIFF stacks, series of slices."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["IMAGE_ENDINGS", "OTHER_IMAGE_ENDINGS", "read_grey"]

IMAGE_ENDINGS = (".png", ".tif", ".tiff")
#: Images that are not read: most of these formats change the values.
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
        slices = [_read_image(path)]
    else:
        slices = _read_tiff(path)
        _check_sizes(slices, [f"{path}, slice {i}" for i in range(1, len(slices) + 1)])
    # Slices are rows from the upper edge down, [z, -y, x].
    return np.stack(slices)[:, ::-1].transpose(2, 1, 0)


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
        return _read_image(path)
    slices = _read_tiff(path)
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


def _read_image(path: Path) -> np.ndarray:
    """Grey values ``[rows, columns]`` of a PNG."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return _grey(path, image)
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is damaged or not an image: export it again") from error


def _grey(path: Path, image: Any) -> np.ndarray:
    """Values of a PIL image; wide numbers stay."""
    if image.mode[0] in "IF":
        return np.asarray(image)
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return np.asarray(image.convert("L"))
    return _without_colour(path, np.asarray(image.convert("RGBA")))


def _without_colour(path: Path, channels: np.ndarray) -> np.ndarray:
    """Grey values of red, green, blue ``[rows, columns, 3]``, and perhaps opacity."""
    if (channels[..., :1] != channels[..., 1:3]).any():
        raise InputError(
            f"{path} is a colour image, and different colours may have one grey value: convert it "
            "to grey values, or to labels 0, 1, … of the phases"
        )
    highest = np.iinfo(channels.dtype).max if channels.dtype.kind in "iu" else 1.0
    if (channels[..., 3:] != highest).any():
        raise InputError(f"{path} has transparent pixels: export it without transparency")
    return channels[..., 0]


def _read_tiff(path: Path) -> list[np.ndarray]:
    """Grey values ``[rows, columns]`` of each slice of a TIFF file."""
    import tifffile

    slices: list[np.ndarray] = []
    with _complaints("tifffile") as complaints:
        try:
            with tifffile.TiffFile(path) as tiff:
                block = tiff.series[0]
                if len(tiff.pages) == 1 and len(block.shape) > len(tiff.pages.first.shape):
                    return _read_block(path, tiff)
                for page in tiff.pages:
                    slices.append(_page(path, tiff, page))
        except InputError:
            raise
        except Exception as error:
            # Decoders of all kinds fail here, each in its own way.
            if slices:
                raise _truncated(path, len(slices)) from error
            raise InputError(f"{path} is damaged or not an image: export it again") from error
    if any("invalid page offset" in text for text in complaints):
        raise _truncated(path, len(slices))
    return slices


def _read_block(path: Path, tiff: Any) -> list[np.ndarray]:
    """Slices of a file that describes the first one only, as ImageJ does for large stacks."""
    page, shape = tiff.pages.first, tiff.series[0].shape
    planned = int(np.prod(shape[: len(shape) - len(page.shape)]))
    available = (path.stat().st_size - page.dataoffsets[0]) // page.nbytes
    if available < planned:
        raise _truncated(path, available, planned)
    return [_page_grey(path, page, array) for array in tiff.asarray().reshape(-1, *page.shape)]


def _page(path: Path, tiff: Any, page: Any) -> np.ndarray:
    """Grey values of a page, decoded by Pillow where tifffile has no decoder (LZW, JPEG)."""
    try:
        return _page_grey(path, page, page.asarray())
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    from PIL import Image

    with Image.open(path) as image:
        image.seek(page.index)
        return _grey(path, image)


def _page_grey(path: Path, page: Any, values: np.ndarray) -> np.ndarray:
    if page.photometric.name == "PALETTE":
        # Colour maps have 16 bits.
        values = (page.colormap[:, values] >> 8).astype(np.uint8).transpose(1, 2, 0)
    if values.ndim == 3 and values.shape[2] in (3, 4):
        return _without_colour(path, values)
    if values.ndim != 2:
        raise InputError(
            f"{path} has pages of shape {list(values.shape)}: export it as a stack of grey slices"
        )
    if page.photometric.name == "MINISWHITE":
        highest = 2**page.bitspersample - 1
        return (highest - values.astype(np.int64)).astype(np.uint16)
    return values.astype(np.uint8) if values.dtype == bool else values


def _truncated(path: Path, whole: int, planned: int | None = None) -> InputError:
    of = f" of {planned}" if planned else ""
    return InputError(
        f"{path} is truncated or damaged: {whole}{of} slices at its beginning are whole; "
        "copy or export it again"
    )


@contextmanager
def _complaints(name: str) -> Iterator[list[str]]:
    """What a library logs meanwhile, kept from the screen."""
    logger, texts = logging.getLogger(name), []

    class _Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(record.getMessage())

    handler, propagate = _Keep(), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield texts
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
