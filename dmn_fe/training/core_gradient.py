"""Derivative of solved points' stress with respect to a network, by the compiled core."""

import ctypes

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.cpu import CpuEngine
from dmn_fe.evaluate.core.library import kernel_source, law_types, load_source

__all__ = ["stress_derivatives"]

_LEAST_POINTS = 64  # of a thread at a time


class _Task(ctypes.Structure):
    """``dmn::GradientTask``"""

    _fields_ = (
        ("strain", ctypes.c_void_p),
        ("old", ctypes.c_void_p),
        ("jumps", ctypes.c_void_p),
        ("adjoint", ctypes.c_void_p),
        ("dt", ctypes.c_double),
        ("d_fraction", ctypes.c_void_p),
        ("d_normal", ctypes.c_void_p),
    )


def stress_derivatives(
    engine: CpuEngine, old: Tensor, new: Tensor, adjoint: Tensor, dt: float
) -> tuple[Tensor, Tensor]:
    """Derivatives of ``Σ adjoint · stress`` of one step with respect to the fractions
    ``[laminates]`` and normals ``[laminates, 3]``.

    Parameters
    ----------
    engine : CpuEngine
        Which has solved the points, with a warm start, for laws with symmetric tangents.
    old, new : Tensor ``[n, state_size]``
        States at the begin and the end of the step.
    adjoint : Tensor ``[n, 6]``
    dt : float
    """
    types = law_types(engine.kernels)
    text = kernel_source("gradient.hpp", engine.kernels)
    text += f"DMN_GRADIENT_LIBRARY({types})\n"
    library = load_source(engine.compiler, text, f"derivatives of {types}")
    n, leading = len(old), engine.layout.leading
    strain, jumps = new[:, :6].contiguous(), new[:, 6:leading].contiguous()
    history, adjoint = old[:, leading:].contiguous(), adjoint.contiguous()
    chunk = max(_LEAST_POINTS, -(-n // engine.threads))
    parts = -(-n // chunk)
    d_fraction = adjoint.new_zeros(parts, jumps.shape[1] // 3)
    d_normal = adjoint.new_zeros(parts, jumps.shape[1] // 3, 3)

    given = (each.data_ptr() for each in (strain, history, jumps, adjoint))
    task = _Task(*given, dt, d_fraction.data_ptr(), d_normal.data_ptr())
    failed = library.dmn_gradient(
        ctypes.byref(engine.arrays.struct),
        ctypes.c_void_p(engine.parameters.data_ptr()),
        ctypes.byref(task),
        ctypes.c_long(n),
        ctypes.c_long(chunk),
        engine.threads,
    )
    if failed:
        raise InputError("training: out of memory; learn from fewer samples.")
    return d_fraction.sum(0), torch.sum(d_normal, 0)
