"""The picture of a run: its curve of force over displacement beside the part."""

import csv
from pathlib import Path

import numpy as np

from dmn_fe.cli.passes import Pass
from dmn_fe.cli.printing import warn
from dmn_fe.cli.runfile import RunFile
from dmn_fe.fem import Part, Problem, draw, gather_surface, von_mises_field

__all__ = ["draw_run"]


def draw_run(
    run_file: RunFile, part: Part, problem: Problem, folder: Path, passes: list[Pass]
) -> None:
    """Write ``picture.png`` from the tables and the last state (collective).

    The results are worth more than it: where it cannot be drawn, a warning says so.
    """
    if part.mesh.geometry.dim != 3:
        return
    surface = gather_surface(problem.u, von_mises_field(problem.qmap))
    if surface is None:
        return
    try:
        group, direction = driven_group(run_file)
        curves = {}
        for one in passes:
            path = folder / one.csv
            if path.is_file():
                curves[one.name] = curve(path, group, direction)
        draw(
            folder / "picture.png",
            curves,
            surface,
            curve_axes=(
                _labelled("displacement", run_file.units.length),
                _labelled("force", run_file.units.force),
            ),
            field=_labelled("von Mises stress", run_file.units.stress),
            title=f"time {problem.time:g}",
        )
    except Exception as error:
        reason = " ".join(str(error).split())
        warn(f"the picture could not be drawn ({type(error).__name__}: {reason}).")


def driven_group(run_file: RunFile) -> tuple[str, np.ndarray]:
    """A group whose motion is worth a diagram, and its direction: of the first support that moves,
    else of the first force on a surface, else of the first support."""
    for support in run_file.supports:
        if support.moves:
            return support.group, np.array([value or 0.0 for value in support.values])
    for traction in run_file.tractions:
        return traction.group, np.array(traction.traction)
    for resultant in run_file.resultants:
        return resultant.group, np.array(resultant.force)
    first = run_file.supports[0]
    return first.group, np.eye(len(first.values))[0]


def curve(path: Path, group: str, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Displacement and force of a group along a direction, from a table of reactions."""
    unit = direction / np.linalg.norm(direction)
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def along(what: str) -> np.ndarray:
        columns = [f"{group} {what}{i + 1}" for i in range(len(unit))]
        return np.array([[float(row[name]) for name in columns] for row in rows]) @ unit

    return along("u"), along("F")


def _labelled(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if unit else quantity
