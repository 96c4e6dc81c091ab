"""The laws at all leaves of a network, evaluated together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.laws import MaterialLaw, Update, takes_temperature
from dmn_fe.mandel import rotation_matrix
from dmn_fe.network import Network

__all__ = ["Leaves", "LeavesUpdate", "check_laws"]


@dataclass(frozen=True)
class _Phase:
    """Law and leaves of one phase, and the rows of its states in the history of a point.

    ``turn`` ``[6, 6, leaf, 1]`` turns Mandel vectors from the material axes of each leaf to those
    of the network; None where it makes no difference.
    """

    law: MaterialLaw
    leaves: slice | Tensor
    count: int
    rows: slice
    turn: Tensor | None

    def to_material(self, strain: Tensor) -> Tensor:
        """Strain ``[6, leaf, point]`` in material axes."""
        return strain if self.turn is None else (self.turn * strain[:, None]).sum(0)

    def from_material(self, stress: Tensor) -> Tensor:
        """Stress ``[6, leaf, point]``, or a tangent's first axis, from material axes."""
        if self.turn is None:
            return stress
        turn = self.turn.unflatten(1, (6, *[1] * (stress.ndim - 3)))
        return (turn * stress[None]).sum(1)


class LeavesUpdate:
    """Result of the laws at all leaves: stress ``[6, leaf, point]``, and more on request."""

    def __init__(self, stress: Tensor, parts: list[tuple[_Phase, Update]]):
        self.stress = stress
        self._parts = parts

    def status(self) -> Tensor:
        """The worst status among the leaves of each point, ``[point]`` of int8."""
        points = self.stress.shape[-1]
        worst = [update.status.view(-1, points).amax(0) for p, update in self._parts if p.count]
        return torch.stack(worst).amax(0)

    def tangent(self) -> Tensor:
        """Consistent tangents of the leaves, ``[6, 6, leaf, point]``."""
        _, leaves, points = self.stress.shape
        tangent = self.stress.new_empty(6, 6, leaves, points)
        for phase, update in self._parts:
            # Views only: the law's [leaf * point, 6, 6] came from arrays with the points last.
            part = update.tangent.unflatten(0, (phase.count, points))
            part = phase.from_material(part.permute(2, 3, 0, 1))
            if phase.turn is not None:
                part = phase.from_material(part.transpose(0, 1)).transpose(0, 1)
            tangent[:, :, phase.leaves] = part
        return tangent

    def history(self) -> Tensor:
        """New history of the points, ``[history_size, point]``."""
        points, blocks = self.stress.shape[-1], []
        for phase, update in self._parts:
            part = update.state.unflatten(0, (phase.count, points))
            blocks.append(part.permute(2, 0, 1).flatten(0, 1))
        return torch.cat(blocks)


class Leaves:
    """Laws of all leaves of a network.

    The history of the points is ``[history_size, point]``: for each phase in order the states of
    its leaves (component, leaf); see :meth:`~dmn_fe.evaluate.layout.StateLayout.history`.

    Attributes
    ----------
    symmetric : bool
        Whether all tangents are.
    """

    def __init__(self, network: Network, laws: Mapping[str, MaterialLaw]):
        self.count = network.weights.shape[0]
        self.symmetric = all(getattr(law, "symmetric_tangent", False) for law in laws.values())
        self.phases: list[_Phase] = []
        start = 0
        for index, name in enumerate(network.phase_names):
            leaves = torch.nonzero(network.leaf_phase == index).flatten()
            stop = start + laws[name].state_size * len(leaves)
            turn = _turn(network, leaves, laws[name])
            rows = slice(start, stop)
            self.phases.append(_Phase(laws[name], _as_slice(leaves), len(leaves), rows, turn))
            start = stop

    def virgin_history(self) -> Tensor:
        """History ``[history_size, 1]`` of a virgin point."""
        blocks = [phase.law.initial_state(phase.count).mT.flatten() for phase in self.phases]
        return torch.cat(blocks)[:, None]

    def integrate(
        self, strain: Tensor, history: Tensor, dt: float, temperature: Tensor | None = None
    ) -> LeavesUpdate:
        """Update all leaves from strains ``[6, leaf, point]``, histories and, of laws that take
        one, temperatures ``[point]``."""
        points = strain.shape[-1]
        stress, parts = torch.empty_like(strain), []
        for phase in self.phases:
            law, leaves = phase.law, phase.count
            phase_strain = phase.to_material(strain[:, phase.leaves]).flatten(1, 2).mT
            phase_state = history[phase.rows].unflatten(0, (law.state_size, leaves))
            arguments: list[Any] = [phase_strain, phase_state.flatten(1, 2).mT, dt]
            if temperature is not None and takes_temperature(law):
                arguments.append(temperature.repeat(leaves))
            update = law.integrate(*arguments)
            phase_stress = update.stress.mT.unflatten(1, (leaves, points))
            stress[:, phase.leaves] = phase.from_material(phase_stress)
            parts.append((phase, update))
        return LeavesUpdate(stress, parts)


def check_laws(network: Network, laws: Mapping[str, MaterialLaw]) -> None:
    """Raise ``InputError`` unless ``laws`` has a law for each phase of the network and no other."""
    if not isinstance(laws, Mapping):
        raise InputError(
            f"the laws are a {type(laws).__name__}; give a dictionary with a law for each of "
            f"the phases {_listed(network.phase_names)}."
        )
    for name, law in laws.items():
        if isinstance(law, type) or not isinstance(law, MaterialLaw):
            raise InputError(f"the law of {name!r} is {law!r}; give one, e.g. laws.J2(…).")
    if set(laws) != set(network.phase_names):
        raise InputError(
            f"the network has the phases {_listed(network.phase_names)}, but laws were given "
            f"for {_listed(laws) or 'none'}; give one law for each phase."
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _turn(network: Network, leaves: Tensor, law: MaterialLaw) -> Tensor | None:
    if network.leaf_rotation is None or getattr(law, "is_isotropic", False):
        return None
    return rotation_matrix(network.leaf_rotation[leaves]).permute(1, 2, 0)[..., None]


def _as_slice(leaves: Tensor) -> slice | Tensor:
    """Evenly spaced leaves as a slice, which is indexed without a copy."""
    steps = torch.unique(leaves.diff())
    if len(steps) != 1:
        return leaves
    return slice(int(leaves[0]), int(leaves[-1]) + 1, int(steps[0]))
