"""Errors of networks' stiffness, and their exact gradient, by the compiled core.

A drop-in for the loop over the tree in torch: a ``torch.autograd.Function`` of the fractions and
normals of the laminates and the turns of the leaves, so that parametrisations and optimisers are
the same with both.
"""

import ctypes

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.compiler import Compiler
from dmn_fe.evaluate.core.library import load_source
from dmn_fe.evaluate.core.structures import LEAF, NetworkStruct, interface_array, post_order
from dmn_fe.evaluate.core.threads import thread_count
from dmn_fe.mandel import rotation_matrix
from dmn_fe.network.parametrisation import Geometry
from dmn_fe.network.tree import Tree
from dmn_fe.training.samples import StiffnessSamples
from dmn_fe.training.weight_sums import WeightSums

__all__ = ["CoreStiffness"]

_SOURCE = '#include "training.hpp"\n'
_PLANE = [0, 1, 5]
_UPPER = np.triu_indices(6)
_LEAST_SAMPLES = 64  # of a thread at a time


class _Samples(ctypes.Structure):
    """``dmn::StiffnessSamples``"""

    _fields_ = (
        ("count", ctypes.c_long),
        ("phases", ctypes.c_void_p),
        ("reference", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("root", ctypes.c_void_p),
    )


class _Task(ctypes.Structure):
    """``dmn::StiffnessTask``"""

    _fields_ = (
        ("network", NetworkStruct),
        ("begin", ctypes.c_long),
        ("end", ctypes.c_long),
        ("chosen", ctypes.c_void_p),
        ("squares", ctypes.c_void_p),
        ("d_fraction", ctypes.c_void_p),
        ("d_normal", ctypes.c_void_p),
        ("d_turn", ctypes.c_void_p),
    )


class CoreStiffness:
    """Squared errors of networks of one tree on stiffness samples.

    Parameters
    ----------
    compiler : Compiler
    tree : Tree
    leaf_phase : Tensor ``[leaves]``
    samples : StiffnessSamples
        In space or, with ``[3, 3, ...]``, in the plane.
    loss : str
        ``"relative"`` or ``"whitened"``, as in :mod:`dmn_fe.training.objective`.
    threads : int, optional
    """

    def __init__(
        self,
        compiler: Compiler,
        tree: Tree,
        leaf_phase: Tensor,
        samples: StiffnessSamples,
        loss: str,
        threads: int | None = None,
    ):
        self._library = load_source(compiler, _SOURCE, "training")
        self._depth, self._threads = tree.depth, threads or thread_count()
        self._sums = WeightSums(tree)
        self._nodes = np.array(post_order(tree.is_leaf.tolist()), dtype=np.int32)
        self._leaves = np.zeros(tree.leaf_count, dtype=LEAF)
        self._leaves["phase"] = leaf_phase.numpy()
        self._leaves["turn"] = -1
        effective = samples.effective
        rows = {
            "phases": _upper(samples.phase_stiffness),
            "reference": _upper(effective[:, :, None])[0],
            "scale": effective.square().sum((0, 1)).rsqrt().contiguous().numpy(),
            "root": _upper(samples.inverse_root.transpose(0, 1)[:, :, None])[0],
        }
        self._rows = rows
        self._phases = len(rows["phases"])
        at = {name: row.ctypes.data for name, row in rows.items()}
        count = effective.shape[-1]
        self._samples = {
            "relative": _Samples(count, at["phases"], at["reference"], at["scale"], None),
            "whitened": _Samples(count, at["phases"], at["reference"], None, at["root"]),
        }
        self._loss = loss

    def __call__(self, geometry: Geometry, chosen: Tensor) -> Tensor:
        """Sums of the squared errors ``[K]`` over samples ``[n]``, or of each network ``[K, n]``;
        differentiable, once."""
        samples = self._samples[self._loss]
        own = geometry.weights, geometry.normals, _turns(geometry)
        return _Squares.apply(*own, self, samples, chosen)

    @torch.no_grad()
    def squares(self, geometry: Geometry, chosen: Tensor, loss: str) -> Tensor:
        """Squared errors ``[K, n]`` in the sense of a loss, samples as of a call."""
        own = geometry.weights, geometry.normals, _turns(geometry)
        return self.run(*own, self._samples[loss], chosen, derivatives=False)[0]

    def run(
        self,
        weights: Tensor,
        normals: Tensor,
        turns: Tensor | None,
        samples: _Samples,
        chosen: Tensor,
        derivatives: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Squared errors ``[K, n]`` and the derivatives of their sums with respect to weights
        ``[leaves, K]``, normals ``[K, laminates, 3]`` and turns ``[K, leaves, 6, 6]``."""
        _, laminates, k = normals.shape
        sums, fractions = self._sums.down(weights.detach().numpy())
        rows = normals.detach().permute(2, 1, 0).numpy()
        interfaces = interface_array(rows, fractions.T)
        chosen = chosen.to(torch.int64).expand(k, -1).contiguous()
        n = chosen.shape[1]
        leaves, turned = self._leaves, 0
        if turns is not None:
            leaves, turned = leaves.copy(), len(leaves)
            leaves["turn"] = np.arange(turned)
            turns = turns.detach().contiguous()
        share = -(-n * k // (2 * self._threads))
        chunk = max(n, 1) if self._threads == 1 else max(_LEAST_SAMPLES, min(n, share))
        parts = [(row, begin) for row in range(k) for begin in range(0, n, chunk)]
        squares = weights.new_empty(k, n)
        sizes = [(laminates,), (laminates, 3), (turned, 6, 6)]
        totals = [weights.new_zeros(len(parts), *size) for size in sizes]

        tasks = (_Task * len(parts))()
        for number, (row, begin) in enumerate(parts):
            network = NetworkStruct(
                len(leaves),
                self._depth,
                0,
                self._nodes.ctypes.data,
                leaves.ctypes.data,
                interfaces[row].ctypes.data,
                None if turns is None else turns[row].data_ptr(),
            )
            own = [each[number].data_ptr() if derivatives else None for each in totals]
            at = chosen[row].data_ptr(), squares[row].data_ptr()
            tasks[number] = _Task(network, begin, min(begin + chunk, n), *at, *own)
        failed = self._library.dmn_stiffness_loss(
            self._phases,
            turned,
            ctypes.byref(samples),
            tasks,
            ctypes.c_long(len(parts)),
            self._threads,
        )
        if failed:
            raise InputError("training: out of memory; learn from fewer samples.")
        fraction, normal, turn = (each.unflatten(0, (k, -1)).sum(1) for each in totals)
        weight = self._sums.gradient(sums, fractions, fraction.mT.numpy())
        return squares, torch.from_numpy(weight), normal, turn


class _Squares(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weights, normals, turns, core, samples, chosen):
        own = weights, normals, turns, samples, chosen
        squares, *derivatives = core.run(*own, derivatives=True)
        ctx.save_for_backward(*derivatives)
        ctx.shapes = len(normals), turns is not None
        return squares.sum(-1)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        weight, normal, turn = ctx.saved_tensors
        dimension, turned = ctx.shapes
        d_normal = (normal * upstream[:, None, None])[..., :dimension].permute(2, 1, 0)
        d_turn = turn * upstream[:, None, None, None] if turned else None
        return weight * upstream, d_normal, d_turn, None, None, None


def _turns(geometry: Geometry) -> Tensor | None:
    """Turns of Mandel vectors ``[K, leaves, 6, 6]`` of turned leaves."""
    if geometry.rotation is None:
        return None
    return rotation_matrix(geometry.rotation.permute(3, 2, 0, 1))


def _upper(stiffness: Tensor) -> np.ndarray:
    """Upper triangles ``[m, 21, n]`` of matrices ``[6, 6, m, n]``.

    Those of the plane, ``[3, 3, m, n]``, are set into a unit matrix: an interface in the plane does
    not couple the other components, and they stay as they are.
    """
    if len(stiffness) == 3:
        whole = torch.eye(6, dtype=stiffness.dtype)[..., None, None]
        whole = whole.repeat(1, 1, *stiffness.shape[2:])
        index = torch.tensor(_PLANE)
        whole[index[:, None], index[None, :]] = stiffness
        stiffness = whole
    return np.ascontiguousarray(stiffness.numpy()[_UPPER].transpose(1, 0, 2))
