"""The studies of the reconstruction, small: they run, go on, and are reported."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.photos import disks
from helpers.processes import ROOT, clean_environment

from dmn_fe.microstructure import VoxelRVE, judge_quality
from dmn_fe.microstructure.quality import white_noise

STUDY = ROOT / "demos" / "reconstruction"


def run(folder: Path, script: str, *arguments: object) -> str:
    process = subprocess.run(
        [sys.executable, STUDY / script, *map(str, arguments)],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def cases(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of all studies."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "images").mkdir()
    (folder / "results").mkdir()
    np.save(folder / "images" / "dots.npy", disks(96, 96, radius=5.0, count=60))
    small = ("--images", "images", "--only", "dots", "--size", 32, "--encoder", "random 0")
    run(folder, "study.py", "general", *small, "--seeds", 2, "--results", "results/general.jsonl")
    run(folder, "study.py", "pruning", *small, "--seeds", 1, "--results", "results/pruning.jsonl")
    sizes = ("--seeds", 1, "--size", 16, "--hidden", 48, "--only", "gaussian field")
    last = ("--encoder", "random 0", "--results", "results/volumes.jsonl")
    run(folder, "study.py", "volumes", *sizes, *last)
    return folder


def test_every_case_has_its_figures(folder):
    (case,) = cases(folder / "results" / "general.jsonl")
    assert case["image"] == "dots"
    assert len(case["losses"]) == 2
    assert len(case["judges"]["lineal path"]["values"]) == 2
    assert case["verdict"] in ("pass", "warn", "fail")


def test_pruned_encoders_are_cut_and_left_out(folder):
    found = cases(folder / "results" / "pruning.jsonl")
    assert [case["variant"] for case in found] == [
        "whole",
        "blocks 1–1",
        "blocks 1–2",
        "blocks 1–3",
        "without block 1",
        "without block 2",
        "without block 3",
    ]
    # Each compares other features, so it makes another image.
    assert len({case["judges"]["lineal path"]["values"][0] for case in found}) == 7


def test_floors_by_length_are_those_of_the_report(monkeypatch):
    """Over all lengths, the mean of two phases is between the worse one and half of it."""
    monkeypatch.syspath_prepend(str(STUDY))
    scales = importlib.import_module("scales")
    monkeypatch.setattr(scales, "BINS", ((0, 99),))
    original = VoxelRVE(disks(96, 96, radius=5.0, count=60)[:, :, None], periodic=(False,) * 3)
    report = judge_quality(original, white_noise(original, (64, 64, 1)))
    path = report.farthest("lineal path")
    assert report.floors[""].factor < 0.9
    (found,) = scales.errors_by_scale(report).values()
    assert 0.5 * path.floor_worst <= found["floor"] + 1e-5 <= path.floor_worst + 2e-5
    assert 0.5 * path.worst <= found["values"][0] + 1e-5 <= path.worst + 2e-5


def test_a_case_is_done_again_for_more_seeds_or_another_image(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(STUDY))
    book = importlib.import_module("cases")
    results, found = tmp_path / "r.jsonl", {"verdict": "pass", "seconds": 1.0}
    case = {"image": "a", "size": 32, "digest": "x", "seeds": 3}
    assert book.is_new(results, case)
    book.add(results, case, found)
    assert not book.is_new(results, case)
    assert not book.is_new(results, {**case, "seeds": 2})
    for other in ({"image": "b"}, {"size": 64}, {"seeds": 5}, {"digest": "y"}):
        assert book.is_new(results, {**case, **other})
    book.add(results, {**case, "size": 64}, found)
    book.add(results, {**case, "seeds": 5}, found)
    assert [(line["size"], line["seeds"]) for line in book.lines_of(results)] == [(64, 3), (32, 5)]


def test_volumes_are_compared_in_all_directions(folder):
    (case,) = cases(folder / "results" / "volumes.jsonl")
    assert set(case["S2"][0]) == {"axes", "face diagonals", "space diagonals"}
    # 16 voxels hold few features: this tells nothing but that errors grow with the contrast.
    assert 0.0 < case["stiffness error"]["10"][0] < case["stiffness error"]["100"][0] < 1.0


def test_the_same_command_does_nothing_twice(folder):
    own = ("--images", "images", "--only", "dots", "--results", "results/general.jsonl")
    small = ("--seeds", 2, "--size", 32, "--encoder", "random 0")
    assert run(folder, "study.py", "general", *small, *own) == ""


def test_the_shipped_report_is_that_of_the_shipped_results(tmp_path):
    run(tmp_path, "report.py", "--results", STUDY / "results", "--output", tmp_path / "report.md")
    found = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert found == (STUDY / "report.md").read_text(encoding="utf-8")


def case_of(image: str, encoder: str, lineal_path: list[float], pairs: float = 0.1) -> dict:
    """A case with a floor of 0.2 and a Gaussian field at 0.3."""
    judges = {
        "lineal path": {"values": lineal_path, "floor": 0.2, "gaussian": 0.3, "white noise": 0.9},
        "two-point probability": {"values": [pairs], "floor": 0.2, "gaussian": 0.0},
    }
    rest = {"seeds": len(lineal_path), "verdict": "pass", "seconds": 1.0}
    return {"image": image, "encoder": encoder, "judges": judges, **rest}


def test_the_worst_seed_decides_on_the_target(monkeypatch):
    monkeypatch.syspath_prepend(str(STUDY))
    general = importlib.import_module("general_report")
    assert general.reaches_target(case_of("a", "shipped", [0.1, 0.15]))
    assert not general.reaches_target(case_of("a", "shipped", [0.1, 0.16]))  # half of the Gaussian
    assert not general.reaches_target(case_of("a", "shipped", [0.1], pairs=0.21))


def test_encoders_are_compared_image_by_image(monkeypatch):
    monkeypatch.syspath_prepend(str(STUDY))
    general = importlib.import_module("general_report")
    shipped = [case_of(name, "shipped", [0.05, 0.07]) for name in "abc"]
    others = {"a": 0.10, "b": 0.11, "c": 0.12, "d": 9.0}
    other = [case_of(n, "random 0", [e, e]) for n, e in others.items()]
    text = general.general_section(shipped + other)
    # (0.06 − 0.11) / 0.2, ± 4.303 · 0.05 / √3; the last image has no case to compare.
    assert "| lineal path | -0.25 ± 0.12 | better | 3 : 0 |" in text
    assert "*shipped*: the target is reached on 3 of 3 images; verdicts: 3 pass" in text
    assert "*random 0*: the target is reached on 3 of 4 images (missed: d)" in text


def test_the_report_has_a_row_for_each_case(folder):
    run(folder, "report.py", "--results", "results", "--output", "report.md")
    text = (folder / "report.md").read_text()
    for heading in ("## General", "## Pruning", "## Volumes"):
        assert heading in text
    assert "| dots | random 0 | 2 |" in text
    assert "| random 0 | blocks 1–2 | 1 |" in text
    assert "stiffness, contrast 100" in text
    assert (folder / "pruning.png").stat().st_size > 10000
