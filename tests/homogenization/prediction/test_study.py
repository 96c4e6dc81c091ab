"""The small mode of the study runs, goes on where it was stopped, and reports."""

import json
import subprocess
import sys

from helpers.processes import ROOT, clean_environment

STUDY = ROOT / "demos" / "property_prediction" / "study.py"


def study(folder, *options):
    command = [
        sys.executable,
        str(STUDY),
        "--small",
        "--output",
        str(folder),
        "--data",
        str(folder),
    ]
    return subprocess.run(
        [*command, *options], env=clean_environment(), capture_output=True, text=True, timeout=200
    )


def test_the_small_study_in_parts(tmp_path):
    first = study(tmp_path, "--methods", "Hill;S2-PCA + ridge", "--sizes", "8", "--seeds", "1")
    assert first.returncode == 0, first.stderr
    results = tmp_path / "results_10.json"
    begun = json.loads(results.read_text(encoding="utf-8"))
    assert [entry["method"] for entry in begun["entries"]] == ["Hill", "S2-PCA + ridge"]
    assert begun["entries"][0]["learnt"][0] > 0.1

    methods = "S2-PCA + ridge;trained features + ridge;trained start, all weights"
    second = study(tmp_path, "--methods", methods, "--sizes", "8", "--seeds", "1")
    assert second.returncode == 0, second.stderr
    found = json.loads(results.read_text(encoding="utf-8"))
    assert found["entries"][:2] == begun["entries"]
    assert len(found["entries"]) == 2 + 2  # one of three was there
    report = (tmp_path / "report_10.md").read_text(encoding="utf-8")
    assert "| trained features + ridge |" in report
    assert (tmp_path / "learning_curves_10.png").stat().st_size > 10_000

    found["settings"]["pool"] = 7
    results.write_text(json.dumps(found), encoding="utf-8")
    refused = study(tmp_path, "--methods", "Hill")
    assert refused.returncode == 1
    assert "begun with" in refused.stderr


def test_a_method_that_there_is_not(tmp_path):
    refused = study(tmp_path, "--methods", "Hill;Voigt")
    assert refused.returncode == 1
    assert "give some of Hill; Hashin–Shtrikman mean" in refused.stderr
