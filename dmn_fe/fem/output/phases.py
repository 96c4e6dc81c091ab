"""A table of what the phases of the materials carry, averaged over groups of cells."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mpi4py import MPI
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe import mandel
from dmn_fe.collective import RaiseTogether
from dmn_fe.fem.output.phase_quantities import averages_of
from dmn_fe.fem.output.tables import Table
from dmn_fe.fem.part import Part
from dmn_fe.fem.problem import Problem

__all__ = ["PhaseAverages"]

_COMPONENTS = ("11", "22", "33", "23", "13", "12")
_TO_TENSOR = torch.tensor([1.0] * 3 + [np.sqrt(0.5)] * 3, dtype=torch.float64)  # from Mandel
_MEANS = ("mises", *(f"S{ij}" for ij in _COMPONENTS), "inelastic")


class _Piece(NamedTuple):
    """Points of one law in one group: the rows of its states, and their volumes ``[m]``."""

    group: str
    key: Any
    rows: Tensor
    volumes: Tensor


class PhaseAverages(Table):
    """Averages of each phase over the groups of cells of a part.

    Columns ``<group> <phase> mises``, the von Mises stress, ``S11``, ``S22``, ``S33``, ``S23``,
    ``S13``, ``S12``, the components of the stress tensor, and ``inelastic``, the equivalent
    inelastic strain ``√(2/3) |dev|``: means over the phase's volume in the group, of what
    :func:`~dmn_fe.evaluate.phase_averages` tells of points; those of von Mises stress and
    equivalent strain are of the averages over the phase's leaves at a point. Then ``largest
    mises``, the largest von Mises stress of a leaf at a point of the group. A material that is no
    network is one phase ``material``.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``phases.csv``.
    part : Part
    """

    def __init__(self, path: str | Path, part: Part):
        super().__init__(path, [])
        self._part, self._first = part, list(self._columns)
        self._pairs: list[tuple[str, str]] = []
        self._pieces: list[_Piece] = []

    def prepare(self, problem: Problem) -> None:
        """Find phases and volumes of the groups (collective).

        Raises
        ------
        InputError
            On all ranks, if a network keeps no strains of its leaves.
        """
        qmap, part = problem.qmap, self._part
        volumes = torch.from_numpy(qmap.volumes())
        with RaiseTogether(qmap.comm):
            averages = averages_of(problem)
        cells_of_laws, points_of_laws = qmap.cells_of_groups(), qmap.points_of_groups()
        self._pieces = []
        for group in part.cell_groups:
            cells = part.cells(group)
            for key, own in cells_of_laws.items():
                inside = np.repeat(np.isin(own, cells), qmap.points_per_cell)
                rows = np.flatnonzero(inside)
                points = points_of_laws[key][rows]
                self._pieces.append(_Piece(group, key, torch.from_numpy(rows), volumes[points]))
        here = {(piece.group, piece.key) for piece in self._pieces if len(piece.rows)}
        everywhere = set().union(*qmap.comm.allgather(here))
        self._pieces = [one for one in self._pieces if (one.group, one.key) in everywhere]
        pairs = ((one.group, phase) for one in self._pieces for phase in averages[one.key])
        self._pairs = list(dict.fromkeys(pairs))
        columns = [f"{g} {p} {what}" for g, p in self._pairs for what in (*_MEANS, "largest mises")]
        self._columns = [*self._first, *columns]

    def row(self, problem: Problem) -> NDArray[np.float64]:
        """Averages and largest stresses (collective).

        Raises
        ------
        InputError
            As :meth:`prepare`.
        """
        comm = problem.qmap.comm
        with RaiseTogether(comm):
            averages = averages_of(problem)
        sums, largest = np.zeros((len(self._pairs), 1 + len(_MEANS))), np.zeros(len(self._pairs))
        for group, key, rows, volumes in self._pieces:
            for phase, average in averages[key].items():
                at = self._pairs.index((group, phase))
                stress, inelastic = average.stress[rows], average.inelastic_strain[rows]
                columns = [
                    torch.ones_like(volumes)[:, None],
                    mandel.von_mises(stress)[:, None],
                    stress * _TO_TENSOR,
                    mandel.von_mises(inelastic)[:, None] * (2.0 / 3.0),
                ]
                weights = average.fraction * volumes
                sums[at] += (weights @ torch.cat(columns, dim=1)).numpy()
                mises = average.largest_von_mises[rows].numpy()
                largest[at] = mises.max(initial=largest[at])
        comm.Allreduce(MPI.IN_PLACE, sums)
        comm.Allreduce(MPI.IN_PLACE, largest, MPI.MAX)
        volume = sums[:, :1]
        means = sums[:, 1:] / np.where(volume > 0, volume, 1.0)
        return np.column_stack([means, largest]).reshape(-1)
