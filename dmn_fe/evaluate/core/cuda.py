"""The compiled core on a GPU: a thread for every point, the state kept on the device."""

import ctypes
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.gpu import BLOCK, Gpu
from dmn_fe.evaluate.core.model import CoreModel
from dmn_fe.evaluate.core.structures import Batch, History, Job, NetworkStruct, Sizes, Tangents
from dmn_fe.laws import MaterialLaw, Update
from dmn_fe.laws.kernel import Kernel
from dmn_fe.network import Network

__all__ = ["CudaEngine"]

_SHARE = 0.9  # of the free memory that is planned with
# Places of the 36 entries of a tangent among the 21 of a symmetric one.
_UNPACKED = [min(i, j) * (11 - min(i, j)) // 2 + max(i, j) for i in range(6) for j in range(6)]
_log = logging.getLogger(__name__)


class _Solved(NamedTuple):
    """What the kernels have found, on the device: stress ``[n, 6]``, status and iterations
    ``[n]``, tangent ``[21 or 36, n]``."""

    stress: Tensor
    status: Tensor
    iterations: Tensor
    tangent: Tensor


class CudaEngine:
    """Solves points of a network on a GPU.

    Strains may lie on the host or on the device; stress, status, iterations and tangent come back
    to the same place, the state stays on the device, entry by entry. With strains on the device
    nothing waits for the GPU. Points are solved in parts where their work memory lacks room.

    Parameters
    ----------
    network, laws, tolerance, max_iterations, warm_start
        As of :class:`~dmn_fe.evaluate.NetworkLaw`, checked.
    kernels : sequence of Kernel
        Of the laws, in the order of the phases.
    gpu : Gpu
        With the kernels of these laws.
    """

    def __init__(
        self,
        network: Network,
        laws: Mapping[str, MaterialLaw],
        tolerance: float,
        max_iterations: int,
        warm_start: bool,
        kernels: Sequence[Kernel],
        gpu: Gpu,
    ):
        model = CoreModel(network, laws, tolerance, warm_start, kernels)
        self._gpu, self.device, self.layout = gpu, gpu.place, model.layout
        self._tolerance, self._max_iterations = tolerance, max_iterations
        self._warm_start, self._no_stress = warm_start, model.no_stress
        self._packed = model.symmetric
        self._unpacking = gpu.bring(torch.tensor(_UNPACKED))
        # Kept, since the struct has only their addresses.
        arrays = model.arrays.arrays.values()
        self._arrays = [gpu.bring(_raw(array.tobytes())) for array in arrays]
        host = model.arrays.struct
        addresses = (array.data_ptr() for array in self._arrays)
        self._network = NetworkStruct(host.leaf_count, host.depth, host.state_size, *addresses)
        self._parameters = gpu.bring(model.parameters)
        self._work_size = self._numbers_of_thread()

    def empty_states(self, n: int, size: int, dtype: torch.dtype) -> Tensor:
        """Memory for states ``[n, size]`` on the device, entry by entry."""
        return self._gpu.empty(size, n, dtype=dtype).mT

    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float,
        temperature: Tensor | None,
        new_state: Tensor | None = None,
    ) -> Update:
        """See :class:`~dmn_fe.evaluate.backends.Engine`."""
        try:
            return self._integrate(strain.detach(), state.detach(), dt, temperature, new_state)
        except torch.cuda.OutOfMemoryError:
            free = self._gpu.free_bytes() / 1e9
            raise InputError(
                f"a network at {len(strain)} points: out of memory of the GPU, of which {free:.2f} "
                "GB are free; integrate fewer points at once, or take backend = 'cpu'."
            ) from None

    def _integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float,
        temperature: Tensor | None,
        new_state: Tensor | None,
    ) -> Update:
        gpu, n, on_host = self._gpu, len(strain), not self._gpu.holds(strain)
        old = state.mT.contiguous().mT
        if new_state is None:
            new_state = self.empty_states(n, self.layout.size, state.dtype)
        assert new_state.mT.is_contiguous()
        stress = gpu.empty(n, 6, dtype=torch.float64, on_host=on_host)
        status = gpu.empty(n, dtype=torch.int8, on_host=on_host)
        iterations = gpu.empty(n, dtype=torch.int32, on_host=on_host)
        tangents: list[Tensor] = []
        first, points = 0, self._points_at_once(n)
        while first < n:
            rows = slice(first, min(first + points, n))
            warmth = None if temperature is None else temperature[rows]
            try:
                solved = self._solve(strain[rows], old[rows], new_state[rows], n, dt, warmth)
                tangent = solved.tangent
                if on_host and points < n:  # makes room for the next ones
                    tangent = gpu.empty(*tangent.shape, dtype=tangent.dtype, on_host=True)
                    tangent.copy_(solved.tangent, non_blocking=True)
            except torch.cuda.OutOfMemoryError:
                if points <= BLOCK:
                    raise
                points = -(-points // 2)
                _log.info("the GPU is short of memory: going on with %d points at once", points)
                continue
            stress[rows].copy_(solved.stress, non_blocking=True)
            status[rows].copy_(solved.status, non_blocking=True)
            iterations[rows].copy_(solved.iterations, non_blocking=True)
            tangents.append(tangent)
            first = rows.stop
        if on_host:
            gpu.wait()
        return Update(
            stress, new_state, lambda: self._unpacked(tangents, n, on_host), status, iterations
        )

    def _solve(
        self,
        strain: Tensor,
        old: Tensor,
        new: Tensor,
        stride: int,
        dt: float,
        temperature: Tensor | None,
    ) -> _Solved:
        """Points whose states ``[n, size]`` have the entries ``stride`` apart."""
        gpu, n = self._gpu, len(strain)
        strain = gpu.bring(strain).contiguous()
        if temperature is not None:
            temperature = gpu.bring(temperature).contiguous()
        solved = _Solved(
            gpu.empty(n, 6, dtype=torch.float64),
            gpu.empty(n, dtype=torch.int8),
            gpu.empty(n, dtype=torch.int32),
            gpu.empty(21 if self._packed else 36, n, dtype=torch.float64),
        )
        batch = Batch(
            strain.data_ptr(),
            None if temperature is None else temperature.data_ptr(),
            History(old.data_ptr(), new.data_ptr(), 1, stride, old.dtype == torch.float32),
            solved.stress.data_ptr(),
            Tangents(solved.tangent.data_ptr(), 1, n, self._packed),
            solved.status.data_ptr(),
            solved.iterations.data_ptr(),
            dt,
            self._tolerance,
            self._no_stress,
            self._max_iterations,
            self._warm_start,
        )
        blocks = self._blocks(n)
        work = gpu.empty(blocks * BLOCK, self._work_size, dtype=torch.float64)
        points = gpu.empty(n, dtype=torch.int64)
        counters = gpu.empty(3, dtype=torch.int64).zero_()
        addresses = (points.data_ptr(), counters.data_ptr(), work.data_ptr())
        job = Job(self._network, self._parameters.data_ptr(), batch, n, *addresses)
        job_there = gpu.bring(_raw(bytes(job)))
        for kernel in ("dmn_elastic", "dmn_newton", "dmn_parts"):
            gpu.launch(kernel, blocks, job_there.data_ptr())
        return solved

    def _blocks(self, n: int) -> int:
        return -(-min(n, self._gpu.threads) // BLOCK)

    def _points_at_once(self, n: int) -> int:
        """Points whose memory fits the device: all, or a half, or a quarter …"""
        entries = 6 + 6 + 1 + (21 if self._packed else 36)
        room, points = _SHARE * self._gpu.free_bytes() / 8, n
        while points > BLOCK:
            if points * (entries + 1) + self._blocks(points) * BLOCK * self._work_size <= room:
                break
            points = -(-points // 2)
        return points

    def _numbers_of_thread(self) -> int:
        """Numbers of work memory, which the kernels know."""
        network = self._gpu.bring(_raw(bytes(self._network)))
        sizes = self._gpu.empty(ctypes.sizeof(Sizes) // 8, dtype=torch.int64)
        self._gpu.launch("dmn_sizes", 1, network.data_ptr(), sizes.data_ptr())
        return int(sizes.sum())

    def _unpacked(self, tangents: list[Tensor], n: int, on_host: bool) -> Tensor:
        """Tangents ``[n, 6, 6]`` of parts ``[21 or 36, .]``."""
        place = torch.device("cpu") if on_host else self.device
        places = torch.tensor(_UNPACKED) if on_host else self._unpacking
        whole = torch.empty(n, 6, 6, dtype=torch.float64, device=place)
        first = 0
        for part in tangents:
            rows = part.mT.contiguous().to(place)
            last = first + len(rows)
            whole[first:last] = (rows[:, places] if self._packed else rows).view(-1, 6, 6)
            first = last
        return whole


def _raw(content: bytes) -> Tensor:
    """Bytes as a tensor."""
    return torch.from_numpy(np.frombuffer(content, dtype=np.uint8).copy())
