"""What all generators have in common: fraction, seed and faces."""

import numpy as np
import pytest

from dmn_fe import microstructure

# With names and sizes that take little time; the smallest cubes that hold a few features.
FRACTION = {
    "spheres": lambda f, s: microstructure.random_spheres(20, f, 3, 1.0, s),
    "polydisperse": lambda f, s: microstructure.polydisperse_spheres(
        24, f, 4, 0.2, gap=1.0, seed=s
    ),
    "fibres": lambda f, s: microstructure.random_fibres(33, f, 3, 1.0, s),
    "short fibres": lambda f, s: microstructure.short_fibres(24, f, 5, 2.5, gap=1.0, seed=s),
    "gaussian field": lambda f, s: microstructure.gaussian_field(16, f, 2.0, s),
    "bicontinuous": lambda f, s: microstructure.bicontinuous(24, f, 6.0, seed=s),
}


@pytest.mark.parametrize("kind", FRACTION)
@pytest.mark.parametrize("fraction", [0.25, 0.3, 0.317])
def test_the_fraction_is_hit_to_one_voxel(kind, fraction):
    rve = FRACTION[kind](fraction, 3)
    assert abs(np.count_nonzero(rve.phase) - fraction * rve.phase.size) <= 1.0


@pytest.mark.parametrize("kind", FRACTION)
def test_the_seed_fixes_the_arrangement(kind):
    first, again, other = (FRACTION[kind](0.3, seed).hash for seed in (1, 1, 2))
    assert first == again
    assert first != other


def seam(fields: list[np.ndarray]) -> float:
    """How much the faces differ from the inside, in standard errors over the fields.

    Compared are the shares of unlike neighbours through the faces of an axis and elsewhere.
    """
    differences = []
    for field in fields:
        for axis in range(3):
            if field.shape[axis] == 1:
                continue
            unlike = field != np.roll(field, 1, axis)
            layers = np.moveaxis(unlike, axis, 0).reshape(field.shape[axis], -1).mean(axis=1)
            differences.append(layers[0] - layers[1:].mean())
    return abs(np.mean(differences)) / (np.std(differences) / np.sqrt(len(differences)))


MANY = {
    **{kind: lambda s, make=make: make(0.25, s).phase for kind, make in FRACTION.items()},
    "polycrystal": lambda s: microstructure.voronoi_polycrystal(16, 12, seed=s).orientation_index,
    "lloyd": lambda s: microstructure.voronoi_polycrystal(16, 12, 2, seed=s).orientation_index,
}


@pytest.mark.parametrize("kind", MANY)
def test_faces_are_not_special(kind):
    fields = [MANY[kind](seed) for seed in range(40)]
    assert seam(fields) < 3.0
    # The measure sees the faces of a window that is not periodic.
    assert seam([field[: 2 * len(field) // 3] for field in fields]) > 5.0
