"""Which cases are measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Case", "box_of_ranks", "cases"]


class Case(NamedTuple):
    """What ``case.py`` runs on some ranks.

    Attributes
    ----------
    name : str
        By which it is known again.
    ranks : int
    measure : str
        One of those in ``case.py``.
    arguments : dict
        JSON values.
    """

    name: str
    ranks: int
    measure: str
    arguments: dict[str, Any]


def cases(
    ranks: Sequence[int], cells: Sequence[int], meshes: Sequence[int], repeats: int, scratch: Path
) -> list[Case]:
    """All cases, in turns: the load of a machine may change.

    Parameters
    ----------
    ranks : sequence of int
    cells : sequence of int
        Cubes along the edge of a box: of the whole part (strong scaling), and of all sizes but the
        largest also of each rank's share (weak scaling).
    meshes : sequence of int
        The same of mesh files that are read; none where it is empty.
    repeats : int
    scratch : Path
        Folder that all ranks see.
    """
    found = []
    for repeat in range(1, repeats + 1):
        for n in ranks:
            found.append(Case(f"messages, {n} ranks, {repeat}", n, "messages", {}))
            boxes = [[edge] * 3 for edge in cells]
            if n > 1:
                boxes += [[edge * k for k in box_of_ranks(n)] for edge in sorted(cells)[:-1]]
            for box in boxes:
                size = " x ".join(map(str, box))
                arguments = {"cells": box, "folder": str(scratch / "checkpoints")}
                name = f"load steps, {size} cells, {n} ranks, {repeat}"
                found.append(Case(name, n, "load steps", arguments))
    for edge in meshes:
        path = str(scratch / f"{edge}.msh")
        found.append(
            Case(f"write mesh, {edge} cells", 1, "write mesh", {"cells": edge, "path": path})
        )
        n = max(ranks)
        found.append(Case(f"read mesh, {edge} cells, {n} ranks", n, "read mesh", {"path": path}))
    return found


def box_of_ranks(ranks: int) -> list[int]:
    """Three factors of a number of ranks, as equal as its prime factors let them be.

    >>> box_of_ranks(12)
    [2, 2, 3]
    """
    factors, left, prime = [], ranks, 2
    while left > 1:
        while left % prime == 0:
            factors.append(prime)
            left //= prime
        prime += 1
    box = [1, 1, 1]
    for factor in reversed(factors):
        box[box.index(min(box))] *= factor
    return sorted(box)
