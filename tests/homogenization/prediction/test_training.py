"""Predictors learn what they are shown, from any start, and tell it to a file."""

import dataclasses
import json

import pytest
import torch
from helpers.predictors import random_predictor
from safetensors import safe_open
from safetensors.torch import save_file

from dmn_fe.errors import InputError
from dmn_fe.homogenization.prediction import (
    FineTuning,
    PredictorEnsemble,
    TwoPhases,
    fine_tune,
    fit_frozen,
    hashin_shtrikman_mean,
    load_predictor,
    save_predictor,
    train_predictor,
    train_predictor_ensemble,
)
from dmn_fe.homogenization.prediction.coordinates import Coordinates, relative_errors
from dmn_fe.homogenization.prediction.pooled_features import encoded_means
from dmn_fe.homogenization.prediction.ridge import fit_ridge

PHASES = TwoPhases((1.0, 10.0))


def mean_error(predictor, data):
    return relative_errors(predictor.predict(data.images), data).mean().item()


def test_ridge_is_least_squares_with_a_penalty_chosen_by_leaving_out():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(12, 20, generator=generator, dtype=torch.float64) + 1.0
    y = x @ torch.randn(20, 2, generator=generator, dtype=torch.float64) + 3.0
    ridge = fit_ridge(x, y)
    # Fitted anew without each sample, at the strength that was chosen.
    middle, level = x.mean(0), y.mean(0)
    for t in range(2):
        # (XᵀX + s)w = Xᵀy tells the strength.
        weight = ridge.weight[:, t]
        rest = (x - middle).mT @ ((y - level)[:, t] - (x - middle) @ weight)
        strength = (rest @ weight) / (weight @ weight)
        torch.testing.assert_close(rest, strength * weight, rtol=1e-6, atol=1e-8)
        errors = []
        for k in range(12):
            kept = [j for j in range(12) if j != k]
            a, b = x[kept] - x[kept].mean(0), y[kept, t] - y[kept, t].mean()
            w = torch.linalg.solve(a.mT @ a + strength * torch.eye(20, dtype=a.dtype), a.mT @ b)
            errors.append((y[kept, t].mean() + (x[k] - x[kept].mean(0)) @ w - y[k, t]) ** 2)
        assert ridge.error[t].item() == pytest.approx(torch.stack(errors).mean().item(), rel=0.05)


def test_the_frozen_fit_is_a_ridge_regression_by_character(sections, encoder):
    """What is odd under a symmetry is learnt from the odd part of the features."""
    predictor = fit_frozen(sections, encoder)
    means = encoded_means(encoder, sections.images)
    _, targets = Coordinates.of(sections)
    ridge = fit_ridge(means["B1"] / predictor.scale, targets[:, [3, 7]], has_intercept=False)
    torch.testing.assert_close(predictor.weight[:, [3, 7]], ridge.weight, rtol=1e-4, atol=1e-4)
    assert ridge.weight.abs().max() > 0.1
    assert mean_error(predictor, sections) < 0.5 * mean_of_estimate(sections)


def mean_of_estimate(data):
    return relative_errors(hashin_shtrikman_mean(PHASES, data.fractions), data).mean().item()


def test_training_learns_a_few_sections_by_heart(sections, encoder):
    data = sections.subset([0, 3, 6, 11])
    start = dataclasses.replace(
        fit_frozen(data, encoder),
        weight=torch.zeros(fit_frozen(data, encoder).weight.shape, dtype=torch.float64),
    )
    seen = []
    recipe = FineTuning(steps=150, batch=4, symmetries=2, learning_rate=5e-3)
    progress = lambda *call: seen.append(call)  # noqa: E731
    learnt = fine_tune(start, data, recipe, seed=1, progress=progress)
    assert mean_error(start, data) > 0.1
    assert mean_error(learnt, data) < 0.25 * mean_error(start, data)
    assert seen[-1][:2] == (150, 150)
    change = learnt.encoder.blocks[0][0].weight - start.encoder.blocks[0][0].weight
    assert change.abs().max() > 1e-3  # all weights are trained
    assert start.encoder.blocks[0][0].weight is encoder.blocks[0][0].weight


def test_training_is_reproducible_and_needs_no_steps(sections, encoder):
    recipe = FineTuning(steps=3, batch=4)
    first, again, other = (train_predictor(sections, encoder, recipe, seed) for seed in (0, 0, 1))
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)
    frozen = train_predictor(sections, encoder, FineTuning(steps=0))
    torch.testing.assert_close(
        frozen.predict(sections.images).stiffness,
        fit_frozen(sections, encoder).predict(sections.images).stiffness,
        rtol=1e-4,
        atol=1e-5,
    )
    assert FineTuning().steps_of(400) == 200


def test_a_pruned_encoder_has_fewer_features(sections, encoder):
    pruned = dataclasses.replace(encoder, outputs=(0,))
    predictor = train_predictor(sections, pruned, FineTuning(steps=1, batch=2))
    assert len(predictor.middle) == 3 + 6 + 21
    assert len(predictor.encoder.blocks) == 1


def test_an_ensemble_is_the_mean_of_its_members_with_error_bars(sections, encoder):
    ensemble = train_predictor_ensemble(sections, encoder, FineTuning(steps=2, batch=4), k=3)
    found = ensemble.predict(sections.images)
    members = torch.stack([m.predict(sections.images).stiffness for m in ensemble.members])
    torch.testing.assert_close(found.mean.stiffness, members.mean(0))
    spread = (members - members.mean(0)).square().sum((0, 2, 3)).div(2).sqrt()
    bar = spread / torch.linalg.matrix_norm(members.mean(0))
    torch.testing.assert_close(found.error_bar[:, 0], bar)
    assert bar.min() > 1e-4
    fitted = ensemble.calibrated(sections)
    ratio = relative_errors(found.mean, sections) / fitted.predict(sections.images).error_bar
    torch.testing.assert_close(ratio.square().mean(0), torch.ones(2, dtype=torch.float64))
    alone = PredictorEnsemble(ensemble.members[:1]).predict(sections.images)
    assert alone.error_bar.isnan().all()


def test_files_keep_predictions_and_what_they_are_for(tmp_path, sections):
    path = tmp_path / "properties.safetensors"
    members = (random_predictor(PHASES, 0.2, 0), random_predictor(PHASES, 0.2, 1))
    ensemble = PredictorEnsemble(members, (1.5, 2.0))
    save_predictor(ensemble, path)
    read = load_predictor(path)
    before, after = ensemble.predict(sections.images), read.predict(sections.images)
    assert torch.equal(before.mean.stiffness, after.mean.stiffness)
    assert torch.equal(before.error_bar, after.error_bar)
    assert read.members[1].phases == PHASES
    assert read.members[1].origin == {"encoder": "random (seed 1)"}
    save_predictor(members[0], path)
    assert len(load_predictor(path).members) == 1


def test_damaged_and_foreign_files(tmp_path, sections):
    path = tmp_path / "properties.safetensors"
    with pytest.raises(InputError, match="no such file; give a property predictor"):
        load_predictor(path)
    sections.save(path)
    with pytest.raises(InputError, match="not a property predictor; train one"):
        load_predictor(path)
    save_predictor(random_predictor(PHASES, 0.2), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(InputError, match="damaged"):
        load_predictor(path)
    path.write_bytes(whole)
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["dmn_fe.property_predictor"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    tensors["0.weight"] = tensors["0.weight"] + 1.0
    save_file(tensors, path, metadata={"dmn_fe.property_predictor": json.dumps(header)})
    with pytest.raises(InputError, match="does not match its checksum"):
        load_predictor(path)


def test_wrong_use(sections, encoder):
    predictor = fit_frozen(sections, encoder)
    for images, sentence in (
        (sections.images[0], "give \\[n, voxels, voxels\\]"),
        (2 * sections.images, "other values than 0 and 1"),
        (sections.images[:, :5, :5], "5 voxels per edge: give a multiple of 2"),
    ):
        with pytest.raises(InputError, match=sentence):
            predictor.predict(images)
    foreign = random_predictor(TwoPhases((1.0, 2.0)), 0.1)
    with pytest.raises(InputError, match="train from fit_frozen"):
        fine_tune(foreign, sections, FineTuning(steps=1))
    with pytest.raises(InputError, match="for different phases"):
        PredictorEnsemble((predictor, foreign))
    with pytest.raises(InputError, match="two predictors or more"):
        PredictorEnsemble((predictor,)).calibrated(sections)
    with pytest.raises(InputError, match="expected"):
        dataclasses.replace(predictor, weight=predictor.weight[:5])
    with pytest.raises(InputError, match="steps = -1"):
        FineTuning(steps=-1)
    with pytest.raises(InputError, match="symmetries = 9: give from 1 to 8"):
        FineTuning(symmetries=9)
