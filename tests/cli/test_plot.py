"""``dmn-fe plot`` on the results of a small run."""

import importlib.util

import pytest

if importlib.util.find_spec("dolfinx") is None:
    pytest.skip("DOLFINx is not installed", allow_module_level=True)

# isort: off
from dmn_fe.fem import Simulation, StepControl, StepSizes, Support, make_problem, output

# isort: on
import numpy as np
from helpers.parts import box, rectangle

from dmn_fe import laws
from dmn_fe.cli.plot_curves import motion, response

LAW = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))


@pytest.fixture(params=["box", "sheet"])
def results(tmp_path, request):
    """The folder of a run in space, or in the plane."""
    if request.param == "box":
        part, left, right = box(1), "x0", "x1"
        supports = [Support(left, [0.0] * 3), Support(right, [0.01, 0.0, None])]
    else:
        part, left, right = rectangle(2.0, 1.0, (3, 2)), "left", "right"
        supports = [Support(left, [0.0, 0.0]), Support(right, [0.01, 0.0])]
    problem = make_problem(part, {"part": LAW}, supports)
    outputs = [
        output.Reactions(tmp_path / "out" / "reactions.csv", part, [left, right]),
        output.Fields(tmp_path / "out", quantities=["von_mises", "stress"]),
    ]
    Simulation(problem, StepSizes(StepControl(0.5), 1.0), outputs).run()
    return right


def test_without_options_force_over_displacement_and_von_mises(dmn_fe, results, tmp_path):
    process = dmn_fe("plot", "out")
    assert process.returncode == 0, process.stderr
    for name in ("curves.png", "von_mises.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    assert process.stdout.split() == ["out/curves.png", "out/von_mises.png"]


def test_curves_are_of_a_motion_and_the_force_that_belongs_to_it():
    held = {"top u1": [0, 2.0], "top u2": [0, 3.0], "top F1": [0, 5.0], "top F2": [0, 1.0]}
    held |= {"foot u1": [0, 0.0], "foot F1": [0, -5.0], "foot F2": [0, -9.0]}
    held |= {"all supports F1": [0, 0.0], "all supports F2": [0, -8.0]}
    held |= {"corner u1": [0, 4.0]}  # a probe, without forces
    columns = {name: np.array(values) for name, values in held.items()}
    assert motion(columns) == "top u1"
    assert response(columns, "top u1") == "top F1"
    loaded = columns | {"top F1": np.array([0, 1e-9]), "top F2": np.array([0, -1e-9])}
    assert motion(loaded) == "top u2"
    assert response(loaded, "top u2") == "all supports F2"
    assert response(loaded, "corner u1") == "all supports F1"
    cell = {"strain 11": np.array([0, 0.01]), "strain 12": np.array([0, -0.02])}
    assert motion(cell | {"corner u1": np.array([0, 4.0])}) == "strain 12"
    assert response(cell, "strain 12") == "stress 12"


def test_columns_fields_and_times_are_chosen(dmn_fe, results, tmp_path):
    options = ["--x", "time", "--y", f"{results} F1", "--y", f"{results} F2"]
    options += ["--field", "stress", "--time", "0.5", "--magnify", "20", "--output", "drawn"]
    process = dmn_fe("plot", "out", *options)
    assert process.returncode == 0, process.stderr
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {"curves.png", "stress.png"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--y", "top F1"], "there is no column 'top F1'; the tables have: 'step', 'time'"),
        (["--field", "heat"], "there is no field 'heat' of cells; the file has: "),
        (["--time", "0.7"], "there is no time 0.7; the file has: 0, 0.5, 1"),
    ],
)
def test_wrong_wishes_are_one_sentence(dmn_fe, results, options, words):
    process = dmn_fe("plot", "out", *options)
    assert process.returncode == 2
    assert words in process.stderr
    assert process.stderr.count("\n") == 1


def test_a_folder_without_results_is_refused(dmn_fe, tmp_path):
    assert "no such folder" in dmn_fe("plot", "none").stderr
    (tmp_path / "empty").mkdir()
    assert "holds neither a table nor fields.vtkhdf" in dmn_fe("plot", "empty").stderr
    assert "no table to draw from" in dmn_fe("plot", "empty", "--y", "F").stderr
