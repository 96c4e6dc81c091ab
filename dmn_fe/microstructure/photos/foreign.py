"""What is in a photo but not in the material: borders, strips of text, scale bars, annotations.

Every function takes pixels ``[rows, columns]`` as they are seen and gives the first of its kind.
A structure may hold long straight lines and uniform parts itself, as laminates and labels do, so
what is found must be unlike the rest of the photo, and end at a straight and sudden edge.
"""

from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.photos.crops import Window

__all__ = ["Foreign", "find_annotation", "find_border", "find_strip"]

_SIDES = ("left", "right", "top", "bottom")
_UNIFORM = 0.97  # share of the pixels of a line that have one value
_NEARLY = 0.9  # the same for lines beside letters
_SUDDEN = 0.5  # of the mean share of other values: what the first line inside must reach
_WIDEST = 0.4  # of an edge: what is wider is no border or strip
_OWN = 0.99  # mean share of other values inside, from which the value is not that of a phase
_FEWEST_OF_A_PHASE = 3  # lines
_STRAY = 0.005  # share of other values in a line of a border
_RARE = 0.15  # mean share of other values inside: with less, lines are uniform by chance
_LOWEST_STRIP = 10, 0.03  # rows, and of the rows: text needs them


@dataclass(frozen=True)
class Foreign:
    """What was found.

    Parameters
    ----------
    what : str
        What it is, for a sentence.
    rest : Window
        The largest part of the photo without it.
    box : Window, optional
        Where it is, unless ``what`` tells.
    """

    what: str
    rest: Window
    box: Window | None = None


def find_border(light: np.ndarray, tolerance: float) -> Foreign | None:
    """Lines of one value along some of the edges.

    Parameters
    ----------
    light : array ``[rows, columns]``
        Grey values or lightness, upper row first.
    tolerance : float
        Difference up to which values are the same.
    """
    rows, columns = light.shape
    width = dict.fromkeys(_SIDES, 0)
    for _ in range(2):  # once more, within the borders that were found: they hide others
        rest = light[
            width["top"] : rows - width["bottom"], width["left"] : columns - width["right"]
        ]
        found = {
            side: _border_lines(lines, tolerance)
            for side, lines in zip(_SIDES, _from_all_sides(rest), strict=True)
        }
        width = {side: width[side] + found[side] for side in _SIDES}
    if not any(width.values()):
        return None
    window = Window(width["left"], columns - width["right"], width["top"], rows - width["bottom"])
    inside = light[window.rows, window.columns]
    if inside.size == 0 or np.ptp(inside) <= tolerance:
        return None  # one shape in the middle of nothing
    places = [
        f"{n} {'row' if side in ('top', 'bottom') else 'column'}{'s' * (n > 1)} at the {side}"
        for side, n in width.items()
        if n
    ]
    return Foreign(f"a uniform border, {', '.join(places)}", window)


def find_strip(light: np.ndarray, tolerance: float) -> Foreign | None:
    """A strip along the lower or upper edge with letters on one value; parameters as above."""
    rows, columns = light.shape
    for side, lines in (("bottom", light), ("top", light[::-1])):
        first = _strip_start(lines, tolerance)
        if first is None:
            continue
        if side == "bottom":
            rest, where = Window(0, columns, 0, first), Window(0, columns, first, rows)
        else:
            rest, where = (
                Window(0, columns, rows - first, rows),
                Window(0, columns, 0, rows - first),
            )
        return Foreign(f"a strip of text at the {side}", rest, where)
    return None


def find_annotation(colours: np.ndarray, tolerance: float) -> Foreign | None:
    """Coloured pixels in one small part of a grey photo.

    Parameters
    ----------
    colours : array ``[rows, columns, 3]``
        a* and b* in the last two places.
    tolerance : float
        Largest chroma of grey.
    """
    coloured = np.hypot(colours[..., 1], colours[..., 2]) > tolerance
    if not 0.0 < coloured.mean() < 0.03:
        return None
    rows, columns = (np.flatnonzero(coloured.any(axis=axis)) for axis in (1, 0))
    box = Window(int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1)
    whole = Window(0, coloured.shape[1], 0, coloured.shape[0])
    if box.area > 0.15 * whole.area:
        return None
    return Foreign("colours in one place, like an annotation", whole.without(box), box)


def _from_all_sides(light: np.ndarray) -> tuple[np.ndarray, ...]:
    """Lines ``[line, pixel]`` from each of the sides inwards."""
    return light.T, light.T[::-1], light, light[::-1]


def _uniform(lines: np.ndarray, tolerance: float) -> np.ndarray:
    """Share of the pixels of each line that have its median value."""
    middle = np.median(lines, axis=1, keepdims=True)
    return (abs(lines - middle) <= tolerance).mean(axis=1)


def _border_lines(lines: np.ndarray, tolerance: float) -> int:
    """Number of the first lines that are a border, from no edge of the structure."""
    if len(lines) < 2:
        return 0
    other = (abs(lines - np.median(lines[0])) > tolerance).mean(axis=1)
    mixed = other > 1.0 - _UNIFORM
    count = int(np.argmax(mixed)) if mixed.any() else len(lines)
    if not 1 <= count <= _WIDEST * len(lines):
        return 0
    middle = slice(count, len(lines) - count)
    typical = other[middle].mean()
    if (_uniform(lines[middle], tolerance) >= _UNIFORM).mean() > 0.01:
        return 0  # such lines belong to the structure
    if typical >= _OWN:  # a line of mixed pixels may lie between
        end = count + int(np.argmax(other[count : count + 2] >= _SUDDEN * typical))
        return end if other[end] >= _SUDDEN * typical else 0
    # The value of a phase, whose particles may keep off the edge.
    exact = count >= _FEWEST_OF_A_PHASE and other[:count].max() <= _STRAY and typical >= _RARE
    return count if exact and other[count] >= _SUDDEN * typical else 0


def _strip_start(lines: np.ndarray, tolerance: float) -> int | None:
    """The first row of a strip at the end of the rows."""
    n = len(lines)
    uniform = _uniform(lines, tolerance)
    lowest = n - max(_LOWEST_STRIP[0], round(_LOWEST_STRIP[1] * n))
    for first in range(round((1.0 - _WIDEST) * n), lowest + 1):
        if uniform[first] < _UNIFORM or uniform[first - 1] >= _UNIFORM:
            continue
        if (uniform[: first - 2] >= _UNIFORM).mean() > 0.01:
            return None
        same = (abs(lines - np.median(lines[first:])) <= tolerance).mean(axis=1)
        typical = 1.0 - same[:first].mean()
        background = same[first:]
        if (
            typical >= _RARE
            and (background >= 0.5).mean() >= 0.85
            and background.mean() >= 1.0 - _SUDDEN * typical
            and 1.0 - same[first - 2 : first].min() >= _SUDDEN * typical
            and min(uniform[first + 1], uniform[-1]) >= _NEARLY
        ):
            return first
    return None
