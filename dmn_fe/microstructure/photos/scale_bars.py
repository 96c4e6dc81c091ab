"""Scale bars that were drawn into a photo."""

import numpy as np

from dmn_fe.microstructure.photos.crops import Window
from dmn_fe.microstructure.photos.foreign import Foreign
from dmn_fe.microstructure.segmentation import MAX_GREY_VALUES

__all__ = ["find_scale_bar"]

_SHORTEST, _LONGEST = 0.03, 0.6  # of the columns
_FEWEST = 16  # columns
_SLENDER = 4.0  # length of a bar in its heights
_HIGHEST = 0.06  # of the rows
_OUTER = 0.3  # of the rows: bars lie in the upper or lower part
_FULL = 0.97  # share of its box that a bar fills


def find_scale_bar(light: np.ndarray, tolerance: float) -> Foreign | None:
    """A slender horizontal rectangle of one extreme value, alone of its kind.

    Parameters
    ----------
    light : array ``[rows, columns]``
        Grey values or lightness, upper row first.
    tolerance : float
        Difference up to which values are the same.
    """
    values = np.unique(light)
    photo = len(values) > 2  # letters cannot be told from two phases
    if len(values) > MAX_GREY_VALUES:
        values = values[[0, -1]]
    for value in values:
        mask = abs(light - value) <= tolerance
        bar = _bar(mask)
        if bar is None:
            continue
        box = _with_letters(mask, bar) if photo else bar
        whole = Window(0, light.shape[1], 0, light.shape[0])
        return Foreign("what looks like a scale bar", whole.without(box), bar)
    return None


def _bar(mask: np.ndarray) -> Window | None:
    """The only bar among pixels of one value."""
    from scipy.ndimage import binary_opening, find_objects, label

    rows, columns = mask.shape
    shortest = max(_FEWEST, round(_SHORTEST * columns))
    # What remains is made of runs of this length: no letters, and no ticks at the ends of a bar.
    runs = binary_opening(mask, np.ones((1, shortest), dtype=bool))
    numbered, _ = label(runs)
    bars, others = [], 0
    for number, (r, c) in enumerate(find_objects(numbered), 1):
        box = Window(c.start, c.stop, r.start, r.stop)
        height, length = box.bottom - box.top, box.right - box.left
        full = (numbered[r, c] == number).mean() >= _FULL
        inside = box.left > 0 and box.right < columns and box.top > 0 and box.bottom < rows
        middle = 0.5 * (box.top + box.bottom) / rows
        if (
            full
            and inside
            and height >= 2
            and length >= _SLENDER * height
            and length <= _LONGEST * columns
            and height <= _HIGHEST * rows
            and abs(middle - 0.5) >= 0.5 - _OUTER
            and _alone(mask, box)
        ):
            bars.append(box)
        elif height >= 2:
            others += 1
    # Structures that hold such shapes hold more of them.
    return bars[0] if len(bars) == 1 and others <= 1 else None


def _alone(mask: np.ndarray, box: Window) -> bool:
    """Whether the rows above and below the bar have other values."""
    beside = mask[[box.top - 1, box.bottom], box.columns]
    return bool(beside.mean(axis=1).max() <= 0.4)


def _with_letters(mask: np.ndarray, bar: Window) -> Window:
    """The bar and the letters of its value around it."""
    rows, columns = mask.shape
    length, height = bar.right - bar.left, bar.bottom - bar.top
    left, top = max(bar.left - length // 2, 0), max(bar.top - max(6 * height, length // 2), 0)
    right = min(bar.right + length // 2, columns)
    bottom = min(bar.bottom + max(6 * height, length // 2), rows)
    near = mask[top:bottom, left:right]
    found_rows, found_columns = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
    return Window(
        left + int(found_columns[0]),
        left + int(found_columns[-1]) + 1,
        top + int(found_rows[0]),
        top + int(found_rows[-1]) + 1,
    )
