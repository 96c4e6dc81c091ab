import dataclasses
import math

import numpy as np
import pytest
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.microstructure import (
    ChordLengths,
    MeshRVE,
    VoxelRVE,
    describe,
    draw_statistics,
    random_fibres,
)
from dmn_fe.microstructure.statistics.picture import _binned


def test_numbers_of_a_laminate():
    phase = np.broadcast_to((np.arange(8) < 2).astype(int)[:, None, None], (8, 4, 1))
    found = describe(VoxelRVE(phase, ("soft", "stiff"), size=(4.0, 2.0, 1.0)))
    assert found.shape == (8, 4, 1)
    assert found.spacing == (0.5, 0.5, 1.0)
    assert found.periodic == (True, True, True)
    soft, stiff = found.phases
    assert (stiff.name, stiff.volume_fraction, soft.volume_fraction) == ("stiff", 0.25, 0.75)
    assert stiff.mean_chord[0] == 1.0
    assert soft.mean_chord[0] == 3.0
    assert all(math.isnan(chord) for chord in stiff.mean_chord[1:])
    assert (stiff.clusters, stiff.largest_cluster) == (1, 1.0)
    assert stiff.percolates == (False, True, True)
    # 2 interfaces per 4 lengths; the plane is normal to an axis, the worst case of the estimate.
    assert stiff.specific_surface == pytest.approx(0.5 * 0.9481, abs=1e-4)
    assert dataclasses.asdict(found)["phases"][0]["name"] == "soft"


def test_fibres_are_counted():
    matrix, fibre = describe(random_fibres(64, 0.4, 7, seed=1)).phases
    assert (matrix.clusters, fibre.clusters) == (1, 7)
    assert fibre.largest_cluster == pytest.approx(1 / 7, rel=0.05)
    assert matrix.percolates == (True, True, True)
    assert fibre.percolates == (False, False, True)


@pytest.mark.parametrize(
    ("shape", "count", "periodic"),
    [((12, 10, 1), 2, (True,) * 3), ((6, 7, 8), 9, (False,) * 3), ((2, 1, 1), 2, (True,) * 3)],
)
def test_picture_has_a_row_per_phase_up_to_six(tmp_path, shape, count, periodic):
    phase = np.arange(np.prod(shape)).reshape(shape) % count
    draw_statistics(VoxelRVE(phase, periodic=periodic), tmp_path / "curves.png", unit="mm")
    with Image.open(tmp_path / "curves.png") as image:
        assert image.size[1] == round(120 * (0.6 + 3.0 * min(count, 6)))
        assert len(image.convert("RGB").getcolors(2**24)) > 10
    assert [file.name for file in tmp_path.iterdir()] == ["curves.png"]


@pytest.mark.parametrize("longest", [3, 8, 9, 40, 63, 65, 200])
def test_bins_of_chord_lengths_have_no_gap_where_every_other_length_is_missing(longest):
    length = np.arange(1.0, 300.0)
    even = (length <= longest) & (length % 2 == longest % 2)
    density, edges = _binned(ChordLengths(length, even / even.sum(), even.sum()), 1.0)
    voxels = np.diff(edges)
    assert (voxels == voxels[0]).all()
    assert len(density) <= 32
    assert density @ voxels == pytest.approx(1.0)
    if longest > 8:
        assert voxels[0] % 2 == 0
        assert (density > 0).all()
    else:
        assert voxels[0] == 1


def test_bad_input(tmp_path):
    rve = VoxelRVE(np.arange(8).reshape(2, 2, 2) % 2)
    with pytest.raises(InputError, match=r"does not end in \.png"):
        draw_statistics(rve, tmp_path / "curves.gif")
    with pytest.raises(InputError, match="does not exist"):
        draw_statistics(rve, tmp_path / "absent" / "curves.png")
    with pytest.raises(InputError, match="only the phase 'matrix', whose statistics are constant"):
        draw_statistics(VoxelRVE(np.zeros((2, 2, 2), dtype=int)), tmp_path / "curves.png")
    square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    mesh = MeshRVE(square, np.array([[0, 1, 2]]), "triangle", np.array([0]))
    for call in (lambda: describe(mesh), lambda: draw_statistics(mesh, tmp_path / "m.png")):
        with pytest.raises(InputError, match="counted in voxels but the RVE is a MeshRVE"):
            call()
