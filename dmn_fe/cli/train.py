"""``dmn-fe train``: from data sets to an exported network or ensemble."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dmn_fe.errors import InputError

__all__ = ["train"]

_USELESS = 0.2  # mean elastic error

_NETWORK, _START, _OPTIMISER, _LOSS = "Network", "Start", "Optimiser", "Loss and data"


def _option(text: str, panel: str | None = None) -> Any:
    """An option whose text tells its default: that of the settings, which are not loaded here."""
    return typer.Option(help=text, rich_help_panel=panel, show_default=False)


def train(
    data: Annotated[
        list[Path],
        typer.Argument(help="Data sets of one RVE by 'dmn-fe data'.", show_default=False),
    ],
    output: Annotated[Path, _option("Network file to write (.dmn).")],
    networks: Annotated[
        int, typer.Option(help="Networks to train; of several the file holds an ensemble.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the first network; the next counts on.")] = 0,
    paths: Annotated[
        Path | None,
        _option("Nonlinear samples (data of kind one-step or history)."),
    ] = None,
    compression: Annotated[
        float | None,
        _option(
            "Share of the weights below which leaves are left out.  [default: 1e-6, beside voids 0]"
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        _option("File that keeps the training.  [default: beside the output]"),
    ] = None,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda.")] = "cpu",
    depth: Annotated[
        int, typer.Option(help="Levels N of the tree; it has 2^N leaves.", rich_help_panel=_NETWORK)
    ] = 5,
    kind: Annotated[
        str, typer.Option(help="imn (normals) or dmn (rotations).", rich_help_panel=_NETWORK)
    ] = "imn",
    dimension: Annotated[
        int | None,
        _option("2: normals in the plane.  [default: as the RVE]", _NETWORK),
    ] = None,
    plane_strain: Annotated[
        bool,
        typer.Option(
            "--plane-strain", help="Components 11, 22, 12 only.", rich_help_panel=_NETWORK
        ),
    ] = False,
    oriented_phases: Annotated[
        str | None,
        _option("Phases whose leaves have material axes, by commas.", _NETWORK),
    ] = None,
    start: Annotated[
        str | None,
        _option("uniform, normal, quilting, or a network file (.dmn).  [default: uniform]", _START),
    ] = None,
    start_low: Annotated[
        float | None,
        _option("Least activation of a uniform start.  [default: 0.0]", _START),
    ] = None,
    start_high: Annotated[
        float | None,
        _option("Largest activation of it.  [default: 1.0]", _START),
    ] = None,
    optimiser: Annotated[
        str | None,
        _option("lbfgs, adam, amsgrad, imn-recipe or sgd.  [default: lbfgs]", _OPTIMISER),
    ] = None,
    iterations: Annotated[
        int | None,
        _option("Limit of iterations, or epochs.  [default: 400 of lbfgs]", _OPTIMISER),
    ] = None,
    learning_rate: Annotated[
        float | None,
        _option("Not of lbfgs.  [default: of the optimiser]", _OPTIMISER),
    ] = None,
    batch: Annotated[
        int | None,
        _option("Samples a step; not of lbfgs.  [default: of the optimiser, or all]", _OPTIMISER),
    ] = None,
    patience: Annotated[
        int | None,
        _option("Iterations without a better validation loss.  [default: no limit]", _OPTIMISER),
    ] = None,
    elastic_iterations: Annotated[
        int | None,
        _option("Before nonlinear samples join.  [default: 100]", _OPTIMISER),
    ] = None,
    loss: Annotated[
        str | None,
        _option("relative or whitened.  [default: relative]", _LOSS),
    ] = None,
    samples: Annotated[
        int | None,
        _option("Size of the training set.  [default: all that are not held out]", _LOSS),
    ] = None,
    validation_fraction: Annotated[
        float | None,
        _option("Share of held-out samples.  [default: 0.2]", _LOSS),
    ] = None,
    regularisation: Annotated[
        float | None,
        _option("λ of λ (Σ w − ξ)².  [default: 0.001]", _LOSS),
    ] = None,
    leaf_sum: Annotated[
        float | None,
        _option("ξ.  [default: half the leaves]", _LOSS),
    ] = None,
    fraction_penalty: Annotated[
        float | None,
        _option("Ties the phases to their volume fractions.  [default: 0.0]", _LOSS),
    ] = None,
    path_samples: Annotated[
        int | None,
        _option("Nonlinear samples to learn from.  [default: all that are not held out]", _LOSS),
    ] = None,
    path_weight: Annotated[
        float | None,
        _option("Of the nonlinear samples.  [default: 1.0]", _LOSS),
    ] = None,
) -> None:
    """Train material networks and export them; interrupt and call again to go on."""
    from dmn_fe import network, training
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.files import check_folder
    from dmn_fe.homogenization import PathDataset, StiffnessDataset

    if compression is not None and not 0.0 <= compression < 1.0:
        raise InputError(f"--compression {compression}: give a share from 0 to below 1.")
    if networks < 1:
        raise InputError(f"--networks {networks}: train one or more.")
    if start is not None and not start.endswith(".dmn") and start not in training.STARTS:
        raise InputError(
            f"--start {start}: give {', '.join(training.STARTS)}, or a network file (.dmn)."
        )
    if paths is None:
        given = {
            "path_samples": path_samples,
            "path_weight": path_weight,
            "elastic_iterations": elastic_iterations,
        }
        for name in (name for name, value in given.items() if value is not None):
            raise InputError(f"--{name.replace('_', '-')} is for nonlinear samples; give --paths.")
    check_folder(output, ending=".dmn")
    keep = checkpoint or output.with_name(output.name + ".partial.safetensors")
    changes: dict[str, Any] = {
        name: value
        for name, value in {
            "depth": depth,
            "kind": kind,
            "dimension": dimension,
            "oriented_phases": _names(oriented_phases),
            "start": None if start is None or start.endswith(".dmn") else start,
            "start_low": start_low,
            "start_high": start_high,
            "optimiser": optimiser,
            "iterations": iterations,
            "learning_rate": learning_rate,
            "batch": batch,
            "patience": patience,
            "elastic_iterations": elastic_iterations,
            "loss": loss,
            "samples": samples,
            "validation_fraction": validation_fraction,
            "regularisation": regularisation,
            "leaf_sum": leaf_sum,
            "fraction_penalty": fraction_penalty,
            "path_samples": path_samples,
            "path_weight": path_weight,
        }.items()
        if value is not None
    }
    first = None
    if start is not None and start.endswith(".dmn"):
        loaded = network.load(start)
        if not isinstance(loaded, network.Network):
            raise InputError(f"--start {start}: holds an ensemble; give a file with one network.")
        first = loaded
    datasets = [StiffnessDataset.load(path) for path in data]
    if plane_strain:
        datasets = [dataset.plane_strain() for dataset in datasets]
    nonlinear = None if paths is None else PathDataset.load(paths)
    unfinished = interruptible(lambda: f"{keep} keeps it, and the same command goes on there")
    with unfinished, progress_bar("training") as progress:
        results = training.train_seeds(
            datasets,
            seeds=range(seed, seed + networks),
            paths=nonlinear,
            pretrained=first,
            checkpoint=keep,
            device=device,
            progress=progress,
            **changes,
        )
    exported = [training.compressed(result.network, datasets, compression) for result in results]
    together = network.Ensemble(tuple(exported)) if networks > 1 else exported[0]
    if isinstance(together, network.Ensemble) and nonlinear is not None:
        together = training.with_error(together, nonlinear)
    network.save(together, output)
    if checkpoint is None:
        keep.unlink(missing_ok=True)
    for result, small in zip(results, exported, strict=True):
        print(f"{output}: {_description(result, small)}")
    if isinstance(together, network.Ensemble) and together.error is not None:
        print(f"{output}: the mean of all, held-out nonlinear samples {together.error:.2%}")


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(","))


def _description(result, small) -> str:
    """A line on a trained network: leaves, and errors before and after compression."""
    validation = small.metadata["validation"]
    before = validation["before_compression"]
    held_out = small.metadata["training"]["validation_samples"]
    text = (
        f"{small.kind.upper()}, seed {result.seed}, {len(small.weights)} of {before['leaves']} "
        f"leaves kept, validation error mean {validation['linear_mean']:.2%}, "
        f"max {validation['linear_max']:.2%} (held-out samples: {held_out}; with all leaves mean "
        f"{before['linear_mean']:.2%}, max {before['linear_max']:.2%})"
    )
    if result.chosen.path_error == result.chosen.path_error:
        text += f", held-out nonlinear samples {result.chosen.path_error:.2%}"
    text += f"; {result.outcome} (iteration {result.history[-1].iteration})"
    if validation["linear_mean"] > _USELESS:
        text += "; this is too far off to be used: train longer or deeper, or look at the data"
    return text
