"""The von Mises stress of cells, for a picture."""

import torch
from dolfinx import fem

from dmn_fe import mandel
from dmn_fe.fem.output.cell_values import CellValues
from dmn_fe.fem.quadrature import QuadratureMap

__all__ = ["von_mises_field"]


def von_mises_field(qmap: QuadratureMap) -> fem.Function:
    """Von Mises stress of the average stress of each cell, as a DG-0 function (collective).

    The average over the volume, of the stress of the last commit.
    """
    space = fem.functionspace(qmap.u.function_space.mesh, ("DG", 0))
    field = fem.Function(space, name="von_mises")
    average = CellValues(qmap).average(qmap.committed_stress)
    values = mandel.von_mises(torch.from_numpy(average))
    field.x.array[: len(values)] = values.numpy()
    field.x.scatter_forward()
    return field
