"""Small DOLFINx problems that many tests of the fem room use."""

from dataclasses import dataclass

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI

from dmn_fe import laws
from dmn_fe.fem import Problem, QuadratureMap

STEEL = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))
VOCE = laws.J2(200e3, 0.3, laws.VoceHardening(250.0, 100.0, 40.0, 1000.0))


@dataclass
class Block:
    """A unit cube: clamped at x = 0, the face x = 1 displaced."""

    u: fem.Function
    qmap: QuadratureMap
    problem: Problem
    pull: fem.Constant
    fixed: np.ndarray
    moved: np.ndarray


def clamped_block(
    law, direction=(1.0, 0.5, 0.0), n=2, cell=mesh.CellType.tetrahedron, degree=2, **options
) -> Block:
    """A block whose end moves by ``t · direction``, with quadratic displacement."""
    domain = mesh.create_unit_cube(MPI.COMM_WORLD, n, n, n, cell)
    space = fem.functionspace(domain, ("Lagrange", 2, (3,)))
    u = fem.Function(space, name="displacement")
    fixed, moved = face(domain, 0, 0.0), face(domain, 0, 1.0)
    support = fem.Constant(domain, np.zeros(3))
    pull = fem.Constant(domain, np.zeros(3))
    bcs = [
        fem.dirichletbc(value, fem.locate_dofs_topological(space, 2, facets), space)
        for value, facets in ((support, fixed), (pull, moved))
    ]
    qmap = QuadratureMap(u, law, degree)
    loads = {pull: lambda t: t * np.array(direction)}
    problem = Problem(u, qmap, bcs, loads, petsc_options=options)
    return Block(u, qmap, problem, pull, fixed, moved)


def uniaxial_block(law, **options) -> Block:
    """A block in uniaxial stress along x: one symmetry plane per axis, x = 1 moved by t."""
    domain = mesh.create_unit_cube(MPI.COMM_WORLD, 1, 1, 1)
    space = fem.functionspace(domain, ("Lagrange", 2, (3,)))
    u = fem.Function(space, name="displacement")
    pull = fem.Constant(domain, 0.0)
    zero = fem.Constant(domain, 0.0)
    planes = [(0, 0.0, zero), (1, 0.0, zero), (2, 0.0, zero), (0, 1.0, pull)]
    bcs = []
    for axis, place, value in planes:
        dofs = fem.locate_dofs_topological(space.sub(axis), 2, face(domain, axis, place))
        bcs.append(fem.dirichletbc(value, dofs, space.sub(axis)))
    qmap = QuadratureMap(u, law)
    problem = Problem(u, qmap, bcs, {pull: lambda t: t}, petsc_options=options)
    return Block(u, qmap, problem, pull, face(domain, 0, 0.0), face(domain, 0, 1.0))


def face(domain: mesh.Mesh, axis: int, place: float) -> np.ndarray:
    """Facets of the unit cube where coordinate ``axis`` equals ``place``."""
    return mesh.locate_entities_boundary(domain, 2, lambda x: np.isclose(x[axis], place))


class Fragile:
    """A law that fails, or raises, at points whose strain is beyond a limit."""

    def __init__(self, law, limit: float, raises: bool = False):
        self.law, self.limit, self.raises = law, limit, raises
        self.state_size, self.initial_state = law.state_size, law.initial_state

    def integrate(self, strain, state, dt=0.0):
        update = self.law.integrate(strain, state, dt)
        beyond = strain.norm(dim=-1) > self.limit
        if self.raises and beyond.any():
            raise ArithmeticError("a strain is beyond the limit")
        update.status[beyond] = laws.Status.MAX_ITERATIONS
        return update


class OnlyShortSteps:
    """A law that fails at all points in steps of time longer than a limit."""

    def __init__(self, law, limit: float):
        self.law, self.limit = law, limit
        self.state_size, self.initial_state = law.state_size, law.initial_state

    def integrate(self, strain, state, dt=0.0):
        update = self.law.integrate(strain, state, dt)
        if dt > self.limit:
            update.status[:] = laws.Status.MAX_ITERATIONS
        return update


class Counting:
    """A law that counts how often stress and tangent are computed."""

    def __init__(self, law):
        self.law, self.stresses, self.tangents = law, 0, 0
        self.state_size, self.initial_state = law.state_size, law.initial_state

    def integrate(self, strain, state, dt=0.0):
        self.stresses += 1
        update = self.law.integrate(strain, state, dt)

        def tangent():
            self.tangents += 1
            return update.tangent

        return laws.Update(update.stress, update.state, tangent)
