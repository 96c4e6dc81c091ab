"""The demo in its small mode: it runs, goes on where it was stopped, and reports."""

import json
import subprocess
import sys

import pytest
from helpers.processes import ROOT, clean_environment

DEMO = ROOT / "demos" / "property_prediction"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sections that all tests share."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def called(demo, monkeypatch, tmp_path, data):
    """Exit status of a script in its small mode, in this process."""

    def call(script, *options):
        arguments = ["--small", "--output", str(tmp_path), "--data", str(data)]
        monkeypatch.setattr(sys, "argv", [f"{script}.py", *arguments, *options])
        return demo(script).main()

    return call


def test_the_small_study_in_parts(called, tmp_path, capsys):
    assert called("study", "--methods", "Hill;S2-PCA + ridge", "--sizes", "8", "--seeds", "1") == 0
    results = tmp_path / "results_small_10.json"
    begun = json.loads(results.read_text(encoding="utf-8"))
    assert [entry["method"] for entry in begun["entries"]] == ["Hill", "S2-PCA + ridge"]
    assert begun["entries"][0]["learnt"][0] > 0.1

    methods = (
        "S2-PCA + ridge;trained features + ridge;random features + ridge;"
        "trained start, all weights;from scratch, early stopping"
    )
    assert called("study", "--methods", methods, "--sizes", "8", "--seeds", "2") == 0
    found = json.loads(results.read_text(encoding="utf-8"))
    assert found["entries"][:2] == begun["entries"]
    assert len(found["entries"]) == 2 + 9  # one of ten was there
    of_random = [e["unseen"] for e in found["entries"] if e["method"].startswith("random")]
    assert of_random[0] != of_random[1]  # other sections, another encoder
    assert found["entries"][-1]["step"] in (2, 4)
    report = (tmp_path / "report_small_10.md").read_text(encoding="utf-8")
    assert "| trained features + ridge |" in report
    assert (tmp_path / "learning_curves_small_10.png").stat().st_size > 10_000

    found["settings"]["pool"] = 7
    results.write_text(json.dumps(found), encoding="utf-8")
    assert called("study", "--methods", "Hill") == 1
    assert "begun with other settings (pool); give another --output" in capsys.readouterr().err
    results.write_text("[]", encoding="utf-8")
    assert called("study", "--methods", "Hill") == 1
    assert "no results of this demo" in capsys.readouterr().err


def test_the_small_network_starts(called, tmp_path):
    assert called("network_start") == 0
    found = json.loads((tmp_path / "small_network_start.json").read_text(encoding="utf-8"))
    (entry,) = found["entries"]
    assert [len(histories) for histories in entry["rows"].values()] == [2] * 5
    assert min(entry["seconds"].values()) > 0
    first = entry["rows"]["default"][0]
    assert first[0][0] == 0
    assert first[-1] == [20, pytest.approx(first[-1][1])]
    # Four solved stiffnesses are a better start than none.
    starts = {name: rows[0][0][1] for name, rows in entry["rows"].items()}
    assert starts["pretrained on solved"] < starts["default"]
    assert "pretraining counted by rows" in (tmp_path / "small_network_start.md").read_text()


def test_the_small_calibration(called, tmp_path):
    assert called("calibration") == 0
    found = json.loads((tmp_path / "small_calibration.json").read_text(encoding="utf-8"))
    assert [entry["test"] for entry in found["entries"]] == ["learnt"] * 6 + ["unseen"] * 3
    assert min(min(entry["bar"]) for entry in found["entries"]) > 0
    assert (tmp_path / "small_calibration.png").stat().st_size > 10_000
    assert "| stiffness, families never seen |" in (tmp_path / "small_calibration.md").read_text()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--methods", "Hill;Voigt"), "give some of Hill; Hashin–Shtrikman mean"),
        (("--sizes", "25,a"), "--sizes '25,a': give numbers from 2 to 12"),
        (("--sizes", "5000"), "--sizes '5000': give numbers from 2 to 12"),
    ],
)
def test_options_that_make_no_sense(options, sentence, called, capsys):
    assert called("study", *options) == 1
    assert sentence in capsys.readouterr().err


def test_a_script_says_in_one_sentence_what_is_wrong(tmp_path):
    """As a user calls it; a file that is none where the sections should be."""
    (tmp_path / "learnt_small_10.safetensors").write_text("no sections")
    command = [sys.executable, str(DEMO / "network_start.py"), "--small"]
    process = subprocess.run(
        [*command, "--output", str(tmp_path), "--data", str(tmp_path)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert process.returncode == 1
    assert process.stderr.startswith("network_start.py: ")
    assert "not a data set of sections" in process.stderr
    assert "Traceback" not in process.stderr
