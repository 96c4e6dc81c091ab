"""The record of a run from the folder of its results."""

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dmn_fe.errors import InputError
from dmn_fe.field_series import FieldSeries, read_series
from dmn_fe.validation.record import RunRecord

__all__ = ["read_results"]

_COLUMN = re.compile(r"(?P<name>.+) (?P<kind>[uF])(?P<component>[123])")
_STRESS = ("S11", "S22", "S33", "S23", "S13", "S12")
_SHEAR = np.array([1.0, 1.0, 1.0, *3 * [math.sqrt(2.0)]])
_SUM = "all supports"

Columns = dict[str, NDArray[np.float64]]


def read_results(folder: str | Path, facts: dict[str, Any] | None = None) -> RunRecord:
    """Read the steps that a run has left in all of its files; it may still be going on.

    Parameters
    ----------
    folder : path
        With ``reactions.csv``, ``phases.csv``, ``fields.vtkhdf``, ``points.vtkhdf`` (with stress,
        strain, volume and spread) and ``summary.json``, each of every step; of a network whose
        points may have the full RVE with ``switching.csv``, whose counts come to the facts.
    facts : dict, optional
        What else to keep, beside the content of ``summary.json``.

    Raises
    ------
    InputError
        If a file is missing or damaged, or they have no step in common.
    """
    folder = Path(folder)
    reactions = _table(folder / "reactions.csv")
    phases = _table(folder / "phases.csv")
    fields = read_series(folder / "fields.vtkhdf", ["displacement"])
    points = read_series(folder / "points.vtkhdf", ["stress", "strain", "volume", "spread"])
    times = reactions["time"]
    for other in (phases["time"], fields.times, points.times):
        times = times[np.isin(times, other)]
    if len(times) < 2:
        raise InputError(f"{folder}: its files have no step in common; run it further.")
    if fields.cells is None:
        raise InputError(f"{folder / 'fields.vtkhdf'}: has no cells; give that of a run.")
    of_reactions, of_phases = _rows(reactions["time"], times), _rows(phases["time"], times)
    surfaces, force, motion = _surfaces(reactions)
    names = [key.removesuffix(" S11") for key in phases if key.endswith(" S11")]
    stress = [[phases[f"{name} {c}"] for c in _STRESS] for name in names]
    phase_stress = np.moveaxis(np.array(stress), -1, 0)[of_phases] * _SHEAR
    return RunRecord(
        times=times,
        iterations=reactions["iterations"][of_reactions].astype(np.int64),
        surfaces=surfaces,
        reactions=force[of_reactions],
        motions=motion[of_reactions],
        nodes=fields.points,
        cells=fields.cells,
        displacement=_values(fields, "displacement", times),
        points=points.points,
        volumes=_values(points, "volume", times)[0],
        strain=_mandel(_values(points, "strain", times)),
        stress=_mandel(_values(points, "stress", times)),
        spread=_values(points, "spread", times),
        phases=tuple(names),
        phase_stress=phase_stress,
        facts=_summary(folder / "summary.json") | _switching(folder) | (facts or {}),
    )


def _table(path: Path) -> Columns:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        values = np.array(rows, dtype=np.float64).reshape(-1, len(header))
        return dict(zip(header, values.T, strict=True))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read; give the folder of a run with this table."
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: is no table of numbers ({error}); run it again.") from error


def _rows(times: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.array([int(np.flatnonzero(times == one)[-1]) for one in wanted])


def _surfaces(table: Columns) -> tuple[tuple[str, ...], NDArray, NDArray]:
    """Names of the surfaces, and their reactions and motions ``[k, surfaces, d]``."""
    found = {key: match for key in table if (match := _COLUMN.fullmatch(key))}
    names = list(dict.fromkeys(match["name"] for match in found.values()))
    names = [name for name in names if name != _SUM]
    d = max(int(match["component"]) for match in found.values())
    k = len(table["time"])
    force, motion = (np.zeros((k, len(names), d)) for _ in range(2))
    for key, match in found.items():
        if match["name"] != _SUM:
            values = force if match["kind"] == "F" else motion
            values[:, names.index(match["name"]), int(match["component"]) - 1] = table[key]
    return tuple(names), force, motion


def _values(series: FieldSeries, name: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
    return series.point_data[name][_rows(series.times, times)].astype(np.float64)


def _mandel(tensor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mandel vectors ``[..., 6]`` of symmetric tensors ``[..., 3, 3]``."""
    return tensor[..., [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]] * _SHEAR


def _switching(folder: Path) -> dict[str, Any]:
    """How many points had the full RVE at most, and how often one left its network or came back."""
    path = folder / "switching.csv"
    if not path.is_file():
        return {}
    counts = _table(path)
    return {
        "rve_points": int(counts["rve points"].max(initial=0)),
        "left_network": int(counts["left network"].sum()),
        "came_back": int(counts["came back"].sum()),
    }


def _summary(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: cannot be read; give the folder of a run, or run it again."
        ) from error
