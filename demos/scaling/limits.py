"""What in the project does not grow with the number of ranks, found by reading its code.

The numbers of bytes are counted in the code, or measured on one rank where it says so.
"""

import math
from dataclasses import dataclass

from constants import Cluster, Measured
from cost_model import POINTS_PER_CELL, iteration, ranks_on_node, unknowns
from storage import checkpoint, rank_memory
from units import large, seconds_text, size_text

__all__ = ["INT32", "Limit", "fewest_ranks_of_integers", "limits", "nonzeros"]

INT32 = 2**31 - 1
VERDICTS = ("yes", "where used", "no")
NONZEROS_PER_ROW = 86.0  # of quadratic tetrahedra in space, rows inside of a part
MODULE_FILES = 2070  # of Python that a rank opens: torch, DOLFINx, PETSc and ours
# VTKHDF of one rank, measured with 48 000 and 280 000 cells: bytes for each cell to sort the grid,
# seconds for that, and seconds of a step with displacement, stress and von Mises stress.
GRID_BYTES, GRID_SECONDS, FIELD_SECONDS = 780.0, 1e-5, 3e-6
DRAWN_POINTS = 2000  # default of output.strain_paths
TREE_SECONDS = 0.5e-6  # for each cell, of a search tree over cells
SORT_SECONDS = 1.2e-7  # for each number


@dataclass(frozen=True)
class Limit:
    """Something of ours that does not scale.

    Attributes
    ----------
    what, where : str
        In words, and the file under ``dmn_fe``.
    estimate : str
        What it takes.
    verdict : str
        Of :data:`VERDICTS`: whether it matters.
    instead : str
        A way around it, as the project is now.
    """

    what: str
    where: str
    estimate: str
    verdict: str
    instead: str


def limits(points: float, ranks: int, measured: Measured, cluster: Cluster) -> list[Limit]:
    """The list, with estimates for a part on some ranks, those that matter first."""
    m, cells, on_node = measured, points / POINTS_PER_CELL, ranks_on_node(ranks, cluster)
    saved = checkpoint(points, ranks, m, cluster)
    elsewhere = saved.restart_on_others
    of_iteration = iteration(points, ranks, m, cluster)
    meetings = of_iteration["Python meetings"]
    total = sum(of_iteration.values())
    copies = rank_memory(points, ranks, m, cluster) - rank_memory(points, ranks, m, cluster, False)
    drawn = 8.0 * min(DRAWN_POINTS * ranks, points)
    face = (unknowns(points) / 3.0) ** (2.0 / 3.0)
    found = [
        Limit(
            "a restart on another number of ranks: each reads files of all until it has its cells",
            "fem/checkpoint.py (_read)",
            f"up to {size_text(elsewhere.bytes_read)} read, {large(elsewhere.files_opened)} files "
            f"opened, {seconds_text(elsewhere.seconds)}",
            "yes",
            "as many ranks as before; it should look at the cell numbers of a file before its "
            "states",
        ),
        Limit(
            "a mesh file is read by rank 0, which shares it out",
            "fem/mesh.py (read_mesh)",
            f"{seconds_text(m.mesh_seconds * cells)}, {size_text(m.mesh_bytes * cells)} on rank 0, "
            f"of {large(cells)} cells",
            "yes",
            "make the mesh in Python on all ranks, or read XDMF with DOLFINx, and name its groups "
            "by `fem.mark`",
        ),
        Limit(
            "fields in VTKHDF are gathered, sorted and written by rank 0",
            "fem/output/vtkhdf.py, _vtkhdf_series.py",
            f"{size_text(GRID_BYTES * cells)} on rank 0, {seconds_text(GRID_SECONDS * cells)} at "
            f"the start, {seconds_text(FIELD_SECONDS * cells)} a step",
            "yes",
            '`format = "vtx"` in `[output.fields]`, which all ranks write',
        ),
        Limit(
            "each rank loads Python, torch, DOLFINx and PETSc",
            "all",
            f"{size_text(m.program)} a rank, {size_text(m.program * on_node)} a node (libraries "
            "that ranks share count for each); "
            f"{large(MODULE_FILES * ranks)} small files opened, "
            f"{seconds_text(MODULE_FILES * ranks / cluster.file_operations)}",
            "yes",
            "a container image or a local copy of the environment on each node",
        ),
        Limit(
            "a checkpoint is copied, hashed and laid out in memory before it is written",
            "tensor_file.py (save)",
            f"{size_text(copies)} a rank for a moment, {m.save_copies:.1f} times its file",
            "yes" if copies > 0.25 * rank_memory(points, ranks, m, cluster) else "no",
            "more ranks, each with fewer points",
        ),
        Limit(
            "points that switch to the RVE: every rank gets the doubts of all points",
            "fem/switching_rule.py (choose)",
            f"{size_text(4 * 8.0 * points)} a rank, {seconds_text(SORT_SECONDS * points)} a step",
            "where used",
            "no `switch` in large parts",
        ),
        Limit(
            "cell fields of a file: rank 0 reads them, every rank gets all and a search tree",
            "fem/cell_data.py (map_cell_data)",
            f"{size_text(2 * 32.0 * cells)} a rank and more, {seconds_text(TREE_SECONDS * cells)}",
            "where used",
            "values by `fem.cell_field`, of each rank's own cells",
        ),
        Limit(
            "`points.vtkhdf` with all quadrature points is gathered on rank 0",
            "fem/output/point_cloud.py",
            f"{size_text(2 * 8.0 * (3 + 9 + 9) * points)} on rank 0",
            "where used",
            "leave `[output.points]` out; `strain_paths` draws 2000 points",
        ),
        Limit(
            "the draw of `strain_paths`: every rank gets up to 2000 lots of each",
            "fem/output/point_draw.py",
            f"{size_text(drawn)} a rank, {size_text(3 * drawn * on_node)} a node with copies, "
            f"{seconds_text(SORT_SECONDS * drawn / 8.0)}, once",
            "no" if 3 * drawn * on_node < 0.1 * cluster.node_memory else "yes",
            "`strain_paths = 0`",
        ),
        Limit(
            "one file a rank in a checkpoint, in one folder",
            "fem/checkpoint_files.py",
            f"{saved.files} files; {seconds_text(saved.write)} to write",
            "no",
            "`checkpoints.every`; by itself it takes no more than a tenth of the time",
        ),
        Limit(
            "all ranks ask all others for errors, in Python objects",
            "collective.py (RaiseTogether)",
            f"{seconds_text(meetings)} of an iteration of {seconds_text(total)}, growing with the "
            "number of ranks",
            "yes" if meetings > 0.1 * total else "no",
            "more points a rank",
        ),
        Limit(
            "nodes on the faces of a periodic cell are known to all ranks",
            "fem/periodic/nodes.py",
            f"{size_text(3 * 32.0 * face)} a rank and copies, once",
            "no",
            "",
        ),
        Limit(
            "the surface of a picture is gathered on rank 0",
            "fem/surface.py",
            f"{size_text(3 * face * 152.0)}, once",
            "no",
            "",
        ),
        Limit(
            "supports: every rank gets a matrix of 6 x 6 of each",
            "fem/rigid_motion.py",
            f"{size_text(288.0 * ranks)} a rank, once",
            "no",
            "",
        ),
    ]
    return sorted(found, key=lambda one: VERDICTS.index(one.verdict))


def nonzeros(points: float) -> float:
    """Entries of the matrix of all ranks."""
    return NONZEROS_PER_ROW * unknowns(points)


def fewest_ranks_of_integers(points: float, cluster: Cluster) -> int:
    """Ranks with which 32-bit integers count the entries of each rank's matrix, and the components
    of its tangents (36 a point)."""
    most = max(nonzeros(points), 36.0 * points)
    return math.ceil(cluster.imbalance * most / INT32)
