"""``dmn-fe data``: training data of an RVE, stiffnesses or stresses."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dmn_fe.errors import InputError

__all__ = ["data"]


_STIFFNESS = ("tangent-like", "orthotropic")
_NONLINEAR = ("one-step", "history")


def data(
    rve: Annotated[
        Path,
        typer.Argument(
            help="RVE: .npy [nx, ny, nz], .vti, or images; darkest grey: phase 0.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option(help="Data set to write (.safetensors).", show_default=False)
    ],
    kind: Annotated[
        str,
        typer.Option(
            help="Stiffness: tangent-like or orthotropic. Stress of a plastic matrix (phase 0) "
            "with elastic inclusions: one-step or history."
        ),
    ] = "tangent-like",
    samples: Annotated[int, typer.Option(help="Number of samples.")] = 300,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Strains in a sample; 1 of one-step or 3 of history if not given.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Error of a stiffness, 1e-6 if not given; residual of a step, 3e-4.",
            show_default=False,
        ),
    ] = None,
    phases: Annotated[
        str, typer.Option(help="Names of the phases in order, with commas between.")
    ] = "",
    void: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of a phase that is void; for stiffness. May be given repeatedly.",
            show_default=False,
        ),
    ] = None,
    ranks: Annotated[int, typer.Option(help="MPI ranks to start.", min=1)] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda; for stiffness.")] = "cpu",
    batch: Annotated[
        int, typer.Option(help="Samples solved together, many on a GPU; for stiffness.")
    ] = 1,
) -> None:
    """Compute stiffnesses or stresses of an RVE; interrupt and call again to go on.

    Also under mpirun. With more samples than the file holds, the others are appended.
    """
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.launch import run_on_ranks
    from dmn_fe.files import check_folder

    check_folder(output, ending=".safetensors")
    given: dict[str, object] = {"device": device, "batch": batch}
    given |= {} if steps is None else {"steps": steps}
    given |= {} if tolerance is None else {"tolerance": tolerance}
    given |= {"voids": tuple(void)} if void else {}
    settings = _settings(kind, given)

    def kept() -> str:
        from dmn_fe.homogenization import samples_kept

        done = samples_kept(output)
        if done == 0:
            return "no sample was finished"
        return f"{done} samples are kept beside {output}, and the same command goes on there"

    with interruptible(kept):
        if ranks == 1:
            _make(rve, output, kind, samples, seed, phases, settings)
            return
        # Wrong input is found before mpirun adds its own words.
        _check(rve, output, kind, samples, seed, phases, settings)
        options: dict[str, object] = {
            "output": output,
            "kind": kind,
            "samples": samples,
            "seed": seed,
            "phases": phases,
            **{name: value for name, value in given.items() if name != "voids"},
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        arguments += [f"--void={name}" for name in void or ()]
        sys.exit(run_on_ranks(ranks, ["data", *arguments, "--", str(rve)], kept))


def _settings(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options that belong to a kind; raises ``InputError`` if others were given."""
    if kind in _NONLINEAR:
        if given["device"] != "cpu" or given["batch"] != 1:
            raise InputError(
                f"--device and --batch are for stiffness; leave them out with --kind {kind}."
            )
        if "voids" in given:
            raise InputError(
                "--void is for stiffness: the nonlinear solver on voxels has no voids; a network "
                "of a porous RVE learns from stiffness alone."
            )
        return {name: given[name] for name in ("steps", "tolerance") if name in given}
    if kind not in _STIFFNESS:
        kinds = ", ".join((*_STIFFNESS, *_NONLINEAR))
        raise InputError(f"kind = {kind!r} is unknown: give one of {kinds}.")
    if "steps" in given:
        raise InputError(
            f"--steps is for --kind {' or '.join(_NONLINEAR)}; leave it out with --kind {kind}."
        )
    return given


def _check(rve: Path, output: Path, kind, samples, seed, phases, settings) -> None:
    """Raise ``InputError`` where :func:`_make` would do so before it computes."""
    from dmn_fe import homogenization

    element = _read(rve, phases)
    if kind in _NONLINEAR:
        homogenization.check_path_dataset(element, kind, samples, seed, output, **settings)
        return
    checked = {name: settings[name] for name in ("tolerance", "voids") if name in settings}
    homogenization.check_dataset(element, kind, samples, seed, output, **checked)


def _make(rve: Path, output: Path, kind, samples, seed, phases, settings) -> None:
    """Compute as one rank of a mpirun, or as a single process."""
    from dmn_fe import homogenization
    from dmn_fe.cli.communicator import communicator
    from dmn_fe.cli.failure import fail_together
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.collective import Alone, RaiseTogether

    make: Any = homogenization.make_dataset
    load: Any = homogenization.StiffnessDataset.load
    if kind in _NONLINEAR:
        make, load = homogenization.make_path_dataset, homogenization.PathDataset.load
    comm = communicator()
    try:
        with RaiseTogether(comm or Alone()):
            complete = output.exists() and load(output).meta.get("samples") == samples
            element = _read(rve, phases)
        arguments = (element, kind, samples, seed, output)
        if comm is not None and comm.rank > 0:
            make(*arguments, comm=comm, **settings)
            return
        with progress_bar("samples") as progress:
            made = make(*arguments, progress=progress, comm=comm, **settings)
    except InputError as error:
        fail_together(error, 2, comm)
    failed = len(made.meta.get("failed", ()))
    without = f", {failed} of them left out: no convergence" if failed else ""
    already = " (it was complete already)" if complete else ""
    print(f"{output}: {samples} {kind} samples of {rve}{without}{already}")


def _read(rve: Path, phases: str):
    from dmn_fe import microstructure

    names = tuple(name.strip() for name in phases.split(",")) if phases else ()
    return microstructure.read(rve, names)
