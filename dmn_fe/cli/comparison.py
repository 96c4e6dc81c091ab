"""The second pass of a run, with the materials of one phase alone."""

from collections.abc import Callable
from pathlib import Path

from mpi4py import MPI

from dmn_fe.cli.console import run_console
from dmn_fe.cli.pass_run import pass_problem, pass_simulation
from dmn_fe.cli.passes import Pass
from dmn_fe.cli.printing import warn
from dmn_fe.cli.run_outputs import curve_table
from dmn_fe.cli.runfile import RunFile
from dmn_fe.collective import shared_errors
from dmn_fe.fem import Ending, Output, Part, StepFailed, output

__all__ = ["compare"]


def compare(
    run_file: RunFile,
    part: Part,
    one: Pass,
    folder: Path,
    stop: Callable[[], bool] | None,
    seconds: float,
) -> None:
    """The same steps with other materials, for their table only (collective).

    The results are worth more than it: where it fails or has to stop, a warning says so.
    ``seconds`` is the time that the run has taken.
    """
    comm: MPI.Intracomm = part.mesh.comm
    clock = run_file.steps.wall_clock
    left = None if clock is None else comm.bcast(max(clock - seconds, 1e-9), root=0)
    problem, why = None, ""
    failures: tuple[type[Exception], ...] = (StepFailed, *shared_errors(comm))
    try:
        problem, following = pass_problem(run_file, part, one)
        table = curve_table(run_file, part, folder / one.csv, problem, None)
        told: list[Output] = [output.Progress(run_console()), table]
        ending = pass_simulation(run_file, problem, told, following, stop, wall_clock=left).run()
        why = "" if ending is Ending.FINISHED else ending.value
    except failures as error:
        why = str(error)
    if problem is not None:
        problem.close()
    if why and comm.rank == 0:
        warn(f"the comparison is not complete ({why}); the results of the run are.")
