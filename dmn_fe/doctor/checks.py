"""The functions that processes of their own call, by the name of what they look at."""

__all__ = ["CHECKS", "MARK"]

#: How lines with a finding begin: libraries print lines of their own.
MARK = "dmn-fe doctor: "

#: Module and function, without arguments and with a :class:`~dmn_fe.doctor.finding.Finding`.
CHECKS = {
    "numpy": "dmn_fe.doctor.versions:numpy",
    "torch": "dmn_fe.doctor.versions:torch",
    "CUDA": "dmn_fe.doctor.engines:cuda",
    "C++ compiler": "dmn_fe.doctor.engines:compiler",
    "cache folder": "dmn_fe.doctor.engines:cache",
    "mpi4py": "dmn_fe.doctor.versions:mpi4py",
    "PETSc": "dmn_fe.doctor.versions:petsc",
    "DOLFINx": "dmn_fe.doctor.versions:dolfinx",
    "dolfinx_mpc": "dmn_fe.doctor.versions:dolfinx_mpc",
    "gmsh": "dmn_fe.doctor.versions:gmsh",
    "pyvista": "dmn_fe.doctor.versions:pyvista",
    # the self-tests
    "laws": "dmn_fe.doctor.rooms.laws:check",
    "microstructure": "dmn_fe.doctor.rooms.microstructure:check",
    "homogenization": "dmn_fe.doctor.rooms.homogenization:check",
    "network": "dmn_fe.doctor.rooms.network:check",
    "training": "dmn_fe.doctor.rooms.training:check",
    "evaluate: torch": "dmn_fe.doctor.rooms.evaluate:check_torch",
    "evaluate: core": "dmn_fe.doctor.rooms.evaluate:check_core",
    "evaluate: GPU": "dmn_fe.doctor.rooms.evaluate:check_gpu",
    "fem": "dmn_fe.doctor.rooms.fem:check",
    "mpi": "dmn_fe.doctor.rooms.mpi:check",
}
