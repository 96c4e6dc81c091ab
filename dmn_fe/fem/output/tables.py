"""Tables with a row for each load step: reactions of groups of facets, and what others add."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.fem.output.csv_table import CsvTable
from dmn_fe.fem.output.group_mean import GroupMean
from dmn_fe.fem.part import Part
from dmn_fe.fem.path_following import LoadFactor
from dmn_fe.fem.problem import Problem
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.simulation import Output, Simulation

__all__ = ["Reactions", "Table"]


class Table(Output):
    """A row of numbers for the initial state, as step 0, and for each step.

    A restart drops the rows of later steps and goes on with the file; another run replaces it.
    Those that inherit give :meth:`prepare` and :meth:`row`.

    Parameters
    ----------
    path : str or Path
        The file; its folder is made if missing.
    columns : sequence of str
        Names of the numbers of :meth:`row`, which follow step, time, size and iterations.
    """

    def __init__(self, path: str | Path, columns: Sequence[str]):
        self.path = Path(path)
        self._columns = ["step", "time", "size", "iterations", *columns]
        self._table: CsvTable | None = None

    def prepare(self, problem: Problem) -> None:
        """Before the first row, and before anything is written (collective)."""

    def row(self, problem: Problem) -> NDArray[np.float64]:
        """Numbers of the last committed step, the same on all ranks (collective)."""
        raise NotImplementedError

    def check(self, run: Simulation) -> None:
        """Prepare the rows (collective).

        Raises
        ------
        InputError
            On all ranks, if that is not possible.
        """
        self.prepare(run.problem)

    def begin(self, run: Simulation) -> None:
        """Start or continue the file (collective).

        Raises
        ------
        InputError
            On all ranks, if it cannot be written, or has other columns and cannot be continued.
        """
        problem = run.problem
        self._table = CsvTable(self.path, self._columns, problem.qmap.comm)
        self._table.begin(problem.time if problem.steps > 0 else None)
        if problem.steps == 0:
            self._add(problem, 0.0, 0)

    def step(self, run: Simulation, report: StepReport, note: str) -> None:
        """Add a row (collective).

        Raises
        ------
        InputError
            On all ranks, if it cannot be written.
        """
        self._add(run.problem, report.size, report.iterations)

    def _add(self, problem: Problem, size: float, iterations: int) -> None:
        assert self._table is not None, "begin comes first"
        row = self.row(problem)
        self._table.add(problem.steps, problem.time, size, iterations, *row)


class Reactions(Table):
    """Mean displacement and reaction force of groups of facets.

    Columns ``<group> u1 …``, the mean over the area of the group, then ``<group> F1 …``, the force
    that its supports exert on the part, see :meth:`~dmn_fe.fem.problem.Problem.reaction`; groups
    count the nodes on edges that they share both. In the end ``all supports F1 …``, where these
    count once: minus the sum of all forces that act.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``reactions.csv``.
    part : Part
    groups : iterable of str
        Surfaces, or curves in two dimensions.
    factor : LoadFactor, optional
        An unknown load factor, which gets a column ``factor``.

    Raises
    ------
    InputError
        On all ranks, if the mesh has no such group, or one of them is empty.
    """

    def __init__(
        self,
        path: str | Path,
        part: Part,
        groups: Iterable[str],
        factor: LoadFactor | None = None,
    ):
        groups = list(dict.fromkeys([groups] if isinstance(groups, str) else groups))
        if not groups:
            raise InputError(f"{path}: a table of reactions needs the name of a group.")
        axes = range(1, part.mesh.geometry.dim + 1)
        columns = [f"{g} {what}{i}" for g in groups for what in "uF" for i in axes]
        columns += [f"all supports F{i}" for i in axes]
        super().__init__(path, columns if factor is None else ["factor", *columns])
        self._factor = factor
        self._facets = {group: part.facets(group) for group in groups}
        self._means: dict[str, GroupMean] = {}

    def prepare(self, problem: Problem) -> None:
        """Areas of the groups (collective)."""
        self._means = {
            group: GroupMean(problem.u, facets, problem.qmap.kinematics, group)
            for group, facets in self._facets.items()
        }

    def row(self, problem: Problem) -> NDArray[np.float64]:
        """Displacements and forces (collective)."""
        first = [] if self._factor is None else [[self._factor.value]]
        return np.concatenate(
            [
                *first,
                *(
                    vector
                    for group, facets in self._facets.items()
                    for vector in (self._means[group](), problem.reaction(facets))
                ),
                problem.total_reaction(),
            ]
        )
