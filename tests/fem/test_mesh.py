"""The shipped part, and where its groups are."""

# isort: off
from dmn_fe.fem import read_mesh  # before torch

# isort: on
from pathlib import Path

import numpy as np
import pytest
import ufl
from dolfinx import fem

from dmn_fe import InputError

BRACKET = Path(__file__).parents[2] / "meshes" / "bracket.msh"


@pytest.fixture(scope="module")
def bracket():
    return read_mesh(BRACKET, surfaces=["clamped", "loaded"], volumes=["part"])


def test_bracket_has_the_volume_and_surfaces_of_its_drawing(bracket):
    n_cells = bracket.mesh.topology.index_map(3).size_global
    assert 3000 <= n_cells <= 10000
    assert len(bracket.cells("part")) == n_cells
    measures = {"dx": ufl.dx(domain=bracket.mesh)}
    for name, tag in bracket.facet_groups.items():
        ds = ufl.ds(domain=bracket.mesh, subdomain_data=bracket.facet_tags)
        measures[name] = ds(tag)
    one = fem.Constant(bracket.mesh, 1.0)
    size = {name: fem.assemble_scalar(fem.form(one * m)) for name, m in measures.items()}
    eye = np.pi * 8.0**2
    fillet = (1 - np.pi / 4) * 8.0**2
    volume = 40.0 * (50.0 * 8.0 + 52.0 * 8.0 + fillet) - 8.0 * eye
    # Straight edges cut the circles by about 2 %.
    assert size["dx"] == pytest.approx(volume, rel=5e-3)
    assert size["clamped"] == pytest.approx(50.0 * 40.0, rel=1e-12)
    assert size["loaded"] == pytest.approx(2 * np.pi * 8.0 * 8.0, rel=2e-2)


def test_unknown_group_names_what_there_is(bracket):
    with pytest.raises(InputError, match='"pulled"; the mesh has: "clamped", "loaded"'):
        bracket.facets("pulled")
