"""``dmn-fe rve``: make representative volume elements."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["rve"]

rve = typer.Typer(help="Make representative volume elements (RVEs).", no_args_is_help=True)

Voxels = Annotated[int, typer.Option(help="Voxels per edge.")]
Fraction = Annotated[float, typer.Option(help="Volume fraction of the particles.")]
Count = Annotated[int, typer.Option(help="Number of particles.")]
Gap = Annotated[float, typer.Option(help="Smallest gap between particles, in voxels.")]
Seed = Annotated[int, typer.Option(help="Seed of the arrangement.")]
Output = Annotated[Path, typer.Option(help="File to write (.npy).")]


@rve.command()
def spheres(
    output: Output,
    voxels: Voxels = 32,
    volume_fraction: Fraction = 0.3,
    count: Count = 12,
    gap: Gap = 2.0,
    seed: Seed = 0,
) -> None:
    """Random equal spheres in a periodic cube."""
    from dmn_fe.microstructure import random_spheres

    _write(random_spheres(voxels, volume_fraction, count, gap, seed), output)


@rve.command()
def fibres(
    output: Output,
    voxels: Voxels = 64,
    volume_fraction: Fraction = 0.5,
    count: Count = 12,
    gap: Gap = 2.0,
    seed: Seed = 0,
) -> None:
    """Random parallel fibres: a periodic section, one voxel in depth."""
    from dmn_fe.microstructure import random_fibres

    _write(random_fibres(voxels, volume_fraction, count, gap, seed), output)


def _write(element, output: Path) -> None:
    from dmn_fe.microstructure import write

    write(element, output)
    shape = " × ".join(str(n) for n in element.shape)
    fractions = ", ".join(
        f"{name} {fraction:.4f}"
        for name, fraction in zip(element.names, element.volume_fractions, strict=True)
    )
    print(f"{output}: {shape} voxels, {fractions}")
