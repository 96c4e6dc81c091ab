"""The numbers of the cost model: what was measured, and what is assumed of a cluster."""

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dmn_fe.errors import InputError

__all__ = ["Cluster", "Measured", "read_assumptions"]

Numbers = TypeVar("Numbers", "Measured", "Cluster")


@dataclass(frozen=True)
class Measured:
    """Found by ``fit.py`` in what ``measure.py`` has measured; seconds and bytes.

    Attributes
    ----------
    micro_elastic, micro_yielding : float
        Laws of one Newton iteration, for each point of the rank.
    assembly, rest : float
        Residuals and tangents; and what is neither laws, assembly nor linear solver. Both for
        each point of the rank.
    setup, setup_first : float
        Set-up of multigrid, for each unknown of the rank: with the coarse grids of the first step,
        and of that step itself, once in a run.
    cg, cg_cached : float
        One iteration of conjugate gradients with its multigrid cycle, for each unknown of the rank
        whose matrices come from memory, and of those that stay in the cache.
    cg_bytes : float
        Bytes that this moves through memory, for each unknown.
    assembly_fixed, rest_fixed, setup_fixed, cg_fixed : float
        The same, whatever the size.
    cg_iterations, cg_iterations_growth : float
        Of one solution, at one unknown, and more of them with ten times the unknowns.
    levels, levels_growth : float
        Of the grids of multigrid, as before.
    cg_exchanges, cg_sums, cg_bytes_sent : float
        Of an iteration of conjugate gradients: exchanges with neighbours for each level, sums over
        all ranks, and bytes sent for each unknown on the surface of a rank.
    setup_exchanges, setup_sums, setup_bytes_sent : float
        The same of one set-up, in all.
    meetings : float
        How often all ranks ask each other for errors, in a Newton iteration.
    unpickle : float
        Seconds to read the answer of one rank there.
    program, point_bytes, unknown_bytes : float
        Memory of a rank: of itself, of a point (state, stress, tangent), and of an unknown (mesh,
        matrix, multigrid).
    save_copies : float
        Memory while a checkpoint is written, over its bytes.
    state_size : float
        Numbers that a point keeps.
    save, restart : float
        Seconds for each byte of a checkpoint that a rank writes or reads.
    mesh_seconds, mesh_bytes : float
        To read a mesh file, for each cell; bytes of rank 0.
    """

    micro_elastic: float = 0.0
    micro_yielding: float = 0.0
    assembly: float = 0.0
    rest: float = 0.0
    setup: float = 0.0
    setup_first: float = 0.0
    cg: float = 0.0
    cg_cached: float = 0.0
    cg_bytes: float = 0.0
    assembly_fixed: float = 0.0
    rest_fixed: float = 0.0
    setup_fixed: float = 0.0
    cg_fixed: float = 0.0
    cg_iterations: float = 0.0
    cg_iterations_growth: float = 0.0
    levels: float = 1.0
    levels_growth: float = 0.0
    cg_exchanges: float = 0.0
    cg_sums: float = 0.0
    cg_bytes_sent: float = 0.0
    setup_exchanges: float = 0.0
    setup_sums: float = 0.0
    setup_bytes_sent: float = 0.0
    meetings: float = 0.0
    unpickle: float = 0.0
    program: float = 0.0
    point_bytes: float = 0.0
    unknown_bytes: float = 0.0
    save_copies: float = 0.0
    state_size: float = 0.0
    save: float = 0.0
    restart: float = 0.0
    mesh_seconds: float = 0.0
    mesh_bytes: float = 0.0


@dataclass(frozen=True)
class Cluster:
    """Assumptions of a machine; ``cluster.toml`` tells where each number comes from.

    Attributes
    ----------
    name : str
    ranks_per_node : int
    node_memory : float
        Bytes.
    node_bandwidth : float
        Of the memory of a node, bytes/s; its ranks share it.
    cache : float
        Bytes of matrices that the caches of a node keep from one iteration to the next.
    core_speed : float
        Of one core, as a multiple of one where it was measured.
    latency, overhead : float
        Seconds until a message arrives, and that a rank spends on each further one.
    network_bandwidth : float
        Bytes/s of a node; its ranks share it.
    neighbours : int
        Ranks that one exchanges with, at most.
    halo : float
        Bytes for each unknown on the surface of a rank, over those of two ranks.
    imbalance : float
        Points of the fullest rank over the mean.
    file_bandwidth, file_operations : float
        Of the file system, bytes/s, and files that it opens, makes or renames in a second.
    """

    name: str = "this machine"
    ranks_per_node: int = 1
    node_memory: float = float("inf")
    node_bandwidth: float = float("inf")
    cache: float = 0.0
    core_speed: float = 1.0
    latency: float = 0.0
    overhead: float = 0.0
    network_bandwidth: float = float("inf")
    neighbours: int = 26
    halo: float = 1.0
    imbalance: float = 1.0
    file_bandwidth: float = float("inf")
    file_operations: float = float("inf")


_MAY_BE_ZERO = ("cache", "latency", "overhead", "neighbours")


def read_assumptions(path: Path, measured: Measured) -> tuple[Cluster, Measured]:
    """The cluster of a TOML file, and the measured numbers that it replaces (``[measured]``).

    Raises
    ------
    InputError
        If the file cannot be read, or has a key or value that cannot be.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check it.") from error
    except ValueError as error:
        raise InputError(f"{path}: is no TOML ({error}); mend it.") from error
    replaced = content.pop("measured", {})
    return _replace(Cluster(), content, path), _replace(measured, replaced, path)


def _replace(numbers: Numbers, given: dict[str, Any], path: Path) -> Numbers:
    """The same with other values."""
    names = [field.name for field in dataclasses.fields(numbers)]
    for name, value in given.items():
        if name not in names:
            raise InputError(f"{path}: there is no {name!r}; it may have {', '.join(names)}.")
        if name == "name":
            if not isinstance(value, str):
                raise InputError(f"{path}: name = {value!r} must be a text.")
            continue
        may_be_zero = isinstance(numbers, Measured) or name in _MAY_BE_ZERO
        is_number = type(value) in (int, float) and (value > 0 or (value == 0 and may_be_zero))
        if not is_number:
            wanted = "not negative" if may_be_zero else "positive"
            raise InputError(f"{path}: {name} = {value!r} must be a number, {wanted}.")
    return dataclasses.replace(numbers, **given)
