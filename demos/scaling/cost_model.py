"""The cost model: seconds of a Newton iteration of a part on a number of ranks.

The part is a cube of quadratic tetrahedra with four quadrature points each, shared out among the
ranks in pieces that are nearly cubes. Nothing here is measured or assumed: see ``constants.py``.
"""

import math
from dataclasses import dataclass

from constants import Cluster, Measured

__all__ = [
    "PARTS",
    "POINTS_PER_CELL",
    "SOLVER",
    "Share",
    "cached",
    "cg_iterations",
    "first_setup",
    "iteration",
    "levels",
    "nodes",
    "ranks_on_node",
    "share",
    "solver_slowdown",
    "unknowns",
]

SOLVER = ("multigrid set-up", "CG work", "CG halo", "CG sums", "coarse grids")
#: Parts of a Newton iteration, in the order of tables and figures.
PARTS = ("laws", "assembly", *SOLVER, "Python meetings", "rest")
POINTS_PER_CELL, CELLS_PER_CUBE = 4, 6
# Of an unknown: some 86 entries of 12 bytes, and a sixth of that for the coarse grids.
MATRIX_BYTES = 1200.0


@dataclass(frozen=True)
class Share:
    """What the fullest rank has: points, unknowns, and unknowns that it shares with neighbours;
    and the number of its neighbours."""

    points: float
    unknowns: float
    surface: float
    neighbours: int


def share(points: float, ranks: int, cluster: Cluster) -> Share:
    """The share of the fullest of some ranks in a cube with this many points."""
    nodes_along_edge = _nodes_along_edge(points)
    own = cluster.imbalance if ranks > 1 else 1.0
    # The mean over p³ cubes: the outermost have fewer neighbours.
    faces = 6.0 * (1.0 - ranks ** (-1.0 / 3.0))
    face = (nodes_along_edge / ranks ** (1.0 / 3.0)) ** 2
    return Share(
        own * points / ranks,
        own * unknowns(points) / ranks,
        own * 3.0 * faces * face,
        min(ranks - 1, cluster.neighbours),
    )


def unknowns(points: float) -> float:
    """Displacements of a cube with this many quadrature points."""
    return 3.0 * _nodes_along_edge(points) ** 3


def _nodes_along_edge(points: float) -> float:
    return 2.0 * (points / (POINTS_PER_CELL * CELLS_PER_CUBE)) ** (1.0 / 3.0) + 1.0


def iteration(
    points: float, ranks: int, measured: Measured, cluster: Cluster, yielding: bool = True
) -> dict[str, float]:
    """Seconds of one Newton iteration by :data:`PARTS`; their sum is the iteration.

    Parameters
    ----------
    points : float
        Quadrature points of the part.
    ranks : int
    measured, cluster
        The numbers.
    yielding : bool
        Whether most points yield, or all stay elastic.
    """
    own, m = share(points, ranks, cluster), measured
    micro = m.micro_yielding if yielding else m.micro_elastic
    speed, slow = cluster.core_speed, solver_slowdown(ranks, m, cluster)
    kept = cached(own.unknowns, ranks, cluster)
    cg = kept * m.cg_cached / speed + (1.0 - kept) * slow * m.cg
    setup = m.setup * (kept / speed + (1.0 - kept) * slow)
    level = levels(points, m)
    solve = cg_iterations(points, m)
    exchange = _exchange(own.neighbours, cluster) * m.cg_exchanges
    sums = _stages(ranks) * cluster.latency
    bandwidth = cluster.network_bandwidth / ranks_on_node(ranks, cluster)
    halo = cluster.halo if ranks > 2 else 1.0
    setup_messages = (
        m.setup_exchanges * _exchange(own.neighbours, cluster)
        + m.setup_sums * sums
        + halo * m.setup_bytes_sent * own.surface / bandwidth
    )
    # All ranks tell all others, in two rounds: how long their answer is, and the answer.
    meeting = (2.0 * sums + ranks * m.unpickle / speed) if ranks > 1 else 0.0
    return {
        "laws": micro * own.points / speed,
        "assembly": (m.assembly * own.points + m.assembly_fixed) / speed,
        "multigrid set-up": setup * own.unknowns + m.setup_fixed / speed + setup_messages,
        "CG work": solve * (cg * own.unknowns + m.cg_fixed / speed),
        "CG halo": solve * (exchange + halo * m.cg_bytes_sent * own.surface / bandwidth),
        "CG sums": solve * m.cg_sums * sums,
        "coarse grids": solve * (level - 1.0) * exchange,
        "Python meetings": m.meetings * meeting,
        "rest": (m.rest * own.points + m.rest_fixed) / speed,
    }


def first_setup(points: float, ranks: int, measured: Measured, cluster: Cluster) -> float:
    """Seconds of the first set-up of multigrid, once in a run."""
    slow = solver_slowdown(ranks, measured, cluster)
    return slow * measured.setup_first * share(points, ranks, cluster).unknowns


def solver_slowdown(ranks: int, measured: Measured, cluster: Cluster) -> float:
    """By how much the linear solver takes longer, or less, than alone on a core where it was
    measured: by the speed of a core, or by the memory bandwidth that ranks of a node share."""
    available = cluster.node_bandwidth / ranks_on_node(ranks, cluster)
    used = measured.cg_bytes / measured.cg if measured.cg > 0 else 0.0
    return max(1.0 / cluster.core_speed, used / available)


def cached(own_unknowns: float, ranks: int, cluster: Cluster) -> float:
    """Part of the matrices of a rank that stays in the cache, which ranks of a node share."""
    return min(1.0, cluster.cache / (ranks_on_node(ranks, cluster) * MATRIX_BYTES * own_unknowns))


def cg_iterations(points: float, measured: Measured) -> float:
    """Iterations of conjugate gradients in a solution."""
    return _growing(points, measured.cg_iterations, measured.cg_iterations_growth)


def levels(points: float, measured: Measured) -> float:
    """Grids of multigrid, with the finest."""
    return max(1.0, _growing(points, measured.levels, measured.levels_growth))


def _growing(points: float, start: float, growth: float) -> float:
    return start + growth * math.log10(unknowns(points))


def ranks_on_node(ranks: int, cluster: Cluster) -> int:
    """Ranks that share a node."""
    return min(ranks, cluster.ranks_per_node)


def nodes(ranks: int, cluster: Cluster) -> int:
    """Nodes for a number of ranks."""
    return math.ceil(ranks / cluster.ranks_per_node)


def _exchange(neighbours: int, cluster: Cluster) -> float:
    """Seconds of a short message to and from each neighbour at the same time."""
    return (cluster.latency if neighbours else 0.0) + neighbours * cluster.overhead


def _stages(ranks: int) -> int:
    """Messages that a sum over all ranks takes one after the other."""
    return math.ceil(math.log2(ranks))
