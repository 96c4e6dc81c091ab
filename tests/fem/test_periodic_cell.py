"""Periodic cells against closed forms, against RVEs, and on any number of ranks."""

# isort: off
from dmn_fe.fem import (  # before torch
    Amplitude,
    ArcLength,
    BodyForce,
    LoadFactor,
    MeshRVEProblem,
    Part,
    PathFollowing,
    Periodic,
    Pressure,
    Support,
    displacement_field,
    distribute,
    estimate_costs,
    make_problem,
)
from dmn_fe.fem.periodic.nodes import periodic_nodes

# isort: on
import basix.ufl
import numpy as np
import pytest
import torch
import ufl
from dolfinx import mesh
from helpers.laminates import rank_one
from helpers.meshes import hexahedra
from helpers.networks import random_network
from helpers.parts import box, cook, near, quarter_ring, rectangle
from mpi4py import MPI

from dmn_fe import InputError, laws
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.fem import mark
from dmn_fe.homogenization import MacroLoad

SOFT = laws.Elastic.isotropic(1000.0, 0.35)
STIFF = laws.Elastic.isotropic(20000.0, 0.2)
MATRIX = laws.J2(200e3, 0.3, laws.VoceHardening(250.0, 100.0, 40.0, 1000.0))
SHEARS = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])


def layers(n: int) -> Part:
    """A cube, below a third of its height another material than above."""
    domain = mesh.create_unit_cube(MPI.COMM_WORLD, 2, 2, n)
    low, high = lambda x: x[2] < 1 / 3 + 1e-9, lambda x: x[2] > 1 / 3 - 1e-9
    return mark(domain, {}, {"low": low, "high": high})


def test_a_laminate():
    normal = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    stiffness = rank_one(STIFF.stiffness, SOFT.stiffness, 1 / 3, normal).numpy()
    compliance = np.linalg.inv(stiffness)
    periodic = Periodic({"11": 0.01, "23": 0.002}, {"33": 5.0})
    problem = make_problem(layers(3), {"low": STIFF, "high": SOFT}, periodic=periodic)
    assert problem.step(2.0).converged
    # Of the closed form: strains 11 and 23, stress 33 and none else.
    scale = np.sqrt(SHEARS)
    given, free = [0, 3], [1, 2, 4, 5]
    strain, stress = np.zeros(6), np.zeros(6)
    strain[given], stress[2] = [0.02, np.sqrt(2) * 0.004], 10.0
    stress[given] = np.linalg.solve(
        compliance[np.ix_(given, given)],
        strain[given] - compliance[np.ix_(given, free)] @ stress[free],
    )
    strain = compliance @ stress
    np.testing.assert_allclose(problem.cell.mean_strain() * scale, strain, atol=1e-12)
    np.testing.assert_allclose(problem.cell.mean_stress() * scale, stress, atol=1e-7)


@pytest.mark.parametrize("newton", ["full", "modified"])
def test_one_material_answers_as_at_a_point(newton):
    law = NetworkLaw(
        random_network(3), {"matrix": MATRIX, "inclusion": laws.Elastic.isotropic(4e5, 0.2)}
    )
    periodic = Periodic({"11": 0.01, "22": -0.004, "33": 0.0, "23": 0.002, "13": 0.0, "12": 0.003})
    problem = make_problem(
        box(1),
        {"part": law},
        periodic=periodic,
        newton=newton,
        amplitude=np.sin,
        petsc_options={"snes_rtol": 1e-12},
    )
    state = law.initial_state(1)
    for t in (0.2, 0.6, 1.4, 2.2):
        assert problem.step(t).converged
        strain = np.sin(t) * np.array([0.01, -0.004, 0.0, 0.002, 0.0, 0.003])
        update = law.integrate(torch.tensor(strain * np.sqrt(SHEARS))[None], state)
        state = update.state
        stress = update.stress[0].numpy() / np.sqrt(SHEARS)
        np.testing.assert_allclose(problem.cell.mean_strain(), strain, atol=1e-14)
        np.testing.assert_allclose(
            problem.cell.mean_stress(), stress, atol=1e-9 * np.abs(stress).max()
        )


def test_the_same_as_the_problem_of_an_rve():
    """Plastic matrix with a stiff inclusion, strain- and stress-driven, loaded and unloaded."""
    phase = np.zeros((3, 3, 3), dtype=int)
    phase[1, 1, :2] = 1
    rve = hexahedra(phase, ("matrix", "inclusion"), distortion=0.3)
    given = {"matrix": MATRIX, "inclusion": laws.Elastic.isotropic(4e5, 0.2)}
    of_rve = MeshRVEProblem(rve, given, tolerance=1e-11)
    cells = distribute(rve, MPI.COMM_WORLD)
    empty = mesh.meshtags(cells.mesh, 2, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))
    part = Part(cells.mesh, cells.cell_tags, empty, {"matrix": 0, "inclusion": 1}, {}, "the cell")
    periodic = Periodic(
        {"11": 0.01, "13": 0.004}, {"22": 80.0, "12": 30.0}, Amplitude([(0, 0), (1, 1), (2, -0.5)])
    )
    problem = make_problem(part, given, periodic=periodic, petsc_options={"snes_rtol": 1e-11})
    assert problem.qmap.degree == of_rve._system.fields.degree
    state = of_rve.initial_state()
    for t, factor in ((0.5, 0.5), (1.0, 1.0), (1.6, 0.1), (2.0, -0.5)):
        assert problem.step(t).converged
        strain = torch.zeros(6, dtype=torch.float64)
        strain[0], strain[4] = 0.01 * factor, np.sqrt(2.0) * 0.004 * factor
        stress = torch.zeros(6, dtype=torch.float64)
        stress[1], stress[5] = 80.0 * factor, np.sqrt(2.0) * 30.0 * factor
        driven = torch.tensor([False, True, True, True, False, True])
        update = of_rve.solve(MacroLoad(strain, stress, driven), state)
        assert update.converged
        state = update.state
        scale = np.sqrt(SHEARS)
        largest = update.stress.abs().max()
        np.testing.assert_allclose(
            problem.cell.mean_stress() * scale, update.stress, atol=1e-7 * largest
        )
        np.testing.assert_allclose(problem.cell.mean_strain() * scale, update.strain, atol=1e-9)


def plate_with_hole() -> Part:
    """A square of 6 × 5 cells of which two are missing; "hole" is their edge."""
    nx, ny = 6, 5
    x, y = np.meshgrid(np.linspace(0, 2, nx + 1), np.linspace(-1, 1, ny + 1), indexing="ij")
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    corner = np.arange((nx + 1) * (ny + 1)).reshape(nx + 1, ny + 1)
    cells = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]], axis=-1)
    keep = np.full((nx, ny), True)
    keep[2:4, 2] = False
    kept = cells[keep]
    used, numbers = np.unique(kept, return_inverse=True)
    element = basix.ufl.element("Lagrange", "quadrilateral", 1, shape=(2,))
    domain = mesh.create_mesh(
        MPI.COMM_WORLD, cells=numbers.reshape(-1, 4), x=points[used], e=ufl.Mesh(element)
    )

    def inside(x):
        return (np.abs(x[0] - 1.0) < 0.9) & (np.abs(x[1]) < 0.9)

    return mark(domain, {"hole": inside})


@pytest.mark.parametrize("kind", ["plane strain", "plane stress"])
def test_pressure_in_a_hole_and_around_the_cell_is_a_uniform_state(kind):
    p, young, poisson = 3.0, 1000.0, 0.3
    law = laws.Elastic.isotropic(young, poisson)
    problem = make_problem(
        plate_with_hole(),
        {"part": law},
        forces=[Pressure("hole", p)],
        kind=kind,
        thickness=0.3,
        periodic=Periodic(stress={"11": -p, "22": -p}),
    )
    assert problem.step(1.0).converged
    np.testing.assert_allclose(problem.cell.mean_stress(), [-p, -p, 0.0], atol=1e-9)
    strain = -p * (1 - poisson) / young
    if kind == "plane strain":
        strain = -p * (1 + poisson) * (1 - 2 * poisson) / young
    np.testing.assert_allclose(problem.cell.mean_strain(), [strain, strain, 0.0], atol=1e-12)
    np.testing.assert_allclose(problem.qmap.committed_stress[:, :2], -p, atol=1e-8)


def test_a_step_that_fails_changes_nothing_and_is_told():
    periodic = Periodic({"11": 0.02}, {"22": 40.0})
    options = {"snes_max_it": 1}
    problem = make_problem(
        layers(3), {"low": MATRIX, "high": SOFT}, periodic=periodic, petsc_options=options
    )
    assert problem.step(0.01).converged
    before = problem.u.x.array.copy(), problem.cell.mean_stress()
    report = problem.step(1.0)
    assert not report.converged
    assert np.array_equal(problem.u.x.array, before[0])
    assert np.array_equal(problem.cell.mean_stress(), before[1])
    problem.snes.setTolerances(max_it=25)
    assert problem.step(1.0).converged


def test_a_law_that_fails_ends_the_step():
    class Failing:
        """Raises in its second evaluation."""

        state_size, symmetric_tangent = 0, True
        calls = 0

        def __getattr__(self, name):
            return getattr(SOFT, name)

        def integrate(self, strain, state, dt=0.0):
            self.calls += 1
            if self.calls > 1:
                raise RuntimeError("out of order")
            return SOFT.integrate(strain, state, dt)

    problem = make_problem(box(1), {"part": Failing()}, periodic=Periodic({"11": 0.01}))
    with pytest.raises(RuntimeError, match="out of order"):
        problem.step(1.0)


def test_costs_are_estimated():
    problem = make_problem(
        layers(3), {"low": MATRIX, "high": SOFT}, periodic=Periodic({"11": 0.01})
    )
    before = problem.u.x.array.copy()
    costs = estimate_costs(problem, 0.5)
    assert min(costs.micro, costs.assembly, costs.solve) > 0
    assert np.array_equal(problem.u.x.array, before)
    assert problem.step(1.0).converged


def test_forces_on_a_cell_balance():
    square, law = rectangle(1.0, 1.0, (2, 2)), {"part": SOFT}
    for forces in (["right"], ["left", "right"]):
        pressures = [Pressure(group, 5.0) for group in forces]
        with pytest.raises(InputError, match="acts on a face of a periodic cell"):
            make_problem(square, law, forces=pressures, periodic=Periodic())
    plate = plate_with_hole()
    half = mark(plate.mesh, {"half": lambda x: (np.abs(x[0] - 0.9) < 0.3) & (np.abs(x[1]) < 0.9)})
    problem = make_problem(
        half, law, forces=[Pressure("half", 5.0)], periodic=Periodic({"11": 0.01})
    )
    with pytest.raises(InputError, match=r"must balance each other, but their resultant is"):
        problem.step(1.0)
    assert not problem.u.x.array.any()


def test_multigrid_knows_the_translations():
    options = {"ksp_type": "gmres", "pc_type": "gamg", "ksp_rtol": 1e-10}
    periodic = Periodic({"11": 0.01, "12": 0.002})
    made = [
        make_problem(
            layers(3), {"low": STIFF, "high": SOFT}, periodic=periodic, petsc_options=given
        )
        for given in (options, None)
    ]
    for problem in made:
        assert problem.step(1.0).converged
    np.testing.assert_allclose(
        made[0].cell.mean_stress(), made[1].cell.mean_stress(), atol=1e-6, rtol=1e-6
    )
    matrix, _ = made[0].snes.getKSP().getOperators()
    vectors = matrix.getNearNullSpace().getVecs()
    assert len(vectors) == 3
    for vector in vectors:
        values = np.sort(vector.array_r)
        count = (len(values) - 6) // 3
        np.testing.assert_allclose(values[-count:], 1 / np.sqrt(count))
        assert not values[:-count].any()


def test_a_closed_cell_leaves_no_petsc_objects():
    problem = make_problem(box(1), {"part": SOFT}, periodic=Periodic({"11": 0.01}))
    motions = problem.cell._motions.matrix
    assert problem.step(1.0).converged
    problem.close()
    assert not motions.handle


def test_wrong_input():
    law = {"part": SOFT}
    stretched = Periodic({"11": 0.01})
    with pytest.raises(InputError, match="no component '21'; give 11, 22"):
        Periodic({"21": 0.01})
    with pytest.raises(InputError, match="both have the component 11"):
        Periodic({"11": 0.01}, {"11": 3.0})
    with pytest.raises(InputError, match="must be finite"):
        Periodic({"11": float("nan")})
    square = rectangle(1.0, 1.0, (2, 2))
    with pytest.raises(InputError, match="in two dimensions has no component 33"):
        make_problem(square, law, periodic=Periodic({"33": 0.01}))
    ring = quarter_ring(1.0, 2.0, (2, 2))
    with pytest.raises(InputError, match="an axisymmetric part is no periodic cell"):
        make_problem(ring, law, kind="axisymmetric", periodic=stretched)
    with pytest.raises(InputError, match="takes no supports, but has one of 'left'"):
        make_problem(square, law, [Support("left", [0.0, 0.0])], periodic=stretched)
    with pytest.raises(InputError, match="a BodyForce would move a periodic cell away"):
        make_problem(square, law, forces=[BodyForce([0.0, 1.0])], periodic=stretched)
    with pytest.raises(InputError, match="has no image on the other"):
        make_problem(cook(3), law, periodic=stretched)
    problem = make_problem(square, law, periodic=stretched)
    with pytest.raises(InputError, match="prescribe the mean strain"):
        PathFollowing(problem, LoadFactor(), ArcLength())


def test_nodes_of_a_lower_face_alone_are_told():
    """A trapezium: all nodes of its upper faces have images, but not the other way round."""
    domain = mesh.create_rectangle(
        MPI.COMM_WORLD, [[0.0, 0.0], [1.0, 1.0]], (1, 2), mesh.CellType.quadrilateral
    )
    x = domain.geometry.x
    middle = near(1, 0.5)(x.T) & near(0, 1.0)(x.T)
    x[middle, 0] = 0.8
    part = mark(domain, {})
    space = displacement_field(part, 1).function_space
    with pytest.raises(InputError, match="faces across x1 differ by 1 nodes"):
        periodic_nodes(space, np.zeros(2), np.ones(2))


def test_ranks_and_restarts_do_not_matter(on_ranks):
    serial = np.array(on_ranks(1, "periodic")[0])
    for n in (2, 3):
        for result in on_ranks(n, "periodic"):
            np.testing.assert_allclose(result, serial, atol=1e-10 * np.abs(serial).max())
