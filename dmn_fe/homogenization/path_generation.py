"""Nonlinear data sets: stresses of one RVE for random strains, materials random or given."""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import check_tolerance
from dmn_fe.homogenization.dataset_run import compute_samples
from dmn_fe.homogenization.dataset_work import DatasetWork, Samples, rve_meta, whole_number
from dmn_fe.homogenization.path_dataset import KINDS, PathDataset, random_laws
from dmn_fe.homogenization.path_sampler import sample_paths
from dmn_fe.homogenization.path_solver import path_stresses
from dmn_fe.homogenization.voxel_problem import VoxelProblem
from dmn_fe.laws import MaterialLaw, check_phase_laws, laws_description, laws_fingerprint
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.progress import Progress, no_progress

__all__ = ["check_path_dataset", "make_path_dataset"]

# Relative error of the stress up to 6e-5 (spheres, 32³): a hundredth of what networks err.
_TOLERANCE = 3e-4
_STEPS = {"one-step": 1, "history": 3}
_RANDOM_SCALE = (1.0, 13.0)
_INPUTS = ("strain", "material", "dt")


def make_path_dataset(
    rve: VoxelRVE,
    kind: str,
    n: int,
    seed: int,
    path: str | Path,
    steps: int | None = None,
    laws: Mapping[str, MaterialLaw] | None = None,
    strain_scale: tuple[float, float] | None = None,
    dt: float = 1.0,
    tolerance: float = _TOLERANCE,
    progress: Progress = no_progress,
    comm: Communicator | None = None,
) -> PathDataset:
    """Compute ``n`` nonlinear samples of an RVE and write them to ``path`` (collective).

    As with :func:`make_dataset` what is done stays done: the same call goes on after an
    interruption, and a larger ``n`` appends samples. A sample that does not converge is left out,
    and its number is in ``meta["failed"]``.

    Parameters
    ----------
    rve : VoxelRVE
    kind : "one-step" or "history"
        "one-step": ``steps`` rising strains in one direction, each reached in one backward-Euler
        step from the virgin state. "history": a path of ``steps`` increments with corners.
    n, seed : int
        Number and seed of the samples.
    path : path
        The file; if it holds these samples it is read instead.
    steps : int, optional
        Strains in a sample; default: one of "one-step", since strains in other directions teach
        more than further ones in the same, and three of "history".
    laws : mapping of phase name to MaterialLaw, optional
        Laws for all samples. Without, each sample has random materials: phase 0 a J2 matrix of
        Young's modulus 1 and yield stress 1, all others elastic.
    strain_scale : (float, float), optional
        Smallest and largest norm of a strain, or of an increment of "history". In units of the
        yield strain for random materials, by default 1 and 13; must be given with laws.
    dt : float
        Time of each step, in the unit of the laws' rates.
    tolerance : float
        As for :class:`VoxelProblem`.
    progress : Progress
        Called on rank 0 after each sample, and first where an earlier run had stopped.
    comm : mpi4py communicator, optional
        Ranks that share the samples; each should have one thread.

    Raises
    ------
    InputError
        On all ranks, if an argument makes no sense, a file holds other data (it is never
        overwritten), or more than one in twenty samples does not converge.
    """
    path, comm = Path(path), comm or Alone()
    with RaiseTogether(comm):
        recipe = _PathRecipe(rve, kind, n, seed, steps, laws, strain_scale, dt, tolerance)
    compute_samples(recipe, path, progress, comm)
    with RaiseTogether(comm):
        return PathDataset.load(path)


def check_path_dataset(
    rve: VoxelRVE,
    kind: str,
    n: int,
    seed: int,
    path: str | Path,
    steps: int | None = None,
    laws: Mapping[str, MaterialLaw] | None = None,
    strain_scale: tuple[float, float] | None = None,
    dt: float = 1.0,
    tolerance: float = _TOLERANCE,
) -> None:
    """Raise ``InputError`` where :func:`make_path_dataset` would do so before it computes."""
    recipe = _PathRecipe(rve, kind, n, seed, steps, laws, strain_scale, dt, tolerance)
    DatasetWork.begin(recipe, Path(path))


class _PathRecipe:
    """See :class:`~dmn_fe.homogenization.dataset_work.Recipe`."""

    def __init__(
        self,
        rve: VoxelRVE,
        kind: str,
        n: int,
        seed: int,
        steps: int | None,
        laws: Mapping[str, MaterialLaw] | None,
        strain_scale: tuple[float, float] | None,
        dt: float,
        tolerance: float,
    ):
        n, seed = whole_number("samples: n", n), whole_number("seed", seed)
        if kind not in KINDS:
            raise InputError(f"kind = {kind!r} is unknown: give one of {', '.join(KINDS)}.")
        steps = _STEPS[kind] if steps is None else whole_number("steps", steps)
        for name, value in (("samples: n", n), ("steps", steps)):
            if value < 1:
                raise InputError(f"{name} = {value} must be a positive whole number.")
        about = rve_meta(rve)
        check_tolerance(tolerance)
        if laws is not None:
            check_phase_laws(rve.names, laws)
        if not (isinstance(dt, int | float) and 0.0 <= dt < math.inf):
            raise InputError(f"dt = {dt!r} must be a finite number, zero or above.")
        self._rve, self._laws = rve, laws
        self.values = 6 * steps
        self.meta = {
            "kind": kind,
            "samples": n,
            "seed": seed,
            "steps": steps,
            "strain_scale": _checked_scale(strain_scale, laws is None),
            "dt": float(dt),
            "laws_fingerprint": None if laws is None else laws_fingerprint(laws),
            "tolerance": tolerance,
            **about,
        }
        if laws is not None:
            self.meta["laws"] = laws_description(laws)

    def draw(self, count: int, block: int) -> dict[str, Tensor]:
        meta = self.meta
        strain, material = sample_paths(
            meta["kind"],
            count,
            meta["steps"],
            meta["strain_scale"],
            meta["seed"],
            block,
            len(self._rve.names),
            self._laws is None,
        )
        dt = torch.full((count, meta["steps"]), meta["dt"], dtype=torch.float64)
        return {"strain": strain, "material": material, "dt": dt}

    def compute(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, str]:
        results, count, history = [], 0, self.meta["kind"] == "history"
        for strain, material, dt in zip(*(inputs[name] for name in _INPUTS), strict=True):
            laws = self._laws or random_laws(self._rve.names, material)
            problem = VoxelProblem(self._rve, laws, self.meta["tolerance"])
            stress, iterations = path_stresses(problem, strain, dt, history)
            results.append(stress.flatten())
            count += iterations
        stacked = torch.stack(results)
        failed = " without convergence" if stacked.isnan().any() else ""
        return stacked, f"{count} iterations{failed}"

    def load(self, path: Path) -> Samples:
        old = PathDataset.load(path)
        meta = dict(old.meta)
        failed = set(meta.pop("failed"))
        kept = [number for number in range(meta["samples"]) if number not in failed]

        def spread(values: Tensor) -> Tensor:
            all_samples = values.new_full((meta["samples"], *values.shape[1:]), torch.nan)
            all_samples[kept] = values
            return all_samples

        inputs = {name: spread(getattr(old, name)) for name in _INPUTS}
        return Samples(inputs, spread(old.stress.flatten(1)), meta)

    def save(self, path: Path, samples: Samples) -> None:
        bad = samples.results.isnan().any(1)
        meta = {**samples.meta, "failed": torch.nonzero(bad)[:, 0].tolist()}
        stress = samples.results[~bad].unflatten(1, (-1, 6))
        inputs = {name: samples.inputs[name][~bad] for name in _INPUTS}
        PathDataset(stress=stress, meta=meta, **inputs).save(path)


def _checked_scale(scale: tuple[float, float] | None, random_materials: bool) -> list[float]:
    if scale is None and random_materials:
        return list(_RANDOM_SCALE)
    if scale is None:
        raise InputError(
            "strain_scale is missing: give the smallest and the largest norm of the strains with "
            "laws of your own, e.g. (0.002, 0.02)."
        )
    try:
        lowest, highest = (float(value) for value in scale)
    except (TypeError, ValueError) as error:
        raise InputError(f"strain_scale = {scale!r} must be two numbers.") from error
    if not 0.0 < lowest < highest < math.inf:
        raise InputError(f"strain_scale = {scale!r} must be two rising numbers above zero.")
    return [lowest, highest]
