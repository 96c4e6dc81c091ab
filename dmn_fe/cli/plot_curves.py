"""Curves from the tables of a simulation."""

import re
from pathlib import Path

import matplotlib.figure
from matplotlib.backends.backend_agg import FigureCanvasAgg

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
    """The displacement ``<group> u1``, or mean strain ``strain 11``, that varies most; of a group
    with forces if there is one."""
    groups = {name.rsplit(" ", 1)[0] for name in _of(columns, "F")}
    displacements = _of(columns, "u")
    motions = [name for name in displacements if name.rsplit(" ", 1)[0] in groups]
    motions = motions or displacements or [n for n in columns if n.startswith("strain ")]
    if not motions:
        raise InputError("the tables have no displacements to choose from; give --x and --y.")
    return varies_most(columns, motions)


def response(columns: Columns, x: str) -> str:
    """The force of the group of a displacement, or the mean stress of a mean strain; where no
    support holds the group, the largest force along this displacement of those that are held."""
    if x.startswith("strain "):
        return x.replace("strain", "stress")
    forces = _of(columns, "F")
    if not forces:
        raise InputError("the tables have no forces to choose from; give --y.")
    group, component = x.rsplit(" ", 1)
    own = [name for name in forces if name.rsplit(" ", 1)[0] == group]
    largest = columns[varies_most(columns, forces)]
    if own and not is_round_off(columns[varies_most(columns, own)], [largest]):
        return varies_most(columns, own)
    along = [name for name in forces if name[-1] == component[-1]]
    return varies_most(columns, along or forces)


def _of(columns: Columns, kind: str) -> list[str]:
    """Names such as ``<group> u1``, of a kind."""
    return [name for name in columns if re.fullmatch(f".* {kind}[0-9]", name)]
