from dataclasses import replace

import numpy as np
import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.microstructure.reconstruction.encoder_recipe import Recipe
from dmn_fe.microstructure.reconstruction.encoder_training import train_encoder
from dmn_fe.microstructure.reconstruction.random_encoder import random_encoder

#: All sections take part in every step, so that its loss depends little on chance.
MINIATURE = Recipe(
    seed=1,
    widths=(8, 16),
    sections=1,
    voxels=64,
    crop=48,
    rounds=1,
    reconstructions=4,
    iterations=(10,),
    steps=80,
    textures=14,
    rate=1e-2,
)
SHORT = replace(
    MINIATURE, rounds=2, reconstructions=2, iterations=(2,), crop=32, steps=3, textures=4
)


def weights(encoder):
    return torch.cat([layer.weight.flatten() for block in encoder.blocks for layer in block])


def test_a_miniature_learns():
    encoder, losses = train_encoder(MINIATURE)
    assert len(losses) == 80
    assert np.mean(losses[40:]) < np.mean(losses[:20]) - 0.05
    start = random_encoder(1, (8, 16))
    for (layer,), (before,) in zip(encoder.blocks, start.blocks, strict=True):
        assert not layer.weight.requires_grad
        assert not torch.equal(layer.weight, before.weight)
        lengths = layer.weight.flatten(1).norm(dim=1)
        torch.testing.assert_close(lengths, torch.full_like(lengths, 2.0**0.5))


def test_a_training_goes_on_where_its_checkpoint_ends(tmp_path, monkeypatch):
    from dmn_fe.microstructure.reconstruction import encoder_training

    whole, losses = train_encoder(SHORT)
    assert len(losses) == 6
    monkeypatch.setattr(encoder_training, "_STEPS_BETWEEN_CHECKPOINTS", 2)

    class Stop(Exception):
        pass

    def stop(done, total, message=""):
        assert total == 6
        if done == 5 and "loss" in message:
            raise Stop

    file = tmp_path / "encoder.partial.safetensors"
    with pytest.raises(Stop):
        train_encoder(SHORT, file, stop)
    again, rest = train_encoder(SHORT, file)
    assert rest == pytest.approx(losses[4:], rel=1e-4)
    torch.testing.assert_close(weights(again), weights(whole), rtol=1e-4, atol=1e-5)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path, monkeypatch):
    from dmn_fe.microstructure.reconstruction import encoder_training

    monkeypatch.setattr(encoder_training, "_STEPS_BETWEEN_CHECKPOINTS", 1)
    file = tmp_path / "encoder.partial.safetensors"
    recipe = replace(SHORT, rounds=1, steps=1)
    train_encoder(recipe, file)
    with pytest.raises(InputError, match="it is of another recipe"):
        train_encoder(replace(recipe, seed=2), file)
