"""Stiffness samples as training needs them: split, and with the components first."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import StiffnessDataset
from dmn_fe.training.settings import Settings

__all__ = ["Data", "StiffnessSamples", "datasets_of", "prepare", "split"]

_SPLIT_SEED = 0
_UNSYMMETRIC = {
    "effective": 1e-3,
    "phase": 1e-9,
}  # relative; solvers leave much less, draws nothing

Data = StiffnessDataset | Sequence[StiffnessDataset]


@dataclass(frozen=True, eq=False)
class StiffnessSamples:
    """Samples of one or more data sets of one RVE.

    Attributes
    ----------
    phase_stiffness : Tensor ``[6, 6, phases, n]``
    effective : Tensor ``[6, 6, n]``
    inverse_root : Tensor ``[6, 6, n]``
        ``L⁻¹`` of ``C_rve = L Lᵀ``.
    training : tuple of Tensor of int64
        Numbers of the samples that may be learnt from, of each data set.
    validation : Tensor of int64
        Numbers of those held out.
    """

    phase_stiffness: Tensor
    effective: Tensor
    inverse_root: Tensor
    training: tuple[Tensor, ...]
    validation: Tensor

    def to(self, device: str) -> "StiffnessSamples":
        """The same on a device."""
        return StiffnessSamples(
            self.phase_stiffness.to(device),
            self.effective.to(device),
            self.inverse_root.to(device),
            tuple(part.to(device) for part in self.training),
            self.validation.to(device),
        )

    def drawn(self, wanted: int | None, seeds: Sequence[int]) -> Tensor:
        """Numbers of the samples to learn from, ``[n]``, or for each seed its own ``[K, n]``.

        All of them, or as many as wanted: of each data set as nearly as can be the same share.
        """
        available = sum(len(part) for part in self.training)
        if wanted is None or wanted == available:
            return torch.cat(self.training)
        ends = [0]
        for part in self.training:
            ends.append(ends[-1] + len(part))
        counts = [round(end * wanted / available) for end in ends]
        sizes = [after - before for before, after in pairwise(counts)]
        rows = []
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            orders = [torch.randperm(len(part), generator=generator) for part in self.training]
            drawn = zip(self.training, orders, sizes, strict=True)
            rows.append(torch.cat([part[order[:size]] for part, order, size in drawn]))
        return torch.stack(rows)


def datasets_of(data: Data) -> list[StiffnessDataset]:
    """One data set or several as a list; raises ``InputError`` for none, and for anything else."""
    datasets = list(data) if isinstance(data, Sequence) else [data]
    for dataset in datasets:
        if not isinstance(dataset, StiffnessDataset):
            raise InputError(f"the data is a {type(dataset).__name__}; give a StiffnessDataset.")
    if not datasets:
        raise InputError("there is no data; give at least one StiffnessDataset.")
    return datasets


def prepare(data: Sequence[StiffnessDataset], settings: Settings) -> StiffnessSamples:
    """Put data sets together, a share of each held out.

    Raises
    ------
    InputError
        If they do not belong together, or are too small for the split, the batch or the number of
        samples that was asked for.
    """
    first = datasets_of(data)[0]
    for number, dataset in enumerate(data, start=1):
        _check_values(dataset, f"data set {number}: " if len(data) > 1 else "")
    for other in data[1:]:
        if other.phase_names != first.phase_names:
            raise InputError(
                f"two data sets have the phases {', '.join(first.phase_names)} and "
                f"{', '.join(other.phase_names)}; give data of one RVE."
            )
        if other.meta.get("rve_hash") != first.meta.get("rve_hash"):
            raise InputError("two data sets are of different RVEs; give data of one.")
        if other.effective.shape[1:] != first.effective.shape[1:]:
            raise InputError("two data sets differ in dimension; give data of one RVE.")
    training, validation, start = [], [], 0
    for dataset in data:
        own_training, own_validation = split(len(dataset), settings.validation_fraction)
        training.append(start + own_training)
        validation.append(start + own_validation)
        start += len(dataset)
    _check_size(sum(len(part) for part in training), settings)
    effective = torch.cat([dataset.effective for dataset in data])
    inverse_root = torch.linalg.inv(torch.linalg.cholesky(effective))
    return StiffnessSamples(
        torch.cat([dataset.phase_stiffness for dataset in data]).permute(2, 3, 1, 0).contiguous(),
        effective.permute(1, 2, 0).contiguous(),
        inverse_root.permute(1, 2, 0).contiguous(),
        tuple(training),
        torch.cat(validation),
    )


def _check_values(data: StiffnessDataset, where: str) -> None:
    """Raise ``InputError`` unless all stiffnesses are symmetric, those of phases not below 0 and
    the effective ones positive; the gradient of a laminate and the loss need it. ``where`` names
    the data set, if there are several."""
    for what, stiffness in (("effective", data.effective), ("phase", data.phase_stiffness)):
        size = torch.linalg.matrix_norm(stiffness)
        wrong = torch.linalg.matrix_norm(stiffness - stiffness.mT) > _UNSYMMETRIC[what] * size
        if wrong.any():
            raise InputError(
                f"{where}the {what} stiffness of sample {int(wrong.nonzero()[0, 0])} is not "
                "symmetric; make the data again."
            )
    smallest = torch.linalg.eigvalsh(data.phase_stiffness)[..., 0]
    wrong = smallest < -1e-9 * torch.linalg.matrix_norm(data.phase_stiffness)
    if wrong.any():
        sample, phase = wrong.nonzero()[0].tolist()
        raise InputError(
            f"{where}the stiffness of phase {data.phase_names[phase]!r} in sample {sample} has a "
            "negative eigenvalue; make the data again."
        )
    failed = torch.linalg.cholesky_ex(data.effective).info
    if failed.any():
        raise InputError(
            f"{where}the effective stiffness of sample {int(failed.nonzero()[0])} is not positive "
            "definite; give data of an RVE that carries load in all directions."
        )
    fractions = data.meta.get("volume_fractions")
    if fractions is not None and len(fractions) != len(data.phase_names):
        raise InputError(
            f"a data set has {len(fractions)} volume fractions for the phases "
            f"{', '.join(data.phase_names)}; give one of each."
        )


def split(samples: int, fraction: float) -> tuple[Tensor, Tensor]:
    """Numbers of the samples to learn from and of those held out: the same for all trainings."""
    held_out = round(fraction * samples)
    if not 1 <= held_out < samples:
        raise InputError(
            f"a data set of {samples} samples cannot be split at {fraction}; make more samples or "
            "change validation_fraction."
        )
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(_SPLIT_SEED))
    return order[held_out:], order[:held_out]


def _check_size(available: int, settings: Settings) -> None:
    wanted = available if settings.samples is None else settings.samples
    if wanted > available:
        raise InputError(
            f"samples = {wanted}, but only {available} are left for training; make more."
        )
    # The usual batch of an optimiser is then all samples; one that was asked for is not.
    if settings.batch is not None and settings.batch > wanted and not settings.has_usual_batch:
        raise InputError(
            f"batch = {settings.batch} is larger than the training set of {wanted} samples; give a "
            "smaller one, or none for all at once."
        )
