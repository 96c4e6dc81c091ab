import numpy as np
import pytest
from helpers.balls import balls
from helpers.disks import overlapping_disks
from PIL import Image

from dmn_fe.microstructure import VoxelRVE
from dmn_fe.microstructure.quality import judge_quality, white_noise
from dmn_fe.microstructure.quality.layers import layers
from dmn_fe.microstructure.reconstruction.sections import sections_of, wanted_fractions
from dmn_fe.microstructure.volume_fraction import exact_counts


def layer_of_half(rve, normal, n):
    """Of the layers across an axis that whose fraction is nearest to one half, ``n`` wide."""
    place = [slice(0, n)] * 3
    place[normal] = slice(None)
    block = np.moveaxis(rve.phase[tuple(place)], normal, 0)
    layer = int(np.argmin(np.abs(block.mean(axis=(1, 2)) - 0.5)))
    flat = np.expand_dims(block[layer], normal)
    return VoxelRVE(flat, rve.names, periodic=(False, False, False))


def test_volume_against_one_section():
    section = layer_of_half(balls(64, 0), 2, 64)
    good, long = balls(32, 1), balls(32, 2)
    stretched = VoxelRVE(np.repeat(long.phase[:8], 4, axis=0), long.names)
    report = judge_quality(section, [good, stretched, white_noise(good, (32, 32, 32))])
    assert {one.view for one in report.figures} == {"across e1", "across e2", "across e3"}
    assert report.verdict == "fail"
    for one in report.figures:
        assert one.values[0] <= max(1.2 * one.floor_worst, one.limit)
        if one.judge == "isotropy":
            assert (one.values[1] > one.floor_worst) == (one.view != "across e1")
        if one.judge in ("lineal path", "specific surface"):
            assert one.values[2] > max(one.floor_worst, one.limit)


def test_volume_against_three_sections_of_an_anisotropic_medium(tmp_path):
    """Drawn out along e3: a result that is drawn out along e1 is another medium."""
    long = overlapping_disks(128, 0, 4.0, stretch=2.0).phase[:, :, 0].T  # [across, e3]
    names, window_of = ("ground", "balls"), {"periodic": (False, False, False)}
    three = [
        VoxelRVE(long[None], names, **window_of),
        VoxelRVE(long[:, None], names, **window_of),
        VoxelRVE(overlapping_disks(128, 2, 4.0).phase, names, **window_of),
    ]
    result = VoxelRVE(np.repeat(balls(48, 1).phase[:, :, :24], 2, axis=2), names)
    turned = VoxelRVE(result.phase.transpose(2, 1, 0), names)
    report = judge_quality(three, [result, turned])
    assert report.verdict == "fail"
    isotropy = {one.view: one.values for one in report.figures if one.judge == "isotropy"}
    assert isotropy["across e1"][0] < 0.6 * isotropy["across e1"][1]
    assert isotropy["across e3"][0] < 0.6 * isotropy["across e3"][1]
    # The picture shows the layers of a view beside each other.
    shown, columns = layers(report)
    assert columns == 3
    assert [one.normal for one in shown] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert [one.rve for one in shown[:9]] == [rve for one in three for rve in (one, result, turned)]
    assert shown[4].title == "result 1 across e2"
    assert {one.window for one in shown} == {(48, 48)}
    report.write(tmp_path / "three.png")
    with Image.open(tmp_path / "three.png") as image:
        assert image.width > 1500


def test_picture_shows_results_across_the_axis_of_the_section():
    """A section normal to e1 of a volume that is not a cube: e2 to the right, e3 up."""
    section = layer_of_half(balls(64, 0), 0, 64)
    result = VoxelRVE(balls(32, 1).phase[:, :24, :16], section.names)
    (original, own, *controls), _ = layers(judge_quality(section, result))
    assert (original.normal, own.normal) == (0, 0)
    assert [one.normal for one in controls] == [2, 2]
    assert original.window == own.window == (24, 16)


def test_each_of_three_sections_weighs_the_same_in_the_fractions():
    """The last is the largest, yet a reconstruction takes the mean of the three fractions."""
    names = ("ground", "disks")
    discs = [overlapping_disks(n, 3, 5.0, cover).phase for n, cover in ((64, 0.4), (64, 0.5))]
    large = overlapping_disks(128, 3, 5.0, 1.2).phase
    shaped = [discs[0].reshape(1, 64, 64), discs[1].reshape(64, 1, 64), large]
    three = [VoxelRVE(phase, names, phase.shape, periodic=(False,) * 3) for phase in shaped]
    counts = exact_counts(np.mean([one.volume_fractions for one in three], axis=0), 32**3)
    result = VoxelRVE(
        np.random.default_rng(0).permutation(np.repeat([0, 1], counts)).reshape(32, 32, 32), names
    )
    report = judge_quality(three, result)
    assert not any("volume fraction" in one.sentence for one in report.findings)
    # Each has crops of its own.
    assert [floor.shape for floor in report.floors.values()] == [(32, 32, 1)] * 2 + [(45, 45, 1)]
    small = [one.sentence for one in report.findings if "less than twice" in one.sentence]
    assert ["across e1" in small[0], "across e2" in small[1], len(small)] == [True, True, 2]
    section = sections_of(three, 3)
    assert wanted_fractions(None, section) == pytest.approx(result.volume_fractions, abs=1 / 32**3)


def test_volume_against_a_volume():
    original = balls(40, 0, periodic=False)
    report = judge_quality(original, [balls(20, 1), white_noise(original, (20, 20, 20))])
    assert {one.view for one in report.figures} == {""}
    for one in report.figures:
        assert one.values[0] <= max(1.2 * one.floor_worst, one.limit)
    assert report.farthest("Euler number").values[1] > report.farthest("Euler number").limit
