"""Binary trees of laminates, and the sweeps over their levels.

Every laminate has two children, each a laminate or a leaf. Nodes are numbered breadth first from
the root, laminates among themselves and leaves among themselves likewise; then the children of
laminate i are the nodes 2i + 1 and 2i + 2, and a list of which nodes are leaves tells the tree.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.network.laminate_gradient import laminate_stiffness

__all__ = ["Level", "Tree", "level_fractions", "tree_stiffness"]


@dataclass(frozen=True, eq=False)
class Level:
    """The laminates of one depth, and their children: the nodes of the next depth in their order.

    ``laminates`` and ``leaves`` are the numbers of this depth's laminates and of the children that
    are leaves; ``laminate_places`` and ``leaf_places`` say where among the children the laminates
    and the leaves stand.
    """

    laminates: slice
    leaves: slice
    laminate_places: Tensor
    leaf_places: Tensor

    def join(self, laminate_values: Tensor | None, leaf_values: Tensor, axis: int) -> Tensor:
        """Values of all children, from those of the laminates among them and of all leaves.

        Children 2i and 2i + 1 belong to the i-th laminate of this level.
        """
        leaves = leaf_values.narrow(axis, self.leaves.start, len(self.leaf_places))
        if laminate_values is None:
            return leaves
        if not len(self.leaf_places):
            return laminate_values
        shape = list(laminate_values.shape)
        shape[axis] = leaves.shape[axis]
        places = torch.cat([self.laminate_places, self.leaf_places]).argsort()
        together = torch.cat([laminate_values, leaves.expand(shape)], axis)
        return together.index_select(axis, places.to(together.device))

    def split(self, children: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        """Values of the laminates and of the leaves among the children."""
        if not len(self.laminate_places):
            return children.narrow(axis, 0, 0), children
        if not len(self.leaf_places):
            return children, children.narrow(axis, 0, 0)
        device = children.device
        return (
            children.index_select(axis, self.laminate_places.to(device)),
            children.index_select(axis, self.leaf_places.to(device)),
        )


class Tree:
    """A binary tree, described by which of its nodes are leaves.

    Parameters
    ----------
    is_leaf : bool Tensor ``[2 · leaves − 1]``
        For all nodes, breadth first.

    Raises
    ------
    InputError
        If this describes no tree with a laminate at its root.
    """

    def __init__(self, is_leaf: Tensor):
        is_leaf = torch.as_tensor(is_leaf, dtype=torch.bool)
        self.is_leaf = is_leaf
        self.leaf_count = int(is_leaf.sum())
        nodes = len(is_leaf) if is_leaf.ndim == 1 else 0
        if nodes < 3 or nodes != 2 * self.leaf_count - 1 or is_leaf[0]:
            raise InputError(_NO_TREE)
        levels: list[Level] = []
        start, count, laminate, leaf = 1, 2, 0, 0  # children of the root
        while count:
            children = is_leaf[start : start + count]
            if len(children) != count:
                raise InputError(_NO_TREE)
            leaf_places = torch.nonzero(children).flatten()
            laminate_places = torch.nonzero(~children).flatten()
            levels.append(
                Level(
                    slice(laminate, laminate + count // 2),
                    slice(leaf, leaf + len(leaf_places)),
                    laminate_places,
                    leaf_places,
                )
            )
            laminate, leaf = levels[-1].laminates.stop, levels[-1].leaves.stop
            start, count = start + count, 2 * len(laminate_places)
        if start != nodes:
            raise InputError(_NO_TREE)
        self.levels = levels  # from the root to the deepest laminates

    @classmethod
    def complete(cls, depth: int) -> "Tree":
        """The tree of ``2**depth`` leaves, all at the same depth."""
        return cls(torch.arange(2 ** (depth + 1) - 1) >= 2**depth - 1)

    @property
    def depth(self) -> int:
        """Laminates between the root and the deepest leaf, both ends counted."""
        return len(self.levels)

    def up(
        self,
        leaf_values: Tensor,
        combine: Callable[[Level, Tensor, Tensor], Tensor],
        axis: int = 0,
    ) -> Tensor:
        """Value at the root, from the leaves up.

        ``combine`` gives the values of a level's laminates from those of their first and second
        children; ``axis`` is the axis of the nodes.
        """
        values: Tensor | None = None
        for level in reversed(self.levels):
            first, second = pairs(level.join(values, leaf_values, axis), axis)
            values = combine(level, first, second)
        assert values is not None
        return values.select(axis, 0)

    def down(
        self, root_value: Tensor, divide: Callable[[Level, Tensor], Tensor], axis: int = 0
    ) -> Tensor:
        """Values of the leaves, from the root down.

        ``divide`` gives the values of a level's children from those of its laminates.
        """
        values, leaves = root_value.unsqueeze(axis), []
        for level in self.levels:
            values, own = level.split(divide(level, values), axis)
            leaves.append(own)
        return torch.cat([own for own in leaves if own.shape[axis]], axis)


_NO_TREE = "the list of leaves describes no binary tree; give a network that was saved by dmn_fe."


def pairs(children: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """First and second child of every laminate; views."""
    index = (slice(None),) * axis
    return children[(*index, slice(0, None, 2))], children[(*index, slice(1, None, 2))]


def level_fractions(tree: Tree, weights: Tensor) -> list[Tensor]:
    """Fraction of the first child of every laminate, ``[laminates of the level, ...]``.

    One tensor for each level of the tree, from leaf weights ``[leaves, ...]``. Two children without
    weight share equally: the value is then of no consequence.
    """
    fractions: list[Tensor] = []

    def combine(level: Level, first: Tensor, second: Tensor) -> Tensor:
        total = first + second
        empty = total <= 0
        fractions.append(torch.where(empty, 0.5, first / torch.where(empty, 1.0, total)))
        return total

    tree.up(weights, combine)
    return fractions[::-1]


def tree_stiffness(tree: Tree, leaf_stiffness: Tensor, weights: Tensor, normals: Tensor) -> Tensor:
    """Effective stiffness of several networks on one tree for several samples; differentiable.

    Parameters
    ----------
    leaf_stiffness : Tensor ``[6, 6, leaves, networks or 1, samples]``
        In the plane ``[3, 3, ...]``: components 11, 22, 12.
    weights : Tensor ``[leaves, networks]``
    normals : Tensor ``[3, laminates, networks]``
        In the plane ``[2, ...]``.

    Returns
    -------
    Tensor ``[6, 6, networks, samples]``
    """
    fractions = iter(reversed(level_fractions(tree, weights)))

    def combine(level: Level, first: Tensor, second: Tensor) -> Tensor:
        normal = normals[:, level.laminates, :, None]
        return laminate_stiffness(first, second, next(fractions)[..., None], normal)

    stiffness = tree.up(leaf_stiffness, combine, axis=2)
    return 0.5 * (stiffness + stiffness.transpose(0, 1))  # the gradient must be symmetric
