"""Computing a data set, on one or several ranks; what is done stays done."""

import glob
import hashlib
import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.homogenization.arguments import check_tolerance, check_voxels
from dmn_fe.homogenization.dataset import StiffnessDataset
from dmn_fe.homogenization.elastic import solve_load_cases
from dmn_fe.homogenization.journal import (
    Journal,
    journal_settings,
    read_journal,
    record_count,
)
from dmn_fe.homogenization.sampler import sample_orthotropic, sample_tangent_like
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.progress import Progress, no_progress

__all__ = ["check_dataset", "make_dataset", "samples_kept"]

_SAMPLERS: dict[str, Callable[..., Tensor]] = {
    "orthotropic": sample_orthotropic,
    "tangent-like": sample_tangent_like,
}
_VALUES = 36  # of a sample: its effective stiffness


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
            begun = _Work.begin(rve, kind, n, seed, path, tolerance)
    work: _Work = comm.bcast(begun)
    if comm.rank == 0 and work.found < n - len(work.missing):
        progress(n - len(work.missing), n, "resumed")
    mine, journal = work.missing[comm.rank :: comm.size], None
    with RaiseTogether(comm):
        if mine:
            name = path.with_name(f"{path.name}.partial-{comm.rank}")
            journal = Journal(name, work.settings, _VALUES)
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
    _Work.begin(rve, kind, n, seed, Path(path), tolerance)


def samples_kept(path: str | Path) -> int:
    """Samples in the journals of an unfinished data set."""
    return sum(record_count(journal, _VALUES) for journal in _journals(Path(path)))


@dataclass
class _Work:
    """A data set in work.

    ``found`` samples are in the file already, ``missing`` ones neither there nor in a journal.
    """

    path: Path
    meta: dict
    phase_stiffness: Tensor
    effective: Tensor
    found: int
    missing: list[int]

    @classmethod
    def begin(
        cls, rve: VoxelRVE, kind: str, n: int, seed: int, path: Path, tolerance: float
    ) -> "_Work":
        """Draw the samples and see what earlier runs have left."""
        n, seed = _whole("samples: n", n), _whole("seed", seed)
        meta = _meta(rve, kind, n, seed, tolerance)
        old = StiffnessDataset.load(path) if path.exists() else None
        blocks = [n] if old is None else _grown(old, n, path)
        meta["blocks"] = blocks
        draws = [
            _SAMPLERS[kind](count, seed, block, phases=len(rve.names))
            for block, count in enumerate(blocks)
        ]
        work = cls(path, meta, torch.cat(draws), torch.empty(n, 6, 6).double(), 0, [])
        if old is not None:
            work._take_over(old)
        if work.found == n:
            return work
        check_folder(path)
        if old is not None:
            work._remove_journals_of(old)
        done = set(range(work.found)) | set(work._from_journals())
        work.missing = [number for number in range(n) if number not in done]
        return work

    @property
    def settings(self) -> dict:
        """What the journals belong to: the settings, and the samples that were drawn."""
        return _with_draws(self.meta, self.phase_stiffness)

    def finish(self) -> None:
        """Write the file, and remove the journals."""
        records = self._from_journals()
        lost = [n for n in range(self.found, len(self.effective)) if n not in records]
        if lost:
            raise InputError(
                f"{self.path}: {len(lost)} samples, the first is {lost[0]}, were computed but are "
                "not in the journals beside it; call again to compute them anew."
            )
        for number, values in records.items():
            self.effective[number] = torch.from_numpy(values.copy()).view(6, 6)
        StiffnessDataset(self.phase_stiffness, self.effective, self.meta).save(self.path)
        for journal in _journals(self.path):
            journal.unlink()

    def _from_journals(self) -> dict[int, np.ndarray]:
        records: dict[int, np.ndarray] = {}
        for journal in _journals(self.path):
            records |= read_journal(journal, self.settings, _VALUES)
        return records

    def _take_over(self, old: StiffnessDataset) -> None:
        for key, value in self.meta.items():
            if key not in ("samples", "blocks") and old.meta.get(key) != value:
                raise InputError(
                    f"{self.path}: made with {key} = {old.meta.get(key)!r}, not {value!r}; "
                    "give another path, or remove the file."
                )
        self.found = len(old)
        if not torch.equal(old.phase_stiffness, self.phase_stiffness[: self.found]):
            raise InputError(
                f"{self.path}: its samples were drawn by another version; give another path."
            )
        self.effective[: self.found] = old.effective

    def _remove_journals_of(self, old: StiffnessDataset) -> None:
        """Those that were left by a run that was stopped after it had written the file."""
        for journal in _journals(self.path):
            if journal_settings(journal) == _with_draws(old.meta, old.phase_stiffness):
                journal.unlink()


def _compute(
    rve: VoxelRVE,
    work: _Work,
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


def _with_draws(meta: dict, phase_stiffness: Tensor) -> dict:
    draws = hashlib.sha256(phase_stiffness.contiguous().numpy().tobytes()).hexdigest()
    return {**meta, "draws": draws}


def _journals(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.partial-*"))


def _grown(old: StiffnessDataset, n: int, path: Path) -> list[int]:
    """Sizes of the Latin hypercubes of ``n`` samples that begin with those of ``old``."""
    blocks = list(old.meta.get("blocks", [len(old)]))
    if n < len(old):
        raise InputError(
            f"{path}: holds {len(old)} samples, more than {n}; give another path, or remove the "
            "file."
        )
    return blocks if n == len(old) else [*blocks, n - len(old)]


def _whole(name: str, value: int) -> int:
    try:
        return operator.index(value)  # NumPy's integers too
    except TypeError as error:
        raise InputError(f"{name} = {value!r} must be a whole number.") from error


def _check_device(batch: int, device: str) -> None:
    if _whole("batch", batch) < 1:
        raise InputError(f"batch = {batch} must be a positive whole number.")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device = {device!r} cannot be used here; leave it at 'cpu'.") from error


def _meta(rve: VoxelRVE, kind: str, n: int, seed: int, tolerance: float) -> dict:
    if kind not in _SAMPLERS:
        raise InputError(f"kind = {kind!r} is unknown: give one of {', '.join(_SAMPLERS)}.")
    if n < 1:
        raise InputError(f"samples: n = {n} must be a positive whole number.")
    check_voxels(rve)
    check_tolerance(tolerance)
    return {
        "kind": kind,
        "samples": n,
        "seed": seed,
        "tolerance": tolerance,
        "scheme": "rotated",
        "grid": list(rve.shape),
        "size": list(rve.size),
        "rve_hash": rve.hash,
        "phase_names": list(rve.names),
        "volume_fractions": list(rve.volume_fractions),
    }
