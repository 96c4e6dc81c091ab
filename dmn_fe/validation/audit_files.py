"""An audit as tables and as a picture."""

import csv
from pathlib import Path

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dmn_fe.files import written_whole
from dmn_fe.validation.audit_result import Audit

__all__ = ["draw_audit", "write_audit"]

_PERCENT = 100.0


def write_audit(audit: Audit, folder: Path) -> list[Path]:
    """Write ``audit.csv``, a row for each step, and ``audit_points.csv``, for each point and step.

    ``error`` and ``standard error`` are relative, to the largest force; those of points to the
    largest stress of the RVE there.
    """
    steps, points = folder / "audit.csv", folder / "audit_points.csv"
    rows = zip(audit.times, audit.force, audit.error, audit.standard_error, strict=True)
    _write(
        steps,
        ["time", "force", "error", "standard error"],
        [[float(x) for x in row] for row in rows][1:],
    )
    has_spread = audit.covered is not None
    names = ["point", "x1", "x2", "x3", "drawn", "time", "error", *["spread"] * has_spread]
    table: list[list[float]] = []
    for number, point in enumerate(audit.points):
        for step, time in enumerate(audit.times):
            spread = [] if point.spread is None else [float(point.spread[step])]
            where = [float(x) for x in point.position]
            error = float(point.error[step])
            table.append([number, *where, point.drawn, float(time), error, *spread])
    _write(points, names, table)
    return [steps, points]


def draw_audit(audit: Audit, path: Path) -> None:
    """A picture: the force and its estimated error, and the errors of the stress at the points."""
    figure = matplotlib.figure.Figure(figsize=(12.0, 4.0), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    _draw_force(audit, left)
    _draw_error(audit, middle)
    _draw_points(audit, right)
    for axes in (left, middle, right):
        axes.set_xlabel("time")
        axes.grid(alpha=0.3)
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")


def _draw_force(audit: Audit, axes: Axes) -> None:
    largest = np.nanmax(np.abs(audit.force))
    axes.plot(audit.times, audit.force, color="C0", label="network")
    corrected = audit.force - audit.error * largest
    band = 2.0 * audit.standard_error * largest
    axes.plot(audit.times, corrected, color="C1", ls="--", label="full RVE, estimated")
    axes.fill_between(audit.times, corrected - band, corrected + band, color="C1", alpha=0.3, lw=0)
    axes.set(title="force on the motion of the step", ylabel="force")
    axes.legend(fontsize=8)


def _draw_error(audit: Audit, axes: Axes) -> None:
    error, band = _PERCENT * audit.error, 2.0 * _PERCENT * audit.standard_error
    axes.plot(audit.times, error, color="C1", marker="o", markersize=3)
    axes.fill_between(audit.times, error - band, error + band, color="C1", alpha=0.3, lw=0)
    axes.axhline(0.0, color="black", lw=0.8)
    axes.set(title="its error, ± 2 standard errors", ylabel="% of the largest force")


def _draw_points(audit: Audit, axes: Axes) -> None:
    for point in audit.points:
        if not point.most_strained:
            axes.plot(audit.times, _PERCENT * point.error, color="C0", alpha=0.5, lw=1.0)
    axes.plot([], [], color="C0", alpha=0.5, lw=1.0, label="points that were drawn")
    for point in audit.points:
        if point.most_strained:
            axes.plot(audit.times, _PERCENT * point.error, color="C3", label="most strained point")
            if point.spread is not None:
                spread = 2.0 * _PERCENT * point.spread
                axes.plot(audit.times, spread, color="C3", ls=":", label="twice its spread")
    axes.set(title="error of the stress at points", ylabel="% of the point's largest stress")
    axes.set_ylim(bottom=0.0)
    axes.legend(fontsize=8)


def _write(path: Path, names: list[str], rows: list[list[float]]) -> None:
    with written_whole(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
