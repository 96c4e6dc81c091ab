"""Kinds of small-strain problems: how a displacement becomes a strain in space."""

import math
from typing import Literal, get_args

import ufl
from dolfinx import mesh

from dmn_fe.errors import InputError
from dmn_fe.fem.balanced_law import BalancedLaw
from dmn_fe.fem.node_law import NodeLaw
from dmn_fe.fem.switching_law import SwitchingLaw
from dmn_fe.laws import MaterialLaw, Oriented, PlaneStress, stress_error

__all__ = ["Kind", "Kinematics", "mandel_strain"]

#: Kinds of problems. In two dimensions the axes 1 and 2 lie in the plane and 3 across it; of an
#: axisymmetric problem they are the radius, the axis of symmetry and the hoop.
Kind = Literal["3d", "plane strain", "plane stress", "axisymmetric"]


class Kinematics:
    """Strain and volume of a kind of problem.

    Parameters
    ----------
    domain : dolfinx.mesh.Mesh
        In three dimensions, or in two; of an axisymmetric problem x is the radius, y the axis.
    kind : str, optional
        ``"3d"``, the only one in three dimensions; ``"plane strain"``, taken in two dimensions;
        ``"plane stress"`` or ``"axisymmetric"``.
    thickness : float
        Of a plane problem: forces are those of a part so thick.

    Attributes
    ----------
    volume : UFL expression or float
        Volume of the part by area or volume of the mesh: the thickness; 2πr of an axisymmetric
        problem, whose forces are those around the whole circumference; 1 in space.

    Raises
    ------
    InputError
        If kind and mesh do not fit, or the thickness is not positive.
    """

    def __init__(self, domain: mesh.Mesh, kind: Kind | None = None, thickness: float = 1.0):
        dimension = domain.geometry.dim
        if kind is None:
            kind = "3d" if dimension == 3 else "plane strain"
        if kind not in get_args(Kind) or (kind == "3d") != (dimension == 3):
            fitting = ["3d"] if dimension == 3 else [one for one in get_args(Kind) if one != "3d"]
            raise InputError(
                f"kind = {kind!r} does not fit a mesh in {dimension} dimensions; give "
                f"{' or '.join(repr(one) for one in fitting)}."
            )
        if not (math.isfinite(thickness) and thickness > 0):
            raise InputError(f"thickness = {thickness} must be a positive number.")
        if thickness != 1.0 and not kind.startswith("plane"):
            raise InputError(f"thickness = {thickness}: only plane problems have one; remove it.")
        self.kind: Kind = kind
        self._x = ufl.SpatialCoordinate(domain)
        self.volume = 2.0 * math.pi * self._x[0] if kind == "axisymmetric" else thickness

    def strain(self, displacement):
        """Strain of a displacement as a UFL Mandel vector; see :func:`mandel_strain`.

        In plane stress the components 33, 23 and 13 are zero here: the law finds them.
        """
        plane = mandel_strain(displacement)
        if self.kind != "axisymmetric":
            return plane
        hoop = displacement[0] / self._x[0]
        return ufl.as_vector([plane[0], plane[1], hoop, plane[3], plane[4], plane[5]])

    def law(self, law: MaterialLaw) -> MaterialLaw:
        """The law as it is to be called with these strains."""
        if self.kind != "plane stress":
            return law
        if isinstance(law, NodeLaw | BalancedLaw | SwitchingLaw):
            return law.wrapped(_in_plane_stress)
        if isinstance(law, Oriented) and isinstance(law.law, BalancedLaw):
            raise InputError(
                "an RVE at every point has no material axes in plane stress; leave the axes out, "
                "or take plane strain or three dimensions."
            )
        return _in_plane_stress(law)


def _in_plane_stress(law: MaterialLaw) -> PlaneStress:
    return PlaneStress(law, tolerance=max(1e-12, 10.0 * stress_error(law)))


def mandel_strain(displacement):
    """Strain sym(∇u) as a UFL vector ``[11, 22, 33, 23, 13, 12]`` with √2 on the shears.

    Parameters
    ----------
    displacement : UFL expression of shape ``(3,)`` or ``(2,)``
        Function or argument. In two dimensions nothing depends on x3; two components are plane
        strain, with a third one there is antiplane shear too.
    """
    gradient = ufl.grad(displacement)
    components, dimension = gradient.ufl_shape

    def entry(i: int, j: int):
        return gradient[i, j] if i < components and j < dimension else 0.0

    shear = math.sqrt(0.5)
    return ufl.as_vector(
        [entry(i, i) for i in range(3)]
        + [shear * (entry(i, j) + entry(j, i)) for i, j in ((1, 2), (0, 2), (0, 1))]
    )
