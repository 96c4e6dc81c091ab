"""The parts, RVEs and networks of demos/validation fit together."""

import importlib.util
import json

import numpy as np
import pytest
from helpers.processes import ROOT

import dmn_fe
from dmn_fe import microstructure
from dmn_fe.cli.runfile import read_run_file
from dmn_fe.cli.validation_case import check_networks, variants_of
from dmn_fe.cli.validation_reference import fitting

FOLDER = ROOT / "demos" / "validation"
RVES = ("five_inclusions", "particles")


@pytest.mark.parametrize("name", RVES)
def test_the_script_makes_the_rve(name: str):
    spec = importlib.util.spec_from_file_location("make_rves", FOLDER / "make_rves.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = getattr(script, name)()
    assert np.array_equal(made.phase, microstructure.read(FOLDER / f"{name}.npy").phase)


@pytest.mark.parametrize("name", RVES)
def test_networks_learnt_from_the_rve(name: str):
    rve = microstructure.read(FOLDER / f"{name}.npy")
    single = dmn_fe.load(FOLDER / f"{name}_single.dmn")
    ensemble = dmn_fe.load(FOLDER / f"{name}.dmn")
    assert len(ensemble.networks) == 5
    for network in (single, *ensemble.networks):
        assert network.metadata["data"]["rve_hash"] == rve.hash
        assert network.dimension == (2 if rve.shape[2] == 1 else 3)


@pytest.mark.parametrize("name", ["panel", "bar", "cyclic", "hinge"])
def test_cases_are_right(name: str):
    case = read_run_file(FOLDER / f"{name}.toml")
    assert check_networks(case) == {}  # and none is of another RVE
    assert [one.name for one in variants_of(case)][:3] == ["FE²", "one network", "five networks"]
    assert len(variants_of(case)) == (9 if name == "hinge" else 8)
    reference, why = fitting(case)
    assert reference is not None, why
    assert reference.finished


@pytest.mark.parametrize("name", ["panel", "bar", "cyclic", "hinge"])
def test_cases_run_with_a_network(name: str, dmn_fe_process, tmp_path):
    if importlib.util.find_spec("dolfinx") is None:
        pytest.skip("DOLFINx is not installed")
    options = ("--only", "one network", "--output", tmp_path)
    process = dmn_fe_process("validate", FOLDER / f"{name}.toml", *options)
    assert process.returncode == 0, process.stderr
    summary = json.loads((tmp_path / "one-network" / "summary.json").read_text())
    points = 192 if name == "hinge" else 96
    assert (summary["points"], summary["cut_back_steps"]) == (points, 0)
