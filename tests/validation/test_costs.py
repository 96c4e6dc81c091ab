"""Times and memory of runs, and whether they may be compared."""

import numpy as np
import pytest
from helpers.records import record

from dmn_fe.validation.comparison import compare
from dmn_fe.validation.cost_section import costs
from dmn_fe.validation.subject import NetworkResult, Subject
from dmn_fe.validation.verdict import speed_up, verdict

FACTS = {
    "finished": True,
    "ranks": 2,
    "machine": {"cpu": "abacus"},
    "newton_iterations": 5,
    "cut_back_steps": 0,
    "starts": 1,
    "dmn_fe": "1.0",
}
OF_FE2 = {"seconds": 600.0, "seconds_laws": 500.0, "bytes_per_point": 1e6, "memory": 4e9}
OF_NETWORK = {"seconds": 2.0, "seconds_laws": 0.1, "bytes_per_point": 1e4, "memory": 1e9}


def pair(**changes) -> tuple[Subject, NetworkResult]:
    """Full FE² and a network, whose facts are changed."""
    reference = record(facts=FACTS | OF_FE2)
    run = record(facts=FACTS | OF_NETWORK | changes)
    subject = Subject("Part", ("", "", ""), reference, "here", [(0, 0)], {})
    return subject, NetworkResult("net", run, compare(run, reference))


def test_times_and_memory_over_those_of_the_network():
    subject, one = pair()
    assert speed_up(subject, one, "seconds") == pytest.approx(300.0)
    assert verdict(subject, one).endswith("; it was 300 times as fast.")
    text = costs(subject, [one])
    assert "| speed-up | 1 | 300 |" in text
    assert "| % of the time of full FE² | 100 | 0.33 |" in text
    assert "| speed-up in the laws | 1 | 5000 |" in text
    assert "| FE² over the network, a point's memory | 1 | 100 |" in text
    assert "| FE² over the network, all memory | 1 | 4 |" in text
    assert "points with the RVE" not in text


@pytest.mark.parametrize("change", [{"ranks": 1}, {"machine": {"cpu": "other"}}])
def test_runs_on_other_ranks_or_processors_have_no_speed_up(change):
    subject, one = pair(**change)
    assert speed_up(subject, one, "seconds") is None
    assert verdict(subject, one).endswith(" in the mean.")
    text = costs(subject, [one])
    assert "| speed-up | 1 | – |" in text
    assert "do not compare" in text or "different processors" in text
    assert ("| FE² over the network, all memory | 1 | – |" in text) == ("ranks" in change)


def test_a_run_that_did_not_end_tells_how_many_steps_count():
    subject, _ = pair()
    half = record(
        times=np.array([0.0, 0.5]),
        iterations=np.array([0, 2]),
        reactions=subject.reference.reactions[:2],
        motions=subject.reference.motions[:2],
        displacement=subject.reference.displacement[:2],
        strain=subject.reference.strain[:2],
        stress=subject.reference.stress[:2],
        spread=subject.reference.spread[:2],
        phase_stress=subject.reference.phase_stress[:2],
        facts=FACTS | OF_NETWORK | {"finished": False},
    )
    cut = NetworkResult("net", half, compare(half, subject.reference))
    assert speed_up(subject, cut, "seconds") is None
    assert verdict(subject, cut).endswith(" in the mean (1 of 2 steps compared).")


def test_points_that_had_the_rve_are_counted():
    subject, one = pair(rve_points=3, left_network=4, came_back=1)
    text = costs(subject, [one])
    for row in ("points with the RVE at most | – | 3", "left the network | – | 4"):
        assert f"| {row} |" in text
    assert "| came back to it | – | 1 |" in text
