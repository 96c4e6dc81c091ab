"""Pixels of image files, decoded by Pillow and tifffile."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["Values", "decode_images", "decode_tiff"]

#: Takes pixels ``[rows, columns]``, or ``[rows, columns, 3 or 4]`` of red, green, blue and perhaps
#: opacity, and gives what is wanted of them or raises ``InputError``; the path is for messages.
Values = Callable[[Path, np.ndarray], np.ndarray]


def decode_images(path: Path, values: Values) -> list[np.ndarray]:
    """Values of the image, or of each image, of a file that Pillow reads, TIFF aside.

    Raises
    ------
    InputError
        If the file is damaged, or whatever ``values`` raises.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            if path.suffix.lower() == ".png":
                return [_pillow_values(path, file, values)]
            images = []
            for index in range(getattr(file, "n_frames", 1)):
                file.seek(index)
                # Cameras turn the picture by a note beside the pixels.
                images.append(_pillow_values(path, ImageOps.exif_transpose(file), values))
            return images
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} has too many pixels for one image: cut it") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is damaged or not an image: export it again") from error


def _pillow_values(path: Path, image: Any, values: Values) -> np.ndarray:
    """Values of a PIL image; wide numbers stay."""
    if image.mode[0] in "IF":
        return values(path, np.asarray(image))
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return values(path, np.asarray(image.convert("L")))
    return values(path, np.asarray(image.convert("RGBA")))


def decode_tiff(path: Path, values: Values) -> list[np.ndarray]:
    """Values of each slice of a TIFF file.

    Raises
    ------
    InputError
        If the file is truncated or damaged, or whatever ``values`` raises.
    """
    import tifffile

    slices: list[np.ndarray] = []
    with _complaints("tifffile") as complaints:
        try:
            with tifffile.TiffFile(path) as tiff:
                block = tiff.series[0]
                if len(tiff.pages) == 1 and len(block.shape) > len(tiff.pages.first.shape):
                    return _read_block(path, tiff, values)
                for page in tiff.pages:
                    slices.append(_page(path, page, values))
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


def _read_block(path: Path, tiff: Any, values: Values) -> list[np.ndarray]:
    """Slices of a file that describes the first one only, as ImageJ does for large stacks."""
    page, shape = tiff.pages.first, tiff.series[0].shape
    planned = int(np.prod(shape[: len(shape) - len(page.shape)]))
    available = (path.stat().st_size - page.dataoffsets[0]) // page.nbytes
    if available < planned:
        raise _truncated(path, available, planned)
    arrays = tiff.asarray().reshape(-1, *page.shape)
    return [_page_values(path, page, array, values) for array in arrays]


def _page(path: Path, page: Any, values: Values) -> np.ndarray:
    """Values of a page, decoded by Pillow where tifffile has no decoder (LZW, JPEG)."""
    try:
        return _page_values(path, page, page.asarray(), values)
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    from PIL import Image

    with Image.open(path) as image:
        image.seek(page.index)
        return _pillow_values(path, image, values)


def _page_values(path: Path, page: Any, array: np.ndarray, values: Values) -> np.ndarray:
    if page.photometric.name == "PALETTE":
        # Colour maps have 16 bits.
        array = (page.colormap[:, array] >> 8).astype(np.uint8).transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] in (3, 4):
        return values(path, array)
    if array.ndim != 2:
        raise InputError(
            f"{path} has pages of shape {list(array.shape)}: export it as a stack of grey slices"
        )
    if page.photometric.name == "MINISWHITE":
        highest = 2**page.bitspersample - 1
        array = (highest - array.astype(np.int64)).astype(np.uint16)
    return values(path, array.astype(np.uint8) if array.dtype == bool else array)


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
