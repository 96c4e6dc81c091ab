"""What a run has needed, as it is told in a file."""

# isort: off
import dolfinx
from dmn_fe.fem import StepControl, StepFailed, StepSizes, Simulation, memory_per_point
from dmn_fe.fem.output import Summary
from dmn_fe.fem.costs import peak_memory

# isort: on
import json
import subprocess
import sys

import pytest
from helpers.blocks import Fragile
from helpers.runs import STEEL, cube, forget_steps_after, simulation

import dmn_fe
from dmn_fe.fem import Output

SECONDS = ("seconds_laws", "seconds_laws_mean", "seconds_assembly", "seconds_solver")


class Reports(Output):
    """Keeps what is told of each step."""

    def __init__(self):
        self.reports = []

    def step(self, run, report, note):
        self.reports.append(report)

    def cut(self, run, report, sentence):
        self.reports.append(report)

    def sum(self, name):
        return sum(getattr(one, name) for one in self.reports)


def read(path):
    return json.loads(path.read_text())


def test_it_tells_what_the_steps_have_needed(tmp_path):
    problem, told = cube()[1], Reports()
    path = tmp_path / "new" / "summary.json"
    simulation(problem, [told, Summary(path)]).run()
    found = read(path)
    assert found["finished"] is True
    assert found["ending"] == "all load steps are done"
    assert (found["time"], found["steps"], found["starts"], found["ranks"]) == (1.0, 6, 1, 1)
    assert found["cut_back_steps"] == 0
    assert found["newton_iterations"] == told.sum("iterations") > 6
    assert found["seconds_laws"] == found["seconds_laws_mean"] == told.sum("seconds_micro") > 0
    assert found["seconds_assembly"] == told.sum("seconds_assembly") > 0
    assert found["seconds_solver"] == told.sum("seconds_solve") > 0
    assert found["seconds"] > sum(found[name] for name in SECONDS[1:])
    assert found["points"] == len(problem.qmap.committed_stress)
    assert found["unknowns"] == 3 * 125
    assert found["bytes_per_point"] == pytest.approx(memory_per_point(problem))
    assert found["memory"] == found["memory_largest_rank"] <= peak_memory()
    assert (found["dmn_fe"], found["dolfinx"]) == (dmn_fe.__version__, dolfinx.__version__)
    assert [one.name for one in path.parent.iterdir()] == ["summary.json"]


def test_a_restart_adds_its_work(tmp_path):
    path, told = tmp_path / "summary.json", Reports()
    path.write_text("of an earlier run")
    simulation(cube()[1], [told, Summary(path)], tmp_path, stop_after=4).run()
    first = read(path)
    assert first["finished"] is False
    assert first["ending"] == "it was asked to stop"
    assert (first["steps"], first["starts"]) == (4, 1)
    first |= {"memory": 2.0**60}
    path.write_text(json.dumps(first))
    forget_steps_after(tmp_path, 3)
    run = simulation(cube()[1], [told, Summary(path)], tmp_path)
    run.restart()
    run.run()
    second = read(path)
    assert second["finished"] is True
    assert (second["steps"], second["starts"]) == (6, 2)
    assert len(told.reports) == 7  # one step was done twice
    assert second["newton_iterations"] == told.sum("iterations")
    assert second["seconds_laws"] == pytest.approx(told.sum("seconds_micro"))
    assert second["seconds"] > first["seconds"]
    assert second["memory"] == 2.0**60


@pytest.mark.parametrize("text", ["{", "[1]", '{"starts": 1}', None])
def test_a_restart_counts_anew_where_there_is_no_summary(tmp_path, caplog, text):
    path = tmp_path / "summary.json"
    simulation(cube()[1], [Summary(path)], tmp_path, stop_after=2).run()
    path.unlink()
    if text is not None:
        path.write_text(text)
    run = simulation(cube()[1], [Summary(path)], tmp_path)
    run.restart()
    run.run()
    found = read(path)
    assert (found["steps"], found["starts"], found["finished"]) == (6, 1, True)
    assert len(caplog.messages) == (text is not None)


def test_a_run_that_fails_says_so(tmp_path):
    path, told = tmp_path / "summary.json", Reports()
    sizes = StepSizes(StepControl(1 / 6, smallest=1 / 12, growth=1.0), 1.0)
    with pytest.raises(StepFailed):
        Simulation(cube(Fragile(STEEL, 0.008))[1], sizes, [told, Summary(path)]).run()
    found = read(path)
    assert found["finished"] is False
    assert found["ending"] == "it failed"
    failed = sum(not one.converged for one in told.reports)
    assert found["cut_back_steps"] == failed >= 2
    assert found["newton_iterations"] == told.sum("iterations")


def test_it_is_there_while_the_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("dmn_fe.fem.output.summary._EVERY", 0.0)
    seen = []

    class Look(Output):
        def step(self, run, report, note):
            seen.append(read(tmp_path / "summary.json"))

    simulation(cube()[1], [Summary(tmp_path / "summary.json"), Look()]).run()
    assert [one["steps"] for one in seen] == [1, 2, 3, 4, 5, 6]
    assert not any(one["finished"] for one in seen)
    assert all(one["ending"] is None for one in seen)


def test_peak_memory_is_that_of_the_process_alone():
    """Not of the one that started it, which has much more here."""
    code = (
        "from dmn_fe.fem.costs import peak_memory\nimport numpy as np\n"
        "before = peak_memory()\nnp.ones(40_000_000)\nprint(before, peak_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    before, after = map(float, done.stdout.split())
    assert 2.5e8 < after - before < 4e8
    assert 5e7 < before < 2e9
