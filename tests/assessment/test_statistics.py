"""What an assessment says of its results: bands, times, advice, coverage."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import levene

from dmn_fe.assessment import Comparison, Variant
from dmn_fe.assessment.advice import advice
from dmn_fe.assessment.coverage import coverage, mean_response
from dmn_fe.assessment.machine import machine_of
from dmn_fe.assessment.markdown import band_text
from dmn_fe.assessment.outcomes import Outcome, seconds_to_equal_error
from dmn_fe.assessment.size_verdict import data_size_verdict
from dmn_fe.assessment.statistics import (
    band,
    differ_on_some,
    exceeds,
    rank_correlation,
    scatter_trend,
    trend,
)
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
    assert some.values == (0.01, 0.02, 0.03, math.inf, math.inf)
    assert band([]).failed == 0


def test_a_rank_test_tells_errors_apart():
    high = band([5.0, 6.0, 8.0, 9.0, 10.0])
    # Two pairs of 25 are the wrong way round: by chance in 8 of 252 orders (3.2 %), the exact
    # distribution of Mann and Whitney (1947); three pairs in 14 (5.6 %).
    two, three = band([1.0, 2.0, 3.0, 4.0, 7.0]), band([1.0, 2.0, 3.0, 4.0, 8.5])
    assert two.high > high.low
    assert exceeds(high, two)
    assert not exceeds(two, high)
    assert not exceeds(high, three)
    assert exceeds(band([1.0, None, None, None, None]), band([0.1, 0.2, 0.3, 0.4, 0.5]))
    failed = band([None] * 5)
    assert not exceeds(failed, failed)
    assert exceeds(failed, two)
    assert not exceeds(band([]), two)


@pytest.mark.parametrize("n", [5, 8, 10])
def test_alike_are_told_apart_as_seldom_as_they_should(n):
    rng = np.random.default_rng(n)
    draws = [[band(rng.exponential(size=n).tolist()) for _ in range(6)] for _ in range(1000)]
    apart = {
        "two": [exceeds(d[0], d[1]) or exceeds(d[1], d[0]) for d in draws],
        "three RVEs": [
            differ_on_some([(d[0], d[1]), (d[2], d[3]), (d[4], d[5])])
            or differ_on_some([(d[1], d[0]), (d[3], d[2]), (d[5], d[4])])
            for d in draws
        ],
        "sizes": [trend([1, 2, 4], d[:3]) != "does not surely change" for d in draws],
        "scatter": [scatter_trend(d[:3]) != "does not surely change" for d in draws],
    }
    # 0.05 or less, and three standard deviations of the mean of so many.
    shares = {name: np.mean(each) for name, each in apart.items()}
    assert all(0.005 <= share <= 0.071 for share in shares.values()), shares


def test_small_differences_on_several_rves_are_a_difference():
    low, high = band([1.0, 2.0, 3.0, 4.0, 8.5]), band([5.0, 6.0, 8.0, 9.0, 10.0])
    assert not exceeds(high, low)
    assert not differ_on_some([(high, low)])
    assert differ_on_some([(high, low)] * 2)
    assert not differ_on_some([(low, high)] * 2)
    assert not differ_on_some([(high, low), (low, high)])


def test_a_trend_is_that_of_all_sizes():
    bands = [band(v) for v in ([5.0, 4.1, 6.0], [4.0, 4.2, 5.5], [3.0, 4.15, 3.5], [3.1, 3.2, 4.3])]
    assert not exceeds(bands[0], bands[-1])
    assert trend([10, 20, 40, 80], bands) == "falls"
    assert trend([80, 40, 20, 10], bands) == "rises"
    assert trend([10, 80], [bands[0], bands[-1]]) == "does not surely change"
    assert trend([10, 20], [band([1.0]), band([1.0])]) == "does not surely change"
    assert trend([1, 2], [band([1.0, 2.0, 3.0]), band([None, None, None])]) == "rises"


def test_rank_correlations():
    assert rank_correlation([1.0, 2.0, 3.0], [10.0, 30.0, 90.0]) == pytest.approx(1.0)
    assert math.isnan(rank_correlation([1.0, 2.0], [1.0, 2.0]))
    assert math.isnan(rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))


def comparison(labels: list[str], subjects: tuple[str, ...] = ("a",), **changes) -> Comparison:
    variants = tuple(Variant(label, Settings(depth=2), ("B",), **changes) for label in labels)
    return Comparison("Choice", "q", variants, subjects)


def outcome(own: Comparison, number: int, subject: str, errors: list, **result) -> Outcome:
    truth = {"t": {"seeds": [{"overall_mean": error} for error in errors]}}
    seeds = [{"validation": e, "learnt": None if e is None else 0.5 * e} for e in errors]
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
    assert (
        "- Choice: **first** (2.83 %, 1.0 s; worst: third, 4.24 %); better: third on b; "
        "alike: second (2.86 %, 1.0 s)\n"
    ) in text
    # What is not complete is not ranked.
    missing = advice(outcomes[:-1])
    assert "alike: second (2.86 %, 1.0 s); not there yet: third\n" in missing


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
    assert "**first** (2 %, 1.0 s; worst: second, 2.12 %); better: second on b\n" in text


def test_equal_variants_are_alike_on_any_number_of_rves():
    own, rng = comparison(["first", "second"], tuple("abcdef")), np.random.default_rng(1)
    texts = [
        advice(
            [
                outcome(own, number, subject, rng.exponential(size=5).tolist())
                for number in range(2)
                for subject in "abcdef"
            ]
        )
        for _ in range(300)
    ]
    apart = np.mean(["; alike: " not in text for text in texts])
    assert apart <= 0.088  # 0.05 and three standard deviations of the mean of so many


def test_who_fails_is_not_advised():
    own = comparison(["lucky", "steady"])
    outcomes = [
        outcome(own, 0, "a", [0.01, None, None, None, None]),
        outcome(own, 1, "a", [0.02] * 5),
    ]
    line = "**steady** (2 %, 1.0 s; worst: lucky, most networks failed)\n"
    assert line in advice(outcomes)
    third = comparison(["lucky", "steady", "unlucky"])
    errors = [[0.01, None, None, None, None], [0.02] * 5, [None] * 5]
    outcomes = [outcome(third, n, "a", each) for n, each in enumerate(errors)]
    assert "worst: lucky, most networks failed); failed too: unlucky\n" in advice(outcomes)
    all_failed = [outcome(own, number, "a", [None] * 5) for number in range(2)]
    assert "most networks of every variant have failed" in advice(all_failed)
    assert "**" not in advice(all_failed)


def test_the_verdict_on_the_size_of_the_training_set():
    own = comparison(["few", "many"])
    few = outcome(own, 0, "a", [0.05, 0.06, 0.07, 0.08, 0.09], samples=10)
    many = outcome(own, 1, "a", [0.02, 0.021, 0.022, 0.023, 0.024], samples=80)
    text = data_size_verdict([many, few])
    assert "a, from 10 to 80 samples: the elastic error falls (7 → 2.2 %)" in text
    assert "its scatter falls (standard deviation 1.58 → 0.158 %)" in text
    assert "the elastic error on those it learns from is 50% of that on held-out samples" in text
    assert "the data is the limit" in text
    text = data_size_verdict([many, outcome(own, 0, "a", [0.001] * 5, samples=100)])
    assert "the nonlinear error falls (2.2 → 0.1 %)" in text
    text = data_size_verdict([outcome(own, 0, "a", [0.001] * 5, samples=2), many])
    assert "the nonlinear error rises (0.1 → 2.2 %), its scatter rises" in text
    wide = outcome(own, 1, "a", [0.08, 0.09, 0.06, 0.05, 0.02], samples=80)
    text = data_size_verdict([few, wide])
    assert "the nonlinear error does not surely change (7 → 6 %)" in text
    assert "its scatter does not surely change" in text
    failed = outcome(own, 1, "a", [None] * 5, samples=80)
    assert "its scatter is not known" in data_size_verdict([few, failed])
    assert data_size_verdict([few]) == data_size_verdict([few, few]) == ""


def test_what_varies_is_judged():
    """Elastic samples vary, and all networks learn from nonlinear ones too."""
    own = comparison(["few", "many"], nonlinear="steps")
    results = [outcome(own, n, "a", [0.05] * 5, samples=s) for n, s in ((0, 10), (1, 80))]
    for seed in results[1].result["seeds"]:
        seed |= {"learnt_paths": 0.009, "path_error": 0.01}
    text = data_size_verdict(results)
    assert "the elastic error on those it learns from is 50% of that on held-out" in text
    assert "the data is the limit" in text


def test_nonlinear_samples_are_judged_by_what_is_learnt_of_them():
    variants = tuple(
        Variant(str(n), Settings(depth=2, path_samples=n), ("B",), "steps") for n in (10, None)
    )
    own = Comparison("Choice", "q", variants, ("a",))
    results = [outcome(own, n, "a", [0.05] * 5, samples=80) for n in range(2)]
    text = data_size_verdict(results)
    assert "a, from 10 to all samples" in text
    assert "Whether the network or the data is the limit is not known" in text
    for seed in results[1].result["seeds"]:
        seed |= {"learnt_paths": 0.009, "path_error": 0.01}
    text = data_size_verdict(results)
    assert "the nonlinear error on those it learns from is 90% of that on held-out" in text
    assert "the network is the limit" in text


def test_scatter_is_that_around_the_median_of_what_has_not_failed():
    wide = band([0.0, 0.2, 0.4, 0.6, 0.8])
    narrow = band([0.51, 0.52, 0.53, 0.54, 0.55])
    assert scatter_trend([wide, narrow]) == "falls"
    assert scatter_trend([narrow, wide]) == "rises"
    assert scatter_trend([wide, wide]) == "does not surely change"
    # Around 1.1, not around 3, which is the median with the failures as the largest values.
    failing = band([1.0, 1.1, 3.0, None, None])
    assert scatter_trend([band([1.0, 1.05, 1.1, 1.15, 1.2]), failing]) == "does not surely change"
    assert scatter_trend([wide, band([None] * 5)]) == "is not known"
    # Of two it is Levene's test, whose F is the square of the t of the regression.
    rng = np.random.default_rng(0)
    for scale in np.geomspace(1.0, 30.0, 40):
        two = [rng.normal(size=8), scale * rng.normal(size=8)]
        differ = levene(*two, center="median").pvalue <= 0.05
        text = scatter_trend([band(values.tolist()) for values in two])
        assert (text != "does not surely change") == differ


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
