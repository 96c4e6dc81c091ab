"""Where the numbers of a point's state lie.

With a warm start the macroscopic strain (6) and the jumps of all laminates ``[laminates, 3]`` come
first: the leaf strains follow from them, and the next step starts there. The history of the leaves
is the rest: phase by phase, leaf by leaf, the state of the leaf's law. It alone is of the material.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Network

__all__ = ["StateLayout"]


class StateLayout:
    """Places in the state of a point of a network with laws for its phases.

    Parameters
    ----------
    network : Network
    laws : mapping of str to MaterialLaw
    warm_start : bool

    Attributes
    ----------
    leading : int
        Numbers before the history: ``6 + 3 · laminates``, or none without a warm start.
    history_size, size : int
        Numbers of history of a point, and of all its state.
    leaf_start : list of int
        Where in the history that of each leaf begins.
    """

    def __init__(self, network: Network, laws: Mapping[str, MaterialLaw], warm_start: bool):
        laminates = len(network.normals)
        self.leading = 6 + 3 * laminates if warm_start else 0
        self.leaf_start = [0] * (laminates + 1)
        self._leaf_count: dict[str, int] = {}
        start = 0
        by_component = []  # entries of a phase, component by component
        for phase, name in enumerate(network.phase_names):
            leaves = torch.nonzero(network.leaf_phase == phase).flatten().tolist()
            size = laws[name].state_size
            self._leaf_count[name] = len(leaves)
            for leaf in leaves:
                self.leaf_start[leaf] = start
                start += size
            entries = torch.arange(start - size * len(leaves), start)
            by_component.append(entries.view(len(leaves), size).mT.flatten())
        self.history_size = start
        self.size = self.leading + start
        self._by_component = torch.cat(by_component)
        self._back = self._by_component.argsort()

    def virgin(self, laws: Mapping[str, MaterialLaw]) -> Tensor:
        """Virgin state ``[size]`` of a point."""
        blocks = [torch.zeros(self.leading, dtype=torch.float64)]
        for name, count in self._leaf_count.items():
            blocks.append(laws[name].initial_state(count).flatten())
        return torch.cat(blocks)

    def jumps(self, state: Tensor) -> Tensor:
        """Jumps ``[3, laminates, n]`` of states ``[n, size]`` with a warm start."""
        return state[:, 6 : self.leading].unflatten(-1, (-1, 3)).permute(2, 1, 0).contiguous()

    def history(self, state: Tensor) -> Tensor:
        """History ``[history_size, n]`` of states, component by component of each phase."""
        return state[:, self.leading + self._by_component].mT.contiguous()

    def state(self, strain: Tensor, jumps: Tensor, history: Tensor) -> Tensor:
        """States ``[n, size]`` of strains ``[6, n]``, jumps ``[3, laminates, n]`` and histories as
        of :meth:`history`."""
        own = history[self._back].mT
        if not self.leading:
            return own.contiguous()
        return torch.cat([strain.mT, jumps.permute(2, 1, 0).flatten(1), own], dim=-1)
