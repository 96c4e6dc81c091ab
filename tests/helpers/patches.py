"""Linear displacements, whose stress is known."""

import numpy as np
from dolfinx import fem, mesh

from dmn_fe import laws
from dmn_fe.fem import Part, Problem, QuadratureMap, displacement_field

__all__ = ["YOUNG", "elastic_stress", "patch"]

YOUNG, POISSON = 1000.0, 0.3
ELASTIC = laws.Elastic.isotropic(YOUNG, POISSON)


def patch(part: Part, gradient, law=ELASTIC, degree: int = 2, kind=None, **options) -> Problem:
    """``u = t · gradient · x`` on all of the boundary of a part, and so inside of it."""
    domain, gradient = part.mesh, np.asarray(gradient, dtype=np.float64)
    dim = domain.topology.dim
    u = displacement_field(part, degree)
    domain.topology.create_connectivity(dim - 1, dim)
    facets = mesh.exterior_facet_indices(domain.topology)
    given = fem.Function(u.function_space)
    bcs = [
        fem.dirichletbc(given, fem.locate_dofs_topological(u.function_space, dim - 1, facets)),
    ]
    loads = {given: lambda t: lambda x: t * gradient @ x[: len(gradient)]}
    qmap = QuadratureMap(u, law, kind=kind, **options)
    return Problem(u, qmap, bcs, loads, petsc_options={"snes_rtol": 1e-12})


def elastic_stress(strain) -> np.ndarray:
    """Stress ``[3, 3]`` of the law of a patch."""
    shear = YOUNG / (2.0 * (1.0 + POISSON))
    lame = YOUNG * POISSON / ((1.0 + POISSON) * (1.0 - 2.0 * POISSON))
    return lame * np.trace(strain) * np.eye(3) + 2.0 * shear * np.asarray(strain)
