"""The stress inside an RVE or a network after the strain path of a quadrature point."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.evaluate import EnsembleLaw, NetworkLaw
from dmn_fe.evaluate.leaf_averages import leaf_stresses
from dmn_fe.evaluate.strain_path import state_after
from dmn_fe.homogenization import RVELaw
from dmn_fe.laws import MaterialLaw
from dmn_fe.mandel import von_mises
from dmn_fe.validation.record import LocalFields, RunRecord

__all__ = ["distance", "local_fields", "strained_most"]

_SHARES = np.linspace(0.0, 1.0, 201)


@torch.no_grad()
def local_fields(
    law: MaterialLaw, reference: RunRecord, points: list[int]
) -> dict[int, LocalFields]:
    """Distribution of the von Mises stress in each phase at the end of a run, over its volume.

    The law follows the strains that the points of the reference have gone through: the difference
    is that of law and law, and not that of their strains in the part.

    Parameters
    ----------
    law : RVELaw, NetworkLaw or EnsembleLaw
        Values are those of voxels or quadrature points of an RVE, or of the leaves of networks.
    reference : RunRecord
    points : list of int
        Of its quadrature points.

    Returns
    -------
    dict of int to LocalFields
        By the points; those at which the law failed are missing.
    """
    strain = torch.from_numpy(reference.strain[:, points]).transpose(0, 1).clone()
    strain[:, 0] = 0.0
    times = torch.from_numpy(reference.times)
    found = {}
    for point, path in zip(points, strain, strict=True):
        state = state_after(law, times, path)
        if state is None:
            continue
        found[point] = LocalFields(
            _SHARES,
            {
                name: _quantiles(von_mises(stress), weight)
                for name, (stress, weight) in _values(law, state).items()
            },
        )
    return found


def distance(one: LocalFields, reference: LocalFields, phase: str) -> float:
    """Area between two distributions of a phase, over the mean of the reference."""
    given, wanted = one.von_mises[phase], reference.von_mises[phase]
    mean = float(wanted.mean())
    return float(np.abs(given - wanted).mean()) / mean if mean > 0 else float("nan")


def strained_most(reference: RunRecord, count: int = 3) -> list[int]:
    """Points of the largest equivalent strain, sqrt(2/3 e:e) of the deviator, of any step."""
    strain = reference.strain.copy()
    strain[..., :3] -= strain[..., :3].mean(axis=-1, keepdims=True)
    largest = np.linalg.norm(strain, axis=-1).max(axis=0)
    return [int(point) for point in np.argsort(-largest, kind="stable")[:count]]


def _values(law: MaterialLaw, state: Tensor) -> Mapping[str, tuple[Tensor, Tensor]]:
    """Stress ``[m, 6]`` and weight ``[m]`` of the pieces of each phase, of a state ``[size]``."""
    if isinstance(law, RVELaw):
        fields = law.at_rest(state).phase_fields
        return {name: (field.stress, field.fraction) for name, field in fields.items()}
    if isinstance(law, EnsembleLaw):
        states = state.split([member.state_size for member in law.members])
        each = [_values(one, own) for one, own in zip(law.members, states, strict=True)]
        return {
            name: (
                torch.cat([member[name][0] for member in each]),
                torch.cat([member[name][1] for member in each]),
            )
            for name in each[0]
        }
    assert isinstance(law, NetworkLaw)
    network, stress = law.network, leaf_stresses(law, state[None])[0]
    of_phase = [network.leaf_phase == index for index in range(len(network.phase_names))]
    return {
        name: (stress[own], network.weights[own])
        for name, own in zip(network.phase_names, of_phase, strict=True)
    }


def _quantiles(values: Tensor, weights: Tensor) -> NDArray[np.float64]:
    """The value that is not exceeded in each share of the weight, ``[q]``."""
    order = torch.argsort(values)
    ordered, cumulated = values[order].numpy(), weights[order].double().cumsum(0).numpy()
    if len(ordered) == 0 or not cumulated[-1] > 0:
        return np.zeros_like(_SHARES)
    at = np.searchsorted(cumulated / cumulated[-1], np.maximum(_SHARES, 1e-12) - 1e-12)
    return ordered[np.minimum(at, len(ordered) - 1)]
