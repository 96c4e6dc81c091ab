"""From one image to periodic RVEs of the same texture."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dmn_fe.device import check_device
from dmn_fe.errors import InputError
from dmn_fe.microstructure.arguments import check_seed
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.encoder_choice import choose_encoder
from dmn_fe.microstructure.reconstruction.multigrid import Multigrid
from dmn_fe.microstructure.reconstruction.restart import RestartFile
from dmn_fe.microstructure.reconstruction.result_size import (
    check_memory,
    needed_bytes,
    result_shape,
)
from dmn_fe.microstructure.reconstruction.sections import (
    Section,
    on_device,
    sections_of,
    wanted_fractions,
)
from dmn_fe.microstructure.reconstruction.texture_loss import Loss
from dmn_fe.microstructure.reconstruction.work import do_work
from dmn_fe.microstructure.volume_fraction import exact_counts
from dmn_fe.microstructure.voxels import VoxelRVE
from dmn_fe.progress import Progress, no_progress

__all__ = ["Reconstruction", "reconstruct"]

#: On the finest grid, the next coarser one, and all below.
_ITERATIONS = {2: (500, 100, 50), 3: (120, 250, 150)}
_SHARPENING = {2: 30, 3: 15}
_POLISHING = {2: 30, 3: 15}
_LEVELS = 3


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """RVEs of one texture.

    Parameters
    ----------
    rves : tuple of VoxelRVE
        Periodic, with the phases, their names and the voxels of the image.
    seeds : tuple of int
        Of each.
    losses : tuple of float
        Distance of the texture of each from that of the image; that of a grey mixture is about 1.
    encoder : str
        Name of the encoder whose features were compared.
    """

    rves: tuple[VoxelRVE, ...]
    seeds: tuple[int, ...]
    losses: tuple[float, ...]
    encoder: str

    @property
    def rve(self) -> VoxelRVE:
        """The first one."""
        return self.rves[0]


def reconstruct(
    image: VoxelRVE | np.ndarray | Sequence[VoxelRVE | np.ndarray],
    size: int | Sequence[int] | None = None,
    dimension: int = 2,
    *,
    seeds: Sequence[int] = (0,),
    fractions: Sequence[float] | None = None,
    encoder: Encoder | str = "shipped",
    losses: tuple[Loss, ...] = ("gram",),
    batch: int = 1,
    device: str = "cpu",
    restart: str | Path | None = None,
    progress: Progress = no_progress,
) -> Reconstruction:
    """Make periodic RVEs with the texture of an image, in the plane or in space.

    An encoder turns an image into features; the mean products of features (Gram matrices), at
    several resolutions, describe its texture. From noise an image (or all slices of a volume) is
    optimised until it has those of the target, from coarse to fine grids. Each voxel then takes
    one phase so that the volume fractions are those of the image to one voxel, and voxels at the
    interfaces are exchanged while that improves the texture.

    Parameters
    ----------
    image : VoxelRVE, integer array ``[n1, n2]``, or three RVEs
        Phases 0, 1, … of a section, see :func:`read_photo`. It need not be periodic. One section
        stands for all three directions of a volume, as for an isotropic material; otherwise give
        the sections normal to e1, e2 and e3, of shape ``[1, n, m]``, ``[n, 1, m]``, ``[n, m, 1]``.
    size : int or sequence of int, optional
        Voxels along the edges, multiples of 8. By default half of the image, at most 128 in the
        plane and 64 in space. Powers of two are best.
    dimension : int
        2 for a section (one voxel along the axis normal to it), 3 for a volume.
    seeds : sequence of int
        One result for each.
    fractions : sequence of float, optional
        Volume fractions of the phases where they are known better than from the image, as from
        weighing. By default those of the image.
    encoder : Encoder or str
        ``"shipped"``, trained on synthetic sections; ``"random"``, which has learnt nothing and is
        nearly as good; the path of weights of a VGG-19, see :func:`read_vgg19`, or of an encoder
        that ``demos/encoder`` has trained.
    losses : tuple of str
        Which statistics are compared: ``"gram"``, ``"sliced-wasserstein"`` (distributions of the
        features), ``"two-point"`` (two-point probabilities up to 16 voxels).
    batch : int
        Results that are made side by side, which is for GPUs: it takes as many times the memory.
    device : str
        As torch names it.
    restart : path, optional
        A .safetensors file that keeps what is done, and goes on from there if it exists.
    progress : callable
        Called with iterations done and in all.

    Raises
    ------
    InputError
        If the image is too small, has one phase, is no section; if the size, the fractions, the
        encoder or the losses are not possible, or the memory is not enough.

    References
    ----------
    L. Gatys, A. Ecker, M. Bethge, Texture synthesis using convolutional neural networks, NeurIPS
    (2015).
    X. Li, Y. Zhang, H. Zhao, C. Burkhart, L.C. Brinson, W. Chen, A transfer learning approach for
    microstructure reconstruction and structure-property predictions, Scientific Reports 8 (2018).
    """
    check_device(device)
    sections = sections_of(image, dimension)
    shape = result_shape(size, dimension, sections)
    seeds = _checked_seeds(seeds)
    if batch < 1:
        raise InputError(f"batch = {batch}: give 1 or more")
    network = choose_encoder(encoder).to(device)
    counts = exact_counts(wanted_fractions(fractions, sections), math.prod(shape))
    pixels = max(each.phase.size for each in sections)
    needed = needed_bytes(shape, pixels, len(counts), network, _LEVELS, min(batch, len(seeds)))
    check_memory(needed, f"a reconstruction of {' × '.join(map(str, shape))} voxels", device)
    grids = Multigrid(
        on_device(sections, device),
        shape,
        network,
        losses,
        _LEVELS,
        _ITERATIONS[dimension],
        _SHARPENING[dimension],
    )
    grids.distance(grids.stages[0].halvings)  # raises what is wrong before there is a restart file
    identity = {
        "image": _digest(sections),
        "size": list(shape),
        "encoder": network.digest,
        "choice of losses": list(losses),
        "batch": batch,
        "voxels of phases": counts.tolist(),
        "schedule of iterations": [
            *([stage.halvings, stage.iterations, stage.mixing_weight] for stage in grids.stages),
            _POLISHING[dimension],
            _LEVELS,
        ],
    }
    file = RestartFile(restart, identity)
    done = do_work(seeds, grids, counts, _POLISHING[dimension], batch, file, progress)
    rves = [_rve(done.phases[seed].numpy(), sections[0]) for seed in seeds]
    return Reconstruction(
        tuple(rves), tuple(seeds), tuple(done.losses[seed] for seed in seeds), network.name
    )


def _checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    for seed in seeds:
        check_seed(seed)
    found = tuple(int(seed) for seed in seeds)
    if not found or len(set(found)) < len(found):
        raise InputError(f"seeds = {list(found)}: give one or more different ones")
    return found


def _digest(sections: tuple[Section, ...]) -> str:
    """SHA-256 (hex) of the images."""
    digest = hashlib.sha256()
    for each in sections:
        digest.update(f"{each.phase.shape} {each.names} {each.pixel}".encode())
        digest.update(each.phase.tobytes())
    return digest.hexdigest()


def _rve(phase: np.ndarray, section: Section) -> VoxelRVE:
    """The periodic RVE of phases ``[h, w]`` or ``[a, b, c]`` with the voxels of the image."""
    pixel = section.pixel
    if phase.ndim == 3:
        edges = [n * pixel[0] for n in phase.shape]
        return VoxelRVE(phase, section.names, tuple(edges))
    edges = [n * edge for n, edge in zip(phase.shape, pixel, strict=True)]
    edges.insert(section.normal, min(pixel))
    return VoxelRVE(np.expand_dims(phase, section.normal), section.names, tuple(edges))
