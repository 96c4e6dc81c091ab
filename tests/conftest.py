"""Laws that many tests use."""

import pytest

from dmn_fe import laws


@pytest.fixture
def phase_laws():
    """A plastic matrix and a stiff elastic inclusion (MPa)."""
    return {
        "matrix": laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0)),
        "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
    }
