"""Textbook problems: kinds of problems, supports and forces against closed forms."""

# isort: off
from dmn_fe.fem import (  # before torch
    BodyForce,
    Pressure,
    Resultant,
    Support,
    Temperature,
    Traction,
    advance,
    make_problem,
)

# isort: on
import numpy as np
import pytest
import torch
from dolfinx import fem
from helpers.networks import random_network
from helpers.parts import box, cook, quarter_ring, rectangle
from scipy.optimize import brentq

from dmn_fe import InputError, laws
from dmn_fe.evaluate import NetworkLaw

ELASTIC = laws.Elastic.isotropic(1000.0, 0.3)
SIDES = [Support("left", [0.0, None]), Support("bottom", [None, 0.0])]
EXACT = {"snes_rtol": 1e-12}


def at(u: fem.Function, place) -> np.ndarray:
    """Displacement at a node."""
    x = u.function_space.tabulate_dof_coordinates()
    node = int(np.argmin(np.linalg.norm(x[:, : len(place)] - place, axis=1)))
    assert np.allclose(x[node, : len(place)], place)
    return u.x.array.reshape(len(x), -1)[node]


@pytest.mark.parametrize(
    ("kind", "modulus", "poisson"),
    [("plane stress", 1000.0, 0.3), ("plane strain", 1000.0 / 0.91, 0.3 / 0.7)],
)
def test_a_stretched_sheet(kind, modulus, poisson):
    part = rectangle(2.0, 1.0, (2, 2))
    pull = Traction("right", [5.0, 0.0])
    problem = make_problem(part, {"part": ELASTIC}, SIDES, [pull], kind=kind, thickness=0.5)
    assert problem.step(1.0).converged
    strain = 5.0 / modulus
    np.testing.assert_allclose(at(problem.u, [2.0, 1.0]), [2.0 * strain, -poisson * strain])
    np.testing.assert_allclose(problem.reaction(part.facets("left")), [-2.5, 0.0], atol=1e-9)


def test_plane_stress_of_a_plastic_sheet_is_uniaxial_stress():
    law = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))
    part = rectangle(1.0, 1.0, (2, 2))
    moved = Support("right", [0.01, None])
    for given in (law, NetworkLaw(random_network(3), {"matrix": law, "inclusion": law})):
        problem = make_problem(
            part, {"part": given}, [*SIDES, moved], kind="plane stress", petsc_options=EXACT
        )
        for t in (0.05, 0.3, 1.0):
            assert problem.step(t).converged
            strain = 0.01 * t
            stress = min(200e3 * strain, (250.0 + 2000.0 * strain) / 1.01)
            reaction = problem.reaction(part.facets("right"))
            np.testing.assert_allclose(reaction, [stress, 0.0], rtol=1e-8, atol=1e-6)


def test_cantilever_follows_beam_theory():
    length, height, young, poisson, force = 20.0, 1.0, 1000.0, 0.25, 0.01
    part = rectangle(length, height, (40, 4))
    law = laws.Elastic.isotropic(young, poisson)
    problem = make_problem(
        part,
        {"part": law},
        [Support("left", [0.0, 0.0])],
        [Resultant("right", [0.0, -force])],
        kind="plane stress",
    )
    assert problem.step(1.0).converged
    shear = young / (2.0 * (1.0 + poisson))
    deflection = force * length**3 / (3.0 * young / 12.0) + force * length / (5.0 / 6.0 * shear)
    found = -at(problem.u, [length, 0.5])[1]
    np.testing.assert_allclose(found, deflection, rtol=2e-3)


@pytest.mark.parametrize(
    ("kind", "young", "load", "published", "y"),
    # Cook, Malkus, Plesha: Concepts and Applications of Finite Element Analysis (1989), 6.13, in
    # the middle of the loaded side; and the quadratic elements of CalculiX, Code_Aster and Elmer
    # that solids4foam quotes, at its upper corner.
    [("plane stress", 1.0, 1.0, 23.96, 52.0), ("plane strain", 70.0, 100.0, 32.27, 60.0)],
)
def test_cooks_membrane(kind, young, load, published, y):
    problem = make_problem(
        cook(24),
        {"part": laws.J2(young, 1.0 / 3.0, laws.LinearHardening(1e9))},
        [Support("left", [0.0, 0.0])],
        [Resultant("right", [0.0, load])],
        kind=kind,
    )
    assert problem.step(1.0).converged
    assert abs(at(problem.u, [48.0, y])[1] - published) < 2.5e-3 * published


def test_cooks_membrane_in_plasticity():
    """Code_Aster's test SSNP178 (V6.03.178): 2.13651, which its own elements meet within 1 %.

    Nearly incompressible from the start: elements with 2 × 2 points, since 3 × 3 lock.
    """
    young, tangent_modulus = 70.0, 0.13474
    plastic_modulus = young * tangent_modulus / (young - tangent_modulus)
    law = laws.J2(young, 0.4999, laws.LinearHardening(0.243, plastic_modulus))
    problem = make_problem(
        cook(24),
        {"part": law},
        [Support("left", [0.0, 0.0])],
        [Traction("right", [0.0, 0.1125])],
        kind="plane strain",
        quadrature_degree=2,
    )
    for t in np.linspace(0.1, 1.0, 10):
        advance(problem, t)
    np.testing.assert_allclose(at(problem.u, [48.0, 60.0]), [-1.61818, 2.13651], rtol=1e-2)


def test_thick_sphere_under_pressure():
    """Hill, The Mathematical Theory of Plasticity (1950), V.2: perfectly plastic up to r = c."""
    a, b, young, poisson, yields = 1.0, 2.0, 200e3, 0.3, 250.0
    law = laws.J2(young, poisson, laws.LinearHardening(yields))

    def pressure(c: float) -> float:
        return 2.0 * yields * (np.log(c / a) + (1.0 - (c / b) ** 3) / 3.0)

    def displacement(p: float) -> float:
        """Of the outer surface."""
        if p <= pressure(a):
            return 1.5 * p * b * (1.0 - poisson) / (young * ((b / a) ** 3 - 1.0))
        c = brentq(lambda c: pressure(c) - p, a, b)
        return yields * c**3 * (1.0 - poisson) / (young * b**2)

    part = quarter_ring(a, b, (10, 16))
    supports = [Support("x0", [0.0, None]), Support("y0", [None, 0.0])]
    # x0 is the axis: the tip of the ring touches it, its points do not.
    problem = make_problem(
        part,
        {"part": law},
        supports,
        [Pressure("inner", 1.0)],
        kind="axisymmetric",
    )
    for p in (100.0, 180.0, 240.0, 290.0, 320.0, 335.0):
        advance(problem, p)
        expected = displacement(p)
        np.testing.assert_allclose(at(problem.u, [b, 0.0])[0], expected, rtol=4e-3)
        np.testing.assert_allclose(at(problem.u, [0.0, b])[1], expected, rtol=4e-3)
    assert (problem.qmap.state_of(1)[:, 6] > 0).any()


def test_a_bar_under_its_weight():
    part = box(2)
    law = laws.Elastic.isotropic(1000.0, 0.0)
    fixed = [Support("z0", [0.0, 0.0, 0.0])]
    problem = make_problem(part, {"part": law}, fixed, [BodyForce([0.0, 0.0, -3.0])])
    assert problem.step(1.0).converged
    np.testing.assert_allclose(at(problem.u, [0.5, 0.5, 1.0])[2], -1.5e-3, rtol=1e-9)
    np.testing.assert_allclose(problem.reaction(part.facets("z0")), [0.0, 0.0, 3.0], atol=1e-12)


def test_a_rate_moves_with_time():
    part = rectangle(1.0, 1.0, (1, 1))
    problem = make_problem(
        part, {"part": ELASTIC}, [*SIDES, Support("right", rate=[0.02, None])], time=3.0
    )
    assert problem.step(3.5).converged
    np.testing.assert_allclose(at(problem.u, [1.0, 0.0])[0], 0.01)


def test_free_and_hindered_thermal_expansion():
    law = laws.ThermalExpansion(ELASTIC, 1e-3)
    part = rectangle(2.0, 1.0, (2, 2))
    warm = Temperature(20.0, amplitude=lambda t: t)
    free = make_problem(part, {"part": law}, SIDES, temperature=warm, kind="plane stress")
    assert free.step(0.5).converged
    np.testing.assert_allclose(at(free.u, [2.0, 1.0]), [0.02, 0.01])
    assert np.abs(free.qmap.stress.x.array).max() < 1e-10
    held = [*SIDES, Support("right", [0.0, None]), Support("top", [None, 0.0])]
    hindered = make_problem(part, {"part": law}, held, temperature=warm, kind="plane strain")
    assert hindered.step(1.0).converged
    stress = -1000.0 * 0.02 / (1.0 - 2.0 * 0.3)
    found = hindered.qmap.committed_stress
    np.testing.assert_allclose(found[:, :3], np.full((len(found), 3), stress))


def test_a_linear_temperature_bends_a_sheet_without_stress():
    law = laws.ThermalExpansion(ELASTIC, 1e-3)
    length = 10.0
    part = rectangle(length, 1.0, (30, 4))
    field = fem.Function(fem.functionspace(part.mesh, ("Lagrange", 1)))
    field.interpolate(lambda x: 4.0 * (x[1] - 0.5))
    problem = make_problem(
        part,
        {"part": law},
        [Support("left", [0.0, 0.0])],
        temperature=Temperature(field),
        kind="plane stress",
    )
    assert problem.step(1.0).converged
    curvature = 1e-3 * 4.0
    np.testing.assert_allclose(
        at(problem.u, [length, 0.5])[1], -0.5 * curvature * length**2, rtol=0.01
    )


def test_axes_turn_the_material():
    law = laws.Elastic.orthotropic(
        young_1=900.0,
        young_2=300.0,
        young_3=200.0,
        poisson_12=0.2,
        poisson_13=0.25,
        poisson_23=0.3,
        shear_12=150.0,
        shear_13=120.0,
        shear_23=100.0,
    )
    part = rectangle(1.0, 1.0, (2, 2))
    quarter_turn = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    pull = Traction("right", [3.0, 0.0])
    for axes, young in ((None, 900.0), ({"part": quarter_turn}, 300.0)):
        problem = make_problem(part, {"part": law}, SIDES, [pull], kind="plane stress", axes=axes)
        assert problem.step(1.0).converged
        np.testing.assert_allclose(at(problem.u, [1.0, 0.0])[0], 3.0 / young)


@pytest.mark.parametrize("kind", ["3d", "plane strain", "plane stress", "axisymmetric"])
def test_a_network_of_equal_phases_is_the_plain_law(kind):
    law = laws.J2(200e3, 0.3, laws.VoceHardening(250.0, 100.0, 40.0, 1000.0))
    network = NetworkLaw(random_network(5), {"matrix": law, "inclusion": law})
    if kind == "3d":
        part = box(2)
        supports = [Support("x0", [0.0] * 3), Support("x1", [0.01, 0.005, None])]
    else:
        part = rectangle(1.0, 1.0, (3, 3), "triangle")
        part.mesh.geometry.x[:, 0] += 1.0
        supports = [Support("left", [0.0] * 2), Support("right", [0.01, 0.005])]
    found = []
    for one in (law, network):
        problem = make_problem(part, {"part": one}, supports, kind=kind, petsc_options=EXACT)
        assert all(problem.step(t).converged for t in (0.2, 0.6, 1.0))
        found.append((problem.u.x.array.copy(), problem.reaction(part.facets(supports[1].group))))
    for plain, same in zip(*found, strict=True):
        np.testing.assert_allclose(same, plain, atol=1e-8 * np.abs(plain).max())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "3d"}, "kind = '3d' does not fit a mesh in 2 dimensions"),
        ({"thickness": 0.0}, "must be a positive number"),
        ({"thickness": 2.0, "kind": "axisymmetric"}, "only plane problems"),
        ({"temperature": Temperature(1.0)}, "no law takes a temperature"),
        ({"axes": {"part": np.zeros((4, 3, 3))}}, "are no rotation"),
        ({"axes": {"part": np.eye(2)}}, "give one rotation of 3 x 3"),
        ({"axes": {"all": np.eye(3)}}, 'no physical surface "all"'),
        ({"supports": SIDES[:1]}, r"free to move \(displacement along e2\)"),
        ({"supports": [*SIDES, SIDES[0]]}, "component 1 of 'left' is prescribed twice"),
        ({"supports": [Support("left", [0.0, 0.0, 0.0])]}, "has 3 components"),
        ({"supports": [Support("up", [0.0, 0.0])]}, 'no physical curve "up"'),
        ({"forces": [Traction("right", [1.0])]}, "give finite numbers, 2 components"),
        ({"forces": [Pressure("right", np.nan)]}, "give finite number"),
        ({"laws": {}}, "group 'part' has no material"),
        ({"newton": "quasi"}, "must be 'full' or 'modified'"),
    ],
)
def test_wrong_input_is_one_sentence(change, sentence):
    arguments = {"laws": {"part": laws.Elastic.isotropic(1.0, 0.3)}, "supports": SIDES}
    if "axes" in change:
        arguments["laws"] = {"part": laws.Elastic(torch.eye(6, dtype=torch.float64))}
    with pytest.raises(InputError, match=sentence):
        make_problem(rectangle(1.0, 1.0, (2, 2)), **arguments | change)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "either a displacement or a rate"),
        ({"displacement": [0.0], "rate": [1.0]}, "either a displacement or a rate"),
        ({"rate": [1.0], "amplitude": float}, "a rate has no amplitude"),
        ({"displacement": [np.inf]}, "must be a finite number"),
    ],
)
def test_wrong_supports_are_refused(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        Support("left", **arguments)


def test_supports_that_meet_must_agree():
    part, law = rectangle(1.0, 1.0, (2, 2)), {"part": ELASTIC}
    ramp, wave = lambda t: t, np.sin
    left = Support("left", [0.0, 0.0])
    words = "'left' and 'bottom' prescribe different displacements of component 1 where they meet"
    for bottom in (Support("bottom", [0.01, None]), Support("bottom", rate=[0.01, None])):
        with pytest.raises(InputError, match=words):
            make_problem(part, law, [left, bottom])
    for first, second in (
        (Support("left", [0.01, 0.0], amplitude=ramp), Support("bottom", [0.01, 0.0])),
        (
            Support("left", [0.01, 0.0], amplitude=ramp),
            Support("bottom", [0.01, 0.0], amplitude=wave),
        ),
        (Support("left", [0.01, 0.0]), Support("bottom", rate=[0.01, 0.0])),
    ):
        with pytest.raises(InputError, match=words):
            make_problem(part, law, [first, second])
    for first, second in (
        (left, Support("bottom", [0.0, 0.0], amplitude=wave)),
        (left, Support("bottom", rate=[0.0, 0.0])),
        (Support("left", [0.01, 0.0]), Support("bottom", [0.01, 0.0])),
        (Support("left", rate=[0.01, 0.0]), Support("bottom", rate=[0.01, 0.0])),
        (left, Support("right", [0.01, 0.0])),
    ):
        make_problem(part, law, [first, second])
