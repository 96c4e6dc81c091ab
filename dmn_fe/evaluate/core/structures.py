"""The arrays of the core: a network and a batch of points as the headers of ``kernels`` read them.

Every class here mirrors the struct of the same name; see ``network.hpp``, ``batch.hpp`` and
``cuda.hpp``.
"""

import ctypes
import math

import numpy as np
import torch
from torch import Tensor

from dmn_fe.evaluate.layout import StateLayout
from dmn_fe.evaluate.sweep import Sweep
from dmn_fe.laws import MaterialLaw
from dmn_fe.mandel import rotation_matrix
from dmn_fe.network import Network

__all__ = [
    "INTERFACE",
    "LEAF",
    "Batch",
    "History",
    "NetworkArrays",
    "NetworkStruct",
    "VirginResponse",
    "interface_array",
    "post_order",
]

LEAF = np.dtype([("phase", "i4"), ("state", "i4"), ("turn", "i4"), ("share", "f8")], align=True)
INTERFACE = np.dtype([("n", "f8", 3), ("s", "f8", 3), ("fraction", "f8"), ("weight", "f8")])


class NetworkStruct(ctypes.Structure):
    """``dmn::Network``"""

    _fields_ = (
        ("leaf_count", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("state_size", ctypes.c_int),
        ("nodes", ctypes.c_void_p),
        ("leaves", ctypes.c_void_p),
        ("interfaces", ctypes.c_void_p),
        ("turns", ctypes.c_void_p),
        ("elastic_jumps", ctypes.c_void_p),
        ("elastic_tangent", ctypes.c_void_p),
    )


class History(ctypes.Structure):
    """``dmn::History``"""

    _fields_ = (
        ("old", ctypes.c_void_p),
        ("updated", ctypes.c_void_p),
        ("point_stride", ctypes.c_long),
        ("entry_stride", ctypes.c_long),
        ("single", ctypes.c_int),
    )


class Tangents(ctypes.Structure):
    """``dmn::Tangents``"""

    _fields_ = (
        ("numbers", ctypes.c_void_p),
        ("point_stride", ctypes.c_long),
        ("entry_stride", ctypes.c_long),
        ("packed", ctypes.c_int),
    )


class Batch(ctypes.Structure):
    """``dmn::Batch``"""

    _fields_ = (
        ("strain", ctypes.c_void_p),
        ("temperature", ctypes.c_void_p),
        ("history", History),
        ("stress", ctypes.c_void_p),
        ("tangent", Tangents),
        ("status", ctypes.c_void_p),
        ("iterations", ctypes.c_void_p),
        ("dt", ctypes.c_double),
        ("tolerance", ctypes.c_double),
        ("no_stress", ctypes.c_double),
        ("max_iterations", ctypes.c_int),
        ("warm_start", ctypes.c_int),
    )


class Job(ctypes.Structure):
    """``dmn::Job``"""

    _fields_ = (
        ("network", NetworkStruct),
        ("parameters", ctypes.c_void_p),
        ("batch", Batch),
        ("count", ctypes.c_long),
        ("open", ctypes.c_void_p),
        ("counters", ctypes.c_void_p),
        ("work", ctypes.c_void_p),
    )


class Sizes(ctypes.Structure):
    """``dmn::Sizes``"""

    _fields_ = (("solver", ctypes.c_long), ("parts", ctypes.c_long))


class VirginResponse(ctypes.Structure):
    """``dmn::VirginResponse``"""

    _fields_ = (
        ("jumps", ctypes.c_void_p),
        ("tangent", ctypes.c_void_p),
        ("largest", ctypes.c_double),
    )


class NetworkArrays:
    """A network as plain arrays, which live as long as this object; those of the virgin network are
    zero until they are filled.

    Attributes
    ----------
    arrays : dict of str to numpy array
        By their name in ``struct``.
    struct : NetworkStruct
        With the addresses of the arrays.
    """

    def __init__(
        self,
        network: Network,
        laws: list[MaterialLaw],
        sweep: Sweep,
        layout: StateLayout,
    ):
        self.arrays = {
            "nodes": np.array(post_order(network.tree.is_leaf.tolist()), dtype=np.int32),
            "leaves": _leaves(network, laws, sweep, layout),
            "interfaces": _interfaces(network, sweep),
            "turns": _turns(network),
            "elastic_jumps": np.zeros((len(network.normals), 3, 6)),
            "elastic_tangent": np.zeros((6, 6)),
        }
        self.struct = NetworkStruct(
            len(network.weights),
            network.depth,
            layout.history_size,
            *(array.ctypes.data for array in self.arrays.values()),
        )


def post_order(is_leaf: list[bool]) -> list[int]:
    """Nodes so that every laminate follows its two sub-trees: leaf numbers, and ``~number`` of
    laminates. ``is_leaf`` is as of :class:`~dmn_fe.network.tree.Tree`."""
    numbers, leaves, laminates = [], 0, 0
    for leaf in is_leaf:
        numbers.append(leaves if leaf else ~laminates)
        leaves, laminates = leaves + leaf, laminates + (not leaf)
    order, waiting = [], [0]  # backwards: every laminate, then its second and its first sub-tree
    while waiting:
        node = waiting.pop()
        order.append(numbers[node])
        if not is_leaf[node]:
            first = 2 * ~numbers[node] + 1
            waiting += [first, first + 1]
    return order[::-1]


def _leaves(
    network: Network, laws: list[MaterialLaw], sweep: Sweep, layout: StateLayout
) -> np.ndarray:
    leaves = np.zeros(len(network.weights), dtype=LEAF)
    leaves["phase"] = network.leaf_phase.numpy()
    leaves["state"] = layout.leaf_start
    leaves["share"] = sweep.leaf_share[:, 0].numpy()
    has_axes = np.array([not getattr(law, "is_isotropic", False) for law in laws])
    turned = has_axes[leaves["phase"]] & (network.leaf_rotation is not None)
    leaves["turn"] = np.where(turned, np.arange(len(leaves)), -1)
    return leaves


def interface_array(normals: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """``dmn::Interface`` ``[...]`` of normals ``[..., 3]``, or ``[..., 2]`` in the plane, and
    fractions ``[...]``; weights are zero."""
    interfaces = np.zeros(fractions.shape, dtype=INTERFACE)
    interfaces["n"][..., : normals.shape[-1]] = normals
    interfaces["s"][..., : normals.shape[-1]] = normals * math.sqrt(0.5)
    interfaces["fraction"] = fractions
    return interfaces


def _interfaces(network: Network, sweep: Sweep) -> np.ndarray:
    fractions = np.zeros(len(network.normals))
    for at in sweep.levels:
        fractions[at.level.laminates] = at.fraction[:, 0].numpy()
    interfaces = interface_array(network.normals.numpy(), fractions)
    for at in sweep.levels:
        fraction = at.fraction[:, 0]
        weight = at.share[:, 0] * fraction * (1.0 - fraction)
        interfaces["weight"][at.level.laminates] = weight.numpy()
    return interfaces


def _turns(network: Network) -> np.ndarray:
    if network.leaf_rotation is None:
        return np.zeros((0, 6, 6))
    return rotation_matrix(network.leaf_rotation).contiguous().numpy()


def address(tensor: Tensor | None) -> int | None:
    """Address of the first number of a contiguous tensor."""
    assert tensor is None or tensor.is_contiguous()
    return None if tensor is None else tensor.data_ptr()


def parameter_array(parameters: list[float]) -> Tensor:
    """Parameters of all laws, one after the other."""
    return torch.tensor(parameters, dtype=torch.float64)
