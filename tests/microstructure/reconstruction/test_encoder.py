"""Features of encoders: against an independent convolution, on periodic images, in parts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from dmn_fe.microstructure.reconstruction import Convolution, Encoder, random_encoder


def image(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def independent_features(encoder: Encoder, x: np.ndarray) -> list[np.ndarray]:
    """Features ``[c, h', w']`` of a periodic image ``[h, w]``, by loops and scipy."""
    found, channels = [], x[None].astype(np.float64)
    for number, block in enumerate(encoder.blocks):
        if number:
            c, h, w = channels.shape
            channels = channels.reshape(c, h // 2, 2, w // 2, 2).mean((2, 4))
        for layer in block:
            weight, bias = layer.weight.numpy(), layer.bias.numpy()
            channels = np.stack(
                [
                    sum(
                        ndimage.correlate(channels[i], weight[o, i], mode="grid-wrap")
                        for i in range(len(channels))
                    )
                    + bias[o]
                    for o in range(len(weight))
                ]
            )
            channels = np.where(channels > 0, channels, layer.slope * channels)
        found.append(channels)
    return found


def two_blocks() -> Encoder:
    generator = torch.Generator().manual_seed(3)

    def layer(channels_in: int, channels_out: int, slope: float) -> Convolution:
        weight = torch.randn(channels_out, channels_in, 3, 3, generator=generator)
        return Convolution(weight, torch.randn(channels_out, generator=generator), slope)

    return Encoder("test", ((layer(1, 3, 0.1), layer(3, 4, 0.0)), (layer(4, 5, 0.0),)))


def test_features_are_those_of_an_independent_convolution():
    encoder, x = two_blocks(), image(1, 1, 12, 16)
    found = encoder.features(x, periodic=True)
    expected = independent_features(encoder, x[0, 0].numpy())
    assert len(found) == len(expected) == 2
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a[0], b, rtol=1e-4, atol=1e-4)


def test_features_of_a_photo_are_those_that_know_no_pixel_outside():
    x = image(1, 1, 64, 64)
    for encoder, first in ((two_blocks(), (2, 2)), (random_encoder(), (1, 2, 2, 2))):
        inside, periodic = encoder.features(x, periodic=False), encoder.features(x, periodic=True)
        for a, b, start in zip(inside, periodic, first, strict=True):
            h, w = a.shape[2:]
            torch.testing.assert_close(a, b[..., start : start + h, start : start + w])
            assert b.shape[2] - h in (2 * start, 2 * start + 1)
            assert min(h, w) >= 4


def test_features_of_a_periodic_image_move_with_it():
    encoder, x = random_encoder(), image(1, 1, 32, 32)
    moved = encoder.features(x.roll((8, 16), (2, 3)), periodic=True)
    for level, (a, b) in enumerate(zip(moved, encoder.features(x, periodic=True), strict=True)):
        torch.testing.assert_close(a, b.roll((8 >> level, 16 >> level), (2, 3)))


def test_small_images_have_fewer_blocks():
    encoder = random_encoder()
    edges = {64: 4, 16: 3, 8: 2}
    for edge, blocks in edges.items():
        assert len(encoder.features(image(1, 1, edge, edge), periodic=True)) == blocks
    # 12 → 6 → 3, which cannot be halved, and is too small.
    assert len(encoder.features(image(1, 1, 12, 12), periodic=True)) == 2


def test_outputs_choose_blocks_and_leave_the_others_as_they_are():
    encoder, x = random_encoder(), image(1, 1, 64, 64)
    everything = encoder.features(x, periodic=True)
    some = replace(encoder, outputs=(0, 2)).features(x, periodic=True)
    assert len(some) == 2
    torch.testing.assert_close(some[0], everything[0])
    torch.testing.assert_close(some[1], everything[2])
    assert replace(encoder, outputs=(0, 2)).digest != encoder.digest


def test_a_cut_encoder_has_the_first_blocks_alone():
    encoder, x = random_encoder(), image(1, 1, 64, 64)
    cut = encoder.cut(2)
    assert len(cut.blocks) == 2
    assert cut.name == f"{encoder.name}, 2 of 4 blocks"
    for a, b in zip(cut.features(x, True), encoder.features(x, True)[:2], strict=True):
        assert torch.equal(a, b)


def test_random_encoders_come_from_their_seed_and_see_no_volume_fraction():
    assert random_encoder(1).digest == random_encoder(1).digest
    assert random_encoder(1).digest != random_encoder(2).digest
    flat = random_encoder().features(torch.full((1, 1, 32, 32), 0.7), periodic=True)
    assert max(float(features.abs().max()) for features in flat) < 1e-5


@pytest.mark.parametrize("seed", [0, 1])
def test_random_features_keep_their_size_from_block_to_block(seed):
    x = (image(1, 1, 64, 64) > 0.5).float()
    sizes = [float(f.square().mean()) for f in random_encoder(seed).features(x, periodic=True)]
    assert max(sizes) < 20.0 * min(sizes)
