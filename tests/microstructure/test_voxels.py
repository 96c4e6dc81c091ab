import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE


def phases(shape=(3, 2, 2), count=2):
    return np.arange(np.prod(shape)).reshape(shape) % count


def test_defaults_and_exact_volume_fractions():
    phase = np.zeros((4, 2, 2), dtype=int)
    phase[0, 0, 0] = 1
    rve = VoxelRVE(phase)
    assert rve.names == ("matrix", "inclusion")
    assert rve.volume_fractions == (15 / 16, 1 / 16)
    assert rve.size == (1.0, 0.5, 0.5)
    assert VoxelRVE(phases(count=3)).names == ("matrix", "inclusion 1", "inclusion 2")
    assert VoxelRVE(phases(count=1)).names == ("matrix",)


def test_phases_are_a_locked_copy():
    phase = phases()
    rve = VoxelRVE(phase)
    phase[:] = 1
    assert rve.volume_fractions == (0.5, 0.5)
    with pytest.raises(ValueError, match="read-only"):
        rve.phase[0, 0, 0] = 1


def test_hash_is_that_of_the_content():
    rve = VoxelRVE(phases())
    assert rve.hash == VoxelRVE(phases().astype(np.int16), size=(3, 2, 2)).hash
    changed = phases()
    changed[0, 0, 0] = 1
    others = [
        VoxelRVE(changed),
        VoxelRVE(phases().reshape(2, 3, 2)),
        VoxelRVE(phases(), names=("matrix", "fibre")),
        VoxelRVE(phases(), size=(1, 1, 1)),
    ]
    assert len({rve.hash, *(other.hash for other in others)}) == 5


@pytest.mark.parametrize(
    ("phase", "names", "size", "sentence"),
    [
        (phases() * 2, (), (), "phase 1 .* has no voxel"),
        (phases(), ("a", "b", "c"), (), "phase 2 \\('c'\\) .* has no voxel"),
        (phases(), ("a",), (), "2 phases but 1 names"),
        (phases(), ("a", "a"), (), "different"),
        (phases() - 1, (), (), "from -1 to 0"),
        (phases() * 256, (), (), "from 0 to 256"),
        (phases().astype(float), (), (), "float64"),
        (phases()[0], (), (), r"shape \[2, 2\]"),
        (np.zeros((0, 2, 2), dtype=int), (), (), r"shape \[0, 2, 2\]"),
        (phases(), (), (1.0, 0.0, 1.0), "positive edge lengths"),
        (phases(), (), (1.0, 1.0), "positive edge lengths"),
        (phases(), (), (1.0, 1.0, float("nan")), "positive edge lengths"),
    ],
)
def test_bad_input(phase, names, size, sentence):
    with pytest.raises(InputError, match=sentence):
        VoxelRVE(phase, names, size)


def test_orientations_are_checked_and_part_of_the_hash():
    turned = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
    table = np.concatenate([np.eye(3)[None], turned])
    index = phases(count=2)
    rve = VoxelRVE(phases(), orientations=table, orientation_index=index)
    assert rve.hash != VoxelRVE(phases()).hash
    assert rve.hash != VoxelRVE(phases(), orientations=table, orientation_index=1 - index).hash
    with pytest.raises(ValueError, match="read-only"):
        rve.orientations[0] = 0.0
    for wrong, wrong_index, sentence in (
        (table, None, "belong together"),
        (table[0], index, r"shape \[3, 3\]"),
        (2.0 * table, index, "orientation 0 is not a proper rotation"),
        (table * np.array([1.0, -1.0])[:, None, None], index, "orientation 1 is not a proper"),
        (table, index[0], r"shape \[2, 2\]"),
        (table[:1], index, "runs from 0 to 1"),
    ):
        with pytest.raises(InputError, match=sentence):
            VoxelRVE(phases(), orientations=wrong, orientation_index=wrong_index)
