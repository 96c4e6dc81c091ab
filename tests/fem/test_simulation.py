"""Runs: how they end, and what they tell their outputs."""

# isort: off
from dmn_fe.fem import (  # before torch
    Checkpoints,
    Ending,
    Output,
    Simulation,
    StepControl,
    StepFailed,
    StepSizes,
    Support,
    Traction,
    make_problem,
)

# isort: on
import numpy as np
import pytest
from helpers.blocks import Fragile, OnlyShortSteps
from helpers.parts import rectangle

from dmn_fe import InputError, laws

STEEL = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))


class Told(Output):
    """Writes down what it is told."""

    def __init__(self):
        self.words: list[str] = []

    def begin(self, run):
        self.words.append(f"begin {run.problem.steps}")

    def step(self, run, report, note):
        self.words.append(f"step {report.time:.4g}" + (" " + note.split(" after")[0]) * bool(note))

    def cut(self, run, report, sentence):
        self.words.append(f"cut {report.time:.4g}")

    def end(self, run, ending):
        self.words.append(f"end {ending and ending.name}")


class Full(Told):
    """Cannot write its second step."""

    def step(self, run, report, note):
        super().step(run, report, note)
        if len(self.words) == 3:
            raise InputError("the disk is full")


class Clock:
    """In place of the module ``time``: only :meth:`sleep` takes time."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class SlowOutput(Output):
    """Each step takes some seconds."""

    def __init__(self, clock, seconds: float):
        self.clock, self.seconds = clock, seconds

    def step(self, run, report, note):
        self.clock.sleep(self.seconds)


class SlowCheckpoints(Checkpoints):
    """Each takes some seconds, or cannot be written."""

    def __init__(self, folder, clock=None, seconds=0.0):
        super().__init__(folder)
        self.clock, self.seconds, self.steps = clock, seconds, []

    def save(self, problem, *others):
        if self.clock is None:
            raise InputError("the disk is full")
        self.clock.sleep(self.seconds)
        self.steps.append(problem.steps)
        return super().save(problem, *others)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("dmn_fe.fem.run_clock.time", clock)
    return clock


def sheet(law=STEEL):
    part = rectangle(1.0, 1.0, (2, 2))
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.01, 0.0])]
    return make_problem(part, {"part": law}, supports)


def test_steps_grow_and_targets_are_hit():
    told = Told()
    sizes = StepSizes(StepControl(0.4, first=0.1, growth=2.0), 1.0, [0.5])
    assert Simulation(sheet(), sizes, [told]).run() is Ending.FINISHED
    ends = [word for word in told.words if word.startswith("step")]
    assert ends == [
        "step 0.1 the step grows to 0.2",
        "step 0.3 the step grows to 0.4",
        "step 0.5",
        "step 0.75",
        "step 1",
    ]
    assert told.words[0] == "begin 0"
    assert told.words[-1] == "end FINISHED"
    assert StepSizes(StepControl(0.4), 1.0, [0.5]).fewest(0.0) == 4
    assert StepSizes(StepControl(0.1), 1.0, [0.5]).fewest(0.2) == 8


def test_a_step_is_cut_back_and_grows_again_after_some():
    told, law = Told(), OnlyShortSteps(STEEL, 0.15)
    Simulation(sheet(law), StepSizes(StepControl(0.2, growth=1.2), 1.4), [told]).run()
    cut = [n for n, word in enumerate(told.words) if word.startswith("cut")]
    assert cut[0] == 1
    assert "grows" not in "".join(told.words[2:6])
    assert any("grows" in word for word in told.words[6:])


def test_a_step_of_many_iterations_shortens_the_next():
    told = Told()
    control = StepControl(0.5, few=0, many=1, cut=0.5)
    Simulation(sheet(), StepSizes(control, 1.0), [told]).run()
    assert "step 0.5 the step shrinks to 0.25" in told.words


def test_a_failed_run_tells_its_last_attempt_and_keeps_a_checkpoint(tmp_path):
    told, law = Told(), OnlyShortSteps(STEEL, 1.0)
    checkpoints = Checkpoints(tmp_path)
    run = Simulation(
        sheet(law), StepSizes(StepControl(0.25), 1.0), [told], checkpoints, checkpoint_every=1e9
    )
    run.problem.step(0.25)
    law.limit = 0.0
    with pytest.raises(StepFailed, match="cannot be cut below"):
        run.run()
    assert told.words.count("cut 0.5") == 1
    assert len([word for word in told.words if word.startswith("cut")]) == 11
    assert told.words[-1] == "end None"
    assert [path.name for path in tmp_path.iterdir()] == ["step_0000001"]


def test_an_output_that_cannot_write_ends_the_others():
    first, full, last = Told(), Full(), Told()
    sizes = StepSizes(StepControl(0.25), 1.0)
    with pytest.raises(InputError, match="the disk is full"):
        Simulation(sheet(), sizes, [first, full, last]).run()
    assert first.words[-1] == last.words[-1] == full.words[-1] == "end None"
    assert len(last.words) == 3  # begin, one step, end


def test_checkpoints_take_a_tenth_of_the_time_at_most(tmp_path, clock):
    outputs, checkpoints = [SlowOutput(clock, 1.0)], SlowCheckpoints(tmp_path, clock, 0.5)
    Simulation(sheet(), StepSizes(StepControl(0.1), 1.0), outputs, checkpoints).run()
    assert checkpoints.steps == [1, 6, 10]  # nine halves of a second between them


def test_checkpoints_of_no_time_are_written_after_each_step(tmp_path, clock):
    outputs, checkpoints = [SlowOutput(clock, 1.0)], SlowCheckpoints(tmp_path, clock, 0.0)
    Simulation(sheet(), StepSizes(StepControl(0.25), 1.0), outputs, checkpoints).run()
    assert checkpoints.steps == [1, 2, 3, 4, 4]


@pytest.mark.parametrize("every", [None, 1e9])
def test_the_wall_clock_leaves_time_for_outputs_and_the_last_checkpoint(tmp_path, clock, every):
    outputs, checkpoints = [SlowOutput(clock, 2.0)], SlowCheckpoints(tmp_path, clock, 7.0)
    sizes = StepSizes(StepControl(0.01), 1.0)
    run = Simulation(sheet(), sizes, outputs, checkpoints, every, wall_clock=60.0)
    assert run.run() is Ending.WALL_CLOCK
    assert checkpoints.steps[0] == 1
    assert checkpoints.steps[-1] == run.problem.steps
    assert 40.0 < run.seconds <= 60.0


def test_a_checkpoint_that_cannot_be_written_in_the_end_ends_all_outputs(tmp_path):
    first, last = Told(), Told()
    run = Simulation(
        sheet(),
        StepSizes(StepControl(0.5), 1.0),
        [first, last],
        SlowCheckpoints(tmp_path),
        checkpoint_every=1e9,
    )
    with pytest.raises(InputError, match="the disk is full"):
        run.run()
    assert first.words[-1] == last.words[-1] == "end None"


def test_an_output_that_cannot_be_ended_does_not_keep_the_others_from_it():
    class Endless(Told):
        def __init__(self, sentence):
            super().__init__()
            self.sentence = sentence

        def end(self, run, ending):
            super().end(run, ending)
            raise InputError(self.sentence)

    outputs = [Told(), Endless("the first"), Endless("the second"), Told()]
    with pytest.raises(InputError, match="the first"):
        Simulation(sheet(), StepSizes(StepControl(0.5), 1.0), outputs).run()
    assert [one.words.count("end FINISHED") for one in outputs] == [1, 1, 1, 1]


def test_a_law_that_raises_leaves_a_checkpoint_and_ended_outputs(tmp_path):
    class Full(Fragile):
        def integrate(self, *arguments):
            try:
                return super().integrate(*arguments)
            except ArithmeticError:
                raise RuntimeError("CUDA out of memory") from None

    told, law = Told(), Full(STEEL, 0.005, raises=True)
    sizes, checkpoints = StepSizes(StepControl(0.1, growth=1.0), 1.0), Checkpoints(tmp_path)
    run = Simulation(sheet(law), sizes, [told], checkpoints, checkpoint_every=1e9)
    with pytest.raises(RuntimeError, match="CUDA out of memory"):
        run.run()
    steps = run.problem.steps
    assert steps >= 2  # and there is a checkpoint of the last
    assert told.words[-1] == "end None"
    assert sorted(path.name for path in tmp_path.iterdir())[-1] == f"step_{steps:07d}"


def test_an_output_that_raises_leaves_no_checkpoint_of_a_step_it_lacks(tmp_path):
    class Wrong(Told):
        def step(self, run, report, note):
            super().step(run, report, note)
            if run.problem.steps == 2:
                raise ArithmeticError("a mistake")

    run = Simulation(sheet(), StepSizes(StepControl(0.25), 1.0), [Wrong()], Checkpoints(tmp_path))
    with pytest.raises(ArithmeticError, match="a mistake"):
        run.run()
    assert [path.name for path in tmp_path.iterdir()] == ["step_0000001"]


def test_outputs_are_checked_before_anything_is_lost(tmp_path):
    def run(*outputs):
        sizes = StepSizes(StepControl(0.5), 1.0)
        return Simulation(sheet(), sizes, outputs, Checkpoints(tmp_path))

    class Unfit(Told):
        def check(self, run):
            raise InputError("it does not fit")

    assert run().run() is Ending.FINISHED
    before = {path.name for path in tmp_path.iterdir()}
    told = Told()
    for action in (run(told, Unfit()).run, run(told, Unfit()).check):
        with pytest.raises(InputError, match="it does not fit"):
            action()
    assert told.words == []
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_run_that_stops_before_its_first_step_can_go_on(tmp_path):
    def run(**options):
        sizes = StepSizes(StepControl(0.5), 1.0)
        return Simulation(sheet(), sizes, [], Checkpoints(tmp_path), **options)

    assert run(stop=lambda: True).run() is Ending.STOPPED
    again = run()
    again.restart()
    assert again.problem.steps == 0
    assert again.run() is Ending.FINISHED


def test_a_new_run_takes_the_place_of_a_finished_one_alone(tmp_path):
    def run(stop_at: float) -> Simulation:
        problem = sheet()
        sizes, checkpoints = StepSizes(StepControl(0.1), 1.0), Checkpoints(tmp_path, keep=1)
        return Simulation(
            problem, sizes, [], checkpoints, stop=lambda: problem.time > stop_at - 1e-9
        )

    assert run(2.0).run() is Ending.FINISHED
    assert [path.name for path in tmp_path.iterdir()] == ["step_0000010_end"]
    first = run(0.3)
    assert first.run() is Ending.STOPPED
    assert [path.name for path in tmp_path.iterdir()] == ["step_0000003"]
    with pytest.raises(InputError, match="holds a run that was not finished; restart it"):
        run(2.0).run()
    second = run(2.0)
    second.restart()
    assert second.problem.steps == 3
    assert second.run() is Ending.FINISHED
    assert second.run() is Ending.FINISHED  # nothing is left to do


def test_a_run_that_is_stopped_goes_on(tmp_path):
    told = Told()
    sizes = StepSizes(StepControl(0.1), 1.0)
    stopping = Simulation(
        sheet(), sizes, [told], Checkpoints(tmp_path), stop=lambda: len(told.words) > 3
    )
    assert stopping.run() is Ending.STOPPED
    assert told.words[-1] == "end STOPPED"
    again = Simulation(sheet(), StepSizes(StepControl(0.1), 1.0), [], Checkpoints(tmp_path))
    again.restart()
    assert again.problem.steps == stopping.problem.steps == 3
    assert again.run() is Ending.FINISHED
    whole = sheet()
    Simulation(whole, StepSizes(StepControl(0.1), 1.0)).run()
    np.testing.assert_allclose(again.problem.u.x.array, whole.u.x.array, atol=1e-15)


def test_more_than_a_part_can_bear_never_converges():
    """Perfectly plastic: no step beyond the limit load, and none after one that has diverged."""
    part = rectangle(1.0, 1.0, (2, 2))
    law = laws.J2(200e3, 0.3, laws.LinearHardening(250.0))
    supports = [Support("left", [0.0, None]), Support("bottom", [None, 0.0])]
    pull = Traction("right", [1.0, 0.0])
    problem = make_problem(part, {"part": law}, supports, [pull], kind="plane stress")
    assert problem.step(200.0).converged
    scale = problem.largest_force
    assert not problem.step(1e4).converged
    assert problem.largest_force == scale
    with pytest.raises(StepFailed):
        Simulation(problem, StepSizes(StepControl(50.0, smallest=5.0), 400.0)).run()
    assert 200.0 <= problem.time < 251.0


def test_steps_of_the_modified_method_are_not_cut_for_its_many_iterations():
    part = rectangle(1.0, 1.0, (2, 2))
    supports = [Support("left", [0.0, 0.0]), Support("right", [0.01, 0.0])]
    reports = []

    class Kept(Output):
        def step(self, run, report, note):
            reports.append(report)

    problem = make_problem(part, {"part": STEEL}, supports, newton="modified")
    Simulation(problem, StepSizes(StepControl(0.25), 1.0), [Kept()]).run()
    assert len(reports) == 4
    assert max(report.iterations for report in reports) > 18


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"largest": 0.0}, "largest = 0.0 must be a positive number"),
        ({"largest": 1.0, "first": 2.0}, "must be positive and rise"),
        ({"largest": 1.0, "growth": 0.5}, "growth = 0.5 must be 1 or more"),
        ({"largest": 1.0, "cut": 1.0}, "cut = 1.0 must lie between 0 and 1"),
        ({"largest": 1.0, "few": 9, "many": 3}, "numbers of iterations that rise"),
    ],
)
def test_wrong_steps_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        StepControl(**arguments)
    with pytest.raises(InputError, match="wall_clock"):
        Simulation(sheet(), StepSizes(StepControl(0.1), 1.0), wall_clock=0.0)
