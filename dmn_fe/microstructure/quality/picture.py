"""One picture of a quality: sections, curves of the judges, distances beside the floor."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dmn_fe.files import check_folder, written_whole
from dmn_fe.microstructure.picture_colours import Palette
from dmn_fe.microstructure.quality.curves import CURVES, Curve, curve
from dmn_fe.microstructure.quality.judges import JUDGES
from dmn_fe.microstructure.quality.layers import Layer, layers

if TYPE_CHECKING:
    from dmn_fe.microstructure.quality.report import QualityReport

__all__ = ["draw_quality"]

_MOST_PHASES = 4
_SETTLED = 0.01
_BAND = "0.82"
_RESULT = "tab:red"
_CONTROLS = {
    "Gaussian field": ("tab:blue", (0, (5, 2)), "s"),
    "white noise": ("tab:green", (0, (2, 2)), "^"),
}


def draw_quality(report: "QualityReport", path: str | Path) -> None:
    """Draw a report into a PNG.

    Left: the middle of the original, results (at most four) and the controls, all at one scale; of
    volumes the layer in the middle, beside three originals (and at most two results) one for each
    of them. Right: for each phase (at most four) the curves of four
    judges, mean of all axes; the grey band holds all crops of the original. Below them the
    distances over the worst of the noise floor: the grey part is within it.

    Raises
    ------
    InputError
        If ``path`` cannot be a PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_folder(path, ".png")
    names = report.originals[0].names[:_MOST_PHASES]
    pictures, columns = layers(report)
    rows = len(names) + 1
    lines = -(-len(pictures) // columns)
    height = 1.0 + 3.1 * rows
    widths = (columns * min((height - 1.0) / lines, 4.5), 13.0)  # room for squares side by side
    figure = Figure(figsize=(sum(widths), height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subfigures(1, 2, width_ratios=widths)
    places = left.subplots(lines, columns, squeeze=False).ravel()
    for place, layer in zip(places, pictures, strict=False):
        _draw_layer(place, layer)
    for place in places[len(pictures) :]:
        place.set_axis_off()
    grid = right.add_gridspec(rows, len(CURVES))
    diagrams = [
        [right.add_subplot(grid[i, j]) for j in range(len(CURVES))] for i in range(rows - 1)
    ]
    for phase, row in enumerate(diagrams):
        for column, (diagram, kind) in enumerate(zip(row, CURVES, strict=True)):
            _draw_curves(diagram, report, kind, phase)
            if phase == 0:
                diagram.set_title(kind.title)
            if phase == len(names) - 1:
                diagram.set_xlabel(kind.label)
            if column == 0:
                diagram.set_ylabel(names[phase], fontsize="large")
    _draw_distances(right.add_subplot(grid[-1, :]), report)
    handles, labels = diagrams[0][0].get_legend_handles_labels()
    right.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    figure.suptitle(f"{report.verdict}: {report.sentence}", fontsize="large")
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")


def _draw_layer(axes: Any, layer: Layer) -> None:
    """The layer in the middle, or as much of its middle as is wanted."""
    rve, normal = layer.rve, layer.normal
    image = Palette.of(rve).layer(rve, normal, rve.shape[normal] // 2).transpose(1, 0, 2)
    height, width = image.shape[:2]
    columns, rows = min(layer.window[0], width), min(layer.window[1], height)
    top, left = (height - rows) // 2, (width - columns) // 2
    axes.imshow(
        image[top : top + rows, left : left + columns], origin="lower", interpolation="nearest"
    )
    whole = f" of {width} × {height}" if rows < height or columns < width else ""
    axes.set_title(f"{layer.title}\n{columns} × {rows}{whole}", fontsize="medium")
    axes.set(xticks=[], yticks=[])


def _draw_curves(axes: Any, report: "QualityReport", kind: Curve, phase: int) -> None:
    """The curves of one judge for one phase, each the mean of all views."""
    seen = report.seen
    x, original = curve(kind, [one.background.original for one in seen], phase)
    crops = [curve(kind, [crop], phase)[1] for one in seen for crop in one.background.floor.crops]
    axes.fill_between(
        x, np.min(crops, axis=0), np.max(crops, axis=0), color=_BAND, label="crops of the original"
    )
    for name, (colour, dashes, _) in _CONTROLS.items():
        control = curve(kind, [one.background.controls[name] for one in seen], phase)[1]
        axes.plot(x, control, color=colour, linestyle=dashes, linewidth=1.2, label=name)
    axes.plot(x, original, color="black", linewidth=1.8, label="original")
    for number in range(len(report.results)):
        values = curve(kind, [one.results[number] for one in seen], phase)[1]
        label = "result" if number == 0 else None
        axes.plot(x, values, color=_RESULT, linewidth=1.1, label=label)
    axes.set_xlim(0.0, _settled(original))
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.3)


def _settled(values: np.ndarray) -> int:
    """Place from which on a curve hardly changes, but not the first ones."""
    moving = np.abs(values - values[-1]) > _SETTLED * np.ptp(values)
    return max(min(8, len(values) - 1), int(np.flatnonzero(moving)[-1]) if moving.any() else 0)


def _draw_distances(axes: Any, report: "QualityReport") -> None:
    """Distances over the worst of the noise floor."""
    lines = [report.farthest(judge.name) for judge in JUDGES]
    places = np.arange(len(lines))
    lowest = 0.03
    axes.axvspan(lowest, 1.0, color=_BAND, label="within the noise floor")
    for place, one in zip(places, lines, strict=True):
        floor = max(one.floor_worst, 1e-12)
        ratios = np.maximum(np.array(one.values) / floor, lowest)
        axes.plot(ratios, np.full(len(ratios), place), "o", color=_RESULT, zorder=3)
        for name, value in (("Gaussian field", one.gaussian), ("white noise", one.white_noise)):
            colour, _, marker = _CONTROLS[name]
            look = {"color": colour, "markersize": 7, "fillstyle": "none", "zorder": 4}
            axes.plot(max(value / floor, lowest), place, marker, **look)
    axes.set_xscale("log")
    axes.set_xlim(left=lowest)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks(places, [report.named(one.judge) for one in lines])
    axes.set_xlabel("distance from the original over the worst of the noise floor")
    axes.grid(alpha=0.3, axis="x", which="both")
