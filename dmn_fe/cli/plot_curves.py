"""Curves from the tables of a simulation."""

import csv
from pathlib import Path

import matplotlib.figure
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["draw_curves", "read_tables"]


def draw_curves(results: Path, x: str | None, y: list[str], folder: Path) -> Path:
    """Write ``curves.png``, of columns of ``reactions.csv`` and ``probes.csv``.

    Raises
    ------
    InputError
        If a column is unknown.
    """
    columns = read_tables(results)
    given = [name for name in (x, *y) if name is not None]
    for name in given:
        if name not in columns:
            known = ", ".join(repr(one) for one in columns)
            raise InputError(f"{results}: there is no column {name!r}; the tables have: {known}.")
    if x is None:
        x = _largest(columns, "u")
    if not y:
        group = x.rsplit(" ", 1)[0]
        own = {name: v for name, v in columns.items() if name.startswith(f"{group} F")}
        y = [_largest(own or columns, "F")]
    figure = matplotlib.figure.Figure(figsize=(7.0, 5.0), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name in y:
        axes.plot(columns[x], columns[name], marker="o", markersize=3, label=name)
    axes.set(xlabel=x, ylabel=y[0] if len(y) == 1 else "")
    axes.grid(alpha=0.3)
    axes.legend()
    path = folder / "curves.png"
    with written_whole(path) as partial:
        figure.savefig(partial, format="png")
    return path


def read_tables(results: Path) -> dict[str, NDArray[np.float64]]:
    """Columns of the tables of a simulation, by name; those of probes only where rows agree."""
    columns: dict[str, NDArray[np.float64]] = {}
    for name in ("reactions.csv", "probes.csv"):
        path = results / name
        if not path.is_file():
            continue
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            raise InputError(f"{path}: has no rows yet; wait for the first step.")
        try:
            table = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: is no table of numbers ({error}).") from error
        lengths = {len(values) for values in (*table.values(), *columns.values())}
        if len(lengths) == 1:
            columns = table | columns
    return columns


def _largest(columns: dict[str, NDArray[np.float64]], kind: str) -> str:
    """The column ``<group> F1`` or ``<group> u1`` that varies most."""
    ranges = {
        name: float(np.ptp(values))
        for name, values in columns.items()
        if name.rsplit(" ", 1)[-1][:1] == kind and name.rsplit(" ", 1)[-1][1:].isdigit()
    }
    if not ranges:
        raise InputError("the tables have no such columns to choose from; give --x and --y.")
    return max(ranges, key=ranges.__getitem__)
