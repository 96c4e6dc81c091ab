"""Averages over the phases of networks at committed states: what each phase carries.

The stress of a leaf is that of its law at ``dt = 0`` with the committed history, where laws respond
elastically and give the stress that they were committed with. A law of one's own that does not, for
instance since it divides by ``dt``, has no such averages.
"""

from dataclasses import replace

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.ensemble_law import EnsembleLaw
from dmn_fe.evaluate.inelastic import ElasticPart, temperatures, thermal_strain
from dmn_fe.evaluate.leaf_averages import PhaseAverage, average_leaves, average_members
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.evaluate.rve_averages import average_rves
from dmn_fe.homogenization import RVELaw
from dmn_fe.laws import MaterialLaw, Oriented, PlaneStress, ThermalExpansion, takes_temperature
from dmn_fe.laws.out_of_plane import OUT_OF_PLANE
from dmn_fe.mandel import von_mises

__all__ = ["MATERIAL", "phase_averages"]

#: The one phase of a law without leaves.
MATERIAL = "material"


@torch.no_grad()
def phase_averages(
    law: MaterialLaw,
    state: Tensor,
    strain: Tensor | None = None,
    temperature: Tensor | float | None = None,
) -> dict[str, PhaseAverage]:
    """Averages over each phase of a law at committed states, in global axes.

    Those of all phases, times their fractions, add up to macroscopic strain and stress. Of an
    ensemble they are those over the leaves of all members, and so is the largest von Mises stress;
    of a full RVE, over its voxels or quadrature points.
    A law without leaves is itself the one phase ``"material"``.

    Parameters
    ----------
    law : MaterialLaw
        That of a network, of an ensemble or of an RVE, also in plane stress, in material axes of
        its own or with thermal expansion; or any other.
    state : Tensor ``[n, law.state_size]``
    strain : Tensor ``[n, 6]``, optional
        Total strain (Mandel) at which the states were committed; only for laws without leaves,
        which do not keep it. In plane stress the components 33, 23 and 13 are ignored.
    temperature : float or Tensor ``[n]``, optional
        That at which they were committed, for laws that take one.

    Returns
    -------
    dict of str to PhaseAverage
        By the names of the phases, in their order; on the processor.

    Raises
    ------
    InputError
        If arguments do not fit, a network keeps no strains of its leaves (``warm_start = False``),
        or a law without leaves has no ``strain``.
    """
    if isinstance(law, PlaneStress):
        if strain is not None:
            strain = strain.clone()
            strain[:, OUT_OF_PLANE] = law.out_of_plane_strain(state).to(strain)
        return phase_averages(law.law, law.law_state(state), strain, temperature)
    if isinstance(law, Oriented):
        turn = law._turn
        if len(turn) != len(state):
            raise InputError(
                f"phase_averages: {len(state)} states for {len(turn)} orientations; give those of "
                "all points."
            )
        own = None if strain is None else (turn.mT @ strain[..., None])[..., 0]
        inner = phase_averages(law.law, state, own, temperature)
        return {name: one.turned(turn) for name, one in inner.items()}
    warmth = temperatures(temperature, len(state))
    if isinstance(law, ThermalExpansion):
        thermal = thermal_strain(law, warmth)
        inner = phase_averages(law.law, state, None if strain is None else strain - thermal)
        return {name: replace(one, strain=one.strain + thermal) for name, one in inner.items()}
    if isinstance(law, EnsembleLaw):
        states = state.split([member.state_size for member in law.members], dim=-1)
        members = zip(law.members, states, strict=True)
        return average_members([average_leaves(one, own, warmth) for one, own in members])
    if isinstance(law, NetworkLaw):
        return average_leaves(law, state, warmth)
    if isinstance(law, RVELaw):
        return average_rves(law, state)
    if strain is None:
        raise InputError(
            f"phase_averages: the state of {type(law).__name__} does not hold the strain; give "
            "strain, [n, 6]."
        )
    arguments = [warmth] if warmth is not None and takes_temperature(law) else []
    stress = law.integrate(strain, state, 0.0, *arguments).stress
    inelastic = ElasticPart(law).inelastic(strain, stress, None)
    return {MATERIAL: PhaseAverage(1.0, strain, stress, inelastic, von_mises(stress))}
