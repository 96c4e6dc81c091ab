"""The cost model: memory of the ranks, and checkpoints."""

from dataclasses import dataclass

from constants import Cluster, Measured
from cost_model import POINTS_PER_CELL, nodes, share

__all__ = ["Checkpoint", "checkpoint", "checkpoint_bytes", "rank_memory"]

NODES_PER_CELL, NUMBER = 10, 8  # of a quadratic tetrahedron; bytes


@dataclass(frozen=True)
class Checkpoint:
    """Files, bytes in all, seconds to write it, and to restart from it; bytes read for that."""

    files: int
    bytes: float
    write: float
    restart: float
    bytes_read: float


def checkpoint_bytes(points: float, state_size: float) -> float:
    """Of a checkpoint without the headers of its files: rows of ``dmn_fe.fem.cell_rows``."""
    of_cell = 2 * NUMBER + NODES_PER_CELL * (3 + 3) * NUMBER  # numbers; nodes and displacements
    of_point = (3 + 6 + state_size) * NUMBER  # place, stress, state
    return points / POINTS_PER_CELL * of_cell + points * of_point


def checkpoint(points: float, ranks: int, measured: Measured, cluster: Cluster) -> Checkpoint:
    """What a checkpoint takes: one file of each rank, and a manifest."""
    size, files = checkpoint_bytes(points, measured.state_size), ranks + 1
    own = size / ranks * (cluster.imbalance if ranks > 1 else 1.0)
    opening = 3.0 * files / cluster.file_operations  # a trial file, the file, its name
    write = max(measured.save * own / cluster.core_speed, size / cluster.file_bandwidth) + opening
    # Each rank reads the files of all ranks; a node keeps them in memory for its other ranks.
    read = nodes(ranks, cluster) * size / cluster.file_bandwidth
    restart = max(measured.restart * size / cluster.core_speed, read)
    restart += ranks * files / cluster.file_operations
    return Checkpoint(files, size, write, restart, ranks * size)


def rank_memory(
    points: float, ranks: int, measured: Measured, cluster: Cluster, saving: bool = True
) -> float:
    """Bytes of the fullest rank at its peak; ``saving`` with the copies of a checkpoint."""
    own, m = share(points, ranks, cluster), measured
    steady = m.program + m.point_bytes * own.points + m.unknown_bytes * own.unknowns
    return steady + (m.save_copies * checkpoint_bytes(own.points, m.state_size) if saving else 0.0)
