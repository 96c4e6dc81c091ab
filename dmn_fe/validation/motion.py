"""How far a part was moved in each step, from the tables of its run."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Motion", "motion_of_steps"]

_SHARE = 0.1  # of the work of a surface: what nodes that it shares with others bring is less

Columns = dict[str, NDArray[np.float64]]


class Motion(NamedTuple):
    """Norm ``[k]`` of the motion in each step, the first zero, and what it is of."""

    sizes: NDArray[np.float64]
    name: str


def motion_of_steps(folder: Path, times: NDArray[np.float64]) -> Motion | None:
    """How far the surface was moved whose supports do most work.

    Where no support does work, the mean displacements of all surfaces in the table count; of a
    periodic cell its mean strain.

    Parameters
    ----------
    folder : Path
        Of the run.
    times : array ``[k]``

    Returns
    -------
    Motion or None
        None if there is no table of all these steps, or nothing has moved.
    """
    for name, choose in (("reactions.csv", _displacements), ("cell.csv", _strains)):
        table = _read(folder / name)
        if "time" not in table or not np.isin(times, table["time"]).all():
            continue
        rows = np.searchsorted(table["time"], times)
        chosen, what = choose({key: column[rows] for key, column in table.items()})
        steps = np.array([np.diff(column, prepend=0.0) for column in chosen])
        sizes = np.sqrt((steps**2).sum(axis=0)) if len(steps) else np.zeros(len(times))
        if sizes.any():
            return Motion(sizes, what)
    return None


def _displacements(table: Columns) -> tuple[list[NDArray[np.float64]], str]:
    work: dict[str, dict[str, float]] = {}  # of each surface and column
    columns = [name for name in table if re.fullmatch(r".* u[1-3]", name)]
    for name in columns:
        surface, component = name.rsplit(" u", 1)
        force = table.get(f"{surface} F{component}")
        if force is not None:
            own = np.abs(force * np.diff(table[name], prepend=0.0)).sum()
            work.setdefault(surface, {})[name] = float(own)
    if any(sum(own.values()) > 0.0 for own in work.values()):
        surface = max(work, key=lambda one: sum(work[one].values()))
        own = work[surface]
        most = max(own.values())
        return [table[name] for name in own if own[name] >= _SHARE * most], f"that of {surface!r}"
    return [table[name] for name in columns], "those of all surfaces"


def _strains(table: Columns) -> tuple[list[NDArray[np.float64]], str]:
    names = [name for name in table if re.fullmatch(r"strain [1-3]+", name)]
    return [table[name] for name in names], "the mean strain"


def _read(path: Path) -> Columns:
    """Columns by name; nothing of a file that is no table of numbers."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
    except (OSError, ValueError, TypeError, IndexError):
        return {}
