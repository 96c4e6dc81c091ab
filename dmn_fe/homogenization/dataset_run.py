"""Computing the samples of a data set on one or several ranks; what is done stays done."""

from pathlib import Path

from dmn_fe.collective import Communicator, RaiseTogether
from dmn_fe.homogenization.dataset_work import DatasetWork, Recipe, samples_kept
from dmn_fe.homogenization.journal import Journal
from dmn_fe.progress import Progress

__all__ = ["compute_samples"]


def compute_samples(
    recipe: Recipe, path: Path, progress: Progress, comm: Communicator, batch: int = 1
) -> None:
    """Compute what is missing of a data set and write its file (collective).

    Every sample is on the disk as soon as it is done, in a journal of its rank (``path`` +
    ``.partial-0`` and so on). After an interruption the same call, on any number of ranks, goes
    on, and the file is the same, byte for byte, as without interruption and as from one rank (same
    machine, libraries, threads and batch).

    Parameters
    ----------
    recipe : Recipe
        The same on all ranks.
    path : Path
        The file; samples that it holds are kept.
    progress : Progress
        Called on rank 0 after each batch, and first where an earlier run had stopped.
    comm : Communicator
        Ranks that share the samples.
    batch : int
        Samples that are computed together.

    Raises
    ------
    InputError
        On all ranks, if a file holds other data, or more samples failed than may be left out.
    RuntimeError
        On all ranks, if the recipe raises another error on one of them.
    """
    begun = None
    with RaiseTogether(comm):
        if comm.rank == 0:
            begun = DatasetWork.begin(recipe, path)
    work: DatasetWork = comm.bcast(begun)
    n = len(work)
    if comm.rank == 0 and work.found < n - len(work.missing):
        progress(n - len(work.missing), n, "resumed")
    mine, journal = work.missing[comm.rank :: comm.size], None
    with RaiseTogether(comm):
        if mine:
            name = path.with_name(f"{path.name}.partial-{comm.rank}")
            journal = Journal(name, work.settings, recipe.values)
    with RaiseTogether(comm):
        if journal is not None:
            with journal:
                _compute(recipe, work, mine, journal, batch, comm.rank, progress)
    with RaiseTogether(comm):
        if comm.rank == 0 and work.found < n:
            work.finish(recipe)
    if comm.rank == 0 and comm.size > 1:
        progress(n, n)  # the other ranks may have been the last


def _compute(
    recipe: Recipe,
    work: DatasetWork,
    numbers: list[int],
    journal: Journal,
    batch: int,
    rank: int,
    progress: Progress,
) -> None:
    """Compute the samples ``numbers`` of this rank and append them to its journal."""
    failed = work.failed
    for start in range(0, len(numbers), batch):
        chosen = numbers[start : start + batch]
        inputs = {name: drawn[chosen] for name, drawn in work.samples.inputs.items()}
        results, message = recipe.compute(inputs)
        for number, values in zip(chosen, results, strict=True):
            journal.append(number, values.numpy())
        failed += int(results.isnan().any(1).sum())
        work.check_failures(failed)
        if rank == 0:
            progress(work.found + samples_kept(work.path), len(work), message)
