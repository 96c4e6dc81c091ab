"""Fields over time for ParaView: the displacement, and quantities of cells."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dmn_fe.errors import InputError
from dmn_fe.fem.output.cell_values import CellValues
from dmn_fe.fem.output.field_file import FieldFile, FieldPlan
from dmn_fe.fem.output.field_formats import FORMATS
from dmn_fe.fem.output.folder import make_folder
from dmn_fe.fem.output.quantities import Quantity
from dmn_fe.fem.output.state_output import StateOutput
from dmn_fe.fem.problem import Problem

__all__ = ["Fields"]


class Fields(StateOutput):
    """Displacement, and quantities averaged over cells, in files of a folder.

    Written are the initial state, every so many steps or some times, and the last state, also of a
    run that fails. Quantities such as ``"status"`` that tell of the last evaluation are then those
    of the step that failed, if the last state is not in the file yet.

    Parameters
    ----------
    folder : str or Path
        Made if missing; files of the same names are replaced, or continued by a restart.
    format : str
        ``"vtkhdf"``: ``fields.vtkhdf``, one file of the whole simulation, which can be looked at
        while it grows. ``"vtx"``: ``displacement.bp`` and ``quantities.bp``, if DOLFINx has ADIOS2;
        ``"xdmf"``: ``fields.xdmf``, with the displacement at the nodes of the mesh only. DOLFINx
        cannot continue these two: after a restart there are more of them, with the number of its
        first step in the name, such as ``displacement_0000012.bp``.
    quantities : iterable of str or Quantity
        Names in :data:`~dmn_fe.fem.output.QUANTITIES`, or quantities of your own.
    every : int
        Steps from one to the next.
    times : sequence of float, optional
        The steps that end at these times, in place of ``every``; they must be targets of the
        :class:`~dmn_fe.fem.steps.StepSizes`.

    Raises
    ------
    InputError
        For a format or quantity that is unknown, or a format that DOLFINx lacks a library for.
    """

    def __init__(
        self,
        folder: str | Path,
        format: str = "vtkhdf",
        quantities: Iterable[str | Quantity] = ("stress", "von_mises"),
        every: int = 1,
        times: Sequence[float] | None = None,
    ):
        super().__init__(quantities, every, times)
        if format not in FORMATS:
            raise InputError(f"there is no format {format!r}; take one of: {', '.join(FORMATS)}.")
        FORMATS[format].check()
        self.folder, self._format = Path(folder), FORMATS[format]
        if "displacement" in (one.name for one in self.quantities):
            raise InputError("the displacement is written anyway; give this quantity another name.")
        self._cells: CellValues | None = None
        self._file: FieldFile | None = None

    def open(self, problem: Problem, kept: float | None) -> bool:
        """Start or continue the files (collective)."""
        make_folder(self.folder, problem.qmap.comm)
        self._cells = CellValues(problem.qmap)
        plan = FieldPlan(self.folder, problem.u, self.quantities, problem.steps, kept)
        self._file = self._format(plan)
        return self._file.continues

    def write(self, problem: Problem) -> None:
        """Add the state of the last committed step (collective)."""
        assert self._file is not None
        assert self._cells is not None, "begin comes first"
        self._file.write(problem.time, self._cells.of(problem, self.quantities))

    def close(self) -> None:
        """Finish the files (collective)."""
        if self._file is not None:
            self._file.close()
