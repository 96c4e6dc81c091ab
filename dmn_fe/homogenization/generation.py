"""Computing a data set, on one or several ranks; what is done stays done."""

from pathlib import Path

import torch

from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.homogenization.dataset import StiffnessDataset
from dmn_fe.homogenization.dataset_work import VALUES, DatasetWork, journals_of, whole_number
from dmn_fe.homogenization.elastic import solve_load_cases
from dmn_fe.homogenization.journal import Journal, record_count
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.progress import Progress, no_progress

__all__ = ["check_dataset", "make_dataset", "samples_kept"]


def make_dataset(
    rve: VoxelRVE,
    kind: str,
    n: int,
    seed: int,
    path: str | Path,
    tolerance: float = 1e-6,
    progress: Progress = no_progress,
    comm: Communicator | None = None,
    batch: int = 1,
    device: str = "cpu",
) -> StiffnessDataset:
    """Compute ``n`` samples of an RVE and write them to ``path`` (collective).

    Every sample is on the disk as soon as it is done, in a journal of its rank (``path`` +
    ``.partial-0`` and so on). After an interruption the same call, on any number of ranks, computes
    what is missing, and the file is the same, byte for byte, as without interruption and as from
    one rank (same machine, libraries, threads and batch).

    Where ``path`` holds fewer samples with these settings, the others are appended: a Latin
    hypercube of their own.

    Parameters
    ----------
    rve : VoxelRVE
    kind : "tangent-like" or "orthotropic"
        The sampler: :func:`sample_tangent_like` or :func:`sample_orthotropic`.
    n, seed : int
        Number and seed of the samples.
    path : path
        The file; if it holds these samples it is read instead.
    tolerance : float
        As for :func:`effective_stiffness`.
    progress : Progress
        Called on rank 0 after each batch, and first where an earlier run had stopped.
    comm : mpi4py communicator, optional
        Ranks that share the samples; each should have one thread.
    batch : int
        Samples that are solved together: one on a processor, many on a GPU.
    device : str
        Where to compute: ``"cpu"``, ``"cuda"``.

    Raises
    ------
    InputError
        On all ranks, if an argument makes no sense, or a file holds other data: it is never
        overwritten.
    RuntimeError
        On all ranks, if a sample does not converge.
    """
    path, comm = Path(path), comm or Alone()
    begun = None
    with RaiseTogether(comm):
        if comm.rank == 0:
            _check_device(batch, device)
            begun = DatasetWork.begin(rve, kind, n, seed, path, tolerance)
    work: DatasetWork = comm.bcast(begun)
    if comm.rank == 0 and work.found < n - len(work.missing):
        progress(n - len(work.missing), n, "resumed")
    mine, journal = work.missing[comm.rank :: comm.size], None
    with RaiseTogether(comm):
        if mine:
            name = path.with_name(f"{path.name}.partial-{comm.rank}")
            journal = Journal(name, work.settings, VALUES)
    with RaiseTogether(comm):
        if journal is not None:
            with journal:
                _compute(rve, work, mine, journal, batch, device, comm.rank, progress)
    with RaiseTogether(comm):
        if comm.rank == 0 and work.found < n:
            work.finish()
    if comm.rank == 0 and comm.size > 1:
        progress(n, n)  # the other ranks may have been the last
    return StiffnessDataset.load(path)


def check_dataset(
    rve: VoxelRVE, kind: str, n: int, seed: int, path: str | Path, tolerance: float = 1e-6
) -> None:
    """Raise ``InputError`` where :func:`make_dataset` would do so before it computes."""
    DatasetWork.begin(rve, kind, n, seed, Path(path), tolerance)


def samples_kept(path: str | Path) -> int:
    """Samples in the journals of an unfinished data set."""
    return sum(record_count(journal, VALUES) for journal in journals_of(Path(path)))


def _compute(
    rve: VoxelRVE,
    work: DatasetWork,
    numbers: list[int],
    journal: Journal,
    batch: int,
    device: str,
    rank: int,
    progress: Progress,
) -> None:
    """Solve the samples ``numbers`` of this rank and append them to its journal."""
    n, tolerance = len(work.phase_stiffness), work.meta["tolerance"]
    for start in range(0, len(numbers), batch):
        chosen = numbers[start : start + batch]
        stiffness = work.phase_stiffness[chosen].to(device)
        solution = solve_load_cases(rve, stiffness, tolerance)
        for number, effective in zip(chosen, solution.effective.cpu(), strict=True):
            journal.append(number, effective.numpy().ravel())
        if rank == 0:
            done = work.found + samples_kept(work.path)
            progress(done, n, f"{int(solution.iterations.max())} iterations")


def _check_device(batch: int, device: str) -> None:
    if whole_number("batch", batch) < 1:
        raise InputError(f"batch = {batch} must be a positive whole number.")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device = {device!r} cannot be used here; leave it at 'cpu'.") from error
