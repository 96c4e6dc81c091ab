"""DOLFINx simulations with material laws at the quadrature points, under MPI.

Needs DOLFINx 0.9 or newer with PETSc. DOLFINx must be imported before torch in one process, since
the Fortran runtime in some torch wheels breaks MUMPS: this package does so, therefore import
``dmn_fe.fem`` (or ``dolfinx``) before ``torch`` and before the rooms that import torch. With torch
and DOLFINx from one distribution (Debian, conda-forge) the order does not matter.
"""

_INSTALL = (
    "install it with `conda install -c conda-forge fenics-dolfinx gmsh python-gmsh pyvista`, "
    "or on Debian 13 with `apt install python3-dolfinx-real python3-gmsh`"
)

try:
    import dolfinx
    import dolfinx.fem.petsc
except ImportError as error:
    raise ImportError(f"dmn_fe.fem needs DOLFINx 0.9 or newer with PETSc; {_INSTALL}.") from error

if tuple(int(part) for part in dolfinx.__version__.split(".")[:2]) < (0, 9):
    raise ImportError(
        f"dmn_fe.fem needs DOLFINx 0.9 or newer, but found {dolfinx.__version__}; {_INSTALL}."
    )

from dmn_fe.fem import output  # noqa: E402
from dmn_fe.fem.balanced_law import BalancedLaw  # noqa: E402
from dmn_fe.fem.case import make_problem  # noqa: E402
from dmn_fe.fem.cell_data import cell_field, map_cell_data  # noqa: E402
from dmn_fe.fem.checkpoint import Checkpoints  # noqa: E402
from dmn_fe.fem.conditions import (  # noqa: E402
    Amplitude,
    BodyForce,
    Periodic,
    Pressure,
    Resultant,
    Support,
    Temperature,
    Traction,
    displacement_field,
    prescribe,
)
from dmn_fe.fem.costs import Costs, estimate_costs, memory_per_point  # noqa: E402
from dmn_fe.fem.kinematics import mandel_strain  # noqa: E402
from dmn_fe.fem.mesh import read_mesh  # noqa: E402
from dmn_fe.fem.node_law import NodeLaw  # noqa: E402
from dmn_fe.fem.output import von_mises_field  # noqa: E402
from dmn_fe.fem.part import Part, mark  # noqa: E402
from dmn_fe.fem.part_laws import CellLaws, VaryingNetwork, cell_laws, family_laws  # noqa: E402
from dmn_fe.fem.path_following import LoadFactor, PathFollowing  # noqa: E402
from dmn_fe.fem.path_measures import ArcLength, MeanDisplacement  # noqa: E402
from dmn_fe.fem.pictures import draw  # noqa: E402
from dmn_fe.fem.problem import Problem  # noqa: E402
from dmn_fe.fem.quadrature import QuadratureMap  # noqa: E402
from dmn_fe.fem.report import StepReport  # noqa: E402
from dmn_fe.fem.rigid_motion import free_rigid_motions  # noqa: E402
from dmn_fe.fem.rve import (  # noqa: E402
    DistributedRVE,
    MeshRVEProblem,
    MeshUpdate,
    RVESolver,
    distribute,
    effective_stiffness,
    rve_law,
)
from dmn_fe.fem.simulation import Ending, Output, Simulation  # noqa: E402
from dmn_fe.fem.steps import StepControl, StepFailed, StepSizes, advance  # noqa: E402
from dmn_fe.fem.surface import Surface, gather_surface  # noqa: E402
from dmn_fe.fem.switching_law import SwitchingLaw  # noqa: E402
from dmn_fe.fem.switching_rule import SwitchingRule  # noqa: E402

__all__ = [
    "Amplitude",
    "ArcLength",
    "BalancedLaw",
    "BodyForce",
    "CellLaws",
    "Checkpoints",
    "Costs",
    "DistributedRVE",
    "Ending",
    "LoadFactor",
    "MeanDisplacement",
    "MeshRVEProblem",
    "MeshUpdate",
    "NodeLaw",
    "Output",
    "Part",
    "PathFollowing",
    "Periodic",
    "Pressure",
    "Problem",
    "QuadratureMap",
    "RVESolver",
    "Resultant",
    "Simulation",
    "StepControl",
    "StepFailed",
    "StepReport",
    "StepSizes",
    "Support",
    "Surface",
    "SwitchingLaw",
    "SwitchingRule",
    "Temperature",
    "Traction",
    "VaryingNetwork",
    "advance",
    "cell_field",
    "cell_laws",
    "displacement_field",
    "distribute",
    "draw",
    "effective_stiffness",
    "estimate_costs",
    "family_laws",
    "free_rigid_motions",
    "gather_surface",
    "make_problem",
    "mandel_strain",
    "map_cell_data",
    "mark",
    "memory_per_point",
    "output",
    "prescribe",
    "read_mesh",
    "rve_law",
    "von_mises_field",
]
