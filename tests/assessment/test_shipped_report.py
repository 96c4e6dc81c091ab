"""The report of the full study that comes with the project belongs to the results beside it."""

import pytest
from helpers.processes import ROOT

from dmn_fe.assessment import write_report
from dmn_fe.assessment.training_work import result_path
from dmn_fe.cli.study_file import read_study_file

ASSESSMENT = ROOT / "demos" / "assessment"
REPORT = ASSESSMENT / "report"


@pytest.fixture(scope="module")
def plan():
    return read_study_file(ASSESSMENT / "full.toml")


def test_every_training_has_its_result(plan):
    """Results are named by settings and by the content of the data they were made from."""
    results = {result_path(REPORT / "runs", training) for training in plan.trainings()}
    assert results == set((REPORT / "runs").glob("*.json"))


def test_the_report_is_made_from_the_results(plan, tmp_path):
    write_report(plan, REPORT / "runs", tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in REPORT.iterdir() if p.is_file()}
    for name in ("report.md", "networks.csv", "paths.csv"):
        assert (tmp_path / name).read_text() == (REPORT / name).read_text()
