"""Whole reconstructions of small images: texture, fractions, periodicity, restarts, wrong input."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import photos

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, lineal_path, two_point_probability
from dmn_fe.microstructure.quality import gaussian_control, white_noise
from dmn_fe.microstructure.reconstruction import random_encoder, reconstruct, result_size


def disks(nx: int, ny: int, **options: int) -> np.ndarray:
    """Disks of radius 5 pixels, as many on each area."""
    return photos.disks(nx, ny, radius=5.0, count=nx * ny // 250, **options)


def photo(phase: np.ndarray) -> VoxelRVE:
    return VoxelRVE(phase[:, :, None], periodic=(False, False, True))


def path_error(rve: VoxelRVE, original: VoxelRVE) -> float:
    """Relative distance of the lineal paths of phase 1, mean of both axes."""
    found, expected = (
        np.mean([lineal_path(each, 1, axis)[1][:12] for axis in (0, 1)], axis=0)
        for each in (rve, original)
    )
    return float(np.abs(found - expected).sum() / expected.sum())


@pytest.fixture(scope="module")
def original():
    return photo(disks(128, 128))


@pytest.fixture(scope="module")
def made(original):
    return reconstruct(original, 64, seeds=(0, 1))


def test_the_lineal_path_is_nearer_than_that_of_a_gaussian_field(original, made):
    gaussian = path_error(gaussian_control(original, (64, 64, 1)), original)
    noise = path_error(white_noise(original, (64, 64, 1)), original)
    for rve in made.rves:
        assert path_error(rve, original) < 0.5 * min(gaussian, noise)


def test_fractions_are_exact_and_all_else_is_that_of_the_image(original, made):
    for rve in made.rves:
        wanted = original.volume_fractions[1]
        assert abs(rve.volume_fractions[1] - wanted) <= 0.5 / rve.phase.size + 1e-12
        assert rve.shape == (64, 64, 1)
        assert rve.periodic == (True, True, True)
        assert rve.names == original.names
        assert rve.size[:2] == (0.5, 0.5)  # the pixels of the image


def test_results_continue_across_their_faces(made):
    """Changes of phase from the last row to the first are as many as elsewhere."""
    for rve in made.rves:
        phase = rve.phase[:, :, 0]
        for axis in (0, 1):
            changes = (phase != np.roll(phase, -1, axis)).mean(1 - axis)
            assert changes[-1] < changes[:-1].max() + 0.05


def test_seeds_give_different_results_and_the_same_ones_again(original, made):
    assert (made.rves[0].phase != made.rves[1].phase).mean() > 0.1
    again = reconstruct(original, 64, seeds=(1,))
    assert (again.rve.phase == made.rves[1].phase).all()
    assert again.losses == (made.losses[1],)


def test_seeds_side_by_side_are_as_good(original, made):
    together = reconstruct(original, 64, seeds=(0, 1), batch=2)
    assert max(together.losses) < 2.0 * max(made.losses)


def test_interrupted_work_goes_on_and_ends_the_same(original, made, tmp_path):
    path, seen = tmp_path / "restart.safetensors", []

    def interrupt(done, total, message):
        seen.append(done)
        if len(seen) == 550:  # in the second seed
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dmn_fe.microstructure.reconstruction.restart._SECONDS_BETWEEN_WRITES", 0.0)
        with pytest.raises(KeyboardInterrupt):
            reconstruct(original, 64, seeds=(0, 1), restart=path, progress=interrupt)
        later = []
        found = reconstruct(
            original, 64, seeds=(0, 1), restart=path, progress=lambda done, *_: later.append(done)
        )
    assert later[0] > 500
    assert later[-1] == max(later)
    for a, b in zip(found.rves, made.rves, strict=True):
        assert (a.phase == b.phase).all()
    assert reconstruct(original, 64, seeds=(0, 1), restart=path).losses == found.losses
    later.clear()
    one = reconstruct(
        original,
        64,
        seeds=np.array([1]),
        restart=path,
        progress=lambda done, total, _: later.append(done / total),
    )
    assert one.losses == found.losses[1:]
    assert later == [1.0]  # the other seed does not count


def test_a_restart_file_of_another_image_is_refused(original, made, tmp_path):
    path = tmp_path / "restart.safetensors"
    small = photo(disks(32, 32))
    reconstruct(small, 32, restart=path)
    with pytest.raises(InputError, match="belongs to another image"):
        reconstruct(photo(disks(32, 32, seed=1)), 32, restart=path)
    with pytest.raises(InputError, match="belongs to another encoder"):
        reconstruct(small, 32, encoder=random_encoder(1), restart=path)


def test_fractions_that_are_known_better_are_kept():
    rve = reconstruct(disks(64, 64), 32, fractions=(0.625, 0.375)).rve
    assert rve.volume_fractions == (0.625, 0.375)


def test_a_result_may_be_much_larger_than_the_image():
    rve = reconstruct(disks(40, 41), np.int64(128)).rve
    assert rve.shape == (128, 128, 1)


def test_three_phases_keep_their_fractions_and_their_neighbours():
    original = photo(disks(96, 96, phases=3))
    rve = reconstruct(original, 48).rve
    np.testing.assert_allclose(rve.volume_fractions, original.volume_fractions, atol=1.0 / 48**2)
    near = [
        [two_point_probability(each, a, b).along(0)[1][2] for a in range(3) for b in range(3)]
        for each in (rve, original)
    ]
    np.testing.assert_allclose(near[0], near[1], atol=0.02)


def test_all_losses_together():
    original = photo(disks(64, 64))
    rve = reconstruct(original, 32, losses=("gram", "sliced-wasserstein", "two-point")).rve
    assert path_error(rve, original) < 0.3


def test_a_section_keeps_its_plane():
    phase = disks(64, 48)
    rve = reconstruct(VoxelRVE(phase[:, None, :], size=(2.0, 0.1, 1.5)), (40, 32)).rve
    assert rve.shape == (40, 1, 32)
    assert rve.size == pytest.approx((1.25, 1.0 / 32, 1.0))


def test_a_volume_has_the_texture_of_its_image_in_all_directions(original):
    rve = reconstruct(original, 24, dimension=3).rve
    assert rve.shape == (24, 24, 24)
    assert abs(rve.volume_fractions[1] - original.volume_fractions[1]) <= 0.5 / 24**3 + 1e-12
    expected = np.mean([lineal_path(original, 1, axis)[1][:8] for axis in (0, 1)], axis=0)
    for axis in range(3):
        found = lineal_path(rve, 1, axis)[1][:8]
        assert np.abs(found - expected).sum() < 0.15 * expected.sum()


def test_three_sections_give_an_anisotropic_volume():
    """Layers normal to e3 appear as stripes in two of the sections."""
    rng = np.random.default_rng(0)
    blobs, stripes = disks(64, 64), np.indices((64, 64))[1] // 4 % 2
    stripes = np.where(rng.random((64, 64)) < 0.02, 1 - stripes, stripes)
    sections = (
        VoxelRVE(stripes[None], size=(1 / 64, 1, 1)),
        VoxelRVE(stripes[:, None], size=(1, 1 / 64, 1)),
        VoxelRVE(blobs[:, :, None], size=(1, 1, 1 / 64)),
    )
    rve = reconstruct(sections, 16, dimension=3).rve
    paths = [lineal_path(rve, 1, axis)[1][4] for axis in range(3)]
    assert paths[2] < 0.5 * min(paths[:2])


@pytest.mark.parametrize(
    ("image", "options", "sentence"),
    [
        (np.zeros((64, 64), dtype=int), {}, "one phase only, 'matrix': segment it"),
        (disks(16, 64), {}, "the image has 16 × 64 pixels: give one with at least 32"),
        (disks(64, 64).astype(float), {}, "type float64"),
        (np.zeros((64, 64, 64), dtype=int), {}, "give phases"),
        (VoxelRVE(np.indices((40, 40, 40))[0] % 2), {}, "give a section, with one voxel along"),
        (disks(64, 64), {"size": 60}, "size = 60: give one edge or 2, in voxels, multiples of 8"),
        (disks(64, 64), {"size": (64, 64, 64)}, "give one edge or 2"),
        (disks(64, 64), {"dimension": 4}, "dimension = 4: give 2 or 3"),
        (disks(64, 64), {"seeds": ()}, "give one or more different ones"),
        (disks(64, 64), {"seeds": (-1,)}, "whole number"),
        (disks(64, 64), {"batch": 0}, "batch = 0"),
        (disks(64, 64), {"encoder": "resnet"}, "encoder = 'resnet': give 'shipped', 'random'"),
        (disks(64, 64), {"encoder": "none.pth"}, "no such file; give the weights of a VGG-19"),
        (disks(64, 64), {"losses": ("style",)}, "give some of gram"),
        (disks(64, 64), {"fractions": (0.2, 0.3)}, "give one positive number for each of the ph"),
        (disks(64, 64), {"fractions": (1.0,)}, "give one positive number for each of the phases"),
        (disks(64, 64), {"fractions": 0.3}, "give one positive number for each of the phases"),
        (disks(64, 64), {"fractions": (0.5, np.nan)}, "give one positive number for each of the"),
        (disks(64, 64), {"size": 64.0}, "size = 64.0: give one edge"),
        ("photo.png", {}, "image = 'photo.png': read it with microstructure.read_photo first"),
        (7, {}, "the image is a int: give an RVE of voxels"),
        (disks(64, 64), {"device": "cuda:99"}, "cannot be used here"),
        ([disks(64, 64)] * 3, {"dimension": 3}, "normal to e1, e2 and e3"),
        ([disks(64, 64)] * 3, {}, "give one, or for three dimensions three"),
    ],
)
def test_wrong_input_gives_one_sentence(tmp_path, image, options, sentence):
    with pytest.raises(InputError) as caught:
        reconstruct(image, restart=tmp_path / "r.safetensors", **options)
    assert not list(tmp_path.iterdir())
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_phase_with_too_few_pixels_is_named():
    phase = disks(256, 256)
    phase[phase == 2] = 1
    phase[10, 10:12] = 2
    with pytest.raises(InputError, match=r"phase 2 has the volume fraction 3\.1e-05"):
        reconstruct(phase, 32)


def test_pixels_of_a_volume_are_square():
    image = VoxelRVE(disks(64, 64)[:, :, None], size=(1.0, 2.0, 1.0))
    with pytest.raises(InputError, match="give images with square pixels"):
        reconstruct(image, 16, dimension=3)


def test_memory_is_estimated_before_anything_is_done(monkeypatch):
    monkeypatch.setattr(result_size, "memory", lambda: SimpleNamespace(available=1e9, total=4e9))
    with pytest.raises(InputError, match=r"512 × 512 × 512 voxels needs about \d+\.\d GB"):
        reconstruct(disks(64, 64), 512, dimension=3)
    network = random_encoder()
    one = result_size.needed_bytes((64, 64, 64), 64**2, 2, network, 3, 1)
    assert result_size.needed_bytes((128, 128, 128), 64**2, 2, network, 3, 1) > 5.0 * one
    assert result_size.needed_bytes((64, 64, 64), 64**2, 3, network, 3, 1) > 1.5 * one
    assert result_size.needed_bytes((64, 64, 64), 4000**2, 2, network, 3, 1) > 4e9
