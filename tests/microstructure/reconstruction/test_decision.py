import numpy as np
import torch
from helpers.photos import disks

from dmn_fe.microstructure.reconstruction import random_encoder
from dmn_fe.microstructure.reconstruction.decision import decide
from dmn_fe.microstructure.reconstruction.phase_partition import labels, one_hot
from dmn_fe.microstructure.reconstruction.slice_loss import SliceLoss
from dmn_fe.microstructure.reconstruction.texture_loss import TextureLoss


def noisy_ball(n: int) -> torch.Tensor:
    """Indicators ``[2, n, n, n]`` of a ball with noise at its surface."""
    x, y, z = np.indices((n, n, n)) - n / 2 + 0.5
    ball = 1.0 / (1.0 + np.exp(np.sqrt(x**2 + y**2 + z**2) - 7.0))
    ball += np.random.default_rng(0).normal(scale=0.3, size=ball.shape) * 4.0 * ball * (1.0 - ball)
    return torch.from_numpy(np.stack([1.0 - ball, ball]).astype(np.float32))


def distance_from(phase: np.ndarray) -> SliceLoss:
    return SliceLoss([TextureLoss(one_hot(phase, 2)[0], random_encoder())] * 3)


def faces(phase: np.ndarray) -> int:
    return sum(np.count_nonzero(phase != np.roll(phase, 1, axis)) for axis in range(3))


def test_a_volume_takes_smooth_surfaces_where_the_image_has_them():
    indicator, counts = noisy_ball(32), np.array([32**3 - 1500, 1500])
    rough = labels(indicator.numpy(), counts)
    found = decide(indicator, counts, distance_from(disks(64, 64, radius=5.5, count=2)))
    assert (np.bincount(found.ravel()) == counts).all()
    assert faces(found) < 0.9 * faces(rough)


def test_a_volume_stays_rough_where_the_image_is():
    noise = np.random.default_rng(1).random((64, 64)) < 0.3
    indicator, counts = noisy_ball(32), np.array([32**3 - 1500, 1500])
    found = decide(indicator, counts, distance_from(noise.astype(int)))
    assert (found == labels(indicator.numpy(), counts)).all()


def test_a_section_is_decided_voxel_by_voxel():
    section, counts = noisy_ball(32)[:, :, :, 16], np.array([900, 124])
    found = decide(section, counts, TextureLoss(one_hot(disks(64, 64), 2)[0], random_encoder()))
    assert (found == labels(section.numpy(), counts)).all()
