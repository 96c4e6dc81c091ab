"""``dmn-fe rve make KIND``: the generators of RVEs, one command each."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from dmn_fe.errors import InputError

__all__ = ["make"]


class _Generators(typer.core.TyperGroup):
    """Commands whose errors name options and commands where the generators name parameters."""

    def invoke(self, ctx: Any) -> object:
        try:
            return super().invoke(ctx)
        except InputError as error:
            spelled = {name.replace("-", "_"): name for name in self.commands}
            for command in self.commands.values():
                spelled.update({p.name: p.opts[0] for p in command.params if p.name})
            # Words without an underscore are words of the sentence as well; paths stay.
            word = r"(?<![\w./-])\w+_\w+(?![\w/-]|\.\w)"
            sentence = re.sub(word, lambda m: spelled.get(m[0], m[0]), str(error))
            raise InputError(sentence) from error


make = typer.Typer(
    help="Make a periodic RVE of one of these kinds.", no_args_is_help=True, cls=_Generators
)

Output = Annotated[Path, typer.Option(help="File to write: .vti keeps all, .npy only the phases.")]
Voxels = Annotated[int, typer.Option(help="Voxels per edge.")]
Fraction = Annotated[float, typer.Option(help="Volume fraction, hit to one voxel.")]
Count = Annotated[int, typer.Option(help="Number of particles or grains.")]
Gap = Annotated[float, typer.Option(help="Smallest gap between surfaces, in voxels.")]
Seed = Annotated[int, typer.Option(help="Seed of the arrangement.")]


@make.command("laminate")
def _laminate(
    output: Output,
    voxels: Annotated[int, typer.Option(help="Voxels along the normal.")] = 32,
    volume_fraction: Fraction = 0.5,
    axis: Annotated[int, typer.Option(help="Normal of the layers: 0, 1, 2 for e1, e2, e3.")] = 0,
    periods: Annotated[int, typer.Option(help="Pairs of layers.")] = 1,
) -> None:
    """Layers along one axis, one voxel wide."""
    from dmn_fe.microstructure import laminate

    _write(laminate(voxels, volume_fraction, axis, periods), output)


@make.command("spheres")
def _spheres(
    output: Output,
    voxels: Voxels = 32,
    volume_fraction: Fraction = 0.3,
    count: Count = 12,
    gap: Gap = 2.0,
    seed: Seed = 0,
) -> None:
    """Random equal spheres in a cube."""
    from dmn_fe.microstructure import random_spheres

    _write(random_spheres(voxels, volume_fraction, count, gap, seed), output)


@make.command("polydisperse-spheres")
def _polydisperse_spheres(
    output: Output,
    voxels: Voxels = 64,
    volume_fraction: Fraction = 0.3,
    count: Count = 30,
    spread: Annotated[
        float, typer.Option(help="Standard deviation of the logarithm of the diameter.")
    ] = 0.3,
    radii: Annotated[
        str, typer.Option(help="Radii in any unit with commas between, instead of count, spread.")
    ] = "",
    gap: Gap = 2.0,
    seed: Seed = 0,
) -> None:
    """Random spheres of different sizes in a cube."""
    from dmn_fe.microstructure import polydisperse_spheres

    given = _numbers("--radii", radii) if radii else None
    _write(polydisperse_spheres(voxels, volume_fraction, count, spread, given, gap, seed), output)


@make.command("fibres")
def _fibres(
    output: Output,
    voxels: Voxels = 64,
    volume_fraction: Fraction = 0.5,
    count: Count = 12,
    gap: Gap = 2.0,
    seed: Seed = 0,
) -> None:
    """Random parallel fibres along e3: a section, one voxel in depth."""
    from dmn_fe.microstructure import random_fibres

    _write(random_fibres(voxels, volume_fraction, count, gap, seed), output)


@make.command("short-fibres")
def _short_fibres(
    output: Output,
    voxels: Voxels = 64,
    volume_fraction: Fraction = 0.1,
    count: Count = 20,
    aspect_ratio: Annotated[float, typer.Option(help="Length over diameter.")] = 8.0,
    orientation_tensor: Annotated[
        str,
        typer.Option(
            help="Orientation tensor with the trace 1: a11,a22,a33 or a11,a22,a33,a23,a13,a12; "
            "isotropic if left out."
        ),
    ] = "",
    gap: Gap = 2.0,
    seed: Seed = 0,
) -> None:
    """Short fibres with a given orientation tensor in a cube."""
    from dmn_fe.microstructure import short_fibres

    tensor = _tensor(orientation_tensor) if orientation_tensor else None
    _write(short_fibres(voxels, volume_fraction, count, aspect_ratio, tensor, gap, seed), output)


@make.command("plain-weave")
def _plain_weave(
    output: Output,
    voxels: Annotated[int, typer.Option(help="Voxels per edge in the plane.")] = 64,
    volume_fraction: Fraction = 0.35,
    height: Annotated[
        int | None,
        typer.Option(
            help="Voxels in height; a quarter of the edge if left out.", show_default=False
        ),
    ] = None,
    yarn_width: Annotated[float, typer.Option(help="Width over spacing of the yarns.")] = 0.8,
    gap: Gap = 2.0,
) -> None:
    """Plain weave of two warp and two weft yarns."""
    from dmn_fe.microstructure import plain_weave

    _write(plain_weave(voxels, volume_fraction, height, yarn_width, gap), output)


@make.command("polycrystal")
def _polycrystal(
    output: Output,
    voxels: Voxels = 64,
    count: Count = 50,
    lloyd_steps: Annotated[int, typer.Option(help="Steps towards grains of equal size.")] = 0,
    seed: Seed = 0,
) -> None:
    """Voronoi polycrystal with random orientations."""
    from dmn_fe.microstructure import voronoi_polycrystal

    _write(voronoi_polycrystal(voxels, count, lloyd_steps, seed), output)


@make.command("gaussian-field")
def _gaussian_field(
    output: Output,
    voxels: Voxels = 64,
    volume_fraction: Fraction = 0.5,
    correlation_length: Annotated[
        float, typer.Option(help="Correlation length of the field, in voxels.")
    ] = 5.0,
    seed: Seed = 0,
) -> None:
    """Two phases cut from a Gaussian random field."""
    from dmn_fe.microstructure import gaussian_field

    _write(gaussian_field(voxels, volume_fraction, correlation_length, seed), output)


@make.command("bicontinuous")
def _bicontinuous(
    output: Output,
    voxels: Voxels = 64,
    volume_fraction: Fraction = 0.5,
    wavelength: Annotated[float, typer.Option(help="Distance of struts, in voxels.")] = 16.0,
    bandwidth: Annotated[float, typer.Option(help="Relative width of the wave numbers.")] = 0.1,
    seed: Seed = 0,
) -> None:
    """Two phases that both percolate, as after spinodal decomposition."""
    from dmn_fe.microstructure import bicontinuous

    _write(bicontinuous(voxels, volume_fraction, wavelength, bandwidth, seed), output)


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(word) for word in text.split(",")]
    except ValueError as error:
        raise InputError(f"{option} {text!r} must be numbers with commas between") from error


def _tensor(text: str) -> list[list[float]]:
    numbers = _numbers("--orientation-tensor", text)
    if len(numbers) not in (3, 6):
        raise InputError(
            f"--orientation-tensor {text!r} must be three numbers a11,a22,a33 or six "
            "a11,a22,a33,a23,a13,a12"
        )
    a11, a22, a33, a23, a13, a12 = (*numbers, 0.0, 0.0, 0.0)[:6]
    return [[a11, a12, a13], [a12, a22, a23], [a13, a23, a33]]


def _write(element, output: Path) -> None:
    from dmn_fe.microstructure import write

    if element.orientations is not None and output.suffix.lower() == ".npy":
        raise InputError(
            f"{output} cannot hold the orientations of this RVE: give a name ending in .vti"
        )
    write(element, output)
    shape = " × ".join(str(n) for n in element.shape)
    fractions = ", ".join(
        f"{name} {fraction:.4f}"
        for name, fraction in zip(element.names, element.volume_fractions, strict=True)
    )
    print(f"{output}: {shape} voxels, {fractions}")
