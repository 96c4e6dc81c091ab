"""Parts of a photo: columns from the left and rows from the top, as image programs count them."""

from typing import NamedTuple

from dmn_fe.errors import InputError

__all__ = ["Window", "parsed_crop"]


class Window(NamedTuple):
    """A part of a photo; ``right`` and ``bottom`` are the first column and row outside."""

    left: int
    right: int
    top: int
    bottom: int

    @property
    def columns(self) -> slice:
        """The columns inside."""
        return slice(self.left, self.right)

    @property
    def rows(self) -> slice:
        """The rows inside, counted from the upper edge."""
        return slice(self.top, self.bottom)

    @property
    def area(self) -> int:
        """Number of pixels."""
        return max(self.right - self.left, 0) * max(self.bottom - self.top, 0)

    def moved(self, columns: int, rows: int) -> "Window":
        """The same part for columns and rows that are counted from elsewhere."""
        return Window(
            self.left + columns, self.right + columns, self.top + rows, self.bottom + rows
        )

    def without(self, box: "Window") -> "Window":
        """The largest part that does not touch a box."""
        parts = (
            self._replace(right=box.left),
            self._replace(left=box.right),
            self._replace(bottom=box.top),
            self._replace(top=box.bottom),
        )
        return max(parts, key=lambda part: part.area)

    def __str__(self) -> str:
        return f"{self.left}:{self.right},{self.top}:{self.bottom}"


def parsed_crop(crop: str, columns: int, rows: int, what: str) -> Window:
    """The part of a photo that words like ``0:1024,0:884``, or ``:,:884``, stand for.

    Parameters
    ----------
    crop : str
        First column and the one after the last, counted from the left; first row and the one
        after the last, counted from the upper edge. A number left out is the edge of the photo.
    columns, rows : int
        Size of the photo.
    what : str
        The photo, for messages.

    Raises
    ------
    InputError
        If the words are others, or the part does not lie within the photo.
    """
    example = "give columns from the left and rows from the top, such as 0:1024,0:884"
    try:
        ends = [
            [int(end) if end.strip() else None for end in p.split(":")] for p in crop.split(",")
        ]
        (left, right), (top, bottom) = ends
    except ValueError as error:
        raise InputError(f"the crop {crop!r} cannot be read: {example}") from error
    window = Window(
        left or 0,
        columns if right is None else right,
        top or 0,
        rows if bottom is None else bottom,
    )
    if not (0 <= window.left < window.right <= columns and 0 <= window.top < window.bottom <= rows):
        raise InputError(
            f"the crop {crop} does not lie within the {columns} columns and {rows} rows of {what}: "
            f"{example}"
        )
    return window
