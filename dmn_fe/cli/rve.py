"""``dmn-fe rve``: make representative volume elements."""

import typer

from dmn_fe.cli.rve_make import make

__all__ = ["rve"]

rve = typer.Typer(help="Make representative volume elements (RVEs).", no_args_is_help=True)
rve.add_typer(make, name="make")
