"""Time of reconstructions: python tests/benchmarks/reconstruction.py [RESULT.json] [DEVICE]

Whole reconstructions in the plane (128², two and three phases) and in space (64³), and one
evaluation of the loss with its gradient at 128² for the shipped encoder, whole and cut, and for one
of the size of a VGG-19. Nothing is asserted; the result is printed and, with an argument, stored
with the machine it was measured on.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

from dmn_fe import microstructure
from dmn_fe.microstructure import Encoder
from dmn_fe.microstructure.reconstruction.encoder import Convolution
from dmn_fe.microstructure.reconstruction.phase_partition import one_hot
from dmn_fe.microstructure.reconstruction.texture_loss import TextureLoss

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.record import finish

PIXELS = 256
VGG19_WIDTHS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)


def section(phases: int) -> np.ndarray:
    """Phases ``[256, 256]`` of one or two kinds of particles in a matrix."""
    first = microstructure.synthetic_section("packed disks", 7, PIXELS).phase[..., 0]
    if phases == 2:
        return first
    second = microstructure.synthetic_section("grains", 7, PIXELS).phase[..., 0]
    return np.where(first == 1, 1, np.where(second == 1, 2, 0))


def like_vgg19() -> Encoder:
    """An encoder of the shape of a VGG-19, with random weights."""
    generator, blocks, channels = torch.Generator().manual_seed(0), [], 1
    for widths in VGG19_WIDTHS:
        block = []
        for width in widths:
            weight = torch.randn(width, channels, 3, 3, generator=generator)
            weight *= (2.0 / (9 * channels)) ** 0.5
            block.append(Convolution(weight, torch.zeros(width)))
            channels = width
        blocks.append(tuple(block))
    return Encoder("shape of VGG-19", tuple(blocks))


def seconds_of_reconstruction(phases: int, size: int, dimension: int, device: str) -> float:
    """Time of one result, all of it."""
    image = section(phases)
    begin = time.perf_counter()
    microstructure.reconstruct(image, size, dimension, device=device)
    return time.perf_counter() - begin


def milliseconds_of_evaluation(encoder: Encoder, device: str) -> float:
    """Best time of the loss of 128² pixels with its gradient."""
    image = one_hot(section(2), 2)[0].to(device)
    distance = TextureLoss(image, encoder.to(device), losses=("gram",))
    best = float("inf")
    for _ in range(5):
        start = torch.rand(1, 2, 128, 128, device=device).requires_grad_()
        begin = time.perf_counter()
        distance.backward(start)
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    return 1e3 * best


def main(path: str | None, device: str) -> None:
    """Measure all."""
    whole = microstructure.shipped_encoder()
    count = len(whole.blocks)
    cuts = {f"shipped, {n} of {count} blocks": whole.cut(n) for n in range(1, count + 1)}
    evaluation = {
        name: milliseconds_of_evaluation(encoder, device)
        for name, encoder in {**cuts, "shape of VGG-19": like_vgg19()}.items()
    }
    seconds = {
        "128², two phases": seconds_of_reconstruction(2, 128, 2, device),
        "128², three phases": seconds_of_reconstruction(3, 128, 2, device),
        "64³, two phases": seconds_of_reconstruction(2, 64, 3, device),
    }
    result = {"device": device, "threads": torch.get_num_threads()}
    finish({**result, "evaluation_ms": evaluation, "reconstruction_s": seconds}, path)


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv))
    main(arguments.get(1), arguments.get(2, "cpu"))
