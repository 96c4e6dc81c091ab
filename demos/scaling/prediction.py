"""What the cost model predicts for parts and ranks, in rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from constants import Cluster, Measured
from cost_model import SOLVER, iteration, ranks_on_node, solver_slowdown
from limits import fewest_ranks_of_integers
from storage import Checkpoint, checkpoint, rank_memory
from units import percent, power

__all__ = [
    "FEWEST_POINTS",
    "POINTS",
    "RANKS",
    "Bottleneck",
    "Row",
    "bottleneck",
    "efficiency",
    "fewest_ranks",
    "fits",
    "messages_sentence",
    "predict",
    "sentence",
    "weak_efficiency",
]

POINTS = (1e5, 1e6, 1e7, 1e8)
RANKS = (1, 16, 128, 512, 1024, 2048, 4096, 8192)
FEWEST_POINTS = 500  # of a rank: nobody takes more ranks
#: What an iteration consists of, as a bottleneck is named.
GROUPS = {
    "laws": ("laws",),
    "assembly": ("assembly",),
    "linear solver": SOLVER,
    "Python meetings": ("Python meetings",),
    "rest": ("rest",),
}
MESSAGES = ("CG halo", "CG sums", "coarse grids", "Python meetings")


class Bottleneck(NamedTuple):
    """The group that takes most, its share of an iteration, and the part of it that takes most."""

    group: str
    share: float
    part: str

    def __str__(self) -> str:
        inside = f" ({self.part})" if self.part != self.group else ""
        return f"{self.group}, {percent(self.share)}{inside}"


@dataclass(frozen=True)
class Row:
    """A part on a number of ranks: seconds of a Newton iteration by part, its bottleneck,
    efficiency, bytes of the fullest rank (without and with the copies of a checkpoint), and the
    checkpoint."""

    points: float
    ranks: int
    parts: dict[str, float]
    bottleneck: Bottleneck
    efficiency: float
    memory: float
    memory_saving: float
    checkpoint: Checkpoint
    fits: bool

    @property
    def seconds(self) -> float:
        """Of the iteration."""
        return sum(self.parts.values())


def predict(measured: Measured, cluster: Cluster) -> list[Row]:
    """All sizes on all ranks that make sense."""
    rows = []
    for points in POINTS:
        for ranks in RANKS:
            if ranks > 1 and points / ranks < FEWEST_POINTS:
                continue
            parts = iteration(points, ranks, measured, cluster)
            rows.append(
                Row(
                    points,
                    ranks,
                    parts,
                    bottleneck(parts),
                    efficiency(points, ranks, measured, cluster),
                    rank_memory(points, ranks, measured, cluster, saving=False),
                    rank_memory(points, ranks, measured, cluster),
                    checkpoint(points, ranks, measured, cluster),
                    fits(points, ranks, measured, cluster),
                )
            )
    return rows


def bottleneck(parts: dict[str, float]) -> Bottleneck:
    """What takes most of the seconds of an iteration."""
    seconds = {name: sum(parts[one] for one in own) for name, own in GROUPS.items()}
    worst = max(seconds, key=lambda name: seconds[name])
    largest = max(GROUPS[worst], key=lambda name: parts[name])
    return Bottleneck(worst, seconds[worst] / sum(parts.values()), largest)


def efficiency(points: float, ranks: int, measured: Measured, cluster: Cluster) -> float:
    """Parallel efficiency over one full node, be its memory large enough or not: the ranks of a
    node share its memory bandwidth, which more nodes do not change."""
    node = cluster.ranks_per_node
    alone, own = (sum(iteration(points, n, measured, cluster).values()) for n in (node, ranks))
    return node * alone / (ranks * own)


def weak_efficiency(each: float, ranks: int, measured: Measured, cluster: Cluster) -> float:
    """The same with as many points on each rank."""
    node = cluster.ranks_per_node
    alone, own = (sum(iteration(each * n, n, measured, cluster).values()) for n in (node, ranks))
    return alone / own


def fits(points: float, ranks: int, measured: Measured, cluster: Cluster) -> bool:
    """Whether the memory of a node holds its ranks, while they write a checkpoint too."""
    needed = ranks_on_node(ranks, cluster) * rank_memory(points, ranks, measured, cluster)
    return needed <= cluster.node_memory


def fewest_ranks(points: float, measured: Measured, cluster: Cluster) -> int | None:
    """Fewest ranks, powers of two on full nodes, that fit memory and 32-bit integers; None if even
    a million do not."""
    needed = fewest_ranks_of_integers(points, cluster)
    for exponent in range(21):
        ranks = 2**exponent
        if ranks >= needed and fits(points, ranks, measured, cluster):
            return ranks
    return None


def ranks_of_messages(points: float, measured: Measured, cluster: Cluster) -> int | None:
    """Fewest ranks, powers of two, on which messages take more than half of an iteration."""
    for exponent in range(1, 21):
        parts = iteration(points, 2**exponent, measured, cluster)
        if sum(parts[name] for name in MESSAGES) > 0.5 * sum(parts.values()):
            return 2**exponent
    return None


def sentence(points: float, ranks: int, measured: Measured, cluster: Cluster) -> str:
    """The bottleneck of a part on some ranks, in words."""
    parts = iteration(points, ranks, measured, cluster)
    worst = bottleneck(parts)
    text = (
        f"At {power(points)} quadrature points on {ranks} ranks the bottleneck is the "
        f"{worst.group}: {percent(worst.share)} of a Newton iteration of "
        f"{sum(parts.values()):.2g} s"
    )
    if worst.part != worst.group:
        text += f", {percent(parts[worst.part] / sum(parts.values()))} its {worst.part}"
    slow = solver_slowdown(ranks, measured, cluster)
    if slow > 1.0 / cluster.core_speed:
        text += (
            f". The {ranks_on_node(ranks, cluster)} ranks of a node share its memory bandwidth, "
            f"which makes the solver {slow:.1f} times as slow as on a core alone"
        )
    return text + "."


def messages_sentence(sizes: Sequence[float], measured: Measured, cluster: Cluster) -> str:
    """From how many ranks on messages rule."""
    found = []
    for points in sizes:
        ranks = ranks_of_messages(points, measured, cluster)
        if ranks is None:
            found.append(f"with {power(points)} points never")
            continue
        parts = iteration(points, ranks, measured, cluster)
        largest = max(MESSAGES, key=lambda name: parts[name])
        found.append(f"with {power(points)} points on {ranks} ranks and more (most: {largest})")
    return "Messages take more than half of an iteration " + "; ".join(found) + "."
