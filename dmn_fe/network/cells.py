"""Piecewise linear interpolation between points of a plane: shares of the corners of their cells.

The cells are the triangles of Delaunay, or segments where all points lie on one line.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells"]

_ON_LINE = 1e-9  # distance from a line, relative to the extent of the points or of a cell


class Cells:
    """Cells between points.

    Parameters
    ----------
    points : array ``[k, 2]``
        Two or more, distinct.
    """

    def __init__(self, points: NDArray[np.float64]):
        self.points = points
        centred = points - points.mean(0)
        _, sizes, directions = np.linalg.svd(centred)
        if len(points) == 2 or sizes[1] <= _ON_LINE * sizes[0]:
            order = np.argsort(centred @ directions[0])
            self.cells = np.stack([order[:-1], order[1:]], axis=1)
            self._edges = self.cells
        else:
            from scipy.spatial import Delaunay  # takes longer than all else that networks need

            mesh = Delaunay(points)
            sides = points[mesh.simplices[:, 1:]] - points[mesh.simplices[:, :1]]
            # Of points on an edge of the hull, round-off makes a triangle without area.
            flat = np.abs(np.linalg.det(sides)) <= _ON_LINE * sizes[0] ** 2
            self.cells, self._edges = mesh.simplices[~flat], mesh.convex_hull

    def nearest(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points ``[n, 2]`` of the cells, whose union is convex, that are nearest to others
        ``[n, 2]``: these themselves where they lie in it."""
        start = self.points[self._edges[:, 0]]
        along = self.points[self._edges[:, 1]] - start
        share = np.einsum("nei,ei->ne", at[:, None] - start, along) / (along**2).sum(-1)
        feet = start + np.clip(share, 0.0, 1.0)[..., None] * along
        closest = np.linalg.norm(feet - at[:, None], axis=-1).argmin(1)
        # On a side of two cells round-off may put a point outside of both.
        outside = self._in_cells(at)[1].max(-1) < -_ON_LINE if self.cells.shape[1] == 3 else True
        return np.where(np.reshape(outside, (-1, 1)), feet[np.arange(len(at)), closest], at)

    def shares(self, at: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Corners ``[n, corners]`` of the cells of points ``[n, 2]``, and the shares ``[n,
        corners]`` ≥ 0 of these in them, which add up to one."""
        barycentric, least = self._in_cells(at)
        every, cell = np.arange(len(at)), least.argmax(1)
        shares = np.maximum(barycentric[every, cell], 0.0)
        # Round-off beside a corner would mix in what does not belong there.
        shares[shares < 1e-12] = 0.0
        return self.cells[cell].astype(np.int64), shares / shares.sum(-1, keepdims=True)

    def _in_cells(self, at: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Barycentric coordinates ``[n, cells, corners]`` of points, and the least of a cell."""
        origin = self.points[self.cells[:, 0]]
        sides = self.points[self.cells[:, 1:]] - origin[:, None]
        inverse = np.linalg.pinv(sides)  # [cells, 2, corners - 1]
        others = np.einsum("nci,cij->ncj", at[:, None] - origin, inverse)
        barycentric = np.concatenate([1.0 - others.sum(-1, keepdims=True), others], axis=-1)
        return barycentric, barycentric.min(-1)
