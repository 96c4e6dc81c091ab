"""A GPU as torch and cuda-core give it, with the kernels of a list of laws."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.gpu import BLOCK
from dmn_fe.evaluate.core.nvrtc import compiled_kernels, cuda_core
from dmn_fe.laws.kernel import Kernel

__all__ = ["CudaGpu"]

_ELSEWHERE = "or take backend = 'cpu'"


class CudaGpu:
    """The current GPU of torch; see :class:`~dmn_fe.evaluate.core.gpu.Gpu`.

    Parameters
    ----------
    laws : sequence of Kernel
        One for each phase in order.

    Raises
    ------
    InputError
        If torch finds no GPU, if cuda-core is missing, or if a law does not compile.
    """

    def __init__(self, laws: Sequence[Kernel]):
        if torch.version.cuda is None:
            raise InputError(
                f"backend = 'cuda' takes a torch that is built for CUDA, but torch "
                f"{torch.__version__} is not; install one that is, {_ELSEWHERE}."
            )
        if not torch.cuda.is_available():
            raise InputError(
                "backend = 'cuda': torch finds no GPU (torch.cuda.is_available() is False); "
                f"see whether nvidia-smi does, {_ELSEWHERE}."
            )
        self._core = cuda_core()
        self.place = torch.device("cuda", torch.cuda.current_device())
        major, minor = torch.cuda.get_device_capability(self.place)
        torch.zeros(1, device=self.place)  # makes torch's context, which the kernels share
        self._core.Device(self.place.index).set_current()
        binary = self._core.ObjectCode.from_cubin(compiled_kernels(laws, f"sm_{major}{minor}"))
        names = ("dmn_sizes", "dmn_elastic", "dmn_newton", "dmn_parts")
        self._kernels: dict[str, Any] = {name: binary.get_kernel(name) for name in names}
        occupancy = self._kernels["dmn_newton"].occupancy
        blocks = occupancy.max_active_blocks_per_multiprocessor(BLOCK, 0)
        cores = torch.cuda.get_device_properties(self.place).multi_processor_count
        self.threads = BLOCK * blocks * cores

    def launch(self, kernel: str, blocks: int, address: int, *others: int) -> None:
        """Start a kernel on the current stream of torch."""
        with torch.cuda.device(self.place):
            stream = self._core.Stream.from_handle(torch.cuda.current_stream().cuda_stream)
            config = self._core.LaunchConfig(grid=blocks, block=BLOCK)
            self._core.launch(stream, config, self._kernels[kernel], address, *others)

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor lies on this GPU."""
        return tensor.device == self.place

    def bring(self, tensor: Tensor) -> Tensor:
        """A tensor on the GPU, through pinned memory."""
        if tensor.device.type == "cpu" and tensor.numel():
            tensor = self.empty(*tensor.shape, dtype=tensor.dtype, on_host=True).copy_(tensor)
        return tensor.to(self.place, non_blocking=True)

    def empty(self, *shape: int, dtype: torch.dtype, on_host: bool = False) -> Tensor:
        """Memory of the GPU, or pinned memory of the host."""
        if on_host:
            return torch.empty(shape, dtype=dtype, pin_memory=True)
        return torch.empty(shape, dtype=dtype, device=self.place)

    def free_bytes(self) -> int:
        """What the driver has left, and what torch holds without use."""
        free, _ = torch.cuda.mem_get_info(self.place)
        held = torch.cuda.memory_reserved(self.place) - torch.cuda.memory_allocated(self.place)
        return free + held

    def wait(self) -> None:
        """Until the current stream has ended."""
        torch.cuda.current_stream(self.place).synchronize()
