"""Stiffness data sets: effective stiffnesses of one RVE for random stiffnesses of its phases."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.device import check_device
from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import check_tolerance
from dmn_fe.homogenization.dataset import StiffnessDataset
from dmn_fe.homogenization.dataset_run import compute_samples
from dmn_fe.homogenization.dataset_work import DatasetWork, Samples, rve_meta, whole_number
from dmn_fe.homogenization.elastic import solve_load_cases
from dmn_fe.homogenization.sampler import sample_orthotropic, sample_tangent_like
from dmn_fe.mandel import isotropic_stiffness
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.progress import Progress, no_progress

__all__ = ["check_dataset", "make_dataset"]

_SAMPLERS: dict[str, Callable[..., Tensor]] = {
    "orthotropic": sample_orthotropic,
    "tangent-like": sample_tangent_like,
}
# Smallest eigenvalue of the effective stiffness for solids with Young's modulus 1: the solver gives
# 1e-8 or less where voids cut an RVE apart, and needs no more digits to tell that.
_NO_STIFFNESS, _CHECK_TOLERANCE = 1e-6, 1e-3


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
    voids: Sequence[str] = (),
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
    voids : sequence of str
        Names of the phases that are voids: their stiffness is zero in every sample, and only those
        of the solids are drawn, so that one solid has no contrast.

    Raises
    ------
    InputError
        On all ranks, if an argument makes no sense, the voids cut the RVE apart, or a file holds
        other data: it is never overwritten.
    RuntimeError
        On all ranks, if a sample does not converge.
    """
    path, comm = Path(path), comm or Alone()
    with RaiseTogether(comm):
        _check_device(batch, device)
        recipe = _StiffnessRecipe(rve, kind, n, seed, tolerance, device, voids)
    with RaiseTogether(comm):
        if comm.rank == 0 and not path.exists():
            recipe.check_solids()
    compute_samples(recipe, path, progress, comm, batch)
    with RaiseTogether(comm):
        return StiffnessDataset.load(path)


def check_dataset(
    rve: VoxelRVE,
    kind: str,
    n: int,
    seed: int,
    path: str | Path,
    tolerance: float = 1e-6,
    voids: Sequence[str] = (),
) -> None:
    """Raise ``InputError`` where :func:`make_dataset` would do so before it computes samples."""
    recipe = _StiffnessRecipe(rve, kind, n, seed, tolerance, "cpu", voids)
    DatasetWork.begin(recipe, Path(path))
    if not Path(path).exists():
        recipe.check_solids()


class _StiffnessRecipe:
    """See :class:`~dmn_fe.homogenization.dataset_work.Recipe`."""

    values = 36  # of a sample: its effective stiffness

    def __init__(
        self,
        rve: VoxelRVE,
        kind: str,
        n: int,
        seed: int,
        tolerance: float,
        device: str,
        voids: Sequence[str],
    ):
        n, seed = whole_number("samples: n", n), whole_number("seed", seed)
        if kind not in _SAMPLERS:
            raise InputError(f"kind = {kind!r} is unknown: give one of {', '.join(_SAMPLERS)}.")
        if n < 1:
            raise InputError(f"samples: n = {n} must be a positive whole number.")
        about = rve_meta(rve)
        check_tolerance(tolerance)
        self._rve, self._device = rve, device
        self._solids, names = _solids(rve.names, voids)
        self.meta = {"kind": kind, "samples": n, "seed": seed, "tolerance": tolerance, **about}
        if names:  # files of earlier versions have no such entry
            self.meta["voids"] = names

    def check_solids(self) -> None:
        """Raise ``InputError`` if the voids leave no stiffness in some direction."""
        if len(self._solids) == len(self._rve.names):
            return
        stiffness = torch.zeros(1, len(self._rve.names), 6, 6, dtype=torch.float64)
        stiffness[:, self._solids] = isotropic_stiffness(1.0, 0.3)
        effective = solve_load_cases(self._rve, stiffness, _CHECK_TOLERANCE).effective[0]
        smallest = torch.linalg.eigvalsh(effective)[0].item()
        if smallest < _NO_STIFFNESS:
            raise InputError(
                f"the voids {self.meta['voids']} cut the RVE apart: it has no stiffness in some "
                "direction, and no network can be trained on it; give an RVE whose solids are "
                "connected in all directions."
            )

    def draw(self, count: int, block: int) -> dict[str, Tensor]:
        phases, sampler = len(self._rve.names), _SAMPLERS[self.meta["kind"]]
        stiffness = torch.zeros(count, phases, 6, 6, dtype=torch.float64)
        drawn = sampler(count, self.meta["seed"], block, phases=len(self._solids))
        stiffness[:, self._solids] = drawn
        return {"phase_stiffness": stiffness}

    def compute(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, str]:
        stiffness = inputs["phase_stiffness"].to(self._device)
        solution = solve_load_cases(self._rve, stiffness, self.meta["tolerance"])
        return solution.effective.cpu().flatten(1), f"{int(solution.iterations.max())} iterations"

    def load(self, path: Path) -> Samples:
        old = StiffnessDataset.load(path)
        if list(old.voids) != self.meta.get("voids", []):
            raise InputError(
                f"{path}: made with voids = {list(old.voids)}, not {self.meta.get('voids', [])}; "
                "give another path, or remove the file."
            )
        return Samples({"phase_stiffness": old.phase_stiffness}, old.effective.flatten(1), old.meta)

    def save(self, path: Path, samples: Samples) -> None:
        effective = samples.results.view(-1, 6, 6)
        StiffnessDataset(samples.inputs["phase_stiffness"], effective, samples.meta).save(path)


def _solids(names: Sequence[str], voids: Sequence[str]) -> tuple[list[int], list[str]]:
    """Numbers of the phases that are solid, and names of the others in the order of the phases."""
    if isinstance(voids, str):
        raise InputError(f"voids = {voids!r} must be a tuple of names, e.g. ({voids!r},).")
    for name in voids:
        if name not in names:
            raise InputError(
                f"voids: there is no phase {name!r}, the phases are {', '.join(names)}."
            )
    solids = [number for number, name in enumerate(names) if name not in voids]
    if not solids:
        raise InputError("voids: all phases are voids; leave one of them solid.")
    return solids, [name for name in names if name in voids]


def _check_device(batch: int, device: str) -> None:
    if whole_number("batch", batch) < 1:
        raise InputError(f"batch = {batch} must be a positive whole number.")
    check_device(device)
