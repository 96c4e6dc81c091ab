"""Colours of phases and of the directions of oriented material."""

from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.checks import VOID_NAMES
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["Palette"]

# A quiet matrix, then colours that differ also for most who see few colours.
_COLOURS = ("#d5d8dc", "#c8553d", "#2a6f97", "#e9a03b", "#5d8a66", "#7b5ea7", "#8d5a3b", "#3d405b")


@dataclass(frozen=True)
class Palette:
    """Colours of an RVE.

    Parameters
    ----------
    phases : array ``[phases, 3]``
        Red, green, blue from 0 to 1 of each phase.
    oriented : boolean array ``[phases]``
        Which phases show the direction of their material instead.
    """

    phases: np.ndarray
    oriented: np.ndarray

    @classmethod
    def of(cls, rve: VoxelRVE) -> "Palette":
        """Colours of an RVE; voids are white."""
        colours = np.array([_rgb(_COLOURS[i % len(_COLOURS)]) for i in range(len(rve.names))])
        colours[[name.lower() in VOID_NAMES for name in rve.names]] = 1.0
        oriented = np.zeros(len(rve.names), dtype=bool)
        if rve.orientations is not None and rve.orientation_index is not None:
            aligned = np.abs(rve.orientations - np.eye(3)).max(axis=(1, 2)) < 1e-9
            oriented[np.unique(rve.phase[~aligned[rve.orientation_index]])] = True
        return cls(colours, oriented)

    def layer(self, rve: VoxelRVE, normal: int, layer: int) -> np.ndarray:
        """Colours ``[n, m, 3]`` of a layer of voxels across an axis."""
        phase = rve.phase.take(layer, normal)
        image = self.phases[phase]
        if rve.orientations is not None and rve.orientation_index is not None:
            shown = self.oriented[phase]
            index = rve.orientation_index.take(layer, normal)
            image[shown] = self.directions(rve.orientations[:, :, 0])[index[shown]]
        return image

    @staticmethod
    def directions(axes: np.ndarray) -> np.ndarray:
        """Colours ``[n, 3]`` of directions ``[n, 3]``; opposite ones are the same."""
        share = np.abs(axes) / np.abs(axes).max(axis=1, keepdims=True)
        return 0.18 + 0.72 * share


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
