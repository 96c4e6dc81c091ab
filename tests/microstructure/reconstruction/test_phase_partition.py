"""Phases from indicators, with exact volume fractions; exchanges; grids; the start."""

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction import random_encoder
from dmn_fe.microstructure.reconstruction.gaussian_start import gaussian_start
from dmn_fe.microstructure.reconstruction.grids import coarser, finer, halvings
from dmn_fe.microstructure.reconstruction.phase_partition import (
    labels,
    mixing,
    one_hot,
    outside,
    partition,
)
from dmn_fe.microstructure.reconstruction.polish import polish
from dmn_fe.microstructure.reconstruction.texture_loss import TextureLoss
from dmn_fe.microstructure.volume_fraction import exact_counts


@hypothesis.given(
    phases=strategies.integers(2, 5),
    edge=strategies.integers(4, 12),
    seed=strategies.integers(0, 99),
)
def test_labels_are_on_their_counts_and_follow_the_indicators(phases, edge, seed):
    rng = np.random.default_rng(seed)
    wanted = rng.dirichlet(np.ones(phases)) * 0.8 + 0.2 / phases
    counts = exact_counts(tuple(wanted / wanted.sum()), edge * edge)
    assert counts.sum() == edge * edge
    assert np.abs(counts - wanted * edge * edge).max() < 1.0 + 1e-6
    indicator = rng.normal(size=(phases, edge, edge))
    found = labels(indicator, counts)
    assert (np.bincount(found.ravel(), minlength=phases) == counts).all()


def test_labels_of_decided_indicators_are_theirs():
    phase = np.random.default_rng(0).integers(0, 3, (16, 16))
    counts = np.bincount(phase.ravel())
    noise = 0.1 * np.random.default_rng(1).normal(size=(3, 16, 16))
    assert (labels(one_hot(phase, 3)[0].numpy() + noise, counts) == phase).all()


def test_a_phase_without_a_voxel_is_refused():
    with pytest.raises(InputError, match=r"phase 1 has the volume fraction 0.0001"):
        exact_counts((0.9999, 0.0001), 1024)


def test_penalties_are_zero_where_every_voxel_has_one_phase():
    exact = one_hot(np.indices((4, 4)).sum(0) % 3, 3)
    assert float(outside(exact)) == float(mixing(exact)) == 0.0
    torch.testing.assert_close(partition(exact), exact)
    beyond = exact.clone()
    beyond[0, 0, 0, 0] += 0.5
    assert float(outside(beyond)) == pytest.approx(0.25 / beyond.numel())
    half = torch.full((1, 2, 4, 4), 0.5)
    assert float(mixing(half)) == pytest.approx(0.25)


def test_exchanges_lower_the_loss_and_keep_the_fractions():
    x, y = np.indices((96, 96))
    smooth = (np.hypot(x % 24 - 12, y % 24 - 12) < 8).astype(np.uint8)  # disks
    distance = TextureLoss(one_hot(smooth, 2)[0], random_encoder(), 2, ("gram",))
    rng = np.random.default_rng(0)
    rim = np.flatnonzero((abs(np.hypot(x % 24 - 12, y % 24 - 12) - 8) < 1.0).ravel())
    rough = smooth.copy()
    rough.ravel()[rim] = rng.permutation(smooth.ravel()[rim])
    before = float(distance(one_hot(rough, 2)))
    mended, loss = polish(rough, 2, distance, 30, torch.device("cpu"))
    assert mended.sum() == smooth.sum()
    assert loss == pytest.approx(float(distance(one_hot(mended, 2))), rel=1e-5)
    assert loss < 0.5 * before


def test_interpolation_and_averages_are_periodic():
    for shape in ((1, 1, 8, 12), (1, 2, 8, 4, 6)):
        field = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
        axes = tuple(range(2, len(shape)))
        moved = finer(field.roll((1,) * len(axes), axes))
        torch.testing.assert_close(moved, finer(field).roll((2,) * len(axes), axes))
        torch.testing.assert_close(
            coarser(torch.ones_like(field)),
            torch.ones_like(field)[..., ::2, ::2]
            if len(axes) == 2
            else torch.ones_like(field)[..., ::2, ::2, ::2],
        )
        torch.testing.assert_close(finer(torch.full_like(field, 0.3)).mean(), torch.tensor(0.3))


def test_grids_end_where_halves_are_no_longer_even_or_too_small():
    assert halvings((128, 128), 256) == 2
    assert halvings((256, 256), 256) == 3
    assert halvings((40, 40), 256) == 0
    assert halvings((64, 96), 256) == 1
    assert halvings((64, 64, 64), 256) == 2
    assert halvings((64, 64, 64), 40) == 1


@pytest.mark.parametrize("shape", [(64, 64), (24, 24, 24)])
def test_the_start_has_the_fractions_and_the_reach_of_the_image(shape):
    rng = np.random.default_rng(0)
    noise = np.fft.fft2(rng.normal(size=(128, 128)))
    k2 = np.fft.fftfreq(128)[:, None] ** 2 + np.fft.fftfreq(128) ** 2
    smooth = np.fft.ifft2(noise * np.exp(-100.0 * k2)).real
    image = one_hot((smooth > np.quantile(smooth, 0.7)).astype(int), 2)[0]
    start = gaussian_start([image], shape, seed=1)
    assert start.shape == (2, *shape)
    torch.testing.assert_close(start.sum(0), torch.ones(shape))
    assert float(start[1].mean()) == pytest.approx(0.3, abs=0.1)
    assert torch.equal(start, gaussian_start([image], shape, seed=1))

    def neighbours(x, steps):
        x = x - x.mean()
        return float((x * x.roll(steps, -1)).mean() / x.square().mean())

    inside = image[1] - image[1].mean()
    for steps in (2, 4):
        expected = float((inside[:, steps:] * inside[:, :-steps]).mean() / inside.square().mean())
        assert neighbours(start[1], steps) == pytest.approx(expected, abs=0.12)
