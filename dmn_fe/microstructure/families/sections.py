"""The families by their names, and one section of a family from a seed."""

import zlib
from collections.abc import Callable

import numpy as np

from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_counts, check_seed
from dmn_fe.microstructure.families import cells, cut_fields, inclusions
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["FAMILIES", "THREE_PHASE_FAMILIES", "UNSEEN_FAMILIES", "synthetic_section"]

_GENERATORS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "angular particles": inclusions.angular_particles,
    "anisotropic field": cut_fields.anisotropic_field,
    "bicontinuous field": cut_fields.bicontinuous_field,
    "cell walls": cells.cell_walls,
    "clustered particles": inclusions.clustered_particles,
    "ellipses": inclusions.ellipses,
    "fibres": inclusions.fibres,
    "field walls": cut_fields.field_walls,
    "gaussian three phases": cut_fields.gaussian_three_phases,
    "gaussian two phases": cut_fields.gaussian_two_phases,
    "grains": cells.grains,
    "labyrinth": cut_fields.labyrinth,
    "overlapping disks": inclusions.overlapping_disks,
    "packed disks": inclusions.packed_disks,
    "pores at corners": cells.pores_at_corners,
    "rings": inclusions.rings,
    "wavy layers": cut_fields.wavy_layers,
}

#: Names of all families.
FAMILIES: tuple[str, ...] = tuple(_GENERATORS)

#: Those from which nothing is learnt, for tests of what was learnt from the others.
UNSEEN_FAMILIES: tuple[str, ...] = ("angular particles", "field walls", "pores at corners")

#: Those whose sections always have three phases.
THREE_PHASE_FAMILIES: tuple[str, ...] = ("gaussian three phases", "rings")

_FEWEST_VOXELS = 64  # per edge; the longest wavelengths are a third of it
_RAREST = 0.02  # fraction of the rarest phase
_TRIALS = 100


def synthetic_section(family: str, seed: int, voxels: int = 128) -> VoxelRVE:
    """A periodic section of a synthetic material.

    The seed gives the parameters of the material (sizes, shapes, fractions, order) as well as the
    arrangement. Sizes are counted in voxels, whatever the number of voxels; but with another number
    of voxels the same seed may be another material.

    Parameters
    ----------
    family : str
        One of ``FAMILIES``.
    seed : int
    voxels : int
        Per edge, at least 64.

    Returns
    -------
    VoxelRVE
        Shape ``[voxels, voxels, 1]``, with two phases or three; each fills at least 2 %.

    Raises
    ------
    InputError
        If there is no such family, or a number makes no sense.
    """
    if family not in _GENERATORS:
        raise InputError(f"family = {family!r}: give one of {', '.join(FAMILIES)}")
    check_seed(seed)
    check_counts(voxels=voxels)
    if voxels < _FEWEST_VOXELS:
        raise InputError(f"voxels = {voxels}: give at least {_FEWEST_VOXELS} per edge")
    for trial in range(_TRIALS):
        # The name is part of the seed: families do not share their random numbers.
        rng = np.random.default_rng([zlib.crc32(family.encode()), seed, trial])
        phase = _GENERATORS[family](rng, voxels)
        fractions = np.bincount(phase.ravel(), minlength=2) / phase.size
        if fractions.min() >= _RAREST:
            return VoxelRVE(phase[:, :, None])
    raise AssertionError(f"{family}: no section with seed {seed} has enough of each phase")
