"""Stiffness data sets: effective stiffnesses of one RVE for random stiffnesses of its phases."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import check_tolerance
from dmn_fe.homogenization.dataset import StiffnessDataset
from dmn_fe.homogenization.dataset_run import compute_samples
from dmn_fe.homogenization.dataset_work import DatasetWork, Samples, rve_meta, whole_number
from dmn_fe.homogenization.elastic import solve_load_cases
from dmn_fe.homogenization.sampler import sample_orthotropic, sample_tangent_like
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.progress import Progress, no_progress

__all__ = ["check_dataset", "make_dataset"]

_SAMPLERS: dict[str, Callable[..., Tensor]] = {
    "orthotropic": sample_orthotropic,
    "tangent-like": sample_tangent_like,
}


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
    with RaiseTogether(comm):
        _check_device(batch, device)
        recipe = _StiffnessRecipe(rve, kind, n, seed, tolerance, device)
    compute_samples(recipe, path, progress, comm, batch)
    return StiffnessDataset.load(path)


def check_dataset(
    rve: VoxelRVE, kind: str, n: int, seed: int, path: str | Path, tolerance: float = 1e-6
) -> None:
    """Raise ``InputError`` where :func:`make_dataset` would do so before it computes."""
    DatasetWork.begin(_StiffnessRecipe(rve, kind, n, seed, tolerance, "cpu"), Path(path))


class _StiffnessRecipe:
    """See :class:`~dmn_fe.homogenization.dataset_work.Recipe`."""

    values = 36  # of a sample: its effective stiffness

    def __init__(self, rve: VoxelRVE, kind: str, n: int, seed: int, tolerance: float, device: str):
        n, seed = whole_number("samples: n", n), whole_number("seed", seed)
        if kind not in _SAMPLERS:
            raise InputError(f"kind = {kind!r} is unknown: give one of {', '.join(_SAMPLERS)}.")
        if n < 1:
            raise InputError(f"samples: n = {n} must be a positive whole number.")
        about = rve_meta(rve)
        check_tolerance(tolerance)
        self._rve, self._device = rve, device
        self.meta = {"kind": kind, "samples": n, "seed": seed, "tolerance": tolerance, **about}

    def draw(self, count: int, block: int) -> dict[str, Tensor]:
        phases, seed = len(self._rve.names), self.meta["seed"]
        return {"phase_stiffness": _SAMPLERS[self.meta["kind"]](count, seed, block, phases=phases)}

    def compute(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, str]:
        stiffness = inputs["phase_stiffness"].to(self._device)
        solution = solve_load_cases(self._rve, stiffness, self.meta["tolerance"])
        return solution.effective.cpu().flatten(1), f"{int(solution.iterations.max())} iterations"

    def load(self, path: Path) -> Samples:
        old = StiffnessDataset.load(path)
        return Samples({"phase_stiffness": old.phase_stiffness}, old.effective.flatten(1), old.meta)

    def save(self, path: Path, samples: Samples) -> None:
        effective = samples.results.view(-1, 6, 6)
        StiffnessDataset(samples.inputs["phase_stiffness"], effective, samples.meta).save(path)


def _check_device(batch: int, device: str) -> None:
    if whole_number("batch", batch) < 1:
        raise InputError(f"batch = {batch} must be a positive whole number.")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device = {device!r} cannot be used here; leave it at 'cpu'.") from error
