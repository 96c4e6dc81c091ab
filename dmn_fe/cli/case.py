"""From a run file and a mesh to a problem."""

from typing import Any, cast

import numpy as np
import torch

from dmn_fe.cli.condition_tables import AxesTable, CellFieldTable, TemperatureTable
from dmn_fe.cli.material_tables import NetworkTable
from dmn_fe.cli.materials import FullRVE, Material, NetworksOfField, SharedNetwork, SwitchedNetwork
from dmn_fe.cli.runfile import RunFile
from dmn_fe.errors import InputError
from dmn_fe.fem import (
    Amplitude,
    LoadFactor,
    NodeLaw,
    Part,
    Problem,
    SwitchingLaw,
    SwitchingRule,
    VaryingNetwork,
    cell_field,
    make_problem,
    map_cell_data,
    rve_law,
)
from dmn_fe.laws import MaterialLaw

__all__ = ["problem_of"]


def problem_of(
    run_file: RunFile,
    part: Part,
    materials: dict[str, Material],
    factor: LoadFactor | None = None,
) -> Problem:
    """The problem of one pass of a run, at the start of its loading (collective).

    ``factor`` is the unknown one of a run file with a path.

    Raises
    ------
    InputError
        On all ranks, if file and mesh do not fit together.
    """
    amplitudes: dict[str, Any] = {
        name: Amplitude(points) for name, points in run_file.amplitudes.items()
    }
    if factor is not None:
        amplitudes["factor"] = factor
    loading = None if run_file.loading is None else Amplitude(run_file.loading.points)
    warm = run_file.temperature
    return make_problem(
        part,
        {name: _law(run_file, part, name, material) for name, material in materials.items()},
        [support.made(amplitudes) for support in run_file.supports],
        [force.made(amplitudes) for force in run_file.forces],
        amplitude=loading,
        temperature=None if warm is None else warm.made(_change(part, warm), amplitudes),
        kind=run_file.mesh.kind,
        thickness=run_file.mesh.thickness,
        axes={name: _axes(part, table) for name, table in run_file.axes.items()},
        displacement_degree=run_file.mesh.displacement_degree,
        quadrature_degree=run_file.mesh.quadrature_degree,
        newton=run_file.solver.newton,
        petsc_options=run_file.solver.petsc,
        time=0.0 if loading is None else loading.times[0],
        periodic=None if run_file.periodic is None else run_file.periodic.made(amplitudes),
    )


def _law(
    run_file: RunFile, part: Part, name: str, material: Material
) -> MaterialLaw | VaryingNetwork:
    """The material of a volume group as a problem takes it (collective)."""
    if isinstance(material, SharedNetwork):
        devices = max(1, torch.cuda.device_count())
        # Its state is another kind of object, which nobody but the quadrature map looks into.
        return cast("MaterialLaw", NodeLaw(material.make, part.mesh.comm, devices))
    if isinstance(material, FullRVE):
        return rve_law(*material)
    if isinstance(material, SwitchedNetwork):
        rule = SwitchingRule(**material.thresholds)
        # Its state is another kind of object, as above.
        try:
            law = SwitchingLaw(material.network, rve_law(*material.full), rule)
        except InputError as error:
            raise InputError(f"{run_file.source}: materials.{name}.switch: {error}") from None
        return cast("MaterialLaw", law)
    if not isinstance(material, NetworksOfField):
        return material
    table = run_file.materials[name]
    assert isinstance(table, NetworkTable)
    assert table.field is not None
    values = map_cell_data(part, table.field.file, table.field.field)
    if table.phase is None and values.shape[1:] == (9,):
        values = values.reshape(-1, 3, 3)
    return VaryingNetwork(material.family, values, material.law_of, table.resolution, table.clamp)


def _axes(part: Part, table: AxesTable) -> np.ndarray:
    """Material axes of a volume group (collective)."""
    if table.rotation is not None:
        return np.array(table.rotation)
    assert table.field is not None
    return map_cell_data(part, table.field.file, table.field.field).reshape(-1, 3, 3)


def _change(part: Part, table: TemperatureTable) -> Any:
    """Number or field by cells of a temperature (collective)."""
    if not isinstance(table.change, CellFieldTable):
        return table.change
    values = map_cell_data(part, table.change.file, table.change.field)
    return cell_field(part, values, "temperature")
