"""One compiled law at many points, without a network."""

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from dmn_fe.evaluate.core.compiler import the_compiler
from dmn_fe.evaluate.core.library import kernel_source, load_source
from dmn_fe.laws.kernel import Kernel

__all__ = ["PointsUpdate", "respond_at_points"]


class PointsUpdate(NamedTuple):
    """Stress ``[n, 6]``, tangent ``[n, 6, 6]`` and state ``[n, size]``; where the law failed, and
    where it told to be elastic ``[n]``."""

    stress: Tensor
    tangent: Tensor
    state: Tensor
    failed: Tensor
    elastic: Tensor


def respond_at_points(
    kernel: Kernel, name: str, strain: Tensor, state: Tensor, dt: float
) -> PointsUpdate:
    """Update points with strains ``[n, 6]`` and states ``[n, size]``.

    Raises
    ------
    CompilationError
        If there is no compiler, or if it refuses the law of this ``name``.
    """
    text = kernel_source("points.hpp", [kernel])
    library = load_source(the_compiler(), f"{text}DMN_LAW_LIBRARY(dmn::{kernel.type})\n", name)
    n = len(strain)
    strain, state = strain.detach().contiguous(), state.detach().contiguous()
    result = PointsUpdate(
        torch.empty_like(strain),
        strain.new_empty(n, 6, 6),
        torch.empty_like(state),
        *(torch.zeros(n, dtype=torch.bool) for _ in range(2)),
    )
    points = _Points(
        strain.data_ptr(),
        None,
        state.data_ptr(),
        result.state.data_ptr(),
        result.stress.data_ptr(),
        result.tangent.data_ptr(),
        result.failed.data_ptr(),
        result.elastic.data_ptr(),
        dt,
    )
    parameters = torch.tensor(kernel.parameters, dtype=torch.float64)
    library.dmn_law(ctypes.c_void_p(parameters.data_ptr()), ctypes.byref(points), ctypes.c_long(n))
    return result


class _Points(ctypes.Structure):
    """``dmn::Points``"""

    _fields_ = (
        ("strain", ctypes.c_void_p),
        ("temperature", ctypes.c_void_p),
        ("old", ctypes.c_void_p),
        ("updated", ctypes.c_void_p),
        ("stress", ctypes.c_void_p),
        ("tangent", ctypes.c_void_p),
        ("failed", ctypes.c_void_p),
        ("elastic", ctypes.c_void_p),
        ("dt", ctypes.c_double),
    )
