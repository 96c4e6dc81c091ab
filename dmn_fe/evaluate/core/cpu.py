"""The compiled core on the processor: points in lanes, chunks of points on threads."""

import ctypes
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.compiler import Compiler
from dmn_fe.evaluate.core.library import load_library
from dmn_fe.evaluate.core.model import CoreModel
from dmn_fe.evaluate.core.structures import Batch, History, Tangents, address
from dmn_fe.evaluate.core.threads import thread_count
from dmn_fe.laws import MaterialLaw, Update
from dmn_fe.laws.kernel import Kernel
from dmn_fe.network import Network

__all__ = ["CpuEngine"]

# Points of a thread at a time: so few that threads end together though points differ in their
# work. Which are side by side changes round-off: it depends on the number of points alone.
_LEAST_CHUNK, _MOST_CHUNKS = 256, 256
# Points of one call, which an interrupt waits for.
_CALL = 2**16


class CpuEngine:
    """Solves points of a network by the compiled core.

    Parameters
    ----------
    network, laws, tolerance, max_iterations, warm_start
        As of :class:`~dmn_fe.evaluate.NetworkLaw`, checked.
    kernels : sequence of Kernel
        Of the laws, in the order of the phases.
    compiler : Compiler
    threads : int, optional

    Attributes
    ----------
    arrays : NetworkArrays
    parameters : Tensor
        Of all laws, as the core reads them.
    device : torch.device
        Where states lie.
    """

    device = torch.device("cpu")

    def __init__(
        self,
        network: Network,
        laws: Mapping[str, MaterialLaw],
        tolerance: float,
        max_iterations: int,
        warm_start: bool,
        kernels: Sequence[Kernel],
        compiler: Compiler,
        threads: int | None = None,
    ):
        self._arguments = (network, laws, tolerance, max_iterations, warm_start, kernels, compiler)
        self.kernels, self.compiler = tuple(kernels), compiler
        self._library = load_library(compiler, kernels)
        self._tolerance, self._max_iterations = tolerance, max_iterations
        self._warm_start = warm_start
        self.threads = threads or thread_count()
        model = CoreModel(network, laws, tolerance, warm_start, kernels, self._library)
        self.layout, self.arrays, self.parameters = model.layout, model.arrays, model.parameters
        self._no_stress = model.no_stress

    def __reduce__(self):
        """Copies are made anew: addresses and libraries are of one process."""
        return CpuEngine, (*self._arguments, self.threads)

    def empty_states(self, n: int, size: int, dtype: torch.dtype) -> Tensor:
        """Memory for states ``[n, size]``, point by point."""
        return _empty((n, size), dtype)

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
            return self._integrate(strain, state, dt, temperature, new_state)
        except MemoryError as error:
            raise InputError(
                f"a network at {len(strain)} points: out of memory; integrate fewer points at once."
            ) from error

    def _integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float,
        temperature: Tensor | None,
        new_state: Tensor | None,
    ) -> Update:
        n = len(strain)
        strain, state = strain.detach().contiguous(), state.detach()
        wanted = new_state
        if new_state is None or new_state.stride() != state.stride() or state.stride(1) != 1:
            state = state.contiguous()
            new_state = _empty(state.shape, state.dtype)
        stress, tangent = _empty((n, 6), torch.float64), _empty((n, 6, 6), torch.float64)
        status, iterations = _empty((n,), torch.int8), _empty((n,), torch.int32)
        if temperature is not None:
            temperature = temperature.detach().contiguous()
        single = state.dtype == torch.float32
        history = History(state.data_ptr(), new_state.data_ptr(), state.stride(0), 1, single)
        batch = Batch(
            address(strain),
            address(temperature),
            history,
            address(stress),
            Tangents(address(tangent), 36, 1, False),
            address(status),
            address(iterations),
            dt,
            self._tolerance,
            self._no_stress,
            self._max_iterations,
            self._warm_start,
        )
        self._run(batch, n)
        if wanted is not None and wanted is not new_state:
            new_state = wanted.copy_(new_state)
        return Update(stress, new_state, lambda: tangent, status, iterations)

    def _run(self, batch: Batch, n: int) -> None:
        """All points of a batch, in chunks over the threads."""
        for start in range(0, n, _CALL):
            count = min(_CALL, n - start)
            failed = self._library.dmn_integrate(
                ctypes.byref(self.arrays.struct),
                ctypes.c_void_p(address(self.parameters)),
                ctypes.byref(batch),
                ctypes.c_long(start),
                ctypes.c_long(count),
                ctypes.c_long(max(_LEAST_CHUNK, -(-count // _MOST_CHUNKS))),
                self.threads,
            )
            if failed:
                raise MemoryError


def _empty(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Memory of NumPy, which asks the system for huge pages: with many small ones, the first touch
    of a state may take longer than its update."""
    return torch.from_numpy(np.empty(tuple(shape), str(dtype).removeprefix("torch.")))
