"""``dmn-fe doctor``: what is found on this machine, and whether it works."""

from typing import Annotated

import typer

from dmn_fe.collective import ranks_of_launcher
from dmn_fe.doctor import report
from dmn_fe.doctor.diagnosis import LIMIT
from dmn_fe.errors import InputError

__all__ = ["doctor"]


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, for scripts.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only look at what is there; no self-tests.")
    ] = False,
    limit: Annotated[
        float,
        typer.Option(
            help="Seconds that a process may take; the first use compiles.", min=1, max=1e5
        ),
    ] = LIMIT,
) -> None:
    """Say what is found, what is missing and the line that installs it; try every room.

    A missing package, compiler or GPU is no fault: it is told what does not work without it. The
    exit status is 0 if all that is there works, and 1 if something has failed. Nothing is written
    but temporary files and the caches of the compiled core and of DOLFINx.
    """
    if ranks_of_launcher() > 1:
        raise InputError("dmn-fe doctor is one process, which tries two ranks: leave mpirun away.")
    raise typer.Exit(report(limit, quick, as_json))
