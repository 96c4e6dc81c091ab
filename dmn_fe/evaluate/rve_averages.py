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
    updates = [law.at_rest(own) for own in state]
    averages = {}
    for phase, name in enumerate(law.problem.names):
        fields = [update.phase_fields[name] for update in updates]
        strain, stress = (
            torch.stack([getattr(update, kind)[phase] for update in updates])
            if updates
            else torch.zeros(0, 6, dtype=torch.float64)
            for kind in ("phase_strain", "phase_stress")
        )
        largest = [von_mises(field.stress).max() for field in fields]
        averages[name] = PhaseAverage(
            law.problem.volume_fractions[phase],
            strain,
            stress,
            ElasticPart(law.laws[name]).inelastic(strain, stress, None),
            torch.stack(largest) if largest else torch.zeros(0, dtype=torch.float64),
        )
    return averages
