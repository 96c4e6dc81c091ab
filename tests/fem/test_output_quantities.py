"""Named quantities at quadrature points and their averages over cells."""

# isort: off
from dmn_fe.fem import Support, Temperature, make_problem  # before torch
from dmn_fe.fem._compat import geometry_dofmap
from dmn_fe.fem.output import QUANTITIES, Quantity, quantity, von_mises_field
from dmn_fe.fem.output.cell_values import CellValues
from dmn_fe.fem.output.quantities import at_points, find_quantities

# isort: on
import numpy as np
import pytest
from helpers.networks import random_network
from helpers.parts import box, cook, rectangle
from helpers.patches import ELASTIC, elastic_stress, patch

from dmn_fe import InputError, laws
from dmn_fe.evaluate import EnsembleLaw
from dmn_fe.laws import Status
from dmn_fe.network import Ensemble

GRADIENT = 1e-2 * np.array([[0.3, 0.2, -0.1], [0.0, -0.1, 0.4], [0.1, 0.0, 0.2]])


def values(problem, *names):
    return at_points(problem, find_quantities(names)).values()


@pytest.mark.parametrize("cell", ["tetrahedron", "hexahedron"])
def test_stress_and_strain_of_a_linear_displacement(cell):
    problem = patch(box(2, cell), GRADIENT)
    assert problem.step(2.0).converged
    strain = GRADIENT + GRADIENT.T
    stress = elastic_stress(strain)
    deviator = stress - np.trace(stress) / 3.0 * np.eye(3)
    n = len(problem.qmap.committed_stress)
    for found, expected in zip(
        values(problem, "strain", "stress", "von_mises", "pressure"),
        (strain, stress, np.sqrt(1.5 * (deviator**2).sum()), -np.trace(stress) / 3.0),
        strict=True,
    ):
        assert found.shape == (n, *np.shape(expected))
        np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-9)
    for found in values(problem, "status", "iterations", "spread"):
        assert found.shape == (n,)
        assert not found.any()


def test_plane_stress_has_the_strain_across_the_sheet():
    gradient = GRADIENT[:2, :2]
    problem = patch(rectangle(2.0, 1.0, (2, 2)), gradient, kind="plane stress")
    assert problem.step(1.0).converged
    strain = np.zeros((3, 3))
    strain[:2, :2] = 0.5 * (gradient + gradient.T)
    strain[2, 2] = -0.3 / 0.7 * np.trace(strain)
    found, stress = values(problem, "strain", "stress")
    np.testing.assert_allclose(found, np.broadcast_to(strain, found.shape), atol=1e-12)
    np.testing.assert_allclose(
        stress, np.broadcast_to(elastic_stress(strain), found.shape), atol=1e-9
    )


def test_plane_stress_of_two_laws_puts_each_strain_at_its_points():
    part = rectangle(2.0, 1.0, (4, 2))
    cells = part.mesh.topology.index_map(2).size_local
    tags = (np.arange(cells, dtype=np.int32) % 2) + 1
    other = laws.Elastic.isotropic(1000.0, 0.0)
    problem = patch(
        part, 0.01 * np.eye(2), {1: ELASTIC, 2: other}, cell_tags=tags, kind="plane stress"
    )
    assert problem.step(1.0).converged
    (strain,) = values(problem, "strain")
    across = strain[:, 2, 2].reshape(cells, -1)
    np.testing.assert_allclose(across[tags == 2], 0.0, atol=1e-15)
    trace = strain[:, 0, 0] + strain[:, 1, 1]
    own = np.repeat(tags, problem.qmap.points_per_cell) == 1
    np.testing.assert_allclose(strain[own, 2, 2], -0.3 / 0.7 * trace[own], rtol=1e-9)


def test_averages_are_those_over_the_volume_of_cells_of_any_shape():
    place = Quantity("place", lambda problem: problem.qmap.coordinates(), (2,), "length")
    part = cook(2)
    problem = patch(part, np.zeros((2, 2)))
    found = CellValues(problem.qmap).of(problem, [place])["place"]
    corners = part.mesh.geometry.x[geometry_dofmap(part.mesh)][:, [0, 1, 3, 2], :2]
    x, y = corners[..., 0], corners[..., 1]
    cross = x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y
    for i, values_ in enumerate((x, y)):
        moment = ((values_ + np.roll(values_, -1, 1)) * cross).sum(1) / 6.0
        np.testing.assert_allclose(found[:, i], moment / (0.5 * cross.sum(1)), rtol=1e-12)


def test_averages_of_an_axisymmetric_problem_are_those_around_the_axis():
    part = rectangle(1.0, 1.0, (1, 1))
    part.mesh.geometry.x[:, 0] += 1.0
    problem = patch(part, np.zeros((2, 2)), kind="axisymmetric")
    radius = Quantity("radius", lambda problem: problem.qmap.coordinates()[:, 0], (), "length")
    found = CellValues(problem.qmap).of(problem, [radius])["radius"]
    np.testing.assert_allclose(found, [(7 / 3) / (3 / 2)])


def test_volumes_of_points_are_those_of_the_part():
    part = cook(2)
    problem = patch(part, np.zeros((2, 2)), kind="plane stress", thickness=0.5)
    (points,) = values(problem, "volume")
    cells = CellValues(problem.qmap).of(problem, find_quantities(["volume"]))["volume"]
    corners = part.mesh.geometry.x[geometry_dofmap(part.mesh)][:, [0, 1, 3, 2], :2]
    x, y = corners[..., 0], corners[..., 1]
    area = 0.5 * (x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y).sum(1)
    np.testing.assert_allclose(cells, 0.5 * np.abs(area), rtol=1e-12)
    assert points.shape == (len(problem.qmap.committed_stress),)
    assert points.sum() == pytest.approx(cells.sum())
    ring = rectangle(1.0, 1.0, (2, 2))
    ring.mesh.geometry.x[:, 0] += 1.0
    (points,) = values(patch(ring, np.zeros((2, 2)), kind="axisymmetric"), "volume")
    assert points.sum() == pytest.approx(3.0 * np.pi)


def test_the_field_of_von_mises_stress_is_of_the_averages_over_the_volume():
    problem = patch(cook(2), np.zeros((2, 2)))
    qmap = problem.qmap
    stress = np.zeros((len(qmap.committed_stress), 6))
    stress[:, 0] = 1.0 + qmap.coordinates()[:, 0]
    qmap.restore(stress, {key: qmap.state_of(key) for key in qmap.laws})
    average = CellValues(qmap).average(stress)[:, 0]
    plain = stress[:, 0].reshape(len(average), -1).mean(axis=1)
    assert np.abs(average / plain - 1.0).max() > 1e-3
    np.testing.assert_allclose(von_mises_field(qmap).x.array, average, rtol=1e-12)


def test_a_cell_has_the_worst_status_of_its_points():
    problem = patch(box(1), GRADIENT, degree=2)
    problem.qmap.status[1] = Status.NOT_FINITE
    cells = CellValues(problem.qmap).of(problem, find_quantities(["status", "iterations"]))
    assert cells["status"].tolist() == [2, 0, 0, 0, 0, 0]


def test_spread_is_that_of_the_last_commit():
    phases = {"matrix": ELASTIC, "inclusion": laws.Elastic.isotropic(5000.0, 0.2)}
    ensemble = Ensemble((random_network(2, seed=1), random_network(2, seed=2)))
    problem = patch(box(1), GRADIENT, EnsembleLaw(ensemble, phases))
    (before,) = values(problem, "spread")
    assert not before.any()
    assert problem.step(1.0).converged
    (after,) = values(problem, "spread")
    assert (after > 0).all()


def test_temperature_of_a_problem_that_has_one():
    part = rectangle(1.0, 1.0, (1, 1))
    law = laws.ThermalExpansion(ELASTIC, 1e-3)
    held = [Support("left", [0.0, 0.0])]
    problem = make_problem(part, {"part": law}, held, temperature=Temperature(20.0))
    assert problem.step(0.5).converged
    (found,) = values(problem, "temperature")
    np.testing.assert_allclose(found, 10.0)
    with pytest.raises(InputError, match="has no temperature"):
        values(patch(part, np.zeros((2, 2))), "temperature")


def test_wrong_quantities_are_refused():
    with pytest.raises(InputError, match=r"no quantity 'damage'; take some of: .*pressure, spread"):
        find_quantities(["stress", "damage"])
    with pytest.raises(InputError, match="'stress' is asked for twice"):
        find_quantities(["stress", "stress"])
    with pytest.raises(InputError, match="there is a quantity 'stress' already"):
        quantity("stress")(lambda problem: np.zeros(1))
    wrong = Quantity("wrong", lambda problem: np.zeros(3), (2,), "1")
    with pytest.raises(InputError, match=r"'wrong' has the shape \(3,\)"):
        at_points(patch(box(1), GRADIENT), [wrong])


def test_a_quantity_is_registered_where_it_is_defined():
    @quantity("energy", unit="stress")
    def energy(problem):
        strain, stress = values(problem, "strain", "stress")
        return 0.5 * (strain * stress).sum((1, 2))

    try:
        problem = patch(box(1), GRADIENT)
        assert problem.step(1.0).converged
        (found,) = values(problem, "energy")
        strain = 0.5 * (GRADIENT + GRADIENT.T)
        np.testing.assert_allclose(found, 0.5 * (strain * elastic_stress(strain)).sum())
    finally:
        del QUANTITIES["energy"]
