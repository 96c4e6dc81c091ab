"""Curves from the tables of a simulation."""

import re
from pathlib import Path

import matplotlib.figure
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray

from dmn_fe.cli.result_tables import Columns, is_round_off, read_tables, varies_most
from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

__all__ = ["draw_curves", "motion", "response"]


def draw_curves(results: Path, x: str | None, y: list[str], folder: Path) -> Path:
    """Write ``curves.png``, of columns of the tables of a simulation.

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
    x = x or motion(columns)
    y = y or [response(columns, x)]
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


def motion(columns: Columns) -> str:
    """What moves: the displacement ``<group> u1`` that, with its force, does most work; or the mean
    strain ``strain 11`` that varies most, or the displacement."""
    groups = {name.rsplit(" ", 1)[0] for name in _of(columns, "F")}
    displacements = _of(columns, "u")
    driven = [name for name in displacements if name.rsplit(" ", 1)[0] in groups]
    if driven:
        return max(driven, key=lambda x: _work(columns[x], columns[response(columns, x)]))
    others = [name for name in columns if name.startswith("strain ")] or displacements
    if not others:
        raise InputError("the tables have no displacements to choose from; give --x and --y.")
    return varies_most(columns, others)


def _work(displacement: NDArray[np.float64], force: NDArray[np.float64]) -> float:
    """Range by range: no more than what tells much from little."""
    return float(np.ptp(displacement) * np.ptp(force))


def response(columns: Columns, x: str) -> str:
    """The force of a displacement, or the mean stress of a mean strain; where no support holds the
    group, that of all supports."""
    if x.startswith("strain "):
        return x.replace("strain", "stress")
    group, component = x.rsplit(" ", 1)
    own, of_all = (f"{name} F{component[1:]}" for name in (group, "all supports"))
    if own in columns:
        forces = [columns[name] for name in _of(columns, "F")]
        if of_all not in columns or not is_round_off(columns[own], forces):
            return own
    if of_all not in columns:
        raise InputError("the tables have no forces to choose from; give --y.")
    return of_all


def _of(columns: Columns, kind: str) -> list[str]:
    """Names such as ``<group> u1``, of a kind."""
    return [name for name in columns if re.fullmatch(f".* {kind}[0-9]", name)]
