import json

import numpy as np
import pytest
from helpers.balls import balls
from helpers.disks import overlapping_disks, window
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.microstructure import MeshRVE, VoxelRVE
from dmn_fe.microstructure.quality import gaussian_control, judge_quality, white_noise

RADIUS = 4.5
NAMES = ("volume fraction", "lineal path", "chord length", "two-point probability (in the loss)")


@pytest.fixture(scope="module")
def original():
    return window(overlapping_disks(224, 11, RADIUS), 192)


def rolled(rve, *shift):
    return VoxelRVE(np.roll(rve.phase, shift, range(len(shift))), rve.names)


def test_rolled_copy_is_the_same():
    periodic = overlapping_disks(64, 1, 5.0)
    report = judge_quality(periodic, rolled(periodic, 13, 40))
    assert report.verdict == "pass"
    for one in report.figures:
        assert one.worst == pytest.approx(0.0, abs=1e-9)
        assert one.floor_worst > one.floor_mean > 0.0
    note, *blind = report.findings
    assert all("judges that cannot tell" in b.sentence for b in blind)
    assert "less than twice as large" in note.sentence
    assert "crops of 32 × 32 voxels, times 0.61" in note.sentence


def realisations(original, count):
    """Independent periodic ones with nearly the volume fraction of the original."""
    found, seed = [], 100
    while len(found) < count:
        one = overlapping_disks(96, seed, RADIUS)
        if abs(one.volume_fractions[0] - original.volume_fractions[0]) < 0.005:
            found.append(one)
        seed += 1
    return found


def test_second_realisations_pass_and_controls_fail(original):
    """Crops of one original give a rough floor: one in ten of its equals misses one of eight."""
    report = judge_quality(original, realisations(original, 6))
    assert report.verdict != "fail"
    ratios = np.array([np.array(one.values) / one.floor_worst for one in report.figures])
    assert (np.median(ratios, axis=1) < 0.8).all()
    assert (ratios.max(axis=0) <= 1.0).sum() >= 4
    for make in (white_noise, gaussian_control):
        report = judge_quality(original, make(original, (96, 96, 1), 77))
        assert report.verdict == "fail"
        assert "outside the noise floor" in report.sentence
        assert report.farthest("volume fraction").worst < 1e-3


def test_own_crop_is_nearer_than_the_controls(original):
    report = judge_quality(original, window(original, 96, 0))
    assert report.verdict == "pass"
    assert report.sentence.startswith("every judge finds less than the noise floor; nearest to it")
    for judge in ("chord length", "specific surface", "Euler number"):
        one = report.farthest(judge)
        assert one.worst < one.floor_worst < one.gaussian < one.white_noise


def test_worst_of_several_results_counts(original):
    good, bad = window(original, 96, 0), white_noise(original, (96, 96, 1))
    report = judge_quality(original, [good, bad])
    assert report.verdict == "fail"
    path = report.farthest("lineal path")
    assert path.values[0] < path.floor_worst < path.values[1] == path.worst
    alone = judge_quality(original, good).farthest("lineal path")
    assert path.values[0] == alone.worst


@pytest.mark.parametrize("radius", [3.0, 9.0])
def test_other_size_of_grains_is_no_pass(original, radius):
    report = judge_quality(original, overlapping_disks(96, 5, radius))
    assert report.verdict != "pass"
    assert not report.farthest("specific surface").within


def test_turned_image_is_found_by_its_isotropy():
    original = window(overlapping_disks(224, 3, 6.0, stretch=3.0), 192)
    result = overlapping_disks(96, 8, 6.0, stretch=3.0)
    straight = judge_quality(original, result)
    assert straight.farthest("isotropy").within
    turned = judge_quality(original, VoxelRVE(result.phase.transpose(1, 0, 2), result.names))
    assert turned.farthest("isotropy").ratio > 3.0
    assert turned.verdict == "fail"


def test_fraction_short_of_one_voxel_is_found():
    periodic = overlapping_disks(64, 1, 5.0)
    phase = periodic.phase.copy()
    x, y, _ = np.argwhere(phase == 1)[0]
    phase[x, y] = 0
    report = judge_quality(periodic, [periodic, VoxelRVE(phase, periodic.names)])
    [finding] = [one for one in report.findings if "volume fraction" in one.sentence]
    ones = int(np.sum(periodic.phase == 1))
    assert f"result 2 has {4096 - ones + 1} of 4096 voxels of phase 'ground'" in finding.sentence


def test_fractions_that_were_asked_for_are_those_that_count(original):
    phase = window(original, 96, 0).phase.copy()
    phase[::3] = 0
    result = VoxelRVE(phase, original.names)
    own = judge_quality(original, result)
    assert not own.farthest("volume fraction").within
    assert any("result 1 has" in one.sentence for one in own.findings)
    report = judge_quality(original, result, fractions=result.volume_fractions)
    assert report.farthest("volume fraction").worst == pytest.approx(0.0, abs=1e-12)
    assert report.farthest("lineal path") == own.farthest("lineal path")
    assert not any("result 1 has" in one.sentence for one in report.findings)
    ground, disks = result.volume_fractions
    asked = f"the volume fractions {ground:.4f}, {disks:.4f} were asked for, the original has"
    assert any(asked in one.sentence for one in report.findings)
    missed = judge_quality(original, result, fractions=(0.5, 0.5)).findings
    assert any("the fraction that was asked for is 4608.0" in one.sentence for one in missed)
    for wrong in ((0.5, 0.2), (1.0,), (0.5, float("nan"))):
        with pytest.raises(
            InputError, match="one positive number for each of the phases ground, d"
        ):
            judge_quality(original, result, fractions=wrong)


def test_percolation_that_differs_is_found():
    """Stripes with a cut each: nothing else but their percolation along e2 changes much."""
    phase = np.broadcast_to((np.arange(64) % 8 < 4).astype(int)[:, None, None], (64, 64, 1)).copy()
    cut = phase.copy()
    for stripe in range(0, 64, 8):
        cut[stripe : stripe + 4, 5 * stripe // 8 % 32] = 0
    report = judge_quality(VoxelRVE(phase, periodic=(False, False, True)), VoxelRVE(cut))
    sentences = [one.sentence for one in report.findings]
    assert any("'inclusion' does not percolate along e2 in the result" in one for one in sentences)
    assert any("'matrix' percolates along e1 in the result" in one for one in sentences)
    assert report.verdict != "pass"


def test_files(original, tmp_path):
    results = [window(original, 96, 0), white_noise(original, (96, 96, 1))]
    report = judge_quality(original, results, in_loss=("two-point probability",))
    report.write(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "quality.json", "quality.md", "quality.png",
    ]  # fmt: skip
    document = json.loads((tmp_path / "quality.json").read_text())
    assert document["verdict"] == "fail"
    assert document["crops"] == [{"view": "", "shape": [96, 96, 1], "factor": 1.0}]
    assert [len(one["values"]) for one in document["figures"]] == [2] * 8
    text = (tmp_path / "quality.md").read_text()
    assert f"**fail**: {report.sentence}" in text
    for name in NAMES:
        assert f"\n| {name} | " in text
    assert document["in_loss"] == ["two-point probability"]
    path = report.farthest("lineal path")
    row = [
        f"{max(path.values):.3f}",
        f"{min(path.values):.3f}",
        path.phase,
        f"{path.floor_mean:.3f}",
    ]
    row += [f"{value:.3f}" for value in (path.floor_worst, path.gaussian, path.white_noise)]
    assert f"\n| lineal path | {' | '.join(row)} | no |" in text
    with Image.open(tmp_path / "quality.png") as image:
        assert len(image.convert("RGB").getcolors(2**24)) > 100
    report.write(tmp_path / "other.md")
    assert (tmp_path / "other.md").read_text() == text
    with pytest.raises(InputError, match=r"no folder and does not end in \.md, \.json, \.png"):
        report.write(tmp_path / "report.txt")


def test_bad_input(original):
    result = overlapping_disks(32, 0)
    square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    mesh = MeshRVE(square, np.array([[0, 1, 2]]), "triangle", np.array([0]))
    other = VoxelRVE(result.phase, ("ground", "voids"))
    volume = balls(16, 0)
    flat = VoxelRVE(np.zeros((20, 20, 1), dtype=int))
    for first, second, sentence in (
        (original, mesh, "result 1 is a MeshRVE, not a VoxelRVE: turn a mesh into voxels"),
        (mesh, result, "the original is a MeshRVE, not a VoxelRVE"),
        (original.phase[:, :, 0], result, "the original is a ndarray, not a VoxelRVE"),
        (original, [mesh], "result 1 is a MeshRVE, not a VoxelRVE"),
        (original, [result.phase], "result 1 is a ndarray, not a VoxelRVE"),
        (original, [], "there is no result"),
        (original, other, r"result 1 has the phases \['ground', 'voids'\], the original \['gro"),
        (window(original, 15), result, "the original has 15 × 15 × 1 voxels: give at least 16"),
        (original, window(original, 12), "result 1 has 12 × 12 × 1 voxels: give at least 16"),
        (original, [result, window(original, 33)], r"result 2 has the shape \[33, 33, 1\], resul"),
        (flat, flat, "the original has one phase only"),
        ((original, original), volume, "2 originals: give one RVE, or three sections"),
        ((original,) * 3, result, "three originals describe a volume, the result is a section"),
        (volume, VoxelRVE(result.phase, volume.names), "the original is a volume but the result"),
    ):
        with pytest.raises(InputError, match=sentence):
            judge_quality(first, second)
    with pytest.raises(InputError, match="give some of the judges volume fraction, lineal path"):
        judge_quality(original, result, in_loss=("gram",))
    three = [VoxelRVE(original.phase, volume.names)] * 3
    with pytest.raises(
        InputError, match=r"original 1 of three has the shape \[192, 192, 1\]: give"
    ):
        judge_quality(three, volume)
