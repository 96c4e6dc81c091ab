"""Full FE² in one line: an RVE, as voxels or as a mesh, as the law of a material."""

import importlib.util
from collections.abc import Mapping
from typing import Literal

from dmn_fe.errors import InputError
from dmn_fe.fem.rve.problem import MeshRVEProblem
from dmn_fe.homogenization import RVELaw, RVEProblem, VoxelProblem
from dmn_fe.laws import MaterialLaw
from dmn_fe.microstructure import MeshRVE, VoxelRVE, voxels_to_mesh

__all__ = ["RVESolver", "rve_law"]

#: By Fourier transforms, or by finite elements with a direct solver.
RVESolver = Literal["auto", "fft", "elements"]

# Of the macroscopic tangent: its entries are then right to some 1e-7, and single precision does.
_TANGENT_TOLERANCE = 1e-6


def rve_law(
    rve: VoxelRVE | MeshRVE,
    laws: Mapping[str, MaterialLaw],
    solver: RVESolver = "auto",
    tolerance: float = 1e-6,
) -> RVELaw:
    """The law of a material that is this RVE, solved anew at every quadrature point.

    Parameters
    ----------
    rve : VoxelRVE or MeshRVE
    laws : mapping of phase name to MaterialLaw
    solver : str
        ``"fft"``, for voxels; ``"elements"``: quadratic ones on meshes, on voxels one element with
        one point for each, which is the same discretisation as that of ``"fft"`` and takes laws
        whose tangent is not symmetric; ``"auto"``: what is quicker, elements on meshes and on
        voxels in a plane (where dolfinx_mpc is there), else FFT.
    tolerance : float
        Of the balance of forces in the RVE, relative to those of its stress.

    Raises
    ------
    InputError
        If they do not fit together, or dolfinx_mpc is missing where elements are asked for.
    """
    return RVELaw(_problem(rve, laws, solver, tolerance))


def _problem(
    rve: VoxelRVE | MeshRVE, laws: Mapping[str, MaterialLaw], solver: RVESolver, tolerance: float
) -> RVEProblem:
    if solver not in ("auto", "fft", "elements"):
        raise InputError(
            f"rve_law: solver = {solver!r} is unknown; give 'auto', 'fft' or 'elements'."
        )
    if isinstance(rve, MeshRVE):
        if solver == "fft":
            raise InputError(
                "rve_law: solver = 'fft' is for voxels, this RVE is a mesh; take 'elements', or "
                "microstructure.voxelize it."
            )
        return MeshRVEProblem(rve, laws, tolerance=tolerance)
    if not isinstance(rve, VoxelRVE):
        raise InputError(
            f"rve_law: the RVE is a {type(rve).__name__}; give a VoxelRVE or a MeshRVE, e.g. "
            "dmn_fe.microstructure.read(file)."
        )
    plane = rve.shape[2] == 1
    if solver == "auto":
        quicker = plane and importlib.util.find_spec("dolfinx_mpc") is not None
        solver = "elements" if quicker else "fft"
    if solver == "fft":
        return VoxelProblem(rve, laws, tolerance, tangent_tolerance=_TANGENT_TOLERANCE)
    mesh = voxels_to_mesh(rve, plane=plane)
    return MeshRVEProblem(mesh, laws, degree=1, quadrature_degree=1, tolerance=tolerance)
