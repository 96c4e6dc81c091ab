"""The strain paths of one material of a run, with the network that has followed them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe import mandel
from dmn_fe.errors import InputError
from dmn_fe.field_series import FieldSeries, read_series
from dmn_fe.laws import MaterialLaw, laws_from_description
from dmn_fe.network import Ensemble, Network, load

__all__ = ["RecordedPaths", "read_recorded_paths"]

_FILE = "strain_paths.vtkhdf"


@dataclass(frozen=True, eq=False)
class RecordedPaths:
    """What a run has kept of a material.

    Attributes
    ----------
    material : str
        The group of cells.
    others : tuple of str
        Other groups with networks in the same run.
    times : array ``[k]``
        The start, and the end of each step.
    points : array ``[n, 3]``
        Quadrature points.
    strain : Tensor ``[n, k, 6]``
        Mandel; in plane stress with the strains out of the plane.
    volume : array ``[n]``
        Of the part that the points stand for, all of the material if only some were kept.
    network : Network or Ensemble
    laws : dict of str to MaterialLaw
        Of its phases.
    """

    material: str
    others: tuple[str, ...]
    times: NDArray[np.float64]
    points: NDArray[np.float64]
    strain: Tensor
    volume: NDArray[np.float64]
    network: Network | Ensemble
    laws: dict[str, MaterialLaw]


def read_recorded_paths(folder: str | Path, material: str | None = None) -> RecordedPaths:
    """Read the strain paths of a run of ``dmn-fe run``; nothing but its folder is needed.

    Parameters
    ----------
    folder : str or Path
    material : str, optional
        The group; may be left out if one alone has a network.

    Raises
    ------
    InputError
        If the folder has no strain paths, or the material there has no network of its own.
    """
    folder = Path(folder)
    path = folder / _FILE
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give that of a run.")
    if not path.is_file():
        raise InputError(
            f"{folder}: has no {_FILE} (runs of dmn-fe validate have none); run it with a network "
            "by dmn-fe run, without output.strain_paths = 0."
        )
    series = read_series(path)
    kept: dict[str, Any] = series.notes.get("networks", {})
    if not kept:
        raise InputError(
            f"{path}: does not tell the networks of its points; run it again with this version, "
            "or give 'networks' to StrainPaths."
        )
    material = _chosen(path, kept, material)
    if isinstance(kept[material], str):
        raise InputError(
            f"{path}: the points of {material!r} cannot be followed again, since "
            f"{kept[material]}; audit another group by --material, or another run."
        )
    if "temperature" in series.point_data:
        raise InputError(
            f"{path}: the part has a temperature, which the solvers of full RVEs do not take; only "
            "runs without can be audited."
        )
    network = load(folder / kept[material]["file"])
    laws = laws_from_description(kept[material]["laws"])
    own = series.point_data["material"][0] == series.notes["groups"][material]
    return RecordedPaths(
        material,
        tuple(name for name in kept if name != material),
        series.times,
        series.points[own],
        _strain(path, series, own),
        series.point_data["volume"][0, own] * series.notes["all_points"] / len(own),
        network,
        laws,
    )


def _chosen(path: Path, kept: dict[str, Any], material: str | None) -> str:
    known = ", ".join(repr(name) for name in kept)
    if material is None and len(kept) == 1:
        return next(iter(kept))
    if material is None:
        raise InputError(f"{path}: has several materials; give one --material of {known}.")
    if material not in kept:
        raise InputError(f"{path}: there is no material {material!r}; give one of {known}.")
    return material


def _strain(path: Path, series: FieldSeries, own: NDArray[np.bool_]) -> Tensor:
    """Strains ``[n, k, 6]`` from the virgin state on."""
    if len(series.times) < 2 or not own.any():
        raise InputError(f"{path}: has no step of this material yet; let the run go on.")
    strain = mandel.from_tensor(torch.from_numpy(series.point_data["strain"][:, own]))
    if strain[0].any():
        raise InputError(f"{path}: does not begin with the start of the run; run it again.")
    return strain.transpose(0, 1).contiguous()
