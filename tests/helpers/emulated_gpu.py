"""A GPU that is none: the kernels for CUDA, compiled for the processor and run by its threads."""

import ctypes
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dmn_fe.evaluate.core.compiler import find_compiler
from dmn_fe.evaluate.core.cuda import BLOCK
from dmn_fe.evaluate.core.library import cached
from dmn_fe.evaluate.core.nvrtc import cuda_source
from dmn_fe.laws.kernel import Kernel

_HEADER = Path(__file__).with_name("emulated_cuda.hpp")
_FLAGS = ("-std=c++17", "-O1", "-fPIC", "-shared", "-pthread", "-Wno-unknown-pragmas")


class EmulatedGpu:
    """Implements ``dmn_fe.evaluate.core.cuda.Gpu``. Fresh memory is full of what is not a number.

    Parameters
    ----------
    laws : sequence of Kernel
        One for each phase in order.
    free : int
        Bytes that it says are free.
    largest : int
        Bytes from which an allocation fails.
    """

    def __init__(self, laws: Sequence[Kernel], free: int = 10**12, largest: int = 10**12):
        self.place, self.threads = torch.device("cpu"), 2 * BLOCK
        self.free, self.largest = free, largest
        self.launched: list[str] = []
        self._own: list[Tensor] = []
        compiler = find_compiler()
        text = f"{_HEADER.read_text()}\n{cuda_source(laws)}"

        def make(folder: Path, library: Path) -> None:
            source = folder / "emulated.cpp"
            source.write_text(text)
            type(compiler)((*compiler.command, *_FLAGS), 1, "").build(source, library, folder)

        self._library = cached(
            [text, *_FLAGS, compiler.identity], ".so", make, "tests", lambda p: ctypes.CDLL(str(p))
        )

    def launch(self, kernel: str, blocks: int, address: int, *others: int) -> None:
        assert blocks * BLOCK <= self.threads
        self.launched.append(kernel)
        function = ctypes.cast(getattr(self._library, kernel), ctypes.c_void_p)
        given = (address, *others, None)[:2]  # all kernels are called with two
        pointers = [ctypes.c_void_p(each) for each in given]
        self._library.emulate(function, ctypes.c_uint(blocks), ctypes.c_uint(BLOCK), *pointers)

    def holds(self, tensor: Tensor) -> bool:
        place = tensor.untyped_storage().data_ptr()
        return any(place == own.untyped_storage().data_ptr() for own in self._own)

    def bring(self, tensor: Tensor) -> Tensor:
        if self.holds(tensor):
            return tensor
        return self.empty(*tensor.shape, dtype=tensor.dtype).copy_(tensor)

    def empty(self, *shape: int, dtype: torch.dtype, on_host: bool = False) -> Tensor:
        filler = float("nan") if dtype.is_floating_point else 77
        tensor = torch.full(shape, filler, dtype=dtype)
        if on_host:
            return tensor
        if tensor.nbytes > self.largest:
            raise torch.cuda.OutOfMemoryError("emulated")
        self._own.append(tensor)  # never freed: no memory of the host takes its address
        return tensor

    def free_bytes(self) -> int:
        return self.free

    def wait(self) -> None:
        pass
