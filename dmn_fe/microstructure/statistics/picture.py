"""One picture of the curves of an RVE: two-point probability, lineal path, chord lengths."""

from pathlib import Path

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder, written_whole
from dmn_fe.microstructure.statistics.correlation import two_point_probability
from dmn_fe.microstructure.statistics.indicator import indicator, spacing
from dmn_fe.microstructure.statistics.lines import ChordLengths, chord_lengths, lineal_path
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["draw_statistics"]

_MOST_ROWS = 6
_MOST_BINS = 32
_FEW = 8  # voxels of the longest chord, up to which each length has a bin of its own
_COLOURS = ("tab:blue", "tab:orange", "tab:green")  # e1, e2, e3
_TITLES = ("two-point probability S2", "lineal path L", "chord lengths")


def draw_statistics(rve: VoxelRVE, path: str | Path, unit: str = "length unit") -> None:
    """Draw two-point probability, lineal path and chord lengths of every phase into a PNG.

    One row per phase, at most six: those of largest volume. Curves along e1, e2, e3 in colours,
    the average over all directions in black, and the volume fraction φ and φ² as levels. Axes of
    one voxel have no curve. Distances end at half the longest edge. Mean chord lengths are dotted
    lines, and written above.

    Parameters
    ----------
    rve : VoxelRVE
        The microstructure.
    path : path
        The PNG.
    unit : str
        Unit of ``rve.size``, for the labels.

    Raises
    ------
    InputError
        If the RVE is not made of voxels or has one phase only, or ``path`` cannot be a PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    indicator(rve, 0)
    if len(rve.names) == 1:
        raise InputError(
            f"the RVE has only the phase {rve.names[0]!r}, whose statistics are constant: none "
            "are drawn"
        )
    check_folder(path, ".png")
    order = np.argsort([-fraction for fraction in rve.volume_fractions], kind="stable")
    phases = sorted(int(phase) for phase in order[:_MOST_ROWS])
    figure = Figure(figsize=(13.0, 0.6 + 3.0 * len(phases)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(phases), 3, squeeze=False)
    axes = [axis for axis in range(3) if rve.shape[axis] > 1]
    reach = max((0.5 * rve.size[axis] for axis in axes), default=1.0)
    for row, phase in zip(rows, phases, strict=True):
        _draw_phase(row, rve, phase, axes)
        row[0].set_ylabel(f"{rve.names[phase]}\n\nprobability")
        row[1].set_ylabel("probability")
        row[2].set_ylabel(f"density [1/{unit}]")
        row[0].set_xlim(0.0, reach)
        row[1].set_xlim(0.0, reach)
    figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    for column, title in enumerate(_TITLES):
        above = rows[0, column].get_title()
        rows[0, column].set_title(f"{title}\n{above}" if above else title)
        word = "chord length" if column == 2 else "distance r"
        rows[-1, column].set_xlabel(f"{word} [{unit}]")
    if len(rve.names) > len(phases):
        figure.suptitle(f"the {len(phases)} phases of largest volume of {len(rve.names)}")
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")


def _draw_phase(row, rve: VoxelRVE, phase: int, axes: list[int]) -> None:
    """The three diagrams of one phase."""
    fraction = rve.volume_fractions[phase]
    pairs = two_point_probability(rve, phase)
    for level, word in ((fraction, "φ"), (fraction**2, "φ²")):
        row[0].axhline(level, color="grey", linewidth=0.8, linestyle=":")
        row[0].annotate(
            word, (1.0, level), (3, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", color="grey", annotation_clip=False,
        )  # fmt: skip
    means = []
    for axis in axes:
        look = {"color": _COLOURS[axis], "label": f"e{axis + 1}", "linewidth": 1.3}
        row[0].plot(*pairs.along(axis), **look)
        row[1].plot(*lineal_path(rve, phase, axis), **look)
        chords = chord_lengths(rve, phase, axis)
        if chords.count:
            means.append(f"e{axis + 1} {chords.mean:.3g}")
            row[2].stairs(*_binned(chords, spacing(rve)[axis]), **look)
            row[2].axvline(chords.mean, color=_COLOURS[axis], linewidth=0.8, linestyle=":")
    row[0].plot(
        *pairs.radial(), color="black", linewidth=1.0, linestyle="--", label="all directions"
    )
    row[0].set_ylim(bottom=0.0)
    row[1].set_ylim(bottom=0.0)
    if means:
        row[2].set_xlim(left=0.0)
        row[2].set_title(f"mean {', '.join(means)}", fontsize="medium")
    else:
        row[2].text(0.5, 0.5, "no chord", ha="center", transform=row[2].transAxes)
    for diagram in row:
        diagram.grid(alpha=0.3)


def _binned(chords: ChordLengths, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Density of chord lengths and edges of bins, each of equally many voxels of this edge.

    Where chords are long, bins have an even number of voxels: symmetric particles have chords of
    even or of odd numbers of voxels alone, which every other bin of one voxel would miss.
    """
    longest = int(np.flatnonzero(chords.probability)[-1]) + 1
    width = 1 if longest <= _FEW else 2 * -(-longest // (2 * _MOST_BINS))
    bins = -(-longest // width)
    probability = np.zeros(bins * width)
    probability[:longest] = chords.probability[:longest]
    edges = (0.5 + width * np.arange(bins + 1)) * edge
    return probability.reshape(bins, width).sum(axis=1) / (width * edge), edges
