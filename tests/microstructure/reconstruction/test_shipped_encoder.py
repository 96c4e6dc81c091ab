import pytest
import torch

from dmn_fe.errors import InputError
from dmn_fe.microstructure.families import synthetic_section
from dmn_fe.microstructure.reconstruction.encoder_choice import choose_encoder
from dmn_fe.microstructure.reconstruction.random_encoder import WIDTHS, random_encoder
from dmn_fe.microstructure.reconstruction.shipped_encoder import (
    SHIPPED,
    load_encoder,
    save_encoder,
    shipped_encoder,
)


def test_the_shipped_encoder_is_small_and_costs_as_much_as_the_random_one():
    assert SHIPPED.stat().st_size < 3e6
    encoder = shipped_encoder()
    assert tuple(len(layer.bias) for (layer,) in encoder.blocks) == WIDTHS
    assert encoder.name.startswith("trained")


def test_channels_of_the_shipped_encoder_are_not_dead():
    """Of the last block one may be: random encoders have up to two of 64 there."""
    encoder = shipped_encoder()
    phases = [synthetic_section(f, 1).phase[:, :, 0] for f in ("labyrinth", "cell walls", "fibres")]
    image = torch.stack([torch.tensor(phase == 1) for phase in phases]).float()[:, None]
    dead = []
    for features in encoder.features(image, periodic=True):
        spread = features.transpose(0, 1).flatten(1).std(dim=1)
        dead.append(int((spread < 0.02 * spread.median()).sum()))
    assert dead[:-1] == [0] * (len(dead) - 1)
    assert dead[-1] <= 1


def test_features_follow_indicators_smoothly():
    """Ripples of a hundredth change the features by about as much as those of a random encoder."""
    phase = synthetic_section("cell walls", 1).phase[:, :, 0] == 1
    image = torch.tensor(phase).float()[None, None]
    noise = 0.01 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    change = []
    for encoder in (shipped_encoder(), random_encoder()):
        before, after = (encoder.features(x, periodic=True)[-1] for x in (image, image + noise))
        change.append(float((after - before).norm() / before.norm()))
    assert change[0] < 4.0 * change[1]


def test_an_encoder_comes_back_from_its_file(tmp_path):
    encoder = random_encoder(3, (4, 6))
    save_encoder(encoder, tmp_path / "own.safetensors", {"seed": 3})
    again = load_encoder(tmp_path / "own.safetensors")
    assert again.name == encoder.name
    image = torch.rand(1, 1, 32, 32)
    for one, other in zip(
        encoder.features(image, periodic=True), again.features(image, periodic=True), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_an_own_encoder_is_chosen_by_its_file(tmp_path):
    path = tmp_path / "own.safetensors"
    save_encoder(random_encoder(3), path, {})
    assert choose_encoder(str(path)).digest == random_encoder(3).digest


def test_a_file_that_is_no_encoder(tmp_path):
    with pytest.raises(InputError, match=r"no such file; give an encoder, or train one"):
        load_encoder(tmp_path / "none.safetensors")
    encoder = random_encoder(0, (4, 6))
    first, second = encoder.blocks
    wrong = type(encoder)("wrong", (second, first))
    save_encoder(wrong, tmp_path / "wrong.safetensors", {})
    with pytest.raises(InputError, match=r"layer 0\.0: weights of shape \[6, 4, 3, 3\]"):
        load_encoder(tmp_path / "wrong.safetensors")
