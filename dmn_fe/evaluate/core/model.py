"""A network and the laws of its phases, as the core reads them."""

import ctypes
from collections.abc import Mapping, Sequence

from dmn_fe.errors import InputError
from dmn_fe.evaluate.core.structures import NetworkArrays, VirginResponse, parameter_array
from dmn_fe.evaluate.layout import StateLayout
from dmn_fe.evaluate.leaves import Leaves
from dmn_fe.evaluate.sweep import Sweep
from dmn_fe.evaluate.virgin import NO_STRESS, VirginNetwork
from dmn_fe.laws import MaterialLaw, Void
from dmn_fe.laws.kernel import Kernel
from dmn_fe.network import Network

__all__ = ["CoreModel"]


class CoreModel:
    """What every engine of the core starts from, in the memory of the processor.

    Parameters
    ----------
    network, laws, tolerance, warm_start
        As of :class:`~dmn_fe.evaluate.NetworkLaw`, checked.
    kernels : sequence of Kernel
        Of the laws, in the order of the phases.
    library : CDLL, optional
        That of the laws, which then computes the virgin network; without it torch does.

    Attributes
    ----------
    layout : StateLayout
    arrays : NetworkArrays
    parameters : Tensor
        Of all laws, as the core reads them.
    symmetric : bool
        Whether the tangent is.
    no_stress : float
        As of ``dmn::Batch``.
    """

    def __init__(
        self,
        network: Network,
        laws: Mapping[str, MaterialLaw],
        tolerance: float,
        warm_start: bool,
        kernels: Sequence[Kernel],
        library: ctypes.CDLL | None = None,
    ):
        self.layout = StateLayout(network, laws, warm_start)
        ordered = [laws[name] for name in network.phase_names]
        self.symmetric = all(getattr(law, "symmetric_tangent", False) for law in ordered)
        self.arrays = NetworkArrays(network, ordered, Sweep(network), self.layout)
        self.parameters = parameter_array([p for kernel in kernels for p in kernel.parameters])
        voids = any(isinstance(law, Void) for law in ordered)
        largest = self._respond_virgin(network, laws, library)
        self.no_stress = NO_STRESS / tolerance * largest if voids else 0.0

    def _respond_virgin(
        self, network: Network, laws: Mapping[str, MaterialLaw], library: ctypes.CDLL | None
    ) -> float:
        """Fill the arrays of the virgin network; gives the largest entry of its stiffnesses."""
        jumps, tangent = (self.arrays.arrays[f"elastic_{name}"] for name in ("jumps", "tangent"))
        if library is None:
            leaves = Leaves(network, laws)
            virgin = VirginNetwork.of(leaves, Sweep(network, leaves.symmetric))
            jumps[:] = virgin.jumps.permute(1, 0, 2).numpy()
            tangent[:] = virgin.tangent.numpy()
            return virgin.largest
        history = self.layout.virgin(laws)[self.layout.leading :].contiguous()
        result = VirginResponse(jumps.ctypes.data, tangent.ctypes.data, 0.0)
        failed = library.dmn_virgin(
            ctypes.byref(self.arrays.struct),
            ctypes.c_void_p(self.parameters.data_ptr()),
            ctypes.c_void_p(history.data_ptr()),
            ctypes.byref(result),
        )
        if failed:
            raise InputError("a network: out of memory; take one with fewer leaves.")
        return result.largest
