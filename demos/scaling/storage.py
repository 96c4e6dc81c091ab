"""The cost model: memory of the ranks, and checkpoints."""

from dataclasses import dataclass

from constants import Cluster, Measured
from cost_model import POINTS_PER_CELL, nodes, share

__all__ = ["Checkpoint", "checkpoint", "checkpoint_bytes", "files_to_restart", "rank_memory"]

NODES_PER_CELL, NUMBER = 10, 8  # of a quadratic tetrahedron; bytes


@dataclass(frozen=True)
class Restart:
    """Files that all ranks open, bytes that they read, and seconds."""

    files_opened: float
    bytes_read: float
    seconds: float


@dataclass(frozen=True)
class Checkpoint:
    """Files, bytes in all, and seconds to write it; restarts on as many ranks, and on others."""

    files: int
    bytes: float
    write: float
    restart: Restart
    restart_on_others: Restart


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

    def restart(files_of_rank: float) -> Restart:
        of_rank = files_of_rank * size / ranks
        # A node keeps what one of its ranks has read in memory for the others.
        of_nodes = min(nodes(ranks, cluster) * size, ranks * of_rank)
        seconds = max(
            measured.restart * of_rank / cluster.core_speed, of_nodes / cluster.file_bandwidth
        )
        opened = ranks * (files_of_rank + 1)  # with the manifest
        return Restart(opened, ranks * of_rank, seconds + opened / cluster.file_operations)

    # Where the mesh is shared out in another way a rank reads file by file until it has found its
    # cells, at the most all.
    on_as_many = restart(files_to_restart(points, ranks, cluster))
    return Checkpoint(files, size, write, on_as_many, restart(ranks))


def files_to_restart(points: float, ranks: int, cluster: Cluster) -> int:
    """Files that a rank reads to restart on as many ranks: its own, and those of its neighbours."""
    return 1 + share(points, ranks, cluster).neighbours


def rank_memory(
    points: float, ranks: int, measured: Measured, cluster: Cluster, saving: bool = True
) -> float:
    """Bytes of the fullest rank at its peak; ``saving`` with the copies of a checkpoint."""
    own, m = share(points, ranks, cluster), measured
    steady = m.program + m.point_bytes * own.points + m.unknown_bytes * own.unknowns
    return steady + (m.save_copies * checkpoint_bytes(own.points, m.state_size) if saving else 0.0)
