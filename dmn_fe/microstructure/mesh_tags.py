"""Which phase each cell of a mesh file has: physical groups, element sets or arrays of tags."""

from pathlib import Path
from typing import Any

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["phases_of_cells"]

# Arrays of integers that are no phases.
_NO_PHASES = ("gmsh:geometrical", "gmsh:dim_tags", "orientation_index")


def phases_of_cells(
    mesh: Any,
    blocks: list[int],
    dimension: int,
    path: Path,
    names: tuple[str, ...],
    array: str | None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Phase of each cell of some blocks of a ``meshio.Mesh``, and the names of the phases.

    The parameters are those of :func:`~dmn_fe.microstructure.read_mesh`; ``blocks`` are the
    blocks of cells of the highest dimension, ``dimension``.

    Raises
    ------
    InputError
        If there are no tags, or a cell has none or two.
    """
    arrays = {
        name: np.concatenate([values[block] for block in blocks])
        for name, values in mesh.cell_data.items()
    }
    integers = [
        name
        for name, values in arrays.items()
        if values.ndim == 1 and values.dtype.kind in "iu" and name not in _NO_PHASES
    ]
    sets = _sets(mesh, blocks)
    if array is not None:
        if array not in arrays:
            known = ", ".join(repr(name) for name in arrays) or "none"
            raise InputError(f"{path} has no cell array {array!r} (arrays: {known}): give one")
        return _from_array(arrays[array], array, mesh, dimension, path, names)
    for name in ("gmsh:physical", "phase"):
        if name in integers:
            return _from_array(arrays[name], name, mesh, dimension, path, names)
    if sets:
        return _from_sets(sets, path, names)
    if len(integers) == 1:
        return _from_array(arrays[integers[0]], integers[0], mesh, dimension, path, names)
    if integers:
        raise InputError(
            f"{path} has several arrays of integers ({', '.join(integers)}): choose that with the "
            "phases by 'array' (--array)"
        )
    raise InputError(
        f"{path} says of no cell which phase it is: give it physical groups, element sets or an "
        "array of integers for the cells"
    )


def _from_array(
    values: np.ndarray,
    array: str,
    mesh: Any,
    dimension: int,
    path: Path,
    names: tuple[str, ...],
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Phases in rising order of tags, or in the order of the names of groups."""
    if values.ndim != 1 or (values != np.round(values)).any():
        raise InputError(f"{path}: the array {array!r} has no whole number for each cell: give one")
    groups = {}
    if array == "gmsh:physical":
        groups = {int(tag): name for name, (tag, d) in mesh.field_data.items() if d == dimension}
        unlabelled = int(np.sum(values == 0))
        if unlabelled and 0 not in groups:
            raise InputError(
                f"{path}: {unlabelled} of {len(values)} cells belong to no physical group: "
                "give every phase a physical group"
            )
    found = [int(tag) for tag in np.unique(values)]
    group_names = [groups.get(tag, f"phase {tag}") for tag in found]
    if names and set(names) == set(group_names):
        found = [found[group_names.index(name)] for name in names]
    elif groups and not names:
        names = tuple(group_names)
    phase = np.zeros(len(values), dtype=np.int32)
    for i, tag in enumerate(found):
        phase[values == tag] = i
    return phase, names


def _sets(mesh: Any, blocks: list[int]) -> dict[str, np.ndarray]:
    """For each set with cells of these blocks a mask over the cells, in the order of the file.

    Without sets of all cells, where there are others, and repetitions of a set.
    """
    lengths = [len(mesh.cells[block].data) for block in blocks]
    sets: dict[str, np.ndarray] = {}
    for name, members in mesh.cell_sets.items():
        mask = [np.zeros(length, dtype=bool) for length in lengths]
        for part, block in zip(mask, blocks, strict=True):
            if members[block] is not None:
                part[np.asarray(members[block], dtype=np.int64)] = True
        whole = np.concatenate(mask)
        repeated = any(np.array_equal(whole, other) for other in sets.values())
        if whole.any() and not repeated and not name.startswith("gmsh:"):
            sets[name] = whole
    smaller = {name: mask for name, mask in sets.items() if not mask.all()}
    return smaller or sets


def _from_sets(
    sets: dict[str, np.ndarray], path: Path, names: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Phases in the order of the sets, or in the order of their names as given."""
    if names and set(names) <= set(sets):
        sets = {name: sets[name] for name in names}
    count = np.sum(list(sets.values()), axis=0)
    for wrong, what in ((count == 0, "in none of the"), (count > 1, "in more than one of the")):
        if wrong.any():
            raise InputError(
                f"{path}: {int(wrong.sum())} of {len(count)} cells are {what} element sets "
                f"{', '.join(sets)}: put each cell in one set, or choose the sets by the names of "
                "the phases"
            )
    return np.argmax(list(sets.values()), axis=0), names or tuple(sets)
