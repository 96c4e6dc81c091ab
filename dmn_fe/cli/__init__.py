"""The command ``dmn-fe``: a thin layer over the package, one file per group of sub-commands.

The commands import torch and DOLFINx only when they run, so that ``dmn-fe --help`` is quick and
DOLFINx comes before torch.
"""

import logging
import os
import sys
from typing import Annotated

import typer

from dmn_fe import __version__
from dmn_fe.cli.audit import audit
from dmn_fe.cli.data import data
from dmn_fe.cli.demo import demo
from dmn_fe.cli.doctor import doctor
from dmn_fe.cli.inspect import inspect
from dmn_fe.cli.plot import plot
from dmn_fe.cli.reconstruct import reconstruct
from dmn_fe.cli.run import run
from dmn_fe.cli.rve import rve
from dmn_fe.cli.study import study
from dmn_fe.cli.train import train
from dmn_fe.cli.validate import validate
from dmn_fe.errors import InputError, file_sentence

__all__ = ["app", "main"]

app = typer.Typer(
    help="Material networks as constitutive laws in DOLFINx.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"dmn-fe {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command()(demo)
app.command()(doctor)
app.add_typer(rve, name="rve")
app.command()(reconstruct)
app.command()(data)
app.command()(train)
app.command()(inspect)
app.command()(study)
app.command()(run)
app.command()(audit)
app.command()(validate)
app.command()(plot)


def _set_up_logging() -> None:
    """Warnings of the first rank alone; one line where the core is built."""
    ranks = (os.environ.get(name, "0") for name in ("OMPI_COMM_WORLD_RANK", "PMI_RANK"))
    level = logging.ERROR if any(rank != "0" for rank in ranks) else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("dmn_fe.evaluate.core").setLevel(logging.INFO)


def main() -> None:
    """Run the command line; wrong input ends with one sentence and exit status 2."""
    _set_up_logging()
    try:
        app()
    except InputError as error:
        print(f"dmn-fe: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        print(f"dmn-fe: {file_sentence(error.filename, error)}", file=sys.stderr)
        sys.exit(2)
