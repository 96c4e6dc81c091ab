"""Averages over the phases of full RVEs."""

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.inelastic import ElasticPart
from dmn_fe.evaluate.leaf_averages import PhaseAverage
from dmn_fe.homogenization import RVELaw
from dmn_fe.mandel import von_mises

__all__ = ["average_rves"]


def average_rves(law: RVELaw, state: Tensor) -> dict[str, PhaseAverage]:
    """Averages over each phase of the RVEs of committed states ``[n, state_size]``.

    The inelastic strain is that of the averages, as the virgin material has one stiffness all over
    a phase.

    Raises
    ------
    InputError
        If the RVE has orientations, with which it has not.
    """
    if law.problem.has_orientations:
        raise InputError(
            "averages over the phases of an RVE are not there for one with material orientations; "
            "leave them out ('output.phases')."
        )
    names = law.problem.names
    strain, stress = torch.zeros(2, len(names), len(state), 6, dtype=torch.float64)
    largest = torch.zeros(len(names), len(state), dtype=torch.float64)
    for point, own in enumerate(state):
        update = law.at_rest(own)  # one after the other: the fields of an RVE are large
        for phase, name in enumerate(names):
            strain[phase, point] = update.phase_strain[phase]
            stress[phase, point] = update.phase_stress[phase]
            largest[phase, point] = von_mises(update.phase_fields[name].stress).max()
    return {
        name: PhaseAverage(
            law.problem.volume_fractions[phase],
            strain[phase],
            stress[phase],
            ElasticPart(law.laws[name]).inelastic(strain[phase], stress[phase], None),
            largest[phase],
        )
        for phase, name in enumerate(names)
    }
