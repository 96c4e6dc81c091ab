"""The progress that a simulation tells, in a log and in a terminal."""

# isort: off
from dmn_fe.fem import Simulation, StepControl, StepFailed, StepSizes  # before torch
from dmn_fe.fem.output import Progress, voices

# isort: on
import contextlib
import gc
import io
import re
import weakref

import pytest
from helpers.blocks import Fragile, OnlyShortSteps
from helpers.runs import STEEL, cube, simulation
from rich.console import Console


def told(terminal: bool, law=STEEL, sizes=None):
    """All that is written in a run."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=100)
    sizes = sizes or StepSizes(StepControl(0.25, growth=1.0), 1.0)
    run = Simulation(cube(law)[1], sizes, [Progress(console)])
    with contextlib.suppress(StepFailed):
        run.run()
    return text.getvalue()


def test_a_log_has_a_line_for_each_step():
    lines = told(terminal=False).splitlines()
    head = "step time size Newton |F| micro max/mean micro s assembly s solve s imbalance"
    assert " ".join(lines[0].split()) == head
    assert len(lines) == 6
    for step, line in enumerate(lines[1:5], start=1):
        columns = line.replace("/", " ").split()
        assert len(columns) == 11
        assert [float(x) for x in columns[:3]] == [step, 0.25 * step, 0.25]
        assert int(columns[3]) >= 1
        assert 0 < float(columns[4]) < 1e-6
        assert columns[-1] == "1.00"
        assert len(line) <= len(lines[0]) + 1
    pattern = (
        r"all load steps are done, at time 1: 4 steps, 0 cut back, \d+ Newton iterations in [\d.]+ "
        r"s \(laws \d+ %, assembly \d+ %, solver \d+ %, rest \d+ %\)"
    )
    assert re.fullmatch(pattern, lines[-1])


def test_a_log_tells_why_steps_are_of_another_size():
    sizes = StepSizes(StepControl(0.5, first=0.25, growth=2.0, few=10), 1.0)
    lines = told(terminal=False, law=OnlyShortSteps(STEEL, 0.3), sizes=sizes).splitlines()
    assert any("the step grows to 0.5 after" in line for line in lines)
    (cut,) = [line for line in lines if "cut back from" in line]
    assert "the local iteration did not converge" in cut
    assert "1 cut back" in lines[-1]


def test_a_log_tells_of_a_failure():
    sizes = StepSizes(StepControl(0.25, smallest=0.2, growth=1.0), 1.0)
    lines = told(terminal=False, law=Fragile(STEEL, 0.006), sizes=sizes).splitlines()
    assert re.match(r"it failed, at time 0\.25: 1 step, \d cut back", lines[-1])


def test_a_log_is_alive_in_long_steps(monkeypatch):
    monkeypatch.setattr(voices, "_SECONDS_OF_SILENCE", 0.0)
    lines = told(terminal=False).splitlines()
    for step in (1, 4):
        sign = re.compile(rf"    {step} Newton iteration 1, \|F\| \d\.\d+e")
        assert any(map(sign.match, lines))


def test_a_dumb_terminal_has_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert len(told(terminal=True).splitlines()) == 6


def test_a_terminal_has_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    sizes = StepSizes(StepControl(0.5, first=0.25, growth=2.0, few=10), 1.0)
    text = told(terminal=True, law=OnlyShortSteps(STEEL, 0.3), sizes=sizes)
    assert "━━━" in text
    assert "of 1" in text
    assert "cut back from" in text
    assert "Newton" in text
    assert "\x1b[?25h" in text  # the cursor is back
    assert re.search(r"all load steps are done, at time 1: \d steps, 1 cut back", text)


@pytest.mark.parametrize(("seconds", "words"), [(7, "0:07"), (309.4, "5:09"), (3909, "1:05:09")])
def test_the_time_left_in_words(seconds, words):
    assert voices._duration(seconds) == words


def test_what_snes_keeps_is_silent_later_and_keeps_no_problem():
    text = io.StringIO()
    _, problem = cube()
    simulation(problem, [Progress(Console(file=text))], steps=2).run()
    before = text.getvalue()
    assert problem.step(1.5).converged
    assert text.getvalue() == before
    gone = weakref.ref(problem)
    gc.disable()  # a cycle through PETSc would not be found
    try:
        del problem
        assert gone() is None
    finally:
        gc.enable()
