"""The picture of a run: its curve of force over displacement beside the part."""

from pathlib import Path

import numpy as np

from dmn_fe.cli.passes import Pass
from dmn_fe.cli.printing import warn
from dmn_fe.cli.result_tables import is_round_off, read_table, varies_most
from dmn_fe.cli.runfile import RunFile
from dmn_fe.fem import Problem, draw, gather_surface, von_mises_field

__all__ = ["draw_run"]

Curve = tuple[np.ndarray, np.ndarray]


def draw_run(run_file: RunFile, problem: Problem, folder: Path, passes: list[Pass]) -> None:
    """Write ``picture.png`` from the tables and the last state (collective).

    The results are worth more than it: where it cannot be drawn, a warning says so.
    """
    surface = gather_surface(problem.u, von_mises_field(problem.qmap))
    if surface is None:
        return
    try:
        tables = {one.name: folder / one.csv for one in passes}
        tables = {name: path for name, path in tables.items() if path.is_file()}
        units = run_file.units
        if run_file.periodic is not None:
            curves, axes = cell_curves(tables)
            axes = axes[0], _labelled(axes[1], units.stress)
        else:
            group, direction = driven_group(run_file)
            curves = {name: curve(path, group, direction) for name, path in tables.items()}
            axes = _labelled("displacement", units.length), _labelled("force", units.force)
        draw(
            folder / "picture.png",
            curves,
            surface,
            curve_axes=axes,
            field=_labelled("von Mises stress", units.stress),
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


def curve(path: Path, group: str, direction: np.ndarray) -> Curve:
    """Displacement and force of a group along a direction, from a table of reactions.

    The force is that of the supports of the group; where it has none, all forces that act.
    """
    unit = direction / np.linalg.norm(direction)
    columns = read_table(path)

    def along(name: str, what: str) -> np.ndarray:
        return np.sum([columns[f"{name} {what}{i + 1}"] * x for i, x in enumerate(unit)], axis=0)

    own, all_supports = along(group, "F"), along("all supports", "F")
    return along(group, "u"), -all_supports if is_round_off(own, [all_supports]) else own


def cell_curves(tables: dict[str, Path]) -> tuple[dict[str, Curve], tuple[str, str]]:
    """Mean stress over mean strain of periodic cells by their tables, with the labels of the axes:
    of the component whose strain varies most."""
    columns = {name: read_table(path) for name, path in tables.items()}
    first = next(iter(columns.values()))
    strains = [name for name in first if name.startswith("strain ")]
    x = varies_most(first, strains)
    y = x.replace("strain", "stress")
    curves = {name: (table[x], table[y]) for name, table in columns.items()}
    return curves, (f"mean {x}", f"mean {y}")


def _labelled(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if unit else quantity
