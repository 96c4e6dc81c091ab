"""The few places where DOLFINx 0.9 … 0.11 differ, probed by what is there and not by number."""

import dolfinx.io
import numpy as np
from dolfinx import mesh
from numpy.typing import NDArray

if hasattr(dolfinx.io, "gmsh"):
    from dolfinx.io import gmsh as gmsh_io
else:  # 0.9
    from dolfinx.io import gmshio as gmsh_io

__all__ = ["geometry_dofmap", "gmsh_io"]


def geometry_dofmap(domain: mesh.Mesh) -> NDArray[np.int32]:
    """Geometry nodes ``[cells, n]`` of every cell (``dofmap`` in 0.9, then one per cell type)."""
    geometry = domain.geometry
    return geometry.dofmaps[0] if hasattr(geometry, "dofmaps") else geometry.dofmap
