"""``dmn-fe audit``: the error of a simulation with networks, without FE²."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dmn_fe.errors import InputError

__all__ = ["audit"]


def audit(
    results: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    rve: Annotated[
        Path,
        typer.Option(
            help="RVE that the network has learnt from, voxels or mesh.", show_default=False
        ),
    ],
    material: Annotated[
        str | None,
        typer.Option(help="Group of cells, where several have a network.", show_default=False),
    ] = None,
    points: Annotated[int, typer.Option(help="Quadrature points to draw.", min=2)] = 12,
    seed: Annotated[int, typer.Option(help="Seed of the draw.", min=0)] = 0,
    ranks: Annotated[int, typer.Option(help="MPI ranks that share the points.", min=1)] = 1,
    output: Annotated[
        Path | None, typer.Option(help="Folder, in place of that of the run.", show_default=False)
    ] = None,
) -> None:
    """Estimate the error of a run: some points follow their strains again on the full RVE.

    Interrupt and call again to go on; more points are added to those that are done. Writes
    audit.csv, audit_points.csv and audit.png.
    """
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.launch import run_on_ranks

    folder = output or results

    def kept() -> str:
        return (
            f"finished points are kept in {folder / 'replays'}, and the same command goes on there"
        )

    with interruptible(kept):
        if ranks == 1:
            _work(results, rve, material, points, seed, folder)
            return

        _check(results, rve, material)  # before mpirun adds its own words
        arguments = [f"--rve={rve}", f"--points={points}", f"--seed={seed}"]
        arguments += [] if material is None else [f"--material={material}"]
        arguments += [f"--output={folder}"]
        sys.exit(run_on_ranks(ranks, ["audit", *arguments, "--", str(results)], kept))


def _check(results: Path, rve: Path, material: str | None) -> None:
    """Raise ``InputError`` for wrong input."""
    from dmn_fe.microstructure import read_any
    from dmn_fe.validation.check_rve import fitting_rve
    from dmn_fe.validation.recorded_paths import read_recorded_paths

    fitting_rve(read_any(rve), read_recorded_paths(results, material).network)


def _work(
    results: Path, rve: Path, material: str | None, points: int, seed: int, folder: Path
) -> None:
    """Work as one rank of a mpirun, or as a single process."""
    from dmn_fe.cli.communicator import communicator
    from dmn_fe.cli.failure import fail_together

    comm = communicator()
    try:
        from dmn_fe import fem  # noqa: F401 - before anything that imports torch
    except ImportError as error:
        fail_together(InputError(str(error)), 2, comm)
    from dmn_fe.cli.audit_words import audit_in_words
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.collective import Alone, FailedTogether, RaiseTogether
    from dmn_fe.microstructure import read_any
    from dmn_fe.progress import no_progress
    from dmn_fe.validation import audit as audit_run
    from dmn_fe.validation.audit_files import draw_audit, write_audit

    rank = 0 if comm is None else comm.rank
    try:
        with RaiseTogether(comm or Alone()):
            element = read_any(rve)
        arguments = (results, element, material, points, seed, folder)
        if rank > 0:
            audit_run(*arguments, no_progress, comm)
            return
        with progress_bar("points") as progress:
            found = audit_run(*arguments, progress, comm)
        print(audit_in_words(found))
        written = [*write_audit(found, folder), folder / "audit.png"]
        draw_audit(found, written[-1])
        print(f"written: {', '.join(str(path) for path in written)}")
    except (InputError, FailedTogether) as error:
        fail_together(error, 2 if isinstance(error, InputError) else 1, comm)
