"""One evaluation for all ranks of a node: they share a GPU, or a batch on the processor.

Kernels of different processes take turns on a GPU, and each process would keep its own context and
buffers there. So one rank of each device evaluates the points of all: strains, stresses and
tangents go through shared memory, the states stay where they are evaluated.
"""

import copy
import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mpi4py import MPI
from torch import Tensor

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.evaluate import spread_of
from dmn_fe.fem.node_exchange import NodeExchange
from dmn_fe.laws import MaterialLaw, Oriented, Update, laws_fingerprint, takes_temperature

__all__ = ["NodeLaw", "NodeState", "NodeUpdate", "fastest_batch"]

_BATCHES = (4096, 16384, 65536, 262144)
_SMALL_STRAIN = 1e-4  # of the points that times are measured with


class NodeState:
    """States of the points of all ranks of a device, which one of them holds.

    Attributes
    ----------
    all : Tensor ``[N, state_size]`` or None
        On the rank that evaluates.
    exchange : NodeExchange
    """

    def __init__(self, all_rows: Tensor | None, exchange: NodeExchange):
        self.all, self.exchange = all_rows, exchange


class NodeUpdate(Update):
    """Result for the points of this rank.

    Attributes
    ----------
    point_spread : Tensor ``[n]`` or None
        What :func:`~dmn_fe.evaluate.spread_of` gives of the law.
    """

    point_spread: Tensor | None = None


class NodeLaw:
    """A law that the ranks of a node evaluate together; all calls are collective over them.

    As :class:`~dmn_fe.laws.MaterialLaw`, but the state is a :class:`NodeState`, of which
    :meth:`own_rows` gives the part of this rank's points.

    Parameters
    ----------
    make : callable
        Makes the law; called only on the ranks that evaluate, one for each device.
    comm : MPI.Intracomm
        Ranks of the simulation.
    devices : int
        Devices of a node, among which its ranks are divided; GPUs, if there are as many.
    batch : int, optional
        Points of one evaluation; by :func:`fastest_batch` if left out.
    """

    def __init__(
        self,
        make: Callable[[], MaterialLaw],
        comm: MPI.Intracomm,
        devices: int = 1,
        batch: int | None = None,
    ):
        if devices < 1 or (batch is not None and batch < 1):
            raise InputError(f"NodeLaw: devices = {devices} and batch = {batch} must be 1 or more.")
        node = comm.Split_type(MPI.COMM_TYPE_SHARED)
        device = node.rank * devices // node.size
        self._comm: MPI.Intracomm = node.Split(device)  # type: ignore
        node.Free()
        self.batch = batch
        law = None
        with RaiseTogether(comm):
            if self._comm.rank == 0:
                if devices > 1 and torch.cuda.device_count() >= devices:
                    torch.cuda.set_device(device)  # which GPU the law takes
                law = make()
        self._take(law)

    def _take(self, law: MaterialLaw | None) -> None:
        """Make this the law of the device; rank 0 has it."""
        facts: tuple[int, bool, bool, bool, str] | None = None
        if law is not None:
            symmetric = bool(getattr(law, "symmetric_tangent", False))
            isotropic = bool(getattr(law, "is_isotropic", False))
            mark = laws_fingerprint({"law": law})
            facts = law.state_size, symmetric, isotropic, takes_temperature(law), mark
        facts = self._comm.bcast(facts, root=0)
        assert facts is not None
        self._law = law
        self.state_size, self.symmetric_tangent, self.is_isotropic = facts[:3]
        self.takes_temperature, self._fingerprint = facts[3:]

    def wrapped(self, wrapper: Callable[[MaterialLaw], MaterialLaw]) -> "NodeLaw":
        """The same with another law around that of the device, e.g. ``PlaneStress``."""
        other = copy.copy(self)
        other._take(None if self._law is None else wrapper(self._law))
        return other

    def oriented(self, rotation: Tensor) -> "NodeLaw":
        """The same in material axes ``[n, 3, 3]`` of this rank's points."""
        parts = self._comm.gather(rotation.numpy(), root=0)
        everywhere = None if parts is None else torch.from_numpy(np.concatenate(parts))
        other = self.wrapped(lambda law: Oriented(law, everywhere))  # type: ignore[arg-type]
        other.batch = 2**62  # it knows its points only as a whole
        return other

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the law."""
        return hashlib.sha256(self._fingerprint.encode()).hexdigest()

    def initial_state(self, n: int) -> NodeState:
        """Virgin states of ``n`` points of each rank, and memory to hand them over."""
        exchange = NodeExchange(self._comm, n)
        total, states = len(exchange.all["strain"]), None
        with RaiseTogether(self._comm):
            if self._law is not None:
                states = self._law.initial_state(total)
                if self.batch is None:
                    self.batch = fastest_batch(self._law, total)
        return NodeState(states, exchange)

    def integrate(
        self,
        strain: Tensor,
        state: NodeState,
        dt: float = 0.0,
        temperature: Tensor | None = None,
    ) -> Update:
        """Update this rank's points ``[n, 6]``; the ranks of the device call it together."""
        own, exchange = state.exchange.own, state.exchange
        own["strain"][:] = strain.numpy()
        if temperature is not None:
            own["temperature"][:, 0] = temperature.numpy()
        exchange.wait()
        updates: list[Update] = []
        new_states = None
        with RaiseTogether(self._comm):
            if self._law is not None:
                updates = self._evaluate(state, dt, temperature is not None)
                new_states = torch.cat([update.state for update in updates])
        exchange.wait()
        update = NodeUpdate(
            torch.from_numpy(own["stress"].copy()),
            NodeState(new_states, exchange),  # type: ignore[arg-type]
            lambda: self._tangent(exchange, updates),
            torch.from_numpy(own["status"][:, 0].copy()),
            torch.from_numpy(own["iterations"][:, 0].copy()),
        )
        if not np.isnan(own["spread"]).any():
            update.point_spread = torch.from_numpy(own["spread"][:, 0].copy())
        return update

    def _evaluate(self, state: NodeState, dt: float, warm: bool) -> list[Update]:
        """All points of the device, batch by batch."""
        assert self._law is not None
        assert state.all is not None
        every, updates = state.exchange.all, []
        size = self.batch or len(state.all)
        for start in range(0, max(len(state.all), 1), size):
            rows = slice(start, start + size)
            others: list[Any] = [torch.from_numpy(every["temperature"][rows, 0])] if warm else []
            strain = torch.from_numpy(every["strain"][rows]).clone()
            update = self._law.integrate(strain, state.all[rows], dt, *others)
            every["stress"][rows] = update.stress.detach().cpu().numpy()
            spread = spread_of(update)
            every["spread"][rows, 0] = np.nan if spread is None else spread.detach().cpu().numpy()
            every["status"][rows, 0] = update.status.cpu().numpy()
            every["iterations"][rows, 0] = update.iterations.cpu().numpy()
            updates.append(update)
        return updates

    def _tangent(self, exchange: NodeExchange, updates: Sequence[Update]) -> Tensor:
        start = 0
        with RaiseTogether(self._comm):
            for update in updates:
                end = start + len(update.stress)
                rows = exchange.all["tangent"][start:end]
                rows[:] = update.tangent.detach().cpu().numpy().reshape(-1, 36)
                start = end
        exchange.wait()
        own = torch.from_numpy(exchange.own["tangent"].copy()).unflatten(1, (6, 6))
        exchange.wait()  # before anybody writes again
        return own

    def own_rows(self, state: NodeState) -> Tensor:
        """States ``[n, state_size]`` of this rank's points (collective)."""
        rows = self._comm.gather(state.exchange.rows, root=0)
        parts = None
        if rows is not None and state.all is not None:
            every = state.all.cpu()
            parts = [every[one] for one in rows]
        return self._comm.scatter(parts, root=0)

    def with_rows(self, state: NodeState, rows: Tensor) -> NodeState:
        """States whose rows of this rank's points are ``[n, state_size]`` (collective)."""
        parts = self._comm.gather(rows, root=0)
        if parts is None or state.all is None:
            return NodeState(None, state.exchange)
        return NodeState(torch.cat(parts).to(state.all), state.exchange)


def fastest_batch(law: MaterialLaw, n: int) -> int:
    """Points of one evaluation that take least time a point, measured on small random strains.

    Of 4096, 16384, … up to ``n``; the smaller one where they differ by less than 5 %.
    """
    best, least = n, float("inf")
    generator = torch.Generator().manual_seed(0)
    for size in [b for b in _BATCHES if b < n] + [min(n, _BATCHES[-1])]:
        if size == 0:
            continue
        strain = _SMALL_STRAIN * torch.randn(size, 6, generator=generator, dtype=torch.float64)
        state = law.initial_state(size)
        law.integrate(strain, state)  # memory and kernels are there after the first call
        start = time.perf_counter()
        law.integrate(strain, state).stress.sum().item()
        seconds = (time.perf_counter() - start) / size
        if seconds < 0.95 * least:
            best, least = size, seconds
    return max(best, 1)
