"""Reconstruction of representative volume elements from one image.

An encoder turns images of phases into features; an image or volume whose features have the
statistics of a photo's is optimised from noise, from coarse to fine grids.
"""

from dmn_fe.microstructure.reconstruction.encoder import Convolution, Encoder
from dmn_fe.microstructure.reconstruction.random_encoder import random_encoder
from dmn_fe.microstructure.reconstruction.reconstruct import Reconstruction, reconstruct
from dmn_fe.microstructure.reconstruction.shipped_encoder import shipped_encoder
from dmn_fe.microstructure.reconstruction.vgg import read_vgg19

__all__ = [
    "Convolution",
    "Encoder",
    "Reconstruction",
    "random_encoder",
    "read_vgg19",
    "reconstruct",
    "shipped_encoder",
]
