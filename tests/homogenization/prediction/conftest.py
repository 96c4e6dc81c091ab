"""Solved sections and a small encoder, made once."""

import importlib
import sys

import pytest
from helpers.processes import ROOT

from dmn_fe.homogenization.prediction import TwoPhases, make_section_dataset
from dmn_fe.microstructure import random_encoder

DEMO = ROOT / "demos" / "property_prediction"
PHASES = TwoPhases(young=(1.0, 10.0))


@pytest.fixture(scope="session")
def sections(tmp_path_factory):
    path = tmp_path_factory.mktemp("sections") / "sections.safetensors"
    return make_section_dataset(24, PHASES, path, tolerance=1e-3)


@pytest.fixture(scope="session")
def encoder():
    return random_encoder(0, widths=(6, 8))


@pytest.fixture
def demo(monkeypatch):
    """Modules of the demo by name; other demos have some of the same names."""
    monkeypatch.syspath_prepend(str(DEMO))
    names = [file.stem for file in DEMO.glob("*.py")]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(before)
