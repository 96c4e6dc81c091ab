"""What the core needs of a GPU."""

from typing import Protocol

import torch
from torch import Tensor

__all__ = ["BLOCK", "Gpu"]

BLOCK = 32  # threads of a block, as in cuda.hpp


class Gpu(Protocol):
    """What the engine needs of a device on which the kernels of the laws are loaded.

    Attributes
    ----------
    place : torch.device
    threads : int
        Those that the device can hold at once.
    """

    place: torch.device
    threads: int

    def launch(self, kernel: str, blocks: int, address: int, *others: int) -> None:
        """Start a kernel with pointers as arguments, after all that was started before."""

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor lies on the device."""

    def bring(self, tensor: Tensor) -> Tensor:
        """A tensor on the device, without waiting for it."""

    def empty(self, *shape: int, dtype: torch.dtype, on_host: bool = False) -> Tensor:
        """Memory of the device, or of the host as copies without waiting need it."""

    def free_bytes(self) -> int:
        """Memory of the device that can be had."""

    def wait(self) -> None:
        """Until all that was started has ended."""
