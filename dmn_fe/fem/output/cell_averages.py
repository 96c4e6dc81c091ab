"""Mean strain and stress of a periodic cell, in a table."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.fem.output.tables import Table
from dmn_fe.fem.problem import Problem

__all__ = ["CellAverages"]


class CellAverages(Table):
    """Columns ``strain 11`` … and ``stress 11`` … with the components of the mean tensors.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``cell.csv``.
    problem : Problem
        Of a periodic cell.

    Raises
    ------
    InputError
        If the problem is another one.
    """

    def __init__(self, path: str | Path, problem: Problem):
        if problem.cell is None:
            raise InputError(f"{path}: the problem is no periodic cell; leave this output out.")
        names = problem.cell.components
        super().__init__(path, [f"{what} {ij}" for what in ("strain", "stress") for ij in names])

    def row(self, problem: Problem) -> NDArray[np.float64]:
        """Mean strain and stress (collective)."""
        assert problem.cell is not None
        return np.concatenate([problem.cell.mean_strain(), problem.cell.mean_stress()])
