"""``dmn-fe train``: from a data set to an exported network."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    dataset: Annotated[Path, typer.Argument(help="Data set made by 'dmn-fe data'.")],
    output: Annotated[Path, typer.Option(help="Network file to write (.dmn).")],
    depth: Annotated[int, typer.Option(help="Levels N of the tree; it has 2^N leaves.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of start and split.")] = 0,
    iterations: Annotated[int, typer.Option(help="Limit of L-BFGS iterations.")] = 400,
    validation_fraction: Annotated[float, typer.Option(help="Share of held-out samples.")] = 0.2,
) -> None:
    """Train a material network (IMN) and export it."""
    from dmn_fe import network, training
    from dmn_fe.cli.interruption import interruptible
    from dmn_fe.cli.progress_bar import progress_bar
    from dmn_fe.files import check_folder
    from dmn_fe.homogenization import StiffnessDataset

    check_folder(output, ending=".dmn")
    samples = StiffnessDataset.load(dataset)
    unfinished = interruptible(lambda: "nothing was written, the same command begins anew")
    with unfinished, progress_bar("training") as progress:
        result = training.train(
            samples,
            seed=seed,
            progress=progress,
            depth=depth,
            iterations=iterations,
            validation_fraction=validation_fraction,
        )
    trained = result.network
    network.save(trained, output)
    validation = trained.metadata["validation"]
    held_out = trained.metadata["training"]["validation_samples"]
    print(
        f"{output}: IMN, {2**depth} leaves ({trained.active_leaves} active), "
        f"validation error mean {validation['linear_mean']:.2%}, "
        f"max {validation['linear_max']:.2%} (held-out samples: {held_out})"
    )
