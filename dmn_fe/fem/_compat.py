"""The few places where DOLFINx 0.9 … 0.11 differ, probed by what is there and not by number."""

import dolfinx.io
import numpy as np
from dolfinx import fem
from numpy.typing import NDArray

if hasattr(dolfinx.io, "gmsh"):
    from dolfinx.io import gmsh as gmsh_io
else:  # 0.9
    from dolfinx.io import gmshio as gmsh_io

__all__ = ["gmsh_io", "interpolation_points"]


def interpolation_points(space: fem.FunctionSpace) -> NDArray[np.float64]:
    """Reference points ``[n, tdim]`` of the element of ``space`` (method in 0.9, then property)."""
    points = space.element.interpolation_points
    return points() if callable(points) else points
