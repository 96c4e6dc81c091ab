"""Fit the cost model to a result of ``measure.py``, and write a report of what it predicts.

Run with ``python demos/scaling/report.py RESULT.json --cluster cluster.toml --output FOLDER``.
"""

import argparse
import sys
from pathlib import Path

from comparison import machine_here
from constants import read_assumptions
from figures import draw_measured, draw_predicted
from fit import fit
from measured_sections import (
    coefficients_section,
    fit_warning,
    machine_section,
    measured_section,
)
from predicted_sections import code_section, integers_section, predicted_section, summary
from results import load_steps, read_result

from dmn_fe.errors import InputError
from dmn_fe.files import written_whole

HERE = Path(__file__).parent

LEFT_OUT = """## What the model leaves out

- Noise of the system, ranks that wait for each other, and networks that others use.
- What PETSc does once a set-up in time that grows with the number of ranks, and matrices of coarse
  grids whose rows get longer.
- Yielding zones in one place: at worst the laws take the time of a step in which all points of a
  rank yield, which is what the tables have.
- GPUs. Give `[measured]` in the TOML file the seconds of a point that you measure there.
- Messages within a node: all of them take latency and bandwidth of the network. One full node, over
  which efficiencies are told, is thus slower here than in truth, and the efficiencies are too good.
- Iterations of conjugate gradients grow with the logarithm of the number of unknowns, as they did
  over one decade; the prediction goes three further. 10 % more of them are 10 % more of its work.
- Memory of ghosts and of buffers for neighbours on all sides, which one or two ranks do not have.
- Other parts: slender ones have less surface to exchange, hexahedra other numbers of points.
"""


def main() -> int:
    """Write ``report.md`` and its figures; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("result", nargs="?", type=Path, default=HERE / "results" / "two_cores.json")
    add("--cluster", type=Path, default=HERE / "cluster.toml", help="TOML file of assumptions")
    add("--output", type=Path, default=HERE, help="folder of report.md and its figures")
    given = parser.parse_args()
    try:
        write_report(given.result, given.cluster, given.output)
    except InputError as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 1
    print(f"wrote {given.output / 'report.md'}")
    return 0


def write_report(result_file: Path, cluster_file: Path, output: Path) -> None:
    """Fit, predict and write."""
    result = read_result(result_file)
    fitted, here = fit(result), machine_here(result)
    cluster, measured = read_assumptions(cluster_file, fitted)
    output.mkdir(parents=True, exist_ok=True)
    draw_measured(output / "measured.png", load_steps(result), fitted, here)
    draw_predicted(output / "predicted.png", measured, cluster)
    lines = [
        "# How far a part can grow, and on how many ranks",
        "",
        *summary(measured, cluster),
        "Made by `report.py` from measurements on a small machine and assumptions of a cluster: an "
        "estimate to plan by, not a measurement.",
        "",
        *fit_warning(result, fitted, here),
        *machine_section(result),
        *measured_section(result, fitted, here),
        *predicted_section(measured, cluster),
        *code_section(measured, cluster),
        *integers_section(cluster),
        *coefficients_section(measured, cluster),
        LEFT_OUT,
    ]
    with written_whole(output / "report.md") as partial:
        partial.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
