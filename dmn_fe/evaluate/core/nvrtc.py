"""The kernels of a list of laws, compiled for a GPU by NVRTC; this takes no GPU."""

import functools
import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import torch

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.compiler import CompilationError, first_error
from dmn_fe.evaluate.core.library import HASH_SIZE, cached, kernel_source, law_types
from dmn_fe.laws.kernel import Kernel

__all__ = ["compiled_kernels", "cuda_core", "cuda_source"]

_STANDARD = "c++17"


def cuda_source(laws: Sequence[Kernel]) -> str:
    """Source text of the kernels for a list of laws, one for each phase in order."""
    return f"{kernel_source('cuda.hpp', laws)}DMN_KERNELS({law_types(laws)})\n"


def compiled_kernels(laws: Sequence[Kernel], architecture: str) -> bytes:
    """The kernels of a list of laws as machine code of an architecture such as ``"sm_90"``.

    It is compiled if the cache folder has none for these headers, laws and compiler.

    Raises
    ------
    InputError
        If cuda-core or NVRTC are missing.
    CompilationError
        If NVRTC refuses a law.
    """
    return _compiled(cuda_source(laws), architecture, law_types(laws))


@functools.cache
def _compiled(text: str, architecture: str, types: str) -> bytes:
    core = cuda_core()
    parts = [text, architecture, _STANDARD, _version()]

    def make(folder: Path, target: Path) -> None:
        options = core.ProgramOptions(
            arch=architecture,
            std=_STANDARD,
            include_path=str(folder),
            device_as_default_execution_space=True,  # lambdas within lambdas
        )
        try:
            binary = core.Program(text, "c++", options).compile("cubin")
        except Exception as error:  # of a class that cuda-core does not make public
            raise CompilationError(first_error(str(error)) or "NVRTC failed.") from error
        target.write_bytes(binary.code)

    return cached(parts, ".cubin", make, types, lambda path: path.read_bytes()[:-HASH_SIZE])


def _version() -> tuple[int, int]:
    """Version of NVRTC."""
    try:
        _, major, minor = importlib.import_module("cuda.bindings.nvrtc").nvrtcVersion()
    except Exception as error:  # of a class that differs from version to version
        raise InputError(_missing("NVRTC cannot be loaded")) from error
    return major, minor


def cuda_core() -> ModuleType:
    """The package cuda-core.

    Raises
    ------
    InputError
        If it is missing.
    """
    try:
        core = importlib.import_module("cuda.core")
        importlib.import_module("cuda.bindings.nvrtc")
    except ImportError as error:
        raise InputError(_missing("cuda-core is not installed")) from error
    if not hasattr(core, "Program"):
        raise InputError(_missing("cuda-core is too old"))
    return core


def _missing(what: str) -> str:
    major = (torch.version.cuda or "13").split(".")[0]
    nvrtc = "nvidia-cuda-nvrtc" if int(major) > 12 else f"nvidia-cuda-nvrtc-cu{major}"
    return (
        f"backend = 'cuda': {what}; pip install 'cuda-core>=0.5' 'cuda-bindings=={major}.*' "
        f"'{nvrtc}=={major}.*'."
    )
