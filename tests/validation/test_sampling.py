"""Sums over many points from a few."""

import numpy as np
import pytest

from dmn_fe import InputError
from dmn_fe.validation.sampling import draw_by_shares, estimate_sums

GENERATOR = np.random.default_rng(0)
SHARES = GENERATOR.exponential(1.0, 60) ** 2
VALUES = (SHARES * GENERATOR.normal(0.01, 0.01, 60))[:, None] * np.array([1.0, -2.0])


def test_the_mean_of_many_draws_is_the_sum_and_their_scatter_the_standard_error():
    order = GENERATOR.permutation(60).astype(float)  # in which nothing is hidden
    found, errors = [], []
    for seed in range(4000):
        draw = draw_by_shares(SHARES, order, 8, seed)
        assert draw.counts.sum() == 8
        total, error = estimate_sums(draw, VALUES[draw.rows])
        found.append(total)
        errors.append(error)
    scatter = np.std(found, axis=0)
    assert np.abs(np.mean(found, axis=0) - VALUES.sum(axis=0)).max() < 0.1 * scatter.min()
    assert scatter == pytest.approx(np.sqrt(np.mean(np.square(errors), axis=0)), rel=0.2)


def test_points_come_by_their_shares_and_along_the_order():
    counts = np.zeros(60)
    order = np.arange(60.0)
    for seed in range(3000):
        draw = draw_by_shares(SHARES, order, 6, seed)
        counts[draw.rows] += draw.counts
        parts = np.cumsum(0.8 * SHARES / SHARES.sum() + 0.2 / 60)[draw.rows]
        assert np.diff(parts).min() > 0
    expected = 6 * 3000 * (0.8 * SHARES / SHARES.sum() + 0.2 / 60)
    assert np.abs(counts - expected).max() < 0.08 * expected.max()
    same = [draw_by_shares(SHARES, order, 6, 5).rows.tolist() for _ in range(2)]
    assert same[0] == same[1]


def test_all_points_give_the_sum_without_error():
    draw = draw_by_shares(SHARES, SHARES, 60, 0)
    total, error = estimate_sums(draw, VALUES)
    np.testing.assert_allclose(total, VALUES.sum(axis=0))
    assert not error.any()


def test_points_without_value_are_left_out():
    values = VALUES[:3].copy()
    values[1, 1] = np.nan
    draw = draw_by_shares(SHARES[:3], SHARES[:3], 3, 0)
    total, error = estimate_sums(draw, values)
    np.testing.assert_allclose(total, 1.5 * (values[0] + values[2]))
    assert (error > 0).all()
    assert np.isnan(estimate_sums(draw, np.full((3, 2), np.nan))).all()


def test_one_point_is_refused():
    with pytest.raises(InputError, match=r"points = 1 must be 2 or more"):
        draw_by_shares(SHARES, SHARES, 1, 0)
