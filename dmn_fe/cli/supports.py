"""The supports of a run file as conditions on the displacement."""

import numpy as np

from dmn_fe.cli.loading import load_factor
from dmn_fe.cli.runfile import RunFile
from dmn_fe.errors import InputError
from dmn_fe.fem import Part, free_rigid_motions, prescribe

__all__ = ["driven_surface", "support_conditions"]


def support_conditions(run_file: RunFile, part: Part, u) -> tuple[list, dict]:
    """Dirichlet conditions of all supports, and the load values they follow (collective).

    Raises
    ------
    InputError
        If the mesh has no such surface, or the part is not held.
    """
    bcs: list = []
    loads: dict = {}
    for support in run_file.supports:
        components = [None if value == "free" else float(value) for value in support.displacement]
        new_bcs, new_loads = prescribe(
            part, u, support.group, components, lambda t: load_factor(run_file.loading, t)
        )
        bcs, loads = bcs + new_bcs, loads | new_loads
    _check_part_is_held(run_file, u, bcs)
    return bcs, loads


def driven_surface(run_file: RunFile) -> tuple[str, np.ndarray]:
    """The first support that moves, and its displacement at load factor one."""
    support = next(support for support in run_file.supports if support.moves)
    return support.group, np.array([0.0 if v == "free" else v for v in support.displacement])


def _check_part_is_held(run_file: RunFile, u, bcs: list) -> None:
    free = free_rigid_motions(u, bcs)
    if free:
        raise InputError(
            f"{run_file.source}: the supports leave the part free to move ({', '.join(free)}); "
            "prescribe more components in 'supports'."
        )
