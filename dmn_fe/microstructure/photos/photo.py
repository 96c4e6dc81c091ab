"""One micrograph: pixels in grey or in colour, and where they lie in the file."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.images import IMAGE_ENDINGS, OTHER_IMAGE_ENDINGS, read_colour
from dmn_fe.microstructure.photos.colours import lab, unit_range
from dmn_fe.microstructure.photos.crops import Window, parsed_crop
from dmn_fe.microstructure.smallest_edges import SMALLEST_EDGE

__all__ = ["PHOTO_ENDINGS", "Photo", "load_photo"]

#: Files that are read as photos.
PHOTO_ENDINGS = (*IMAGE_ENDINGS, *OTHER_IMAGE_ENDINGS)
_GREY = 12 / 255  # largest difference of the channels of a grey pixel that a JPEG has changed


@dataclass(frozen=True, eq=False)
class Photo:
    """A micrograph.

    Parameters
    ----------
    path : Path
        The file, for messages.
    pixels : array ``[nx, ny]`` or ``[nx, ny, 3]``
        Grey values, or red, green and blue; e1 points to the right, e2 upwards.
    corner : tuple of two int
        Column and row of the file where the upper left pixel was, if it was cropped.
    """

    path: Path
    pixels: np.ndarray
    corner: tuple[int, int] = (0, 0)

    @property
    def coloured(self) -> bool:
        """Whether the pixels have colours."""
        return self.pixels.ndim == 3

    @cached_property
    def lab(self) -> np.ndarray:
        """L*, a*, b* ``[nx, ny, 3]`` of a photo in colour."""
        return lab(self.pixels)

    @property
    def rows(self) -> np.ndarray:
        """Grey values, or lightness L*, as they are seen: ``[rows, columns]``, upper row first."""
        light = self.lab[..., 0] if self.coloured else self.pixels
        return light[:, ::-1].T.astype(np.float64)

    def in_file(self, window: Window) -> Window:
        """The part of the file that a part of the photo is, for messages."""
        return window.moved(*self.corner)


def load_photo(path: str | Path, crop: str | None = None) -> Photo:
    """Read a photo, in grey if all of its pixels are, or nearly so.

    Parameters
    ----------
    path : path
        ``.png``, ``.tif``, or what changes pixels a little and is good enough for a photo:
        ``.jpg``, ``.bmp``, ``.gif``, ``.webp``.
    crop : str, optional
        The part to take, as image programs count: columns from the left and rows from the upper
        edge, each the first and the one after the last, like ``0:1024,0:884`` or ``:,:884``.

    Raises
    ------
    InputError
        If the file is missing, no image, damaged, a stack or series, has transparent pixels, or
        has fewer than 32 pixels along an edge; or the crop does not lie within it.
    """
    path = Path(path)
    if not (path.is_file() or path.is_dir() or "*" in path.name):
        raise InputError(f"there is no photo {path}: check the path")
    if path.is_file() and path.suffix.lower() not in PHOTO_ENDINGS:
        raise InputError(
            f"{path} has the ending {path.suffix!r}: give a photo as {', '.join(PHOTO_ENDINGS)}"
        )
    colours = read_colour(path)
    columns, rows = colours.shape[:2]
    window = Window(0, columns, 0, rows)
    if crop is not None:
        window = parsed_crop(crop, columns, rows, str(path))
        colours = colours[window.columns, rows - window.bottom : rows - window.top]
    if min(colours.shape[:2]) < SMALLEST_EDGE[2]:
        size = " × ".join(map(str, colours.shape[:2]))
        raise InputError(
            f"{path} has {size} pixels{'' if crop is None else ' inside the crop'}: give a photo "
            f"of at least {SMALLEST_EDGE[2]} along each edge, better some hundred"
        )
    missing = int(np.sum(~np.isfinite(colours).all(axis=-1)))
    if missing:
        raise InputError(f"{path} has {missing} pixels without a value: fill or crop them")
    return Photo(path, _grey_if_it_is(colours), (window.left, window.top))


def _grey_if_it_is(colours: np.ndarray) -> np.ndarray:
    """Grey values ``[nx, ny]`` of pixels without colour, and colours of others."""
    if (colours[..., :1] == colours[..., 1:]).all():
        return colours[..., 0]
    channels = unit_range(colours)
    if np.ptp(channels, axis=-1).max() > _GREY:
        return colours
    mean = colours.mean(axis=-1)
    return (np.rint(mean) if colours.dtype.kind in "iu" else mean).astype(colours.dtype)
