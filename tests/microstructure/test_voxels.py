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
