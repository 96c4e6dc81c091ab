"""Train the encoder that comes with the package: python demos/encoder/train_encoder.py FILE

Takes 20 minutes on one thread. Stopped, it goes on where it was when it is called again.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import torch

from dmn_fe.microstructure.reconstruction.encoder_recipe import Recipe
from dmn_fe.microstructure.reconstruction.encoder_training import train_encoder
from dmn_fe.microstructure.reconstruction.shipped_encoder import save_encoder


def show(done: int, total: int, message: str = "") -> None:
    print(f"step {done} of {total}: {message}", flush=True)


def main(file: Path, recipe: Recipe) -> None:
    checkpoint = file.with_suffix(".partial.safetensors")
    encoder, _ = train_encoder(recipe, checkpoint, show)
    save_encoder(encoder, file, {"recipe": asdict(recipe)})
    checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    torch.set_num_threads(1)  # the sums of several threads differ in the last digits
    main(Path(sys.argv[1]), Recipe())
