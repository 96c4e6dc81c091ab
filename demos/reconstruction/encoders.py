"""Encoders of the studies, whole and pruned."""

from dataclasses import replace

from dmn_fe.microstructure import Encoder, random_encoder, read_vgg19, shipped_encoder
from dmn_fe.microstructure.reconstruction.encoder_choice import BLOCKS

__all__ = ["encoder_of", "pruned_variants"]


def encoder_of(name: str, whole: bool = False) -> Encoder:
    """``shipped``, ``random 0`` (with its seed), or the file of a VGG-19.

    Of the first two as many blocks as ``reconstruct`` takes, or all where it is to be ``whole``.
    """
    if name != "shipped" and not name.startswith("random"):
        return read_vgg19(name)
    found = shipped_encoder() if name == "shipped" else random_encoder(int(name.split()[1]))
    return found if whole else found.cut(BLOCKS)


def pruned_variants(encoder: Encoder) -> dict[str, Encoder]:
    """The encoder itself, cut behind each block, and without the features of one block."""
    count = len(encoder.blocks)
    found = {"whole": encoder}
    for blocks in range(1, count):
        found[f"blocks 1–{blocks}"] = replace(encoder, outputs=tuple(range(blocks)))
    for left_out in range(count - 1):
        rest = tuple(block for block in range(count) if block != left_out)
        found[f"without block {left_out + 1}"] = replace(encoder, outputs=rest)
    return found
