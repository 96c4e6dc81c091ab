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
    encoded_means,
    fine_tune,
    fit_frozen,
    hashin_shtrikman_mean,
    load_predictor,
    relative_errors,
    save_predictor,
    train_predictor,
    train_predictor_ensemble,
)
from dmn_fe.homogenization.prediction import ensemble as ensemble_module
from dmn_fe.homogenization.prediction.coordinates import Coordinates
from dmn_fe.homogenization.prediction.ridge import _STRENGTHS, fit_ridge
from dmn_fe.homogenization.prediction.trainable_predictor import TrainablePredictor

PHASES = TwoPhases((1.0, 10.0))


def mean_error(predictor, data):
    return relative_errors(predictor.predict(data.images), data).mean().item()


def test_ridge_is_least_squares_with_a_penalty_chosen_by_leaving_out():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(12, 20, generator=generator, dtype=torch.float64) + 1.0
    y = x @ torch.randn(20, 2, generator=generator, dtype=torch.float64) + 3.0
    ridge = fit_ridge(x, y)
    # Fitted anew without each sample, at all strengths.
    eigenvalues = torch.linalg.eigvalsh((x - x.mean(0)) @ (x - x.mean(0)).mT).clamp(min=0.0)
    strengths = _STRENGTHS * eigenvalues.mean()
    for t in range(2):
        errors = torch.zeros(len(strengths), dtype=x.dtype)
        for k in range(12):
            kept = [j for j in range(12) if j != k]
            a, b = x[kept] - x[kept].mean(0), y[kept, t] - y[kept, t].mean()
            for number, strength in enumerate(strengths):
                w = _penalised(a, b, strength)
                left_out = y[kept, t].mean() + (x[k] - x[kept].mean(0)) @ w - y[k, t]
                errors[number] += left_out.square() / 12
        best = int(errors.argmin())
        assert ridge.error[t].item() == pytest.approx(errors[best].item(), rel=1e-6)
        expected = _penalised(x - x.mean(0), y[:, t] - y[:, t].mean(), strengths[best])
        torch.testing.assert_close(ridge.weight[:, t], expected, rtol=1e-6, atol=1e-8)


def _penalised(a, b, strength):
    return torch.linalg.solve(a.mT @ a + strength * torch.eye(a.shape[1], dtype=a.dtype), a.mT @ b)


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


def test_intercepts_that_a_prediction_drops_are_not_trained(sections, encoder):
    """Under some of the symmetries the signs of their numbers have no mean of zero."""
    model = TrainablePredictor(fit_frozen(sections, encoder))
    generator = torch.Generator().manual_seed(0)
    model.loss(sections, [0, 1, 2], 3, generator).backward()
    gradient = model.parameters[-1].grad
    odd = [3, 4, 5, 7, 8]
    assert not gradient[odd].any()
    assert gradient[[0, 1, 2, 6]].abs().min() > 0


def test_the_best_of_a_training_is_kept(sections, encoder):
    data, held_out = sections.subset(range(12)), sections.subset(range(12, 24))
    # A bad start, which a few steps mend and many steps too large spoil.
    fitted = fit_frozen(data, encoder)
    start = dataclasses.replace(fitted, weight=0 * fitted.weight + 0.3)
    recipe = FineTuning(12, 4, 1, 0.05, judged_every=1)
    last = fine_tune(start, data, recipe)
    best = fine_tune(start, data, recipe, held_out=held_out)
    assert 0 < best.origin["step"] <= 12
    assert mean_error(best, held_out) <= mean_error(last, held_out)
    assert mean_error(best, held_out) < 0.9 * mean_error(start, held_out)
    spoilt = dataclasses.replace(recipe, learning_rate=100.0)
    kept = fine_tune(fitted, data, spoilt, held_out=held_out)
    assert kept.origin["step"] == 0
    assert torch.equal(kept.weight, fitted.weight)
    assert mean_error(fine_tune(fitted, data, spoilt), held_out) > 2 * mean_error(kept, held_out)


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


def test_members_learn_from_sections_of_their_own(sections, encoder, monkeypatch):
    """Four fifths each, none twice, and other ones in ensembles of other seeds."""
    draws, seeds = [], []

    def noted(data, start, recipe, seed, progress):
        draws.append(tuple(data.meta["subset"]))
        seeds.append(seed)
        return fit_frozen(data, start)

    monkeypatch.setattr(ensemble_module, "train_predictor", noted)
    for seed in (0, 1):
        train_predictor_ensemble(sections, encoder, k=3, seed=seed)
    assert all(len(set(draw)) == len(draw) == 19 for draw in draws)
    assert len({frozenset(draw) for draw in draws}) == len(set(seeds)) == 6


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
    with pytest.raises(InputError, match="one section to learn from: give two"):
        fit_frozen(sections.subset([3]), encoder)
    with pytest.raises(InputError, match="no sections"):
        fine_tune(predictor, sections.subset([]), FineTuning(steps=1))
    with pytest.raises(InputError, match="no sections"):
        fine_tune(predictor, sections, FineTuning(steps=1), held_out=sections.subset([]))
    with pytest.raises(InputError, match="judged_every = 0"):
        FineTuning(judged_every=0)
    with pytest.raises(InputError, match="steps = -1"):
        FineTuning(steps=-1)
    with pytest.raises(InputError, match="symmetries = 9: give from 1 to 8"):
        FineTuning(symmetries=9)
