"""What an assessment says of its results: bands, times, advice, coverage."""

import math

import numpy as np
import pytest
import torch

from dmn_fe.assessment import Comparison, Variant
from dmn_fe.assessment.advice import advice, data_size_verdict
from dmn_fe.assessment.coverage import coverage, mean_response
from dmn_fe.assessment.machine import machine_of
from dmn_fe.assessment.markdown import band_text
from dmn_fe.assessment.outcomes import Outcome, seconds_to_equal_error
from dmn_fe.assessment.statistics import band, rank_correlation, scatter_change
from dmn_fe.collective import Alone
from dmn_fe.evaluate import StrainPathResponse
from dmn_fe.homogenization import ReferencePaths
from dmn_fe.training import Settings


def test_intervals_are_order_statistics():
    five = band([3.0, 1.0, 2.0, 5.0, 4.0])
    assert (five.median, five.low, five.high, five.failed) == (3.0, 1.0, 5.0, 0)
    assert five.deviation == pytest.approx(1.5811388300841898)
    ten = band([float(v) for v in range(10)])
    assert (ten.median, ten.low, ten.high) == (4.5, 1.0, 8.0)
    assert math.isnan(band([1.0, 2.0, 3.0, 4.0]).low)
    assert band_text(band([0.01, 0.03, 0.02])) == "2"


@pytest.mark.parametrize("n", [5, 8, 10, 17])
def test_intervals_hold_the_median_as_often_as_they_say(n):
    rng = np.random.default_rng(n)
    bands = [band(rng.exponential(size=n).tolist()) for _ in range(1000)]
    held = np.mean([b.low <= math.log(2.0) <= b.high for b in bands])
    assert held >= 0.88  # 0.90 less three standard deviations of the mean of so many


def test_failures_are_the_worst_values():
    some = band([0.01, 0.02, None, 0.03, float("inf")])
    assert (some.median, some.low, some.high, some.failed) == (0.03, 0.01, math.inf, 2)
    assert band_text(some) == "3 [1, failed], 2 failed"
    assert band([0.01, None, None, None, None]).median == math.inf
    assert band([]).failed == 0


def test_rank_correlations():
    assert rank_correlation([1.0, 2.0, 3.0], [10.0, 30.0, 90.0]) == pytest.approx(1.0)
    assert math.isnan(rank_correlation([1.0, 2.0], [1.0, 2.0]))
    assert math.isnan(rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))


def comparison(labels: list[str], subjects: tuple[str, ...] = ("a",), **changes) -> Comparison:
    variants = tuple(Variant(label, Settings(depth=2), ("B",), **changes) for label in labels)
    return Comparison("Choice", "q", variants, subjects)


def outcome(own: Comparison, number: int, subject: str, errors: list, **result) -> Outcome:
    truth = {"t": {"seeds": [{"overall_mean": error} for error in errors]}}
    seeds = [{"validation": e, "loss": 0.01, "validation_loss": 0.04} for e in errors]
    return Outcome(
        own, own.variants[number], subject, "g", 1.0, {"truth": truth, "seeds": seeds, **result}
    )


def test_advice_is_the_smallest_error_and_what_is_not_told_from_it():
    own = comparison(["first", "second", "third"], ("a", "b"))
    spread = torch.tensor([0.9, 0.95, 1.0, 1.05, 1.1])
    rows = {0: (0.02, 0.04), 1: (0.021, 0.039), 2: (0.06, 0.03)}
    outcomes = [
        outcome(own, number, subject, (error * spread).tolist())
        for number, errors in rows.items()
        for subject, error in zip("ab", errors, strict=True)
    ]
    text = advice(outcomes)
    # Geometric means: 2.83, 2.86 and 4.24 %.
    assert text.endswith(
        "Choice: **first** (2.83 %, 1.0 s; worst: third, 4.24 %); better: third on b; "
        "alike: second (2.86 %, 1.0 s)"
    )
    # What is not complete is not ranked.
    assert advice(outcomes[:-1]).endswith("alike: second (2.86 %, 1.0 s); not there yet: third")


def test_advice_names_the_rves_on_which_another_is_better():
    own = comparison(["first", "second"], ("a", "b"))
    spread = torch.tensor([0.9, 0.95, 1.0, 1.05, 1.1])
    errors = {("first", "a"): 0.01, ("first", "b"): 0.04, ("second", "a"): 0.03}
    errors["second", "b"] = 0.015
    outcomes = [
        outcome(own, number, subject, (errors[label, subject] * spread).tolist())
        for number, label in enumerate(["first", "second"])
        for subject in "ab"
    ]
    text = advice(outcomes)
    assert text.endswith("**first** (2 %, 1.0 s; worst: second, 2.12 %); better: second on b")


def test_who_fails_is_not_advised():
    own = comparison(["lucky", "steady"])
    outcomes = [
        outcome(own, 0, "a", [0.01, None, None, None, None]),
        outcome(own, 1, "a", [0.02] * 5),
    ]
    assert advice(outcomes).endswith("**steady** (2 %, 1.0 s; worst: lucky, most networks failed)")
    all_failed = [outcome(own, number, "a", [None] * 5) for number in range(2)]
    assert "most networks of every variant have failed" in advice(all_failed)
    assert "**" not in advice(all_failed)


def test_the_verdict_on_the_size_of_the_training_set():
    own = comparison(["few", "many"])
    few = outcome(own, 0, "a", [0.05, 0.06, 0.07, 0.08, 0.09], samples=10)
    many = outcome(own, 1, "a", [0.02, 0.021, 0.022, 0.023, 0.024], samples=80)
    text = data_size_verdict([many, few])
    assert "a, from 10 to 80 samples: the elastic error falls (7 → 2.2 %)" in text
    assert "its standard deviation falls (1.58 → 0.158 %)" in text
    # Losses are half squares: the error on the training samples is half of the other.
    assert "is 50% of that on held-out samples: the data is the limit" in text
    text = data_size_verdict([many, outcome(own, 0, "a", [0.001] * 5, samples=100)])
    assert "the nonlinear error falls (2.2 → 0.1 %)" in text
    text = data_size_verdict([outcome(own, 0, "a", [0.001] * 5, samples=2), many])
    assert "the nonlinear error rises (0.1 → 2.2 %), its standard deviation rises" in text
    wide = outcome(own, 1, "a", [0.08, 0.09, 0.06, 0.05, 0.02], samples=80)
    text = data_size_verdict([few, wide])
    assert "the nonlinear error does not change beyond the intervals (7 → 6 %)" in text
    assert "its standard deviation does not surely change" in text
    failed = outcome(own, 1, "a", [0.02, None, None, None, None], samples=80)
    assert "its standard deviation is not known" in data_size_verdict([few, failed])
    assert data_size_verdict([few]) == data_size_verdict([few, few]) == ""


def test_scatter_is_compared_for_as_many_networks_as_have_not_failed():
    wide = band([0.1, 0.2, 0.3, 0.4, 0.5])
    narrow = band([0.01, 0.02, 0.03, 0.04, 0.05])
    assert scatter_change(wide, narrow) == "falls"
    assert scatter_change(narrow, wide) == "rises"
    # The 95 % quantile of F(1, 4) is 7.71, of F(4, 1) 224.6: variances of ratio 100, 71 and 71.
    few = band([0.1, None, None, None, 0.5])
    assert few.deviation / narrow.deviation == pytest.approx(320**0.5)
    assert scatter_change(few, narrow) == "falls"
    assert scatter_change(wide, band([0.01, None, None, None, 0.05])) == "does not surely change"


def timed(label: str, seconds: float, errors: list, **changes) -> Outcome:
    depth = changes.pop("depth", 2)
    variant = Variant(label, Settings(depth=depth), **{"elastic": ("B",), **changes})
    seeds = [
        {"history": [[10 * i, 0.0, e, seconds * i / 3] for i, e in enumerate(row)]}
        for row in errors
    ]
    own = Comparison("c", "q", (variant,), ("a",))
    result = {"seeds": seeds, "machine": machine_of(Alone())}
    return Outcome(own, variant, "a", "g", seconds, result)


def test_time_to_equal_error():
    fast = timed("fast", 90.0, [[0.9, 0.3, 0.1, 0.05]] * 3)
    slow = timed("slow", 180.0, [[0.9, 0.5, 0.4, 0.3]] * 2 + [[0.9, 0.3, None, 0.1]])
    # To an error of 0.3, a network: a third of the time of the batch.
    assert seconds_to_equal_error([fast, slow]) == [10.0, 60.0]
    # One that diverges at once does not set the measure, nor does a bad one of several.
    lost = timed("lost", 180.0, [[None, None]] * 3)
    assert seconds_to_equal_error([fast, lost]) == [30.0, math.inf]
    bad = timed("bad", 180.0, [[0.9, 0.8, 0.8, 0.8]] * 3)
    assert seconds_to_equal_error([fast, slow, bad]) == [10.0, 60.0, math.inf]
    # Networks of another depth have their own measure.
    deep = timed("deep", 900.0, [[0.9, 0.1, 0.05, 0.01]] * 3, depth=3)
    assert seconds_to_equal_error([fast, slow, deep]) == [10.0, 60.0, None]
    assert seconds_to_equal_error([fast, deep]) is None
    for other in ({"elastic": ("T",)}, {"nonlinear": "s"}):
        assert seconds_to_equal_error([fast, timed("x", 1.0, [[1.0]], **other)]) is None
    variant = Variant("y", Settings(depth=2, validation_fraction=0.3), ("B",))
    third = Outcome(fast.comparison, variant, "a", "g", 1.0, fast.result)
    assert seconds_to_equal_error([fast, third]) is None
    slow.result["machine"] = {**machine_of(Alone()), "cpu": "another"}
    assert seconds_to_equal_error([fast, slow]) is None


def test_coverage_is_the_share_of_the_times_of_counted_paths():
    times = torch.arange(5.0, dtype=torch.float64).repeat(3, 1)
    strain = torch.zeros(3, 5, 6, dtype=torch.float64)
    truth = torch.zeros_like(strain)
    truth[:, 1:, 0] = 10.0
    meta = {"phase_names": ["m"], "rve_hash": "x", "laws": {}, "laws_fingerprint": "y"}
    meta |= {"grid": [1, 1, 1], "scheme": "none", "tolerance": 0.0}
    names = ("shear-12", "corner", "uniaxial-strain")
    reference = ReferencePaths(names, times, strain, truth, meta)

    def response(shift: float) -> StrainPathResponse:
        stress = truth.clone()
        stress[:, 1:, 0] += shift * torch.tensor([1.0, 2.0, 4.0, 8.0])
        stress[1, 1:] = truth[1, 1:] + 1.0  # all agree, and all are wrong
        return StrainPathResponse(
            stress, torch.zeros(3, dtype=torch.int8), torch.ones(3, 5, dtype=torch.int64)
        )

    # On the first path the mean errs by 0.2 times the powers of two, the spread is sqrt(2).
    responses = [response(1.2), response(-0.8)]
    assert coverage(responses, reference) == {"one_spread": 0.5, "two_spreads": 0.5}
    responses = [response(2.0), response(1.0)]  # error 1.5, spread 0.707
    assert coverage(responses, reference) == {"one_spread": 0.0, "two_spreads": 0.0}
    responses = [response(1.5), response(0.5)]  # error 1, spread 0.707
    assert coverage(responses, reference) == {"one_spread": 0.0, "two_spreads": 0.5}
    responses[0].stress[0, 3:] = torch.nan
    responses[0].status[0] = 1
    assert coverage(responses, reference) == {"one_spread": 0.0, "two_spreads": 0.25}
    together = mean_response(responses)
    assert together.status.tolist() == [1, 0, 0]
    assert torch.isnan(together.stress[0, 3:]).all()
