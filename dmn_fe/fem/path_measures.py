"""How far a part moves along a path of equilibrium: measures of a change of the displacement."""

import math

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.part import Part

__all__ = ["ArcLength", "MeanDisplacement"]

# A load that moves a group by less than this part of what it moves at all does not move it.
_UNMOVED = 1e-10


class MeanDisplacement:
    """Motion measured by the mean displacement of a surface group along a direction.

    Parameters
    ----------
    part : Part
    u : dolfinx.fem.Function
    group : str
    direction : sequence of float
        Of any length; the measure is the component along it.

    Attributes
    ----------
    name : str
        What is measured, in words.

    Raises
    ------
    InputError
        If the direction does not fit, or the group is not on the boundary.
    """

    def __init__(self, part: Part, u: fem.Function, group: str, direction):
        unit = np.asarray(direction, dtype=np.float64)
        if unit.shape != (part.mesh.geometry.dim,) or not np.linalg.norm(unit) > 0:
            raise InputError(
                f"the direction {direction} of {group!r} must have {part.mesh.geometry.dim} "
                "components, not all of them zero."
            )
        self.name = f"mean displacement of {group!r} along {[float(x) for x in unit]}"
        part.facets(group)
        ds = ufl.Measure("ds", domain=part.mesh, subdomain_data=part.facet_tags)
        ds = ds(part.facet_groups[group])
        one = fem.Constant(part.mesh, 1.0)
        area = part.mesh.comm.allreduce(fem.assemble_scalar(fem.form(one * ds)))
        if not area > 0:
            raise InputError(f"{part.source}: the surface {group!r} is empty or inside the part.")
        along = fem.Constant(part.mesh, unit / np.linalg.norm(unit) / area)
        v = ufl.TestFunction(u.function_space)
        self._vector = fem_petsc.assemble_vector(fem.form(ufl.inner(along, v) * ds))
        self._vector.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        destroy_with(self, [self._vector])

    def of(self, change: PETSc.Vec) -> float:
        """The measure of a change of the displacement (collective)."""
        return float(self._vector.dot(change))

    def slope(self, change: PETSc.Vec, direction: PETSc.Vec) -> float:
        """Its derivative along a direction (collective)."""
        return float(self._vector.dot(direction))

    def predicted(self, last: PETSc.Vec, tangent: PETSc.Vec) -> float:
        """Change of the load factor per motion, from the displacements per load (collective).

        Raises
        ------
        InputError
            If the load does not move the group along the direction.
        """
        slope = self.slope(last, tangent)
        if abs(slope) <= _UNMOVED * self._vector.norm() * tangent.norm():
            raise InputError(
                f"PathFollowing: the load does not change the {self.name}; measure a surface and "
                "a direction that it moves."
            )
        return 1.0 / slope


class ArcLength:
    """Motion measured by the norm of the change of all displacements."""

    name = "arc length"

    def of(self, change: PETSc.Vec) -> float:
        """The measure of a change of the displacement (collective)."""
        return float(change.norm())

    def slope(self, change: PETSc.Vec, direction: PETSc.Vec) -> float:
        """Its derivative along a direction (collective)."""
        return float(change.dot(direction) / change.norm())

    def predicted(self, last: PETSc.Vec, tangent: PETSc.Vec) -> float:
        """Change of the load factor per motion, in the direction of the last step (collective).

        Where there was none, the factor rises.
        """
        return math.copysign(1.0 / tangent.norm(), last.dot(tangent) or 1.0)
