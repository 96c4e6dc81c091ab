"""A network and the laws of its phases, as the core reads them."""

from collections.abc import Mapping, Sequence

from dmn_fe.evaluate.core.structures import NetworkArrays, parameter_array
from dmn_fe.evaluate.layout import StateLayout
from dmn_fe.evaluate.leaves import Leaves
from dmn_fe.evaluate.sweep import Sweep
from dmn_fe.evaluate.virgin import VirginNetwork
from dmn_fe.laws import MaterialLaw, Void
from dmn_fe.laws.kernel import Kernel
from dmn_fe.network import Network

__all__ = ["CoreModel"]

_NO_STRESS = 1e-13  # traction relative to |C||ε| that is round-off


class CoreModel:
    """What every engine of the core starts from, in the memory of the processor.

    Parameters
    ----------
    network, laws, tolerance, warm_start
        As of :class:`~dmn_fe.evaluate.NetworkLaw`, checked.
    kernels : sequence of Kernel
        Of the laws, in the order of the phases.

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
    ):
        self.layout = StateLayout(network, laws, warm_start)
        leaves = Leaves(network, laws)
        self.symmetric = leaves.symmetric
        sweep = Sweep(network, leaves.symmetric)
        virgin = VirginNetwork.of(leaves, sweep)
        ordered = [laws[name] for name in network.phase_names]
        self.arrays = NetworkArrays(network, ordered, sweep, self.layout, virgin)
        self.parameters = parameter_array([p for kernel in kernels for p in kernel.parameters])
        voids = any(isinstance(law, Void) for law in ordered)
        self.no_stress = _NO_STRESS / tolerance * virgin.largest if voids else 0.0
