"""``dmn-fe validate``: a simulation with networks against the same with full FE²."""

from pathlib import Path
from typing import Annotated

import typer

from dmn_fe.cli.interruption import interruptible
from dmn_fe.cli.launch import check_ranks, run_alone
from dmn_fe.cli.run import STOPPED, simulate_here
from dmn_fe.cli.runfile import RunFile, read_run_file
from dmn_fe.collective import ranks_of_launcher
from dmn_fe.errors import InputError
from dmn_fe.files import lock

__all__ = ["validate"]


def validate(
    case: Annotated[
        Path,
        typer.Argument(
            help="Run file (.toml) whose materials are RVEs, with a table 'validation'.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the report and of all results, in place of results/validation/NAME.",
            show_default=False,
        ),
    ] = None,
    ranks: Annotated[int, typer.Option(help="MPI ranks of every run.", min=1)] = 1,
    fe2: Annotated[
        bool, typer.Option("--fe2", help="Run full FE², also where there is a reference file.")
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(help="Make this run alone, and no report.", show_default=False),
    ] = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Write the report of what is done; run nothing.")
    ] = False,
    keep_reference: Annotated[
        Path | None,
        typer.Option(
            help="Write the reference file from this folder of a finished FE² run of the case.",
            show_default=False,
        ),
    ] = None,
    remark: Annotated[
        str,
        typer.Option(
            help="A sentence that the reference file keeps for its reports, such as that the "
            "machine was busy with other work.",
            show_default=False,
        ),
    ] = "",
    worker: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run a part with full FE² and with networks, and report how far they differ.

    Each run is a process of its own, or an mpirun. Interrupt and call again to go on: what is
    finished is kept, and what is not goes on from its last checkpoint.
    """
    root = output or Path("results") / "validation" / case.stem
    if worker is not None:
        assert only is not None
        folder = _folder_of(only, root)
        simulate_here(case, folder, worker == "restart", change=_changed(only, folder))
        return
    if ranks_of_launcher() > 1:
        raise InputError("validate starts mpirun itself for each run; give --ranks in its place.")
    if keep_reference is not None:
        _with_fem()
        from dmn_fe.cli.validation_keep import keep

        print(f"{keep(read_run_file(case), keep_reference, remark)}: written")
        return
    if not report_only:
        if _run(case, root, ranks, fe2, only):
            # In a process of its own, where DOLFINx comes before torch.
            arguments = ["validate", str(case), "--report-only", "--output", str(root)]
            raise typer.Exit(run_alone(arguments))
        return
    _with_fem()
    from dmn_fe.cli.validation_report import report

    print(f"{report(read_run_file(case), root)}: written")


def _with_fem() -> None:
    """DOLFINx comes before anything that imports torch; but MPI must not run in a process that
    still starts mpirun."""
    try:
        import dmn_fe.fem  # noqa: F401
    except ImportError as error:
        raise InputError(str(error)) from None


def _folder_of(name: str, root: Path) -> Path:
    """Folder of a run: without the networks, which need torch."""
    from dmn_fe.cli.validation_table import folder_name

    return root / ("fe2" if name == "FE²" else folder_name(name))


def _changed(name: str, folder: Path):
    """Makes the run file of a run from that of the case."""

    def change(case: RunFile) -> RunFile:
        from dmn_fe.cli.validation_case import variant_of

        return variant_of(case, name).run_file(case, folder)

    return change


def _run(case: Path, root: Path, ranks: int, fe2: bool, only: str | None) -> bool:
    """Make what runs are missing; returns whether a report is to be written."""
    from dmn_fe.cli.validation_case import FE2, check_networks, variant_of, variants_of
    from dmn_fe.cli.validation_reference import fitting
    from dmn_fe.cli.validation_runs import Stopped, VariantRun, check_root

    if ranks > 1:
        check_ranks(ranks)
    description = read_run_file(case)
    check_networks(description)
    check_root(description, root)
    runs = [VariantRun(one, description, root / one.folder) for one in variants_of(description)]
    if only is not None:
        wanted = variant_of(description, only)
        runs = [one for one in runs if one.variant == wanted]
    elif not fe2:
        reference, why = fitting(description)
        print(why)
        if reference is not None:
            runs = [one for one in runs if one.variant.name != FE2]

    def kept() -> str:
        return f"what is finished is kept in {root}, and the same command goes on there"

    with interruptible(kept), open(root / ".lock", "wb") as file:
        lock(file, root)
        for number, one in enumerate(runs, start=1):
            print(f"\n{one.variant.name} ({number} of {len(runs)} runs)", flush=True)
            if one.finished:
                print(f"done before, in {one.folder}")
                continue
            try:
                if not one.run(root, ranks, kept):
                    print(f"dmn-fe: the run {one.variant.name!r} did not converge to its end")
            except Stopped:
                raise typer.Exit(STOPPED) from None
    return only is None
