"""Pictures of a part."""

# isort: off
from dmn_fe.fem import draw, gather_surface, pictures, von_mises_field

# isort: on
import numpy as np
import pytest
from helpers.blocks import STEEL, uniaxial_block
from matplotlib.image import imread


@pytest.fixture(scope="module")
def block():
    made = uniaxial_block(STEEL)
    assert made.problem.step(0.01).converged
    return made


def test_surface_holds_the_deformed_boundary(block):
    with_values = von_mises_field(block.qmap)
    surface = gather_surface(block.u, with_values)
    assert surface.corners.shape == (12, 3, 3)
    sides = np.cross(*(surface.corners[:, k] - surface.corners[:, 0] for k in (1, 2)))
    assert np.linalg.norm(sides, axis=1).sum() / 2 == pytest.approx(6.0)
    np.testing.assert_allclose(
        surface.displacement[..., 0], 0.01 * surface.corners[..., 0], atol=1e-15
    )


@pytest.mark.parametrize("off_screen", [True, False])
def test_picture_shows_the_curve_and_the_part(block, tmp_path, monkeypatch, off_screen):
    if not off_screen:
        monkeypatch.setattr(pictures, "_render", lambda *_: None)
    surface = gather_surface(block.u, von_mises_field(block.qmap))
    path = tmp_path / "picture.png"
    drawn_by = draw(path, {"steel": ([0.0, 1.0], [0.0, 2.0])}, surface)
    assert drawn_by in (("pyvista", "matplotlib") if off_screen else ("matplotlib",))
    picture = imread(path)[:, :, :3]
    middle = picture.shape[1] // 2
    for half in (picture[:, :middle], picture[:, middle:]):
        assert 0.01 < (half.min(axis=2) < 0.9).mean() < 0.9
