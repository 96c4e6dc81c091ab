"""Sums of leaf weights over the sub-trees of a tree, and their derivatives, in NumPy.

The same as :func:`dmn_fe.network.tree.level_fractions` and its automatic derivative, without the
overhead of many small operations of torch.
"""

import numpy as np

from dmn_fe.network.tree import Tree

__all__ = ["WeightSums"]


class WeightSums:
    """Sums and fractions of the weights of networks on one tree."""

    def __init__(self, tree: Tree):
        is_leaf = tree.is_leaf.numpy()
        self._leaf_nodes, self._laminate_nodes = np.flatnonzero(is_leaf), np.flatnonzero(~is_leaf)
        self._levels = [level.laminates for level in tree.levels]

    def down(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums ``[nodes, K]`` and fractions of first children ``[laminates, K]`` of leaf weights
        ``[leaves, K]``; a half where there is no weight, as in
        :func:`~dmn_fe.network.tree.level_fractions`."""
        sums = np.empty((len(self._leaf_nodes) + len(self._laminate_nodes), weights.shape[1]))
        sums[self._leaf_nodes] = weights
        first, second = sums[1::2], sums[2::2]  # of laminate i: the nodes 2i + 1 and 2i + 2
        for level in reversed(self._levels):
            sums[self._laminate_nodes[level]] = first[level] + second[level]
        total = sums[self._laminate_nodes]
        empty = total <= 0
        return sums, np.where(empty, 0.5, first / np.where(empty, 1.0, total))

    def gradient(self, sums: np.ndarray, fractions: np.ndarray, upstream: np.ndarray) -> np.ndarray:
        """Derivative with respect to the leaf weights, of that to the fractions."""
        total = sums[self._laminate_nodes]
        rate = np.where(total <= 0, 0.0, upstream / np.where(total <= 0, 1.0, total))
        result = np.zeros_like(sums)
        for level in self._levels:
            above = result[self._laminate_nodes[level]]
            result[1::2][level] = above + rate[level] * (1.0 - fractions[level])
            result[2::2][level] = above - rate[level] * fractions[level]
        return result[self._leaf_nodes]
