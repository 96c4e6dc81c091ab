"""``dmn-fe run``: a macroscale simulation from a run file."""

import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from dmn_fe.cli.failure import fail_together
from dmn_fe.cli.interruption import asked_to_stop, ended_when_interrupted, interruptible
from dmn_fe.cli.launch import end_with_parent, run_on_ranks
from dmn_fe.cli.runfile import RunFile, read_run_file
from dmn_fe.collective import FailedTogether
from dmn_fe.errors import InputError

__all__ = ["STOPPED", "run", "simulate_here", "start"]

_KEPT = "the tables of the steps that were finished are in {}, and the last checkpoint"
#: Exit status of a run that was asked to stop: "temporary failure" of sysexits.h, try again later.
STOPPED = 75


def run(
    run_file: Annotated[
        Path,
        typer.Argument(
            help="Run file (.toml); demos/bracket.toml explains the keys.", show_default=False
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results, in place of the run file's.", show_default=False
        ),
    ] = None,
    ranks: Annotated[int, typer.Option(help="MPI ranks to start.", min=1)] = 1,
    restart: Annotated[
        bool, typer.Option("--restart", help="Go on from the last checkpoint in the folder.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Check the input and tell memory and time, without solving."),
    ] = False,
) -> None:
    """Run a macroscale DOLFINx simulation; also under mpirun.

    Paths in the run file start from its folder, --output from the current folder. The signals TERM
    and USR1 stop it after the present step, with a checkpoint; it then ends with exit status 75, as
    when 'steps.wall_clock' runs out, and --restart goes on, on any number of ranks.
    """
    start(run_file, output, ranks, restart, check)


def start(
    run_file: Path,
    output: Path | None,
    ranks: int,
    restart: bool = False,
    check: bool = False,
) -> None:
    """Check the input, then simulate here or on ``ranks`` ranks under ``mpirun``."""
    if ranks == 1:
        simulate_here(run_file, output, restart, check)
        return
    folder = _check(run_file, output)
    arguments = ["run", str(run_file)]
    arguments += [] if output is None else ["--output", str(output)]
    arguments += ["--restart"] if restart else []
    arguments += ["--check"] if check else []
    kept = _KEPT.format(folder)

    def how_to_go_on() -> str:
        if not any((folder / "checkpoints").glob("step_*")):
            return f"there is no checkpoint in {folder} from which --restart could go on"
        return f"{kept}, from which --restart goes on"

    with interruptible(lambda: kept):
        sys.exit(run_on_ranks(ranks, arguments, how_to_go_on, signal.SIGUSR1))


def simulate_here(
    run_file: Path,
    output: Path | None,
    restart: bool,
    only_check: bool = False,
    change: Callable[[RunFile], RunFile] | None = None,
) -> None:
    """Simulate as one rank of a mpirun, or as a single process; ``change`` makes another run file
    of the one that is read."""
    from dmn_fe.cli.communicator import communicator

    end_with_parent()
    comm = communicator()
    try:
        from dmn_fe.fem import Ending, StepFailed  # before anything that imports torch
    except ImportError as error:
        fail_together(InputError(str(error)), 2, comm)
    from dmn_fe.cli.simulation import check, simulate

    rank = comm.rank
    kept = _KEPT.format(output or "the run file's 'output.folder'")
    try:
        with ended_when_interrupted(kept, speak=rank == 0), asked_to_stop() as stop:
            if only_check:
                check(run_file, output)
                return
            ending = simulate(run_file, output, restart, stop, change=change)
    except (InputError, StepFailed, FailedTogether) as error:
        fail_together(error, 2 if isinstance(error, InputError) else 1, comm)
    except Exception as error:
        if comm.size == 1:
            if isinstance(error, RuntimeError):  # of a law, such as memory that is full
                fail_together(error, 1, comm)
            raise
        text = f"dmn-fe: rank {rank} failed\n{traceback.format_exc()}"
        print(text, file=sys.stderr, flush=True)
        # A rank that failed alone would leave the others waiting for ever.
        comm.Abort(1)
    if ending is not Ending.FINISHED:
        go_on = "go on with --restart" if change is None else "what is done is kept"
        stopped = RuntimeError(f"{ending.value}; {go_on}")
        fail_together(stopped, STOPPED, comm)


def _check(run_file: Path, output: Path | None) -> Path:
    """Find wrong input here, where a sentence about it is not lost among the words of mpirun.

    Returns the folder for the results.
    """
    from dmn_fe.cli.passes import check_files, passes_of

    description = read_run_file(run_file)
    folder = output or description.output.folder
    passes_of(description)
    check_files(description, folder)
    return folder
