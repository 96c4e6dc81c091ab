"""``dmn-fe data``: linear-elastic training data of an RVE."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["data"]


def data(
    rve: Annotated[
        Path, typer.Argument(help="RVE: .npy [nx, ny, nz], or an image; darkest grey: phase 0.")
    ],
    output: Annotated[Path, typer.Option(help="Data set to write (.safetensors).")],
    kind: Annotated[str, typer.Option(help="tangent-like or orthotropic.")] = "tangent-like",
    samples: Annotated[int, typer.Option(help="Number of samples.")] = 300,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    tolerance: Annotated[float, typer.Option(help="Relative error of the stiffness.")] = 1e-6,
    phases: Annotated[
        str, typer.Option(help="Names of the phases in order, with commas between.")
    ] = "",
) -> None:
    """Compute effective stiffnesses of an RVE; interrupt and call again to go on."""
    from dmn_fe import homogenization, microstructure
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.files import check_folder

    names = tuple(name.strip() for name in phases.split(",")) if phases else ()
    check_folder(output, ending=".safetensors")
    element = microstructure.read(rve, names)
    complete = output.exists()

    def kept() -> str:
        partial = homogenization.partial_path(output)
        if not partial.exists():
            return "no sample was finished"
        done = len(homogenization.StiffnessDataset.load(partial))
        return f"{done} of {samples} samples are in {partial}, and the same command goes on there"

    with interruptible(kept), progress_bar("samples") as progress:
        homogenization.make_dataset(element, kind, samples, seed, output, tolerance, progress)
    already = " (it was complete already)" if complete else ""
    print(f"{output}: {samples} {kind} samples of {rve}{already}")
