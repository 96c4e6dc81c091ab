"""Stiffness samples as training needs them: split, and with the components first."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import StiffnessDataset
from dmn_fe.training.settings import Settings

__all__ = ["StiffnessSamples", "prepare", "split"]

_SPLIT_SEED = 0


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


def prepare(data: Sequence[StiffnessDataset], settings: Settings) -> StiffnessSamples:
    """Put data sets together, a share of each held out.

    Raises
    ------
    InputError
        If they do not belong together, or are too small for the split, the batch or the number of
        samples that was asked for.
    """
    for dataset in data:
        if not isinstance(dataset, StiffnessDataset):
            raise InputError(f"the data is a {type(dataset).__name__}; give a StiffnessDataset.")
    first = data[0]
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
    root, failed = torch.linalg.cholesky_ex(effective)
    if failed.any():
        raise InputError(
            f"the effective stiffness of sample {int(failed.nonzero()[0])} is not positive "
            "definite; make the data again."
        )
    inverse_root = torch.linalg.inv(root)
    return StiffnessSamples(
        torch.cat([dataset.phase_stiffness for dataset in data]).permute(2, 3, 1, 0).contiguous(),
        effective.permute(1, 2, 0).contiguous(),
        inverse_root.permute(1, 2, 0).contiguous(),
        tuple(training),
        torch.cat(validation),
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
