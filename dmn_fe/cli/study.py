"""``dmn-fe study``: compare ways of training, and write a report."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dmn_fe.errors import InputError

if TYPE_CHECKING:
    from dmn_fe.assessment import Plan

__all__ = ["study"]


def study(
    file: Annotated[Path, typer.Argument(help="Study file (.toml).", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            help="Folder of the report; results go to its folder 'runs'.", show_default=False
        ),
    ],
    ranks: Annotated[int, typer.Option(min=1, help="Processes that share the trainings.")] = 1,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Write the report of what is done; train nothing.")
    ] = False,
) -> None:
    """Train all variants of a study and write its report; interrupt and call again to go on."""
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.launch import run_on_ranks
    from dmn_fe.cli.study_file import read_study_file

    def kept() -> str:
        return (
            f"what is done is kept in {output}, and the same command goes on there; with "
            "--report-only it writes the report of what is done"
        )

    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file; give a folder for --output.")
    if report_only:
        _report(read_study_file(file), output)
        return
    with interruptible(kept):
        if ranks == 1:
            _work(file, output)
            return
        from dmn_fe.assessment import check_files

        check_files(read_study_file(file))  # before mpirun adds its own words
        sys.exit(run_on_ranks(ranks, ["study", f"--output={output}", "--", str(file)], kept))


def _report(plan: "Plan", output: Path) -> None:
    from dmn_fe.assessment import write_report

    print(f"{write_report(plan, output / 'runs', output)}: written")


def _work(file: Path, output: Path) -> None:
    """Work as one rank of a mpirun, or as a single process."""
    from dmn_fe.assessment import execute
    from dmn_fe.cli.communicator import communicator
    from dmn_fe.cli.failure import fail_together
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.cli.study_file import read_study_file
    from dmn_fe.collective import Alone, RaiseTogether

    comm = communicator()
    rank = 0 if comm is None else comm.rank
    try:
        with RaiseTogether(comm or Alone()):
            plan = read_study_file(file)
        if rank == 0:
            with progress_bar("trainings") as progress:
                failures = execute(plan, output / "runs", progress, comm)
        else:
            failures = execute(plan, output / "runs", comm=comm)
        with RaiseTogether(comm or Alone()):
            if rank == 0 and len(failures) < len(plan.trainings()):
                _report(plan, output)
        if failures:
            raise InputError(
                f"{len(failures)} of {len(plan.trainings())} trainings failed, the first is "
                f"{failures[0]}; the same command tries them again."
            )
    except InputError as error:
        fail_together(error, 2, comm)
