"""Load steps that are cut back."""

# isort: off
from dmn_fe.fem import StepFailed, advance  # before torch

# isort: on
import numpy as np
import pytest
from helpers.blocks import STEEL, OnlyShortSteps, clamped_block


def block_with_steps_up_to(limit):
    return clamped_block(OnlyShortSteps(STEEL, limit), direction=(0.01, 0.0, 0.0), n=1)


@pytest.mark.parametrize(("limit", "parts"), [(1.0, 1), (0.25, 4), (1.0 / 16.0, 16)])
def test_a_step_is_halved_until_it_converges(limit, parts):
    problem = block_with_steps_up_to(limit).problem
    reports = advance(problem, 1.0)
    assert [report.time for report in reports] == [(i + 1) / parts for i in range(parts)]
    assert all(report.converged for report in reports)
    assert problem.time == 1.0


def test_a_step_that_fails_in_all_parts_says_so_and_keeps_what_converged():
    block = block_with_steps_up_to(0.25)
    advance(block.problem, 1.0)
    before = block.u.x.array.copy()
    block.qmap._material.laws[None].limit = 0.0
    with pytest.raises(StepFailed, match=r"from 1 to 1.0625.*DIVERGED.*cell \d.*did not converge"):
        advance(block.problem, 2.0)
    assert block.problem.time == 1.0
    assert np.array_equal(block.u.x.array, before)
