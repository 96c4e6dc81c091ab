"""The macroscale simulation that a run file describes; every rank calls it."""

from collections.abc import Callable
from pathlib import Path

from mpi4py import MPI

from dmn_fe.cli.comparison import compare
from dmn_fe.cli.pass_run import pass_problem, pass_simulation
from dmn_fe.cli.passes import Pass, check_files, passes_of
from dmn_fe.cli.printing import costs_in_words, describe, say
from dmn_fe.cli.run_outputs import outputs_of
from dmn_fe.cli.run_picture import draw_run
from dmn_fe.cli.runfile import RunFile, read_run_file
from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem import (
    Checkpoints,
    Ending,
    Part,
    Problem,
    StepFailed,
    estimate_costs,
    read_mesh,
)

__all__ = ["check", "read_case", "simulate"]


def simulate(
    path: Path,
    folder: Path | None = None,
    restart: bool = False,
    stop: Callable[[], bool] | None = None,
    comm: MPI.Intracomm = MPI.COMM_WORLD,
    change: Callable[[RunFile], RunFile] | None = None,
) -> Ending:
    """Run the load steps of a run file (collective).

    Parameters
    ----------
    path : Path
        The run file.
    folder : Path, optional
        For the results, in place of the run file's.
    restart : bool
        Whether to go on from the newest checkpoint in the folder.
    stop : callable, optional
        Whether to stop after the present step.
    change : callable, optional
        Makes another run file of the one that was read.

    Raises
    ------
    InputError
        On every rank and before anything is written, if the input does not fit together.
    StepFailed
        On every rank, if a load step does not converge; all results up to there are written.
    """
    run_file, passes, part = read_case(path, folder, comm, change)
    folder = folder or run_file.output.folder
    problem, following = pass_problem(run_file, part, passes[-1])
    clock = run_file.steps.wall_clock
    checkpoints = Checkpoints(folder / "checkpoints", run_file.checkpoints.keep)
    say(comm, describe(run_file, part, problem))
    outputs = outputs_of(run_file, part, folder, passes[-1].csv, problem, following)
    run = pass_simulation(run_file, problem, outputs, following, stop, checkpoints, clock)
    if restart:
        run.restart()
        say(comm, f"going on from step {problem.steps}, time {problem.time:g}")
        if run.finished:
            say(comm, "all load steps were done before; without --restart the run begins anew")
    run.check()
    if not restart:
        checkpoints.begin(comm)
        _forget_picture(folder, comm)
    try:
        ending = run.run()
    except StepFailed as error:
        draw_run(run_file, problem, folder, passes)
        raise StepFailed(_remedy(problem, error)) from error
    if ending is Ending.FINISHED and len(passes) > 1:
        say(comm, f"\n{passes[0].name}, for comparison")
        compare(run_file, part, passes[0], folder, stop, run.seconds)
    draw_run(run_file, problem, folder, passes)
    say(comm, f"results in {folder.resolve()}")
    problem.close()
    return ending


def check(path: Path, folder: Path | None = None, comm: MPI.Intracomm = MPI.COMM_WORLD) -> None:
    """Check a run file with its mesh, networks and loads, and tell what it will cost (collective).

    Nothing is written.

    Raises
    ------
    InputError
        As :func:`simulate`.
    """
    run_file, passes, part = read_case(path, folder, comm)
    folder = folder or run_file.output.folder
    problem, following = pass_problem(run_file, part, passes[-1])
    outputs = outputs_of(run_file, part, folder, passes[-1].csv, problem, following)
    run = pass_simulation(run_file, problem, outputs, following)
    run.check()
    say(comm, describe(run_file, part, problem))
    first, steps = run.sizes.next(problem.time), run.sizes.fewest(problem.time)
    say(comm, costs_in_words(estimate_costs(problem, first), steps, comm.size))
    say(comm, f"{path}: all fits together")
    problem.close()


def read_case(
    path: Path,
    folder: Path | None,
    comm: MPI.Intracomm,
    change: Callable[[RunFile], RunFile] | None = None,
) -> tuple[RunFile, list[Pass], Part]:
    """Run file, passes and mesh, checked before anything is written (collective)."""
    with RaiseTogether(comm):
        run_file = read_run_file(path)
        if change is not None:
            run_file = change(run_file)
        passes = passes_of(run_file)
        if comm.rank == 0:
            check_files(run_file, folder or run_file.output.folder)
    surfaces = [support.group for support in run_file.supports] + run_file.output.reactions
    volumes = list(passes[-1].materials)
    try:
        part = read_mesh(run_file.mesh.file, comm, surfaces=surfaces, volumes=volumes)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return run_file, passes, part


def _forget_picture(folder: Path, comm: MPI.Intracomm) -> None:
    """Remove the picture of an earlier run, which would pass for one of this."""
    with RaiseTogether(comm):
        if comm.rank == 0:
            (folder / "picture.png").unlink(missing_ok=True)


def _remedy(problem: Problem, error: StepFailed) -> str:
    remedy = (
        "give a smaller 'steps.smallest'; or, if the load may be more than the part can bear, "
        "prescribe displacements or a 'path'"
    )
    if problem.steps == 0:
        remedy = f"check that every piece of the part is held, or {remedy}"
    return f"{error}; {remedy}."
