"""``dmn-fe run``: a macroscale simulation from a run file."""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from dmn_fe.cli.launch import run_on_ranks
from dmn_fe.cli.runfile import read_run_file
from dmn_fe.errors import InputError

__all__ = ["run", "start"]


def run(
    run_file: Annotated[Path, typer.Argument(help="Run file (.toml).")],
    output: Annotated[
        Path | None, typer.Option(help="Folder for the results, in place of the run file's.")
    ] = None,
    ranks: Annotated[int, typer.Option(help="MPI ranks to start.", min=1)] = 1,
) -> None:
    """Run a macroscale DOLFINx simulation; also under mpirun."""
    start(run_file, output, ranks)


def start(run_file: Path, output: Path | None, ranks: int) -> None:
    """Check the run file, then simulate here or on ``ranks`` ranks under ``mpirun``."""
    if ranks > 1:
        read_run_file(run_file)
        arguments = ["run", str(run_file)]
        arguments += [] if output is None else ["--output", str(output)]
        sys.exit(run_on_ranks(ranks, arguments))
    # One rank of a mpirun, or a single process.
    try:
        import dmn_fe.fem  # noqa: F401  (before anything that imports torch)
    except ImportError as error:
        raise InputError(str(error)) from None
    from mpi4py import MPI

    from dmn_fe.cli.simulation import simulate

    try:
        description = read_run_file(run_file)
        simulate(description, output or description.output.folder)
    except InputError as error:
        # Every rank raises it; one of them speaks.
        if MPI.COMM_WORLD.rank == 0:
            print(f"dmn-fe: {error}", file=sys.stderr, flush=True)
        sys.exit(2)
    except Exception as error:
        if MPI.COMM_WORLD.size == 1:
            raise
        if not (isinstance(error, RuntimeError) and MPI.COMM_WORLD.rank > 0):
            traceback.print_exc()
        sys.stderr.flush()
        # A rank that failed alone would leave the others waiting for ever.
        MPI.COMM_WORLD.Abort(1)
