"""The answer does not depend on the way to it: line search, Newton's kind, linear solver."""

# isort: off
from dmn_fe.fem import (  # before torch
    Pressure,
    Support,
    displacement_field,
    make_problem,
)
from dmn_fe.fem.linear_solver import choose_linear_solver, set_near_null_space
from dmn_fe.fem import linear_solver

# isort: on
import numpy as np
import pytest
from helpers.networks import random_network
from helpers.parts import box, quarter_ring, rectangle
from petsc4py import PETSc

from dmn_fe import laws
from dmn_fe.evaluate import NetworkLaw

MATRIX = laws.J2(200e3, 0.3, laws.VoceHardening(250.0, 100.0, 40.0, 1000.0))
STIFF = laws.Elastic.isotropic(400e3, 0.2)
EXACT = {"snes_rtol": 1e-13}
GAMG = {"ksp_type": "cg", "ksp_rtol": 1e-13, "pc_type": "gamg"}


def reactions(petsc, **options) -> np.ndarray:
    """Of a cube of a network that is pulled, sheared and unloaded."""
    part = box(3)
    law = NetworkLaw(random_network(3), {"matrix": MATRIX, "inclusion": STIFF})
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.006, 0.003, -0.004])]
    problem = make_problem(
        part, {"part": law}, supports, petsc_options=EXACT | petsc, amplitude=np.sin, **options
    )
    found = []
    for t in (0.3, 0.8, 1.5, 2.6):
        assert problem.step(t).converged
        found.append(problem.reaction(part.facets("x1")))
    return np.array(found)


def test_the_answer_does_not_depend_on_the_way_to_it():
    usual = reactions({})
    ways = [
        reactions({"snes_linesearch_type": "basic"}),
        reactions({"snes_linesearch_type": "bt"}),
        reactions({}, newton="modified"),
        reactions(GAMG),
        reactions({"ksp_type": "gmres", "ksp_rtol": 1e-13, "pc_type": "gamg"}),
    ]
    for way in ways:
        np.testing.assert_allclose(way, usual, atol=1e-10 * np.abs(usual).max())


def test_options_reach_the_solvers_inside_a_preconditioner():
    given = {"mg_levels_ksp_type": "richardson", "mg_levels_pc_type": "sor"}
    part = box(3)
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.001, 0.0, 0.0])]
    problem = make_problem(part, {"part": MATRIX}, supports, petsc_options=GAMG | given)
    other = make_problem(part, {"part": MATRIX}, supports, petsc_options=GAMG)
    kinds = []
    for one in (problem, other):
        assert one.step(1.0).converged
        level = one.snes.getKSP().getPC().getMGSmoother(1)
        kinds.append((level.getType(), level.getPC().getType()))
    assert kinds[0] == ("richardson", "sor")
    assert kinds[1][0] == "chebyshev"
    before = len(PETSc.Options().getAll())
    problem.close()
    assert len(PETSc.Options().getAll()) < before


def test_modified_newton_assembles_once_a_step():
    part = rectangle(1.0, 1.0, (3, 3))
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.004, 0.0])]
    found = {}
    for newton in ("full", "modified"):
        problem = make_problem(part, {"part": MATRIX}, supports, newton=newton)
        calls = []
        assemble = problem.equilibrium.assemble_tangent

        def counted(*arguments, assemble=assemble, calls=calls):
            calls.append(1)
            assemble(*arguments)

        problem.snes.setJacobian(counted, problem.equilibrium.matrix)
        report = problem.step(1.0)
        assert report.converged
        found[newton] = len(calls), report.iterations
    assert found["modified"][0] == 1
    assert found["full"][0] == found["full"][1] < found["modified"][1]


def test_forces_are_no_trouble_for_the_line_search():
    """Steps of a prescribed pressure beyond yield, whose first iteration enlarges the residual."""
    part = quarter_ring(1.0, 2.0, (6, 8))
    law = laws.J2(200e3, 0.3, laws.LinearHardening(250.0))
    supports = [Support("x0", [0.0, None]), Support("y0", [None, 0.0])]
    problem = make_problem(
        part, {"part": law}, supports, [Pressure("inner", 1.0)], kind="axisymmetric"
    )
    for p in (180.0, 240.0, 290.0, 320.0):
        assert problem.step(p).converged


@pytest.mark.parametrize(
    ("dimension", "symmetric", "words"),
    [(3, True, "CG with multigrid"), (3, False, "GMRES with multigrid"), (2, True, "LU by MUMPS")],
)
def test_the_solver_is_chosen_by_size(monkeypatch, dimension, symmetric, words):
    if "MUMPS" in words and not PETSc.Sys.hasExternalPackage("mumps"):
        words = "LU by PETSc"
    monkeypatch.setattr(linear_solver, "_DIRECT_UP_TO", {2: 1000, 3: 100})
    part = box(2) if dimension == 3 else rectangle(1.0, 1.0, (4, 4))
    space = displacement_field(part).function_space
    chosen = choose_linear_solver(space, symmetric)
    assert words in chosen.sentence
    supports = [Support("x0", [0.0] * 3), Support("x1", [0.01, 0.0, 0.0])]
    if dimension == 2:
        supports = [Support("left", [0.0] * 2), Support("right", [0.01, 0.0])]
    problem = make_problem(part, {"part": MATRIX}, supports)
    assert problem.linear_solver == choose_linear_solver(space, True).sentence
    assert problem.step(1.0).converged


@pytest.mark.parametrize("kind", ["3d", "plane strain", "axisymmetric"])
def test_rigid_motions_are_the_null_space_of_a_free_part(kind):
    part = box(2) if kind == "3d" else rectangle(1.0, 1.0, (3, 3))
    part.mesh.geometry.x[:, 0] += 0.5
    problem_law = laws.Elastic.isotropic(1000.0, 0.3)
    group, values = ("x0", [0.0] * 3) if kind == "3d" else ("left", [0.0] * 2)
    problem = make_problem(part, {"part": problem_law}, [Support(group, values)], kind=kind)
    equilibrium = problem.equilibrium
    equilibrium._bcs = []  # free
    equilibrium.assemble_tangent(None, problem.u.x.petsc_vec, equilibrium.matrix, None)
    set_near_null_space(equilibrium.matrix, problem.u.function_space, kind)
    motions = equilibrium.matrix.getNearNullSpace().getVecs()
    assert len(motions) == {"3d": 6, "plane strain": 3, "axisymmetric": 1}[kind]
    scale = equilibrium.matrix.norm()
    for motion in motions:
        force = motion.duplicate()
        equilibrium.matrix.mult(motion, force)
        assert force.norm() < 1e-12 * scale
        assert motion.norm() == pytest.approx(1.0)
