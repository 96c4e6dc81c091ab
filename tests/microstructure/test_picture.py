import numpy as np
import pytest
from helpers.meshes import tetrahedra
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, draw_rve, voxels_to_mesh
from dmn_fe.microstructure.picture import _draw_section, _telling_layer
from dmn_fe.microstructure.picture_colours import Palette

Figure = pytest.importorskip("matplotlib.figure").Figure


def pixels(path, colour) -> int:
    """Number of pixels of a colour, up to rounding."""
    image = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return int((np.abs(image - np.rint(255 * np.asarray(colour))) <= 1).all(axis=2).sum())


def test_section_shows_phases_where_they_are(tmp_path):
    phase = np.zeros((8, 8, 1), dtype=int)
    phase[:2] = 1
    rve = VoxelRVE(phase)
    draw_rve(rve, tmp_path / "rve.png", "layers")
    matrix, inclusion = Palette.of(rve).phases
    # The patches of the legend are a small part.
    shares = [pixels(tmp_path / "rve.png", colour) for colour in (matrix, inclusion)]
    assert shares[1] / sum(shares) == pytest.approx(0.25, abs=0.01)
    image = np.asarray(Image.open(tmp_path / "rve.png").convert("RGB"))
    columns = [
        np.flatnonzero((np.abs(image - np.rint(255 * c)) <= 1).all(axis=2).sum(axis=0) > 100)
        for c in (matrix, inclusion)
    ]
    assert columns[1].max() < columns[0].min()  # e1 points to the right


def test_faces_and_sections_of_a_solid(tmp_path):
    phase = np.zeros((4, 4, 4), dtype=int)
    phase[:, :, 3] = 1  # the upper face, and a quarter of two sections
    rve = VoxelRVE(phase)
    mesh = tetrahedra(voxels_to_mesh(rve))
    counts = []
    for name, drawn in (("voxels", rve), ("mesh", mesh)):
        draw_rve(drawn, tmp_path / f"{name}.png")
        counts.append([pixels(tmp_path / f"{name}.png", c) for c in Palette.of(rve).phases])
    assert counts[0] == pytest.approx(counts[1], rel=0.02)
    for light in (0.86, 0.72):  # the two other faces
        assert pixels(tmp_path / "voxels.png", Palette.of(rve).phases[1] * light) > 1000
    corner = np.asarray(Image.open(tmp_path / "voxels.png").convert("RGB"))[-1, 0]
    assert (corner == 255).all()


def test_oriented_phases_show_their_direction():
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # material axis 1 along e2
    phase = np.arange(8).reshape(2, 2, 2) % 2
    rve = VoxelRVE(phase, ("matrix", "yarn"), (), np.array([np.eye(3), turn]), phase)
    palette = Palette.of(rve)
    np.testing.assert_array_equal(palette.oriented, [False, True])
    layer = palette.layer(rve, 0, 1)
    green = Palette.directions(np.array([[0.0, 1.0, 0.0]]))[0]
    np.testing.assert_array_equal(layer[0, 1], green)
    np.testing.assert_array_equal(layer[0, 0], palette.phases[0])
    assert green[1] > 2 * max(green[0], green[2])
    opposite = Palette.directions(np.array([[0.6, -0.8, 0], [-0.6, 0.8, 0]]))
    np.testing.assert_array_equal(opposite[0], opposite[1])


def test_voids_are_white_and_many_phases_have_colours(tmp_path):
    rve = VoxelRVE(np.arange(60).reshape(3, 4, 5), ("Pores", *(f"p{i}" for i in range(59))))
    assert (Palette.of(rve).phases[0] == 1.0).all()
    draw_rve(rve, tmp_path / "rve.png")
    assert (tmp_path / "rve.png").stat().st_size > 10_000


@pytest.mark.parametrize("normal", range(3))
def test_sections_show_the_layer_that_tells_most(tmp_path, normal):
    layers = np.zeros((9, 6, 6), dtype=int)
    layers[:, 0] = 1
    layers[1, :3] = 1  # the evenest mixture of two phases
    layers[7, 5, 5] = layers[7, 4, 0] = 2  # three phases
    assert _telling_layer(VoxelRVE(np.moveaxis(layers, 0, normal)), normal) == 7
    layers[7] = layers[8]
    assert _telling_layer(VoxelRVE(np.moveaxis(layers, 0, normal)), normal) == 1
    layers[1] = layers[8]
    assert _telling_layer(VoxelRVE(np.moveaxis(layers, 0, normal)), normal) == 4
    layers[1, 1, 0] = 1  # hardly evener than the others
    assert _telling_layer(VoxelRVE(np.moveaxis(layers, 0, normal)), normal) == 4


@pytest.mark.parametrize(("shape", "ticks"), [((32, 1, 1), [1 / 32]), ((8, 1, 1), [0.0, 1 / 8])])
def test_narrow_sections_have_few_ticks(shape, ticks):
    rve = VoxelRVE(np.arange(shape[0]).reshape(shape) % 2)
    axes = Figure().add_subplot()
    _draw_section(axes, rve, Palette.of(rve), 2)
    np.testing.assert_allclose(axes.get_yticks(), ticks)
    assert len(axes.get_xticks()) > 2


def test_bad_path(tmp_path):
    with pytest.raises(InputError, match=r"does not end in \.png"):
        draw_rve(VoxelRVE(np.zeros((2, 2, 2), dtype=int)), tmp_path / "rve.jpg")
    assert list(tmp_path.iterdir()) == []
