"""Which phase each leaf of a network has."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import StiffnessDataset

__all__ = ["leaf_phases", "void_phases"]

_LEVELS_OVER_A_VOID = 3


def leaf_phases(depth: int, names: Sequence[str], voids: Sequence[int]) -> Tensor:
    """Phase of every leaf of a complete tree, ``[2**depth]``.

    The phases alternate, but voids stand at every eighth leaf only. However thin, a layer of void
    takes three of the six stiffnesses from the solid beside it, and laminates of such laminates do
    not regain them. A void core is stiff in all directions when solid coats it across three
    normals, as in the sequential laminates of Francfort & Murat (Arch. Ration. Mech. Anal. 94
    (1986) 307), which attain the Hashin–Shtrikman bounds.

    Raises
    ------
    InputError
        If the tree is not deep enough for the phases.
    """
    if voids and depth < _LEVELS_OVER_A_VOID:
        raise InputError(
            f"depth = {depth}: a void keeps its surroundings stiff under {_LEVELS_OVER_A_VOID} "
            "laminates only; give a greater depth."
        )
    leaves = torch.arange(2**depth)
    solids = torch.tensor([number for number in range(len(names)) if number not in voids])
    phases = solids[leaves % len(solids)]
    if voids:
        period = 2**_LEVELS_OVER_A_VOID
        of_void = torch.tensor(voids)[leaves // period % len(voids)]
        phases = torch.where(leaves % period == period - 1, of_void, phases)
    if len(phases.unique()) < len(names):
        raise InputError(
            f"depth = {depth} gives {len(leaves)} leaves for {len(names)} phases"
            f"{', one of eight for voids' if voids else ''}; give a greater depth."
        )
    return phases


def void_phases(data: Sequence[StiffnessDataset]) -> list[int]:
    """Numbers of the phases whose stiffness is zero in every sample.

    Raises
    ------
    InputError
        If a phase is void in some of the samples, or all phases are.
    """
    zero = torch.cat([(d.phase_stiffness == 0.0).all(-1).all(-1) for d in data])
    voids = zero.all(0)
    for name, mixed in zip(data[0].phase_names, (zero.any(0) & ~voids).tolist(), strict=True):
        if mixed:
            raise InputError(
                f"phase {name!r} is void in some of the samples only; make data where it is void "
                "in all of them, or in none."
            )
    if voids.all():
        raise InputError("all phases of the data are voids; make data with a solid.")
    return torch.nonzero(voids).flatten().tolist()
