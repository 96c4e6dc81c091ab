"""An ensemble of networks as a material law: the mean, and the spread as an error bar."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.network_law import NetworkLaw
from dmn_fe.laws import MaterialLaw, Update, check_points
from dmn_fe.network import Ensemble, Network

__all__ = ["EnsembleLaw", "EnsembleUpdate", "network_law", "spread_of"]


class EnsembleUpdate(Update):
    """Result of an ensemble.

    Attributes
    ----------
    members : Tensor ``[networks, n, 6]``
        Stress of every member.
    """

    def __init__(self, members: Tensor, *arguments):
        super().__init__(*arguments)
        self.members = members

    @cached_property
    def spread(self) -> Tensor:
        """Standard deviation ``[n, 6]`` of the members' stresses in each component.

        Its norm is the error bar of the stress. Two of it cover the error of the mean in most
        cases, but it cannot see an error that all members share.
        """
        squares = (self.members - self.stress).square().sum(0)
        return (squares / (len(self.members) - 1)).sqrt()


class EnsembleLaw:
    """The mean of several networks under the same strain.

    Implements :class:`~dmn_fe.laws.MaterialLaw`: stress and tangent are means over the members, the
    state holds the states of all of them, the status is the worst, iterations are the most.

    Parameters
    ----------
    ensemble : Ensemble
    laws : mapping of str to MaterialLaw
    **options
        As for :class:`~dmn_fe.evaluate.NetworkLaw`.
    """

    def __init__(self, ensemble: Ensemble, laws: Mapping[str, MaterialLaw], **options: Any):
        if not isinstance(ensemble, Ensemble):
            raise InputError(
                f"EnsembleLaw takes several networks of one file, but this is of type "
                f"{type(ensemble).__name__}; give dmn_fe.load(file) to evaluate.network_law."
            )
        self.ensemble = ensemble
        self.members = [NetworkLaw(network, laws, **options) for network in ensemble.networks]
        self.laws = dict(laws)
        first = self.members[0]
        self.symmetric_tangent = first.symmetric_tangent
        self.takes_temperature, self.state_dtype = first.takes_temperature, first.state_dtype

    @property
    def state_size(self) -> int:
        """Numbers of state per point: of all members, one after the other."""
        return sum(member.state_size for member in self.members)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the members."""
        parts = [member.fingerprint() for member in self.members]
        return hashlib.sha256(str(parts).encode()).hexdigest()

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        state = self._empty_states(n)
        for member, own in zip(self.members, self._split(state), strict=True):
            member.fill_virgin(own)
        return state

    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float = 0.0,
        temperature: Tensor | float | None = None,
    ) -> EnsembleUpdate:
        """Update ``n`` points; see :meth:`NetworkLaw.integrate`."""
        check_points(self, strain, state)
        new_state = self._empty_states(len(strain))
        states = zip(self.members, self._split(state), self._split(new_state), strict=True)
        updates = [
            member.integrate_into(new, strain, old, dt, temperature) for member, old, new in states
        ]
        stress = torch.stack([update.stress for update in updates])
        return EnsembleUpdate(
            stress,
            stress.mean(0),
            new_state,
            lambda: sum(update.tangent for update in updates) / len(updates),
            torch.stack([update.status for update in updates]).amax(0),
            torch.stack([update.iterations for update in updates]).amax(0),
        )

    def _empty_states(self, n: int) -> Tensor:
        return self.members[0].engine.empty_states(n, self.state_size, self.state_dtype)

    def _split(self, state: Tensor) -> tuple[Tensor, ...]:
        """The states of the members, without a copy."""
        return state.split([member.state_size for member in self.members], dim=-1)


def spread_of(update: Update) -> Tensor | None:
    """Error bar ``[n]`` of the stress of an ensemble; None of other laws.

    The norm of :attr:`EnsembleUpdate.spread`, also of ensembles in plane stress, in material axes
    of their own, or that ranks share.
    """
    if isinstance(update, EnsembleUpdate):
        return torch.linalg.vector_norm(update.spread, dim=-1)
    inner = getattr(update, "inner", None)
    return getattr(update, "point_spread", None) if inner is None else spread_of(inner)


def network_law(
    network: Network | Ensemble, laws: Mapping[str, MaterialLaw], **options
) -> NetworkLaw | EnsembleLaw:
    """The law of a network or of an ensemble, whichever a file has held.

    ``options`` are those of :class:`~dmn_fe.evaluate.NetworkLaw`: ``tolerance``,
    ``max_iterations``, ``backend``, ``warm_start``, ``single``.
    """
    if isinstance(network, Ensemble):
        return EnsembleLaw(network, laws, **options)
    return NetworkLaw(network, laws, **options)
