"""Error of a material law, usually a network, on the reference paths of its RVE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.evaluate.ensemble_law import EnsembleLaw
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.evaluate.strain_path import StrainPathResponse, follow_strain_path
from dmn_fe.homogenization.reference_paths import ReferencePaths
from dmn_fe.laws import MaterialLaw, Status
from dmn_fe.network import Network

__all__ = ["PathErrors", "PathValidation", "is_counted", "path_errors", "response_errors"]

# Shown, but not counted: its stress is mostly pressure, which every network gets right.
_NOT_COUNTED = frozenset({"uniaxial-strain"})


@dataclass(frozen=True, eq=False)
class PathErrors:
    """Errors on the paths of a reference.

    The error at a time is ``|Δσ|`` over the largest ``|σ|`` that the reference reaches on the
    path, with the Frobenius norm (that of the Mandel vector).

    Attributes
    ----------
    names : tuple of str
        The paths.
    error : Tensor ``[paths, n]``
        At each time; infinite from the step on at which a path failed.
    mean, largest : Tensor ``[paths]``
        Over the times after the start; infinite for a path that failed.
    status : Tensor ``[paths]`` of int8
        :class:`~dmn_fe.laws.Status` of each path.
    parts : Tensor ``[paths, n]`` of int64
        Parts into which each step was cut.
    counted : bool Tensor ``[paths]``
        Which paths count for the overall numbers: all but ``uniaxial-strain``.
    """

    names: tuple[str, ...]
    error: Tensor
    mean: Tensor
    largest: Tensor
    status: Tensor
    parts: Tensor
    counted: Tensor

    @property
    def overall_mean(self) -> float:
        """Mean over the counted paths of their mean errors; not-a-number if none counts."""
        return float(self.mean[self.counted].mean())

    @property
    def overall_largest(self) -> float:
        """Largest error on the counted paths; not-a-number if none counts."""
        return float(self.largest[self.counted].max()) if self.counted.any() else torch.nan

    def __str__(self) -> str:
        lines = [f"{'path':<18}  mean %   max %"]
        for row, name in enumerate(self.names):
            line = f"{name:<18}{100 * self.mean[row]:8.3f}{100 * self.largest[row]:8.3f}"
            if self.status[row] != Status.CONVERGED:
                line += f"  failed: {Status(int(self.status[row])).sentence}"
            lines.append(line if self.counted[row] else f"{line}  (not counted)")
        lines.append(
            f"{'counted paths':<18}{100 * self.overall_mean:8.3f}{100 * self.overall_largest:8.3f}"
        )
        return "\n".join(lines)


def path_errors(law: MaterialLaw, reference: ReferencePaths) -> PathErrors:
    """Follow the paths of a reference with a law and compare the stress.

    Parameters
    ----------
    law : MaterialLaw
        If it is that of a network or an ensemble, its phases must have the reference's laws.
    reference : ReferencePaths

    Raises
    ------
    InputError
        If a network has other phases or other laws than the reference.
    """
    if isinstance(law, NetworkLaw | EnsembleLaw):
        reference.check_laws(law.laws)
    return response_errors(follow_strain_path(law, reference.times, reference.strain), reference)


def is_counted(names: Sequence[str]) -> Tensor:
    """Which paths ``[paths]`` count for the overall numbers."""
    return torch.tensor([name not in _NOT_COUNTED for name in names])


def response_errors(response: StrainPathResponse, reference: ReferencePaths) -> PathErrors:
    """Compare the stress of a response to the paths of a reference with that of the reference."""
    largest_stress = reference.stress.norm(dim=-1).amax(1, keepdim=True)
    error = (response.stress - reference.stress).norm(dim=-1) / largest_stress
    # What failed is not-a-number; as infinity it cannot hide in a mean or be taken for missing.
    error = torch.where(torch.isfinite(error), error, torch.inf)
    return PathErrors(
        reference.names,
        error,
        error[:, 1:].mean(1),
        error[:, 1:].amax(1),
        response.status,
        response.parts,
        is_counted(reference.names),
    )


@dataclass(frozen=True, eq=False)
class PathValidation:
    """Error of networks on reference paths, for the training to validate with.

    Called with a network it gives the mean error over the counted paths.

    Attributes
    ----------
    reference : ReferencePaths
    laws : mapping of str to MaterialLaw
        The laws of the reference.

    Raises
    ------
    InputError
        If the laws are not those of the reference.
    """

    reference: ReferencePaths
    laws: Mapping[str, MaterialLaw]

    def __post_init__(self):
        self.reference.check_laws(self.laws)

    def __call__(self, network: Network) -> float:
        return path_errors(NetworkLaw(network, self.laws), self.reference).overall_mean
