"""Averages over the leaves of networks, phase by phase."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.evaluate.inelastic import ElasticPart
from dmn_fe.evaluate.leaves import Leaves
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.laws import check_points
from dmn_fe.mandel import von_mises

__all__ = ["PhaseAverage", "average_leaves", "average_members", "leaf_stresses"]

_LEAVES = 2**15  # of all points of a chunk: many an operation, little memory
_NO_WEIGHT = 1e-6  # relative to the heaviest leaf of a phase


@dataclass(frozen=True)
class PhaseAverage:
    """Averages over the volume of one phase at n points.

    Attributes
    ----------
    fraction : float
        Volume fraction of the phase; where it is zero, so are all averages.
    strain, stress : Tensor ``[n, 6]``
        Mandel.
    inelastic_strain : Tensor ``[n, 6]``
        Strain less the thermal strain of a :class:`~dmn_fe.laws.ThermalExpansion` and the strain
        that the stress makes in the virgin material; zero of a void.
    largest_von_mises : Tensor ``[n]``
        Of a leaf of the phase; leaves lighter than a millionth of the heaviest do not count.
    """

    fraction: float
    strain: Tensor
    stress: Tensor
    inelastic_strain: Tensor
    largest_von_mises: Tensor

    @property
    def vectors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Strain, stress and inelastic strain."""
        return self.strain, self.stress, self.inelastic_strain

    def rows(self, rows: slice) -> "PhaseAverage":
        """The same at some of the points."""
        strain, stress, inelastic = (one[rows] for one in self.vectors)
        return PhaseAverage(self.fraction, strain, stress, inelastic, self.largest_von_mises[rows])

    def turned(self, turn: Tensor) -> "PhaseAverage":
        """The same in other axes, by matrices ``[n, 6, 6]``."""
        strain, stress, inelastic = ((turn @ one[..., None])[..., 0] for one in self.vectors)
        return PhaseAverage(self.fraction, strain, stress, inelastic, self.largest_von_mises)


def average_leaves(
    law: NetworkLaw, state: Tensor, temperature: Tensor | None
) -> dict[str, PhaseAverage]:
    """Averages over each phase of a network, in its axes, from committed states ``[n, size]`` and
    temperatures ``[n]``."""
    n, network = len(state), law.network
    check_points(law, torch.zeros(n, 6, dtype=torch.float64), state)
    leaves = Leaves(network, law.laws)
    fractions = network.volume_fractions.tolist()
    elastic = [ElasticPart(phase.law) for phase in leaves.phases]
    vectors = torch.zeros(len(fractions), 3, n, 6, dtype=torch.float64)
    largest = torch.zeros(len(fractions), n, dtype=torch.float64)
    size = max(16, _LEAVES // leaves.count)
    for start in range(0, n, size):
        rows = slice(start, start + size)
        own = state[rows].to("cpu", torch.float64)
        warmth = None if temperature is None else temperature[rows]
        strain = law.leaf_strain(own).permute(2, 1, 0).contiguous()
        stress = leaves.integrate(strain, law.engine.layout.history(own), 0.0, warmth).stress
        for at, phase in enumerate(leaves.phases):
            weight = network.weights[phase.leaves]
            if not weight.sum() > 0:
                continue
            share = weight / weight.sum()
            of_phase = [strain[:, phase.leaves], stress[:, phase.leaves]]
            mean_strain, mean_stress = (_mean(values, share) for values in of_phase)
            if phase.turn is None:  # it is linear: that of the means
                inelastic = elastic[at].inelastic(mean_strain, mean_stress, warmth)
            else:
                there, stress_there = (phase.to_material(x).flatten(1).mT for x in of_phase)
                every = None if warmth is None else warmth.repeat(phase.count)
                turned = elastic[at].inelastic(there, stress_there, every).mT
                turned = turned.unflatten(1, (phase.count, -1))
                inelastic = _mean(phase.from_material(turned), share)
            for values, mean in zip(
                vectors[at], (mean_strain, mean_stress, inelastic), strict=True
            ):
                values[rows] = mean
            counted = weight > _NO_WEIGHT * weight.max()
            largest[at, rows] = von_mises(of_phase[1][:, counted].movedim(0, -1)).amax(0)
    found = zip(network.phase_names, fractions, *vectors.unbind(1), largest, strict=True)
    return {name: PhaseAverage(*own) for name, *own in found}


def leaf_stresses(law: NetworkLaw, state: Tensor) -> Tensor:
    """Stresses of the leaves ``[n, leaves, 6]`` of committed states ``[n, size]``, without a change
    of temperature."""
    own = state.to("cpu", torch.float64)
    strain = law.leaf_strain(own).permute(2, 1, 0).contiguous()
    history = law.engine.layout.history(own)
    return Leaves(law.network, law.laws).integrate(strain, history, 0.0).stress.permute(2, 1, 0)


def _mean(values: Tensor, share: Tensor) -> Tensor:
    """Mean ``[n, 6]`` over the leaves of ``[6, leaf, n]``."""
    return torch.einsum("cln,l->nc", values, share)


def average_members(members: Sequence[dict[str, PhaseAverage]]) -> dict[str, PhaseAverage]:
    """Averages over the leaves of several networks, each of which stands for the same volume."""
    found = {}
    for name in members[0]:
        parts = [member[name] for member in members]
        total = sum(part.fraction for part in parts)
        shares = [part.fraction / total if total > 0 else 0.0 for part in parts]
        strain, stress, inelastic = (
            torch.stack([share * one for share, one in zip(shares, each, strict=True)]).sum(0)
            for each in zip(*(part.vectors for part in parts), strict=True)
        )
        largest = torch.stack([part.largest_von_mises for part in parts]).amax(0)
        found[name] = PhaseAverage(total / len(parts), strain, stress, inelastic, largest)
    return found
