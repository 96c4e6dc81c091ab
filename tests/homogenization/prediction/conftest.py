"""Solved sections and a small encoder, made once."""

import pytest

from dmn_fe.homogenization.prediction import TwoPhases, make_section_dataset
from dmn_fe.microstructure import random_encoder

PHASES = TwoPhases(young=(1.0, 10.0))


@pytest.fixture(scope="session")
def sections(tmp_path_factory):
    path = tmp_path_factory.mktemp("sections") / "sections.safetensors"
    return make_section_dataset(24, PHASES, path, tolerance=1e-3)


@pytest.fixture(scope="session")
def encoder():
    return random_encoder(0, widths=(6, 8))
