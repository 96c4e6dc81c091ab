"""Statistics of features and the losses made of them."""

from functools import partial

import numpy as np
import pytest
import torch
from helpers import photos

from dmn_fe.errors import InputError
from dmn_fe.microstructure import VoxelRVE, two_point_probability
from dmn_fe.microstructure.reconstruction import Convolution, Encoder, random_encoder
from dmn_fe.microstructure.reconstruction.feature_statistics import (
    gram_matrix,
    sorted_projections,
    transport_error,
)
from dmn_fe.microstructure.reconstruction.objective import MIXING, Objective
from dmn_fe.microstructure.reconstruction.pair_loss import PairLoss
from dmn_fe.microstructure.reconstruction.phase_partition import one_hot, partition
from dmn_fe.microstructure.reconstruction.slice_loss import SliceLoss
from dmn_fe.microstructure.reconstruction.texture_loss import LOSSES, TextureLoss

blobs = partial(photos.blobs, length=2.0)


def double(encoder: Encoder) -> Encoder:
    return Encoder(
        encoder.name,
        tuple(
            tuple(
                Convolution(layer.weight.double(), layer.bias.double(), layer.slope) for layer in b
            )
            for b in encoder.blocks
        ),
    )


def test_gram_matrices_are_mean_products():
    features = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    found = gram_matrix(features)
    for n in range(2):
        for a in range(3):
            for b in range(3):
                product = (features[n, a] * features[n, b]).mean()
                torch.testing.assert_close(found[n, a, b], product)


def test_transport_between_a_distribution_and_its_shift_is_the_square_of_the_shift():
    values = torch.randn(1, 1, 30, 30, generator=torch.Generator().manual_seed(0))
    direction = torch.ones(1, 1)
    here = sorted_projections(values, direction)
    there = sorted_projections(values.flip(2) + 0.7, direction)
    error = transport_error(there, here)
    torch.testing.assert_close(error, torch.tensor([0.49]), rtol=1e-4, atol=0)


def test_transport_compares_equal_ranks_of_different_counts():
    target = torch.arange(100.0)[None, :, None]
    assert float(transport_error(target[:, 0::4] + 2.0, target)) < 1e-6


@pytest.mark.parametrize("loss", LOSSES)
def test_an_image_has_less_distance_from_another_of_its_kind_than_from_others(loss):
    target = one_hot(blobs(96, 96), 2)
    distance = TextureLoss(target[0], random_encoder(), 3, (loss,))
    same = [float(distance(one_hot(blobs(96, 96, seed=seed), 2))) for seed in (1, 2, 3)]
    stripes = float(distance(one_hot(np.indices((96, 96))[0] // 6 % 2, 2)))
    noise = float(distance(one_hot(np.random.default_rng(0).integers(0, 2, (96, 96)), 2)))
    assert 2.0 * max(same) < min(stripes, noise)


def test_levels_at_which_nothing_is_left_do_not_count():
    phase = np.indices((128, 128))[0] // 2 % 2  # grey at the third level, but for round-off
    encoder = random_encoder(widths=(8,))
    distance = TextureLoss(one_hot(phase, 2)[0], encoder, 3, ("gram",))
    assert float(distance(one_hot(phase, 2))) < 1e-3


def test_pairs_of_a_photo_are_counted_inside_it():
    phase = blobs(64, 48, phases=3)[:40, :]
    lag = two_point_probability(VoxelRVE(phase[:, :, None], periodic=(False, False, True)), 2)
    middle = [int(np.flatnonzero(steps == 0)[0]) for steps in lag.steps]
    expected = lag.probability[middle[0] + 3, middle[1] - 2, 0]
    found = PairLoss(one_hot(phase, 3)[0])
    reach = len(found._steps) // 2
    assert float(found._target[0, 2, reach + 3, reach - 2]) == pytest.approx(expected, abs=1e-6)


def test_pairs_of_a_periodic_image_have_no_distance_from_themselves_but_for_the_edges():
    phase = blobs(128, 128)
    distance = PairLoss(one_hot(phase, 2)[0])
    moved = one_hot(np.roll(phase, (40, 70), (0, 1)), 2)
    first, second = distance(torch.cat([one_hot(phase, 2), moved]))
    assert float(first) < 0.05  # of what the pairs of a mixture without order have
    assert float(first) == pytest.approx(float(second), rel=1e-3)


@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("losses", [("gram",), LOSSES])
def test_gradients_are_differences(phases, losses):
    target = one_hot(blobs(48, 48, phases=phases), phases)[0].double()
    distance = TextureLoss(target, double(random_encoder(widths=(4, 5, 6))), 2, losses)
    objective = Objective(distance, (phases, 16, 16), MIXING)
    generator = torch.Generator().manual_seed(0)
    x = partition(
        torch.rand(1, phases, 16, 16, generator=generator, dtype=torch.float64) * 1.4 - 0.2
    )
    direction = partition(torch.randn(1, phases, 16, 16, generator=generator, dtype=torch.float64))
    direction = (direction - 1.0 / phases).flatten(1)
    x, rows, h = x.flatten(1), torch.tensor([0]), 1e-6
    slope = (objective(x, rows)[1] * direction).sum()
    above, below = objective(x + h * direction, rows)[0], objective(x - h * direction, rows)[0]
    torch.testing.assert_close(slope, ((above - below) / (2 * h))[0], rtol=1e-5, atol=1e-9)


def test_gradients_keep_the_sum_of_the_indicators():
    distance = TextureLoss(one_hot(blobs(48, 48, phases=3), 3)[0], random_encoder(), 2)
    objective = Objective(distance, (3, 32, 32))
    x = partition(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    gradient = objective(x.flatten(1), torch.arange(2))[1].unflatten(1, (3, 32, 32))
    assert float(gradient.sum(1).abs().max()) < 1e-6 * float(gradient.abs().max()) + 1e-9


def test_images_side_by_side_are_those_one_after_another():
    distance = TextureLoss(one_hot(blobs(64, 64), 2)[0], random_encoder(), 2)
    images = torch.cat([one_hot(blobs(32, 32, seed=s), 2) for s in (1, 2)])
    together = distance(images)
    for image, loss in zip(images, together, strict=True):
        torch.testing.assert_close(distance(image[None])[0], loss)


def test_the_loss_of_a_volume_is_that_of_its_slices_pooled():
    distance = TextureLoss(one_hot(blobs(64, 64), 2)[0].double(), double(random_encoder()), 2)
    noise = torch.rand(1, 2, 16, 16, 16, generator=torch.Generator().manual_seed(0))
    volume = partition(noise.double()).requires_grad_()
    loss = SliceLoss([distance] * 3).backward(volume)
    slices = [volume.detach()[0].movedim(axis, 0) for axis in (1, 2, 3)]
    expected = sum(float(distance(each, pooled=True)) for each in slices) / 3
    assert float(loss) == pytest.approx(expected)
    step = torch.zeros_like(volume.grad)
    step[0, 1, 3, 4, 5] = 1e-6
    above = SliceLoss([distance] * 3).backward((volume.detach() + step).requires_grad_())
    below = SliceLoss([distance] * 3).backward((volume.detach() - step).requires_grad_())
    slope = float(above - below) / 2e-6
    assert float(volume.grad[0, 1, 3, 4, 5]) == pytest.approx(slope, rel=1e-4)


def test_slices_that_tile_an_image_pool_to_its_statistics():
    phase = blobs(32, 32)
    distance = TextureLoss(one_hot(blobs(64, 64, seed=1), 2)[0], random_encoder(), 2, ("gram",))
    once = distance(one_hot(phase, 2))
    thrice = distance(one_hot(phase, 2).expand(3, -1, -1, -1), pooled=True)
    torch.testing.assert_close(once, thrice)


def test_a_photo_with_odd_edges_is_compared_at_all_levels():
    even = TextureLoss(one_hot(blobs(128, 128), 2)[0], random_encoder())
    odd = TextureLoss(one_hot(blobs(129, 127), 2)[0], random_encoder())
    assert set(odd._grams) == set(even._grams)
    assert len(odd._grams) == 4 + 4 + 3  # of the blocks at three levels


def test_pairs_are_not_compared_beyond_half_an_edge():
    phase = blobs(64, 64)
    distance = PairLoss(one_hot(phase, 2)[0])
    part = one_hot(phase[:16, :16], 2)
    assert float(distance(part)) > 0.0
    distance._target[..., :8, :] += 1.0  # lags of more than 8 in the first direction
    changed = float(distance(part))
    distance._target[..., 8, :] += 1.0
    assert changed != float(distance(part))
    assert changed == pytest.approx(float(PairLoss(one_hot(phase, 2)[0])(part)))


def test_a_target_that_is_too_small_for_the_encoder_is_named():
    deep = Encoder("deep", random_encoder().blocks, outputs=(3,))
    with pytest.raises(InputError, match=r"16 × 16 pixels is too small for the blocks of .*deep"):
        TextureLoss(one_hot(blobs(16, 16), 2)[0], deep)
    with pytest.raises(InputError, match=r"outputs = \[4\]: the encoder has the blocks 0 to 3"):
        Encoder("none", random_encoder().blocks, outputs=(4,))


def test_unknown_losses_are_named():
    with pytest.raises(InputError, match="give some of gram, sliced-wasserstein, two-point"):
        TextureLoss(one_hot(blobs(48, 48), 2)[0], random_encoder(), 2, ("vgg",))
