"""Microstructures that vary over a part: data of cells, families of networks."""

# isort: off
from dmn_fe.fem import QuadratureMap, VaryingNetwork, family_laws, map_cell_data  # before torch

# isort: on
import meshio
import numpy as np
import pytest
import torch
from dolfinx import fem, mesh
from helpers.parts import box, rectangle
from mpi4py import MPI

from dmn_fe import InputError, laws, mandel
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.fem.output.cell_values import CellValues
from dmn_fe.network import Network, NetworkFamily

MATRIX, FIBRE = laws.Elastic.isotropic(3.0, 0.35), laws.Elastic.isotropic(72.0, 0.2)


def laminate(fraction: float, normal=(1.0, 0.0, 0.0)) -> Network:
    return Network(
        torch.tensor([1.0 - fraction, fraction], dtype=torch.float64),
        torch.tensor([normal], dtype=torch.float64),
        torch.tensor([0, 1]),
        ("matrix", "fibre"),
    )


def law_of(network: Network) -> NetworkLaw:
    return NetworkLaw(network, {"matrix": MATRIX, "fibre": FIBRE}, backend="torch")


def midpoints(part) -> np.ndarray:
    dimension = part.mesh.topology.dim
    n = part.mesh.topology.index_map(dimension).size_local
    return mesh.compute_midpoints(part.mesh, dimension, np.arange(n, dtype=np.int32))


def write_field(path, values, n=8):
    """A field by cells on another mesh of the unit cube: hexahedra."""
    axis = np.linspace(0.0, 1.0, n + 1)
    x = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    number = np.arange(x[..., 0].size).reshape(x.shape[:3])
    corners = [number[:-1, :-1, :-1], number[1:, :-1, :-1], number[1:, 1:, :-1]]
    corners += [number[:-1, 1:, :-1], number[:-1, :-1, 1:], number[1:, :-1, 1:]]
    corners += [number[1:, 1:, 1:], number[:-1, 1:, 1:]]
    cells = np.stack(corners, -1).reshape(-1, 8)
    points = x.reshape(-1, 3)
    centres = points[cells].mean(1)
    meshio.Mesh(points, [("hexahedron", cells)], cell_data={"f": [values(centres)]}).write(path)


def test_cells_take_the_value_of_the_nearest_cell(tmp_path):
    part = box(3)
    write_field(tmp_path / "flow.vtu", lambda x: x[:, 0] + 10.0 * x[:, 1])
    found = map_cell_data(part, tmp_path / "flow.vtu", "f")
    x = midpoints(part)
    assert np.abs(found - x[:, 0] - 10.0 * x[:, 1]).max() <= 11.0 / 16.0 + 1e-9


def test_a_field_of_volume_fractions_gives_each_cell_its_network(tmp_path):
    part = box(3)
    write_field(tmp_path / "flow.vtu", lambda x: 0.1 + 0.3 * x[:, 0])
    fractions = map_cell_data(part, tmp_path / "flow.vtu", "f")
    family = NetworkFamily.of_volume_fractions({0.1: laminate(0.1), 0.4: laminate(0.4)}, "fibre")
    by_tag, tags, axes = family_laws(MPI.COMM_SELF, VaryingNetwork(family, fractions, law_of, 0.01))
    assert axes is None
    assert 4 < len(by_tag) < 32
    u = fem.Function(fem.functionspace(part.mesh, ("Lagrange", 1, (3,))))
    u.interpolate(lambda x: [1e-3 * x[0], 0.0 * x[0], 0.0 * x[0]])
    qmap = QuadratureMap(u, by_tag, cell_tags=tags)
    qmap.update()
    qmap.commit()
    found = CellValues(qmap).average(qmap.committed_stress)[:, 0]
    unit = torch.tensor([[1e-3, 0, 0, 0, 0, 0]], dtype=torch.float64)
    for cell in (0, 17, 80):
        law = law_of(laminate(float(np.round(fractions[cell], 2))))
        expected = float(law.integrate(unit, law.initial_state(1)).stress[0, 0])
        assert abs(found[cell] - expected) < 0.02 * expected


def test_orientation_tensors_turn_networks(tmp_path):
    """Fibres along a direction that turns with z, as layers that are stiff along it."""
    part = box(2)

    def tensors(x):
        angle = 0.5 * np.pi * (x[:, 2] > 0.5)
        d = np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], -1)
        return (d[:, :, None] * d[:, None, :]).reshape(-1, 9)

    write_field(tmp_path / "flow.vtu", tensors)
    given = map_cell_data(part, tmp_path / "flow.vtu", "f").reshape(-1, 3, 3)
    along = laminate(0.3, (0.0, 1.0, 0.0))  # layers in the plane of e1 and e3: stiff along e1
    family = NetworkFamily.of_orientations({(1.0, 0.0, 0.0): along, (0.5, 0.5, 0.0): along})
    by_tag, tags, axes = family_laws(MPI.COMM_SELF, VaryingNetwork(family, given, law_of))
    assert len(by_tag) == 1
    u = fem.Function(fem.functionspace(part.mesh, ("Lagrange", 1, (3,))))
    u.interpolate(lambda x: [1e-3 * x[0], 0.0 * x[0], 0.0 * x[0]])
    qmap = QuadratureMap(u, by_tag, cell_tags=tags, axes=axes)
    qmap.update()
    qmap.commit()
    stiffness = (
        law_of(along)
        .integrate(torch.zeros(1, 6, dtype=torch.float64), law_of(along).initial_state(1))
        .tangent[0]
    )
    found, x = CellValues(qmap).average(qmap.committed_stress)[:, 0], midpoints(part)
    np.testing.assert_allclose(found[x[:, 2] < 0.5], 1e-3 * stiffness[0, 0], rtol=1e-9)
    turned = mandel.rotation_matrix(
        torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    )
    across = turned @ stiffness @ turned.T
    np.testing.assert_allclose(found[x[:, 2] > 0.5], 1e-3 * across[0, 0], rtol=1e-9)
    assert abs(across[0, 0] - stiffness[0, 0]) > 0.5 * across[0, 0]


def test_wrong_files_are_one_sentence(tmp_path):
    part = box(1)
    write_field(tmp_path / "flow.vtu", lambda x: np.where(x[:, 0] > 0.5, np.nan, 1.0), n=2)
    (tmp_path / "text.vtu").write_text("no mesh")
    for name, field, words in (
        ("none.vtu", "f", "there is no such file"),
        ("text.vtu", "f", "meshio cannot read"),
        ("flow.vtu", "g", "no cell field 'g'; the file has: 'f'"),
        ("flow.vtu", "f", "is not finite in cell"),
    ):
        with pytest.raises(InputError, match=words):
            map_cell_data(part, tmp_path / name, field)
    write_field(tmp_path / "flow.vtu", lambda x: x[:, 0], n=2)
    part.mesh.geometry.x[:] *= 1000.0
    with pytest.raises(InputError, match="same place and unit of length"):
        map_cell_data(part, tmp_path / "flow.vtu", "f")
    with pytest.raises(InputError, match="same place"):
        map_cell_data(rectangle(50.0, 1.0, (4, 4)), tmp_path / "flow.vtu", "f")
