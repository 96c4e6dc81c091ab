"""Which engine evaluates a network: the compiled core where it can, torch elsewhere, or a GPU."""

import functools
import logging
from collections.abc import Mapping
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.compiler import CompilationError, the_compiler
from dmn_fe.evaluate.core.cpu import CpuEngine
from dmn_fe.evaluate.core.cuda import CudaEngine
from dmn_fe.evaluate.core.cuda_gpu import CudaGpu
from dmn_fe.evaluate.layout import StateLayout
from dmn_fe.evaluate.torch_engine import TorchEngine
from dmn_fe.laws import MaterialLaw, Update
from dmn_fe.laws.kernel import Kernel, kernel_of
from dmn_fe.network import Network

__all__ = ["Backend", "Engine", "make_engine", "warn_of_torch"]

#: What evaluates a network.
Backend = Literal["auto", "torch", "cpu", "cuda"]

_log = logging.getLogger(__name__)
# What is lost without the core, on one thread: tests/benchmarks/results.
_FACTOR = "30 to 70 times as slow, and 6 to 22 times where networks are trained"


class Engine(Protocol):
    """Solves points of one network."""

    layout: StateLayout
    device: torch.device  # where states lie

    def empty_states(self, n: int, size: int, dtype: torch.dtype) -> Tensor:
        """Memory for states ``[n, size]``, as they are best laid out."""

    def integrate(
        self,
        strain: Tensor,
        state: Tensor,
        dt: float,
        temperature: Tensor | None,
        new_state: Tensor | None = None,
    ) -> Update:
        """Update points with strains ``[n, 6]``, states and, or not, temperatures ``[n]``.

        The new states go to ``new_state`` where it is given: some columns of what ``empty_states``
        has made, as ``state`` is of the old states.
        """


def make_engine(
    backend: str,
    network: Network,
    laws: Mapping[str, MaterialLaw],
    tolerance: float,
    max_iterations: int,
    warm_start: bool,
) -> Engine:
    """The engine of a backend; ``"auto"`` takes the core if it can be built, and says if not.
    It never takes a GPU: states would lie there, and few points are faster on the processor.

    Raises
    ------
    InputError
        If a backend is asked for that there is not.
    """
    if backend not in get_args(Backend):
        raise InputError(f"backend = {backend!r}; give one of {', '.join(get_args(Backend))}.")
    arguments = (network, laws, tolerance, max_iterations, warm_start)
    # Also tries what is said of laws in C++.
    kernels = {name: kernel_of(laws[name]) for name in network.phase_names}
    if backend == "torch":
        return TorchEngine(*arguments)
    if backend == "cuda":
        own = _all_kernels(kernels, laws)
        return CudaEngine(*arguments, own, CudaGpu(own))
    try:
        return CpuEngine(*arguments, _all_kernels(kernels, laws), the_compiler())
    except InputError as error:
        # A mistake in a law that a user has written is theirs to mend.
        written = any(kernel is not None and kernel.definition for kernel in kernels.values())
        if backend != "auto" or (written and isinstance(error, CompilationError)):
            raise
        warn_of_torch(error)
        return TorchEngine(*arguments)


def warn_of_torch(error: InputError) -> None:
    """Say, once for each reason, that torch takes the place of the core, and what that costs."""
    _warn_once(str(error).splitlines()[0])


@functools.cache
def _warn_once(reason: str) -> None:
    _log.warning("%s Torch takes the place of the core: %s.", reason, _FACTOR)


def _all_kernels(
    kernels: Mapping[str, Kernel | None], laws: Mapping[str, MaterialLaw]
) -> list[Kernel]:
    found = []
    for name, kernel in kernels.items():
        if kernel is None:
            raise InputError(f"the law of {name!r}, {laws[name]!r}, has no compiled form.")
        found.append(kernel)
    return found
