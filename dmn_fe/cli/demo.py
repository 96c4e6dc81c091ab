"""``dmn-fe demo``: the first run, a real part under cyclic load on a shipped network."""

from pathlib import Path
from typing import Annotated

import typer

from dmn_fe.cli.launch import available_ranks
from dmn_fe.cli.run import start

__all__ = ["demo"]


def demo(
    output: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results/demo"),
    ranks: Annotated[int, typer.Option(help="MPI ranks; 1 where there is no mpirun.")] = 2,
) -> None:
    """Run a bracket of glass-sphere composite under cyclic load, on a shipped network."""
    run_file = _example("demos/bracket.toml")
    print(f"dmn-fe demo: {run_file}, written to be copied and changed", flush=True)
    start(run_file, output, available_ranks(ranks))


def _example(name: str) -> Path:
    """A file of the folders ``demos`` and ``meshes``: beside the package, or inside a wheel."""
    package = Path(__file__).resolve().parents[1]
    candidates = [package.parent / name, package / name]
    return next((path for path in candidates if path.is_file()), candidates[0])
