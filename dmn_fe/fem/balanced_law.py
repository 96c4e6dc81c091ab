"""Costly points shared out among ranks by their measured cost.

A part is divided so that each rank has as many cells; but an RVE that yields takes several times as
long as one that does not, and the others would wait for the rank whose cells yield. So before each
evaluation points move from ranks with much work to ranks with little: strain and committed state go
there, stress, new state and tangent come back. Between evaluations everything is with its owner, as
of any law.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.collective import RaiseTogether
from dmn_fe.laws import MaterialLaw, Update, check_points, laws_fingerprint

__all__ = ["BalancedLaw", "Move", "balancing_moves"]

_STRESS, _STATE, _OUTCOME, _TANGENT = range(4)  # tags of messages


class Move(NamedTuple):
    """A point that another rank evaluates."""

    owner: int
    point: int
    helper: int


class BalancedLaw:
    """A law whose points are evaluated where there is time; all calls are collective.

    Implements :class:`~dmn_fe.laws.MaterialLaw`. Results do not depend on who evaluates.

    Parameters
    ----------
    law : MaterialLaw
        One that takes its points one by one, in milliseconds or more, such as a
        :class:`~dmn_fe.homogenization.RVELaw`; the same on all ranks.
    comm : MPI.Comm
        Ranks of the simulation.

    Attributes
    ----------
    seconds : float
        Time that this rank has worked on points, its own and those of others.
    """

    is_isotropic = False

    def __init__(self, law: MaterialLaw, comm: MPI.Comm):
        self.law, self._comm, self.seconds = law, comm, 0.0
        self.symmetric_tangent = bool(getattr(law, "symmetric_tangent", False))
        # Of the points of this rank, when they were last solved; and of their last tangents.
        self._solution: NDArray[np.float64] = np.ones(0)
        self._tangent: NDArray[np.float64] = np.zeros(0)

    def wrapped(self, wrapper: Callable[[MaterialLaw], MaterialLaw]) -> "BalancedLaw":
        """The same with another law around that of the points, e.g. ``PlaneStress``."""
        return BalancedLaw(wrapper(self.law), self._comm)

    @property
    def state_size(self) -> int:
        """As the law."""
        return self.law.state_size

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the law."""
        return hashlib.sha256(laws_fingerprint({"law": self.law}).encode()).hexdigest()

    def initial_state(self, n: int) -> Tensor:
        """Virgin state ``[n, state_size]``."""
        return self.law.initial_state(n)

    def integrate(self, strain: Tensor, state: Tensor, dt: float = 0.0) -> Update:
        """Update the ``n`` points of this rank, of which others may evaluate some (collective)."""
        with RaiseTogether(self._comm):
            check_points(self, strain, state)
        if {len(self._solution), len(self._tangent)} != {len(strain)}:
            self._solution, self._tangent = np.ones(len(strain)), np.zeros(len(strain))
        moves = balancing_moves(self._comm.allgather(self._solution + self._tangent))
        rank = self._comm.rank
        given = [move for move in moves if move.owner == rank]
        taken = [move for move in moves if move.helper == rank]
        away = {move.point for move in given}
        kept = [point for point in range(len(strain)) if point not in away]
        foreign_strain, foreign_state = self._hand_over(given, taken, strain, state)
        updates: list[Update] = []
        seconds: list[float] = []
        with RaiseTogether(self._comm):
            points = [(strain[p], state[p]) for p in kept]
            for one, own in [*points, *zip(foreign_strain, foreign_state, strict=True)]:
                start = time.perf_counter()
                updates.append(self.law.integrate(one[None], own[None], dt))
                seconds.append(time.perf_counter() - start)
        self.seconds += sum(seconds)
        work = _Work(self._comm, given, taken, kept, updates, seconds)
        stress, new_state, outcome = work.collect_results(self.state_size)
        if outcome[:, 1].any():  # else nothing has moved since, as at the start of a step
            self._solution = outcome[:, 2].numpy()

        def tangent() -> Tensor:
            tangents, self._tangent, spent = work.collect_tangents()
            self.seconds += spent
            return tangents

        return Update(
            stress,
            new_state,
            tangent,
            outcome[:, 0].to(torch.int8),
            outcome[:, 1].to(torch.int32),
        )

    def _hand_over(
        self, given: Sequence[Move], taken: Sequence[Move], strain: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Strains and states of the points that are evaluated here for others (collective)."""
        rows = [move.point for move in given]
        result = []
        for tag, values in ((_STRESS, strain), (_STATE, state)):
            sent = [values[row] for row in rows]
            received = torch.empty(len(taken), values.shape[1], dtype=torch.float64)
            targets, sources = [m.helper for m in given], [m.owner for m in taken]
            _exchange(self._comm, tag, sent, targets, list(received), sources)
            result.append(received)
        return result[0], result[1]


class _Work:
    """What a rank has evaluated: its own points ``kept``, then those ``taken`` from others."""

    def __init__(
        self,
        comm: MPI.Comm,
        given: Sequence[Move],
        taken: Sequence[Move],
        kept: Sequence[int],
        updates: Sequence[Update],
        seconds: Sequence[float],
    ):
        self._comm, self._given, self._taken, self._kept = comm, given, taken, kept
        self._updates, self._seconds = updates, seconds

    def collect_results(self, state_size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Of the points of this rank, stress, new state, and status, iterations, seconds."""
        outcomes = [
            torch.tensor([float(one.status[0]), float(one.iterations[0]), spent])
            for one, spent in zip(self._updates, self._seconds, strict=True)
        ]
        return (
            self._brought_back(_STRESS, [one.stress[0] for one in self._updates], 6),
            self._brought_back(_STATE, [one.state[0] for one in self._updates], state_size),
            self._brought_back(_OUTCOME, outcomes, 3),
        )

    def collect_tangents(self) -> tuple[Tensor, NDArray[np.float64], float]:
        """Tangents ``[n, 6, 6]`` of the points of this rank, seconds they took wherever that was,
        and seconds of all that were found here (collective)."""
        own: list[Tensor] = []
        with RaiseTogether(self._comm):
            for update in self._updates:
                start = time.perf_counter()
                tangent = update.tangent[0].reshape(-1)
                own.append(torch.cat([tangent, tangent.new_tensor([time.perf_counter() - start])]))
        rows = self._brought_back(_TANGENT, own, 37)
        here = sum(float(one[36]) for one in own)
        return rows[:, :36].unflatten(1, (6, 6)), rows[:, 36].numpy(), here

    def _brought_back(self, tag: int, values: Sequence[Tensor], size: int) -> Tensor:
        """Rows ``[n, size]`` of the points of this rank, of the values found here and elsewhere."""
        rows = torch.empty(len(self._kept) + len(self._given), size, dtype=torch.float64)
        for point, value in zip(self._kept, values, strict=False):
            rows[point] = value
        sent = [value.to(torch.float64) for value in values[len(self._kept) :]]
        received = [rows[move.point] for move in self._given]
        targets, sources = [m.owner for m in self._taken], [m.helper for m in self._given]
        _exchange(self._comm, tag, sent, targets, received, sources)
        return rows


def _exchange(
    comm: MPI.Comm,
    tag: int,
    sent: Sequence[Tensor],
    targets: Sequence[int],
    received: Sequence[Tensor],
    sources: Sequence[int],
) -> None:
    """Send rows and receive rows; messages between two ranks are in order on both sides."""
    requests = [
        comm.Irecv(row.numpy(), source, tag) for row, source in zip(received, sources, strict=True)
    ]
    arrays = [np.ascontiguousarray(row.numpy()) for row in sent]  # until they are sent
    requests += [
        comm.Isend(array, target, tag) for array, target in zip(arrays, targets, strict=True)
    ]
    MPI.Request.Waitall(requests)


def balancing_moves(seconds: Sequence[NDArray[np.float64]]) -> list[Move]:
    """Points to move so that ranks have about as much work; from the same numbers the same moves.

    Ranks with most work give first, their costliest points first, to that with least work, where
    this makes the larger one of both smaller.

    Parameters
    ----------
    seconds : sequence of array ``[n]``
        Cost of each point, for each rank.

    Returns
    -------
    list of Move
        In the order of owner and point.
    """
    load = np.array([own.sum() for own in seconds])
    moves = []
    for owner in np.argsort(-load, kind="stable"):
        if load[owner] <= load.mean():
            continue
        for point in np.argsort(-seconds[owner], kind="stable"):
            helper = int(load.argmin())
            cost = seconds[owner][point]
            if helper != owner and load[helper] + cost < load[owner]:
                load[owner] -= cost
                load[helper] += cost
                moves.append(Move(int(owner), int(point), helper))
    return sorted(moves)
