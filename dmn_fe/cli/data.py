"""``dmn-fe data``: linear-elastic training data of an RVE."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dmn_fe.errors import InputError

__all__ = ["data"]


def data(
    rve: Annotated[
        Path, typer.Argument(help="RVE: .npy [nx, ny, nz], .vti, or images; darkest grey: phase 0.")
    ],
    output: Annotated[Path, typer.Option(help="Data set to write (.safetensors).")],
    kind: Annotated[str, typer.Option(help="tangent-like or orthotropic.")] = "tangent-like",
    samples: Annotated[int, typer.Option(help="Number of samples.")] = 300,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    tolerance: Annotated[float, typer.Option(help="Relative error of the stiffness.")] = 1e-6,
    phases: Annotated[
        str, typer.Option(help="Names of the phases in order, with commas between.")
    ] = "",
    ranks: Annotated[int, typer.Option(help="MPI ranks to start.", min=1)] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    batch: Annotated[int, typer.Option(help="Samples solved together; many on a GPU.")] = 1,
) -> None:
    """Compute effective stiffnesses of an RVE; interrupt and call again to go on.

    Also under mpirun. With more samples than the file holds, the others are appended.
    """
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.launch import run_on_ranks
    from dmn_fe.files import check_folder

    check_folder(output, ending=".safetensors")

    def kept() -> str:
        from dmn_fe.homogenization import samples_kept

        done = samples_kept(output)
        if done == 0:
            return "no sample was finished"
        return f"{done} samples are kept beside {output}, and the same command goes on there"

    with interruptible(kept):
        if ranks == 1:
            _make(rve, output, kind, samples, seed, tolerance, phases, device, batch)
            return
        # Wrong input is found before mpirun adds its own words.
        from dmn_fe.homogenization import check_dataset

        check_dataset(_read(rve, phases), kind, samples, seed, output, tolerance)
        options: dict[str, object] = {
            "output": output,
            "kind": kind,
            "samples": samples,
            "seed": seed,
            "tolerance": tolerance,
            "phases": phases,
            "device": device,
            "batch": batch,
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        sys.exit(run_on_ranks(ranks, ["data", *arguments, "--", str(rve)]))


def _make(rve: Path, output: Path, kind, samples, seed, tolerance, phases, device, batch) -> None:
    """Compute as one rank of a mpirun, or as a single process."""
    from dmn_fe import homogenization
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.progress import no_progress

    comm = _communicator()
    try:
        complete = output.exists() and len(homogenization.StiffnessDataset.load(output)) == samples
        element = _read(rve, phases)
        settings = (element, kind, samples, seed, output, tolerance)
        if comm is not None and comm.rank > 0:
            homogenization.make_dataset(*settings, no_progress, comm, batch, device)
            return
        with progress_bar("samples") as progress:
            homogenization.make_dataset(*settings, progress, comm, batch, device)
    except InputError:
        if comm is None or comm.rank == 0:
            raise
        sys.exit(2)  # every rank raises it; one of them speaks
    already = " (it was complete already)" if complete else ""
    print(f"{output}: {samples} {kind} samples of {rve}{already}")


def _communicator():
    """All ranks of a mpirun; None without mpi4py."""
    try:
        from mpi4py import MPI
    except ImportError:
        return None
    return MPI.COMM_WORLD


def _read(rve: Path, phases: str):
    from dmn_fe import microstructure

    names = tuple(name.strip() for name in phases.split(",")) if phases else ()
    return microstructure.read(rve, names)
