"""Fewest pixels or voxels along an edge that hold a texture."""

__all__ = ["SMALLEST_EDGE"]

#: By the dimension: of photos, of images and results of a reconstruction, of its coarsest grid.
SMALLEST_EDGE = {2: 32, 3: 16}
