"""Making of data sets of sections: synthetic ones, solved by the FFT solver."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import check_tolerance
from dmn_fe.homogenization.conduction import effective_conductivity
from dmn_fe.homogenization.dataset_run import compute_samples
from dmn_fe.homogenization.dataset_work import Samples, whole_number
from dmn_fe.homogenization.elastic import effective_stiffness
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.two_phases import TwoPhases
from dmn_fe.microstructure import FAMILIES, UNSEEN_FAMILIES, VoxelRVE, synthetic_section
from dmn_fe.microstructure.families import THREE_PHASE_FAMILIES
from dmn_fe.progress import Progress, no_progress

__all__ = ["LEARNT_FAMILIES", "TWO_PHASE_FAMILIES", "make_section_dataset"]

#: Families that have sections of two phases.
TWO_PHASE_FAMILIES: tuple[str, ...] = tuple(f for f in FAMILIES if f not in THREE_PHASE_FAMILIES)

#: Those of them that are learnt from.
LEARNT_FAMILIES: tuple[str, ...] = tuple(f for f in TWO_PHASE_FAMILIES if f not in UNSEEN_FAMILIES)

_MOST = 10_000  # samples of a data set
_BLOCKS = 10  # of a data set: the first call, and what was appended
_TRIALS = 50  # for a section of two phases


def make_section_dataset(
    n: int,
    phases: TwoPhases,
    path: str | Path,
    families: Sequence[str] = LEARNT_FAMILIES,
    seed: int = 0,
    voxels: int = 64,
    tolerance: float = 1e-4,
    progress: Progress = no_progress,
    comm: Communicator | None = None,
) -> SectionDataset:
    """Make ``n`` two-phase sections and solve for their properties (collective).

    Every sample is on the disk as soon as it is done. After an interruption the same call, on any
    number of ranks, goes on, and the file is the same as without. Where ``path`` holds fewer
    samples with these settings, the others are appended. A section of 64² voxels takes a tenth of
    a second or less.

    Parameters
    ----------
    n : int
        Sections in all; the families take turns.
    phases : TwoPhases
    path : path
        The file; if it holds these samples it is read instead.
    families : sequence of str
        Of ``TWO_PHASE_FAMILIES``.
    seed : int
        Data sets of different seeds have no section in common. A data set can be appended to nine
        times.
    voxels : int
        Per edge.
    tolerance : float
        As for :func:`~dmn_fe.homogenization.effective_stiffness`.
    progress : Progress
        Called on rank 0 after each section, and first where an earlier run had stopped.
    comm : mpi4py communicator, optional
        Ranks that share the sections; each should have one thread.

    Raises
    ------
    InputError
        On all ranks, if an argument makes no sense, a file was appended to too often, or holds
        other data: it is never overwritten.
    RuntimeError
        On all ranks, if a section does not converge.
    """
    path, comm = Path(path), comm or Alone()
    with RaiseTogether(comm):
        recipe = _SectionRecipe(n, phases, families, seed, voxels, tolerance)
    compute_samples(recipe, path, progress, comm)
    with RaiseTogether(comm):
        return SectionDataset.load(path)


class _SectionRecipe:
    """See :class:`~dmn_fe.homogenization.dataset_work.Recipe`."""

    values = 36 + 9  # of a sample: stiffness and conductivity

    def __init__(
        self,
        n: int,
        phases: TwoPhases,
        families: Sequence[str],
        seed: int,
        voxels: int,
        tolerance: float,
    ):
        n, seed = whole_number("n", n), whole_number("seed", seed)
        if not 1 <= n <= _MOST or seed < 0:
            raise InputError(
                f"n = {n}, seed = {seed}: give from 1 to {_MOST} sections and a seed of zero or "
                "above."
            )
        if isinstance(families, str) or not families or set(families) - {*TWO_PHASE_FAMILIES}:
            raise InputError(
                f"families = {families!r}: give names of families with two phases: "
                f"{', '.join(TWO_PHASE_FAMILIES)}."
            )
        check_tolerance(tolerance)
        self._phases = phases
        self.meta: dict[str, Any] = {
            "families": list(families),
            "voxels": whole_number("voxels", voxels),
            "seed": seed,
            "samples": n,
            "phases": phases.record,
            "tolerance": tolerance,
            "scheme": "rotated",
        }

    def draw(self, count: int, block: int) -> dict[str, Tensor]:
        if block >= _BLOCKS:  # the next would have the sections of another seed
            raise InputError(
                f"the data set was appended to {_BLOCKS - 1} times, no more seeds are left for it: "
                "make a new one, or one of another seed."
            )
        families = self.meta["families"]
        first = (self.meta["seed"] * _BLOCKS + block) * _MOST * _TRIALS
        images = [
            _two_phase_section(families[k % len(families)], first + k, self.meta["voxels"])
            for k in range(count)
        ]
        return {"images": torch.stack(images)}

    def compute(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, str]:
        stiffness, tolerance = self._phases.stiffness, self.meta["tolerance"]
        conductivity = torch.tensor(self._phases.conductivity, dtype=torch.float64)
        rows = []
        for image in inputs["images"]:
            rve = VoxelRVE(image.numpy()[:, :, None])
            found = effective_stiffness(rve, stiffness, tolerance)
            conducts = effective_conductivity(rve, conductivity, tolerance)
            rows.append(torch.cat([found.flatten(), conducts.flatten()]))
        return torch.stack(rows), ""

    def load(self, path: Path) -> Samples:
        old = SectionDataset.load(path)
        results = torch.cat([old.stiffness.flatten(1), old.conductivity.flatten(1)], dim=1)
        return Samples({"images": old.images}, results, old.meta)

    def save(self, path: Path, samples: Samples) -> None:
        stiffness, conductivity = samples.results.split([36, 9], dim=1)
        SectionDataset(
            samples.inputs["images"],
            stiffness.reshape(-1, 6, 6),
            conductivity.reshape(-1, 3, 3),
            samples.meta,
        ).save(path)


def _two_phase_section(family: str, seed: int, voxels: int) -> Tensor:
    """Phases ``[voxels, voxels]``; of families with two or three phases the next with two."""
    for trial in range(_TRIALS):
        rve = synthetic_section(family, seed + trial * _MOST, voxels)
        if len(rve.names) == 2:
            return torch.from_numpy(rve.phase[:, :, 0].copy())
    raise AssertionError(f"{family}: no section of two phases from seed {seed} on")
