"""The tables that a simulation leaves behind, read again."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError

__all__ = ["TABLES", "Columns", "is_round_off", "read_table", "read_tables", "varies_most"]

#: Tables with a row for each step, in the order of their worth for a curve.
TABLES = ("reactions.csv", "cell.csv", "probes.csv")

_ROUND_OFF = 1e-6

Columns = dict[str, NDArray[np.float64]]


def read_table(path: Path) -> Columns:
    """Columns of a table, by their names.

    Raises
    ------
    InputError
        If it has no rows, or holds anything but numbers.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise InputError(f"{path}: has no rows yet; wait for the first step.")
    try:
        return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: is no table of numbers ({error}).") from error


def read_tables(results: Path) -> Columns:
    """Columns of the tables of a simulation, by name; of later ones only where rows agree."""
    columns: Columns = {}
    for name in TABLES:
        if (results / name).is_file():
            table = read_table(results / name)
            if len({len(values) for values in (*table.values(), *columns.values())}) == 1:
                columns = table | columns
    return columns


def is_round_off(forces: NDArray[np.float64], others: Iterable[NDArray[np.float64]]) -> bool:
    """Whether forces are nothing beside others: those of a group that no support holds."""
    return float(np.abs(forces).max()) <= _ROUND_OFF * max(np.abs(f).max() for f in others)


def varies_most(columns: Columns, names: list[str]) -> str:
    """The name of the column with the largest range."""
    return max(names, key=lambda name: float(np.ptp(columns[name])))
