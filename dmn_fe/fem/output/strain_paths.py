"""The strains of some quadrature points over all steps of a run."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dmn_fe.collective import RaiseTogether
from dmn_fe.fem.output.folder import make_folder
from dmn_fe.fem.output.point_cloud import PointCloud
from dmn_fe.fem.output.quantities import Quantity
from dmn_fe.fem.part import Part
from dmn_fe.fem.problem import Problem
from dmn_fe.laws import MaterialLaw, laws_description
from dmn_fe.network import Ensemble, Network, save

__all__ = ["KeptNetwork", "StrainPaths", "group_numbers"]


class KeptNetwork(NamedTuple):
    """Network and laws of a group, kept with its strain paths."""

    network: Network | Ensemble
    laws: Mapping[str, MaterialLaw]


class StrainPaths(PointCloud):
    """After every step the strain at some points, for instance to compare with another model later.

    Quantities are ``strain``, ``volume`` (of the part at the point) and ``material``, the number of
    the group of cells that the point is in; the notes of the file have ``groups``, these numbers by
    name.

    Parameters
    ----------
    path : str or Path
        The file, e.g. ``strain_paths.vtkhdf``; its folder is made if missing.
    part : Part
    groups : iterable of str, optional
        Groups of cells whose points are meant; all of the part if left out.
    most, seed
        As of :class:`~dmn_fe.fem.output.PointCloud`.
    also : iterable of str or Quantity
        More quantities, such as ``"temperature"``.
    networks : mapping of str to KeptNetwork or str
        Of groups, so that the folder has all that their paths can be followed with again: the
        network goes to a file beside this one, e.g. ``strain_paths_1.dmn`` of the group 1, and its
        name with the laws to the note ``networks``; or a few words why there is none.

    Raises
    ------
    InputError
        On all ranks, if there is no such group, or as :class:`~dmn_fe.fem.output.PointCloud`.
    """

    def __init__(
        self,
        path: str | Path,
        part: Part,
        groups: Iterable[str] | None = None,
        most: int | None = 2000,
        seed: int = 0,
        also: Iterable[str | Quantity] = (),
        networks: Mapping[str, KeptNetwork | str] | None = None,
    ):
        names = list(part.cell_groups if groups is None else groups)
        cells = [part.cells(name) for name in names]
        self._kept: dict[str, Network | Ensemble] = {}  # by the name of the file
        notes: dict[str, Any] = {"groups": {name: part.cell_groups[name] for name in names}}
        if networks is not None:
            notes["networks"] = {
                name: self._note(one, path, part, name) for name, one in networks.items()
            }
        super().__init__(
            path,
            ["strain", "volume", group_numbers(part), *also],
            most=most,
            seed=seed,
            cells=np.concatenate([np.empty(0, dtype=np.int32), *cells]),
            notes=notes,
        )

    def open(self, problem: Problem, kept: float | None) -> bool:
        """Write the networks, and start or continue the file (collective)."""
        make_folder(self.path.parent, problem.qmap.comm)
        with RaiseTogether(problem.qmap.comm):
            if problem.qmap.comm.rank == 0:
                for name, network in self._kept.items():
                    save(network, self.path.with_name(name))
        return super().open(problem, kept)

    def _note(self, one: KeptNetwork | str, path: str | Path, part: Part, group: str) -> Any:
        """What the file tells of the network of a group, which is written later."""
        if isinstance(one, str):
            return one
        name = f"{Path(path).stem}_{part.cell_groups[group]}.dmn"
        self._kept[name] = one.network
        return {"file": name, "laws": laws_description(one.laws)}


def group_numbers(part: Part) -> Quantity:
    """A quantity ``material``: the number of the group of cells, as in the mesh file."""

    def values(problem: Problem) -> NDArray[np.int32]:
        cells = problem.qmap.cells
        numbers = np.full(len(cells), -1, dtype=np.int32)
        owned = part.cell_tags.indices < len(cells)
        numbers[part.cell_tags.indices[owned]] = part.cell_tags.values[owned]
        return np.repeat(numbers, problem.qmap.points_per_cell)

    return Quantity("material", values, (), "1", "largest")
