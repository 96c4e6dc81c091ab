"""Computing a data set sample after sample; an interrupted run goes on where it stopped."""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.files import check_folder
from dmn_fe.homogenization.dataset import StiffnessDataset
from dmn_fe.homogenization.elastic import solve_load_cases
from dmn_fe.homogenization.sampler import sample_orthotropic, sample_tangent_like
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.progress import Progress, no_progress

__all__ = ["make_dataset", "partial_path"]

_SAMPLERS: dict[str, Callable[[int, int], Tensor]] = {
    "orthotropic": sample_orthotropic,
    "tangent-like": sample_tangent_like,
}
_SECONDS_BETWEEN_SAVES = 5.0


def make_dataset(
    rve: VoxelRVE,
    kind: str,
    n: int,
    seed: int,
    path: str | Path,
    tolerance: float = 1e-6,
    progress: Progress = no_progress,
) -> StiffnessDataset:
    """Compute ``n`` samples of a two-phase RVE and write them to ``path``.

    The samples done so far are kept in ``path`` + ``.partial``, itself a data set, every few
    seconds and when the run is interrupted. The same call goes on from there and ends in the
    same bytes as a run without interruption (same machine and libraries).

    Parameters
    ----------
    rve : VoxelRVE
    kind : "tangent-like" or "orthotropic"
        The sampler: :func:`sample_tangent_like` or :func:`sample_orthotropic`.
    n, seed : int
        Number and seed of the samples.
    path : path
        The file; if it exists with these settings it is read instead.
    tolerance : float
        As for :func:`effective_stiffness`.
    progress : Progress
        Called after each sample, and first where an earlier run had stopped.

    Raises
    ------
    InputError
        If an argument makes no sense, or a file at ``path`` holds other data: it is never
        overwritten.
    RuntimeError
        If a sample does not converge.
    """
    path = Path(path)
    meta = _meta(rve, kind, n, seed, tolerance)
    check_folder(path)
    if path.exists():
        return _matching(path, meta)
    phase_stiffness = _SAMPLERS[kind](n, seed)
    partial = partial_path(path)
    effective = torch.empty(n, 6, 6, dtype=torch.float64)
    done = saved = 0
    if partial.exists():
        begun = _matching(partial, meta)
        done = saved = len(begun)
        if not torch.equal(begun.phase_stiffness, phase_stiffness[:done]):
            raise InputError(
                f"{partial}: its samples were drawn by another version; remove it to begin anew."
            )
        effective[:done] = begun.effective
        progress(done, n, "resumed")

    last_save = time.monotonic()
    try:
        while done < n:
            solution = solve_load_cases(rve, phase_stiffness[done], tolerance)
            effective[done] = solution.effective
            done += 1
            progress(done, n, f"{int(solution.iterations.max())} iterations")
            if time.monotonic() - last_save > _SECONDS_BETWEEN_SAVES:
                StiffnessDataset(phase_stiffness[:done], effective[:done], meta).save(partial)
                saved, last_save = done, time.monotonic()
    finally:
        if saved < done < n:
            StiffnessDataset(phase_stiffness[:done], effective[:done], meta).save(partial)
    dataset = StiffnessDataset(phase_stiffness, effective, meta)
    dataset.save(path)
    partial.unlink(missing_ok=True)
    return dataset


def partial_path(path: Path) -> Path:
    """Where the samples of an unfinished data set are."""
    return path.with_name(path.name + ".partial")


def _meta(rve: VoxelRVE, kind: str, n: int, seed: int, tolerance: float) -> dict:
    if kind not in _SAMPLERS:
        raise InputError(f"kind = {kind!r} is unknown: give one of {', '.join(_SAMPLERS)}.")
    if not isinstance(n, int) or n < 1:
        raise InputError(f"samples: n = {n} must be a positive whole number.")
    if not 0.0 < tolerance < 1.0:
        raise InputError(f"tolerance = {tolerance} must lie between 0 and 1.")
    if len(rve.names) != 2:
        raise InputError(
            f"the RVE has {len(rve.names)} phases ({', '.join(rve.names)}), but training data can "
            "be made for two only; give an RVE of two phases."
        )
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


def _matching(path: Path, meta: dict) -> StiffnessDataset:
    """The data set at ``path`` if it was made with the same settings."""
    dataset = StiffnessDataset.load(path)
    for key, value in meta.items():
        if dataset.meta.get(key) != value:
            raise InputError(
                f"{path}: made with {key} = {dataset.meta.get(key)!r}, not {value!r}; "
                "give another path, or remove the file."
            )
    return dataset
