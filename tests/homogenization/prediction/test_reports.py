"""What the demo counts and says of its results, and that the shipped reports are of these."""

import math
import shutil

import pytest
import torch
from helpers.processes import ROOT

from dmn_fe.homogenization import effective_stiffness, hashin_shtrikman_mean
from dmn_fe.homogenization.prediction import TwoPhases
from dmn_fe.mandel import plane_part
from dmn_fe.microstructure import VoxelRVE
from dmn_fe.training import Settings
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.samples import split
from dmn_fe.training.start import random_start

DEMO = ROOT / "demos" / "property_prediction"
PAIR = ("trained features + ridge", "random features + ridge")


def entries_of(method, n, errors):
    """Both errors alike, seeds from 0 on."""
    return [
        {"method": method, "n": n, "seed": seed, "learnt": [e, e], "unseen": [2 * e, 2 * e]}
        for seed, e in enumerate(errors)
    ]


def test_an_interval_of_student(demo):
    mean, half = demo("curves").interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half == pytest.approx(4.302653 / math.sqrt(3.0), rel=1e-6)  # t of two degrees at 0.975
    assert demo("curves").interval([5.0]) == (5.0, 0.0)


def test_pairs_are_of_the_same_seed(demo):
    entries = entries_of(PAIR[0], 25, [0.3, 0.4]) + entries_of(PAIR[1], 25, [0.1, 0.1, 0.7])[::-1]
    entries += entries_of(PAIR[1], 50, [0.9])
    assert demo("report").paired(entries, PAIR, 25, "learnt") == pytest.approx([0.2, 0.3])
    assert demo("report").paired(entries, PAIR, 25, "unseen") == pytest.approx([0.4, 0.6])


def test_verdicts(demo):
    """Worse at 25, open at 50, better at 100, each for both kinds of tests."""
    entries = entries_of("Hashin–Shtrikman mean", 0, [0.1])
    for n, first, second in (
        (25, [0.11, 0.12, 0.115], [0.10, 0.108, 0.104]),
        (50, [0.09, 0.11, 0.10], [0.10, 0.10, 0.10]),
        (100, [0.05, 0.06, 0.05], [0.10, 0.10, 0.10]),
    ):
        entries += entries_of(PAIR[0], n, first) + entries_of(PAIR[1], n, second)
    entries += entries_of(PAIR[0], 250, [0.01, 0.02])
    lines = demo("report").verdicts(entries)
    assert "in 6 comparisons: 2 better, 2 open, 2 worse" in lines[0]
    assert "1.50 % by *trained features + ridge*, 0.15 of" in lines[1]
    assert lines[1].endswith("the target of 2 % is reached.")
    assert lines[2].endswith("the target of 2 % is not reached.")  # 3 % of families never seen


def test_iterations_and_what_they_cost(demo):
    module = demo("network_start_report")
    start = [[0, 0.5], [10, 0.2], [20, 0.1]]
    entry = {
        "rows": {
            "default": [start, start, [[0, 0.5], [10, 0.4], [20, 0.3]]],
            "pretrained": [[[0, 0.1], [10, 0.1], [20, 0.1]]] * 3,
        },
        "seconds": {"prediction": 1.0, "pretraining": 6.0, "iteration": 0.5},
    }
    assert module.goal_of(entry) == 0.1
    assert module.middle_of(entry, "default", 0.2) == (10, 2)
    assert module.middle_of(entry, "default", 0.05) == (20, 0)  # the limit
    assert module.middle_of(entry, "pretrained", 0.2) == (10, 3)  # the first judgement
    settings = {"pretraining": 50, "samples": 100}
    assert module.costs_of(entry, "pretrained", settings) == (0.0, 50 * 4 / 80, 12.0)
    assert module.costs_of(entry, "chosen", settings) == (0.0, 0.0, 0.0)


@pytest.fixture
def image():
    return (torch.arange(64).reshape(8, 8) % 5 == 0).to(torch.uint8)


def test_four_rows_have_the_phases_in_both_orders(demo, image):
    """The mean of the bounds of the phases as they stand in the row; learnt and held out alike."""
    module, fraction = demo("network_start"), image.double().mean()[None]
    few = module.few_samples(image, module.mean)
    for half in split(8, 0.5):
        for row, young in zip(half.tolist(), [(1, 10), (10, 1), (1, 100), (100, 1)], strict=True):
            phases = TwoPhases(young, conductivity=young)
            torch.testing.assert_close(few.phase_stiffness[row], phases.plane_stiffness)
            expected = hashin_shtrikman_mean(phases, fraction)[0][0]
            torch.testing.assert_close(few.effective[row], expected)


def test_solved_rows_with_swapped_phases(demo, image):
    module, rve = demo("network_start"), VoxelRVE(image.numpy()[:, :, None])
    few = module.few_samples(image, module.solved)
    swapped = split(8, 0.5)[0][1]
    stiffness = TwoPhases((10.0, 1.0), conductivity=(10.0, 1.0)).stiffness
    expected = plane_part(effective_stiffness(rve, stiffness))
    torch.testing.assert_close(few.effective[swapped], expected, rtol=1e-3, atol=1e-3)


def test_the_nearest_start_is_found(demo, image):
    """Samples that are what one of the starts would say."""
    module, settings = demo("network_start"), Settings(depth=3)
    few = module.few_samples(image, module.mean)
    problem = TrainingProblem([few], settings)
    row = random_start(problem.parametrisation, settings.start, [23])[0]
    few.effective[:] = problem.network(row).stiffness(few.phase_stiffness)
    assert module.nearest_seed(few, few, settings, range(20, 26)) == 23


@pytest.mark.parametrize(
    ("module", "results", "report"),
    [
        ("report", "results_10.json", "report_10.md"),
        ("report", "results_100.json", "report_100.md"),
        ("network_start_report", "network_start.json", "network_start.md"),
        ("calibration_report", "calibration.json", "calibration.md"),
    ],
)
def test_shipped_reports_are_those_of_the_shipped_results(module, results, report, demo, tmp_path):
    shutil.copy(DEMO / results, tmp_path / results)
    demo(module).write_report(tmp_path / results, tmp_path)
    found = (tmp_path / report).read_text(encoding="utf-8")
    assert found == (DEMO / report).read_text(encoding="utf-8")
    entries = demo("results_file").read_results(tmp_path / results)[1]
    assert len((DEMO / results).read_text(encoding="utf-8").splitlines()) == len(entries) + 3
