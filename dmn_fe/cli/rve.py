"""``dmn-fe rve``: make, import and show representative volume elements."""

import typer

from dmn_fe.cli.rve_import import import_rve, show
from dmn_fe.cli.rve_make import make

__all__ = ["rve"]

rve = typer.Typer(
    help="Make, import and show representative volume elements (RVEs).", no_args_is_help=True
)
rve.add_typer(make, name="make")
rve.command("import")(import_rve)
rve.command()(show)
