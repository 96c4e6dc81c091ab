"""The course of a training: how it ends, which network is kept, what is called and told."""

import pytest
import torch
from helpers.laminates import network_stiffness
from helpers.networks import random_network
from helpers.training_data import (
    LAWS,
    META,
    assert_identical,
    path_data,
    stiffness_data,
    timeless,
)

import dmn_fe
from dmn_fe.homogenization import PathDataset, StiffnessDataset, sample_orthotropic
from dmn_fe.training import NonlinearValidation, train
from dmn_fe.training.path_samples import PathSamples
from dmn_fe.training.samples import split

SEED = 2


@pytest.fixture(scope="module")
def data() -> StiffnessDataset:
    return stiffness_data()


@pytest.fixture(scope="module")
def paths() -> PathDataset:
    return path_data()


# Ends ---------------------------------------------------------------------------------------------


def test_the_iterations_are_used_up(data):
    result = train(data, depth=2, iterations=25)
    assert [row.iteration for row in result.history] == [0, 10, 20, 25]
    assert result.outcome == "the iterations were used up"


def test_a_loss_that_falls_no_further_ends_it(data):
    result = train(data, depth=1, iterations=5000)
    assert result.history[-1].iteration < 5000
    assert result.outcome == "the loss falls no further"


@pytest.mark.parametrize(("optimiser", "patience"), [("lbfgs", 20), ("lbfgs", 5), ("adam", 7)])
def test_patience_ends_when_nothing_better_has_come(data, optimiser, patience):
    """Of data without a law: the validation loss soon rises."""
    generator = torch.Generator().manual_seed(0)
    factor = 1.0 + 0.3 * torch.rand(20, 1, 1, generator=generator, dtype=torch.float64)
    noisy = StiffnessDataset(data.phase_stiffness, data.effective * factor, META)
    case = {"depth": 3, "optimiser": optimiser, "iterations": 400}
    if optimiser == "adam":
        case |= {"depth": 2, "learning_rate": 0.2}
    result = train(noisy, patience=patience, **case)
    assert result.outcome == "no better validation within the patience"
    assert result.chosen == min(result.history, key=lambda row: row.validation_loss)
    # At least the patience, and at most one report or two beyond it. (The last report comes after
    # it was lost, and may be the best of all.)
    best = min(result.history[:-1], key=lambda row: row.validation_loss)
    waited = result.history[-1].iteration - best.iteration
    period = 10 if optimiser == "lbfgs" else 1
    assert patience <= waited <= patience + 2 * period
    if optimiser == "lbfgs":  # which does not know how many iterations there are
        free = train(noisy, **{**case, "iterations": result.history[-1].iteration})
        assert repr(timeless(free.history)) == repr(timeless(result.history))


def test_improvements_are_waited_for(data):
    """A patience shorter than a report does not end a training that gets better."""
    free = train(data, depth=2, iterations=30, regularisation=0.0, seed=4)
    losses = [row.validation_loss for row in free.history]
    assert losses[3] < losses[2] < losses[1] < losses[0]
    result = train(data, depth=2, iterations=30, regularisation=0.0, seed=4, patience=1)
    assert_identical(result, free)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_loss_that_diverges_keeps_the_best(data, optimiser):
    result = train(
        data,
        depth=2,
        optimiser=optimiser,
        batch=16,
        learning_rate=1e4,
        iterations=30,
        regularisation=1.0,
        leaf_sum=100.0,  # the first step goes up: below zero all weights are lost
    )
    assert result.outcome == "the loss diverged, the best network before is kept"
    assert result.history[-1].iteration < 30
    finite = [r for r in result.history if r.validation_loss == r.validation_loss]
    assert result.chosen == min(finite, key=lambda row: row.validation_loss)
    assert torch.isfinite(result.network.stiffness(data.phase_stiffness)).all()


def test_who_diverges_at_once_keeps_the_start_and_says_how_good_it_is(data):
    case = {"depth": 2, "optimiser": "sgd", "batch": 1, "iterations": 30, "leaf_sum": 100.0}
    result = train(data, learning_rate=1e12, regularisation=1.0, **case)
    assert result.outcome == "the loss diverged, the best network before is kept"
    assert result.chosen.iteration == 0
    assert result.chosen == result.history[0]
    error = result.network.stiffness(data.phase_stiffness) - data.effective
    error = torch.linalg.matrix_norm(error) / torch.linalg.matrix_norm(data.effective)
    held_out = split(len(data), 0.2)[1]
    assert error[held_out].mean().item() == pytest.approx(result.chosen.validation_mean, rel=1e-10)


def test_a_nonlinear_validation_that_always_fails_chooses_nothing(data):
    validation = NonlinearValidation(lambda network: float("inf"), every=5, choose=True)
    case = {"depth": 2, "iterations": 25, "seed": SEED}
    result, plain = train(data, validation=validation, **case), train(data, **case)
    assert result.chosen.validation_loss == plain.chosen.validation_loss
    assert torch.equal(result.network.weights, plain.network.weights)


def test_nonlinear_samples_that_all_fail_leave_what_was_best(data, paths, monkeypatch):
    """The network of the elastic iterations is kept."""

    def nothing(self, response):
        number = torch.tensor(torch.nan, dtype=torch.float64)
        return torch.zeros_like(self._square) * number, torch.zeros_like(self.strain), number

    monkeypatch.setattr(PathSamples, "weigh", nothing)
    case = {"depth": 2, "laws": LAWS, "iterations": 30, "elastic_iterations": 20}
    result = train(data, paths=paths, **case)
    assert result.chosen.iteration <= 20
    plain = train(data, depth=2, iterations=20)
    assert torch.equal(result.network.weights, plain.network.weights)
    assert result.chosen.validation_mean == plain.chosen.validation_mean


def test_a_network_that_diverges_does_not_stop_the_hook(data):
    calls = []

    def error(network) -> float:
        calls.append(network)
        return 1.0

    validation = NonlinearValidation(error, every=1)
    result = train(
        data,
        depth=2,
        optimiser="sgd",
        batch=1,
        learning_rate=1e12,
        iterations=5,
        leaf_sum=100.0,
        validation=validation,
    )
    last = result.history[-1]  # all weights are gone: this is no network
    assert last.active_leaves == 0
    assert last.validation_loss != last.validation_loss
    assert result.outcome == "the loss diverged, the best network before is kept"
    assert all(torch.isfinite(network.weights).all() for network in calls)


def test_a_better_start_than_any_nonlinear_sample_is_no_divergence(paths):
    """A perfect elastic start with nonlinear samples of another network: the loss must rise."""
    start = random_network(2, seed=5)
    phases = sample_orthotropic(10, seed=1, contrast=10.0)
    meta = {**META, "volume_fractions": start.volume_fractions.tolist()}
    exact = StiffnessDataset(phases, start.stiffness(phases), meta)
    result = train(
        exact,
        depth=2,
        pretrained=start,
        paths=paths,
        laws=LAWS,
        iterations=30,
        elastic_iterations=10,
        regularisation=0.0,
    )
    assert "diverged" not in result.outcome
    joined = [row for row in result.history if row.path_error == row.path_error]
    assert joined[-1].loss < joined[0].loss
    assert result.chosen in joined
    assert all(torch.isfinite(torch.tensor(row.loss)) for row in result.history)


def test_patience_begins_anew_with_the_nonlinear_samples(data, paths):
    result = train(
        data,
        depth=2,
        paths=paths,
        laws=LAWS,
        iterations=60,
        elastic_iterations=30,
        patience=20,
        seed=1,
    )
    joined = [row for row in result.history if row.path_error == row.path_error]
    assert len(joined) >= 2
    assert result.chosen in joined


# Hooks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimiser", "every", "expected"),
    [("adam", 4, [4, 8, 12, 14]), ("adam", 1, list(range(1, 15))), ("adam", 100, [14])],
)
def test_the_nonlinear_validation_is_called_every_so_often(data, optimiser, every, expected):
    result = train(
        data,
        depth=2,
        optimiser=optimiser,
        iterations=14,
        validation=NonlinearValidation(lambda network: 0.5, every=every),
    )
    known = [row.iteration for row in result.history if row.nonlinear_error == 0.5]
    assert known == expected
    unknown = [r for r in result.history if r.iteration not in expected]
    assert all(row.nonlinear_error != row.nonlinear_error for row in unknown)
    assert min(result.history, key=lambda row: row.validation_loss) == result.chosen


def test_the_nonlinear_validation_may_choose(data):
    """Errors that are smallest at the second call: this network is kept, not the last."""
    seen = []

    def error(network) -> float:
        seen.append(network)
        return [0.4, 0.1, 0.3, 0.2][len(seen) - 1]

    validation = NonlinearValidation(error, every=5, choose=True)
    result = train(data, depth=2, optimiser="adam", iterations=20, validation=validation)
    assert len(seen) == 4
    assert result.chosen.iteration == 10
    assert result.chosen.nonlinear_error == 0.1
    assert torch.equal(result.network.weights, seen[1].weights)
    assert torch.equal(result.network.normals, seen[1].normals)
    assert result.network.metadata["validation"]["nonlinear_paths"] == 0.1


def test_it_goes_on_choosing_when_the_nonlinear_samples_join(data, paths):
    """The best of the elastic iterations stays the best if nothing better comes."""
    errors = iter([0.4, 0.1, 0.3, 0.2, 0.5, 0.5, 0.5])
    result = train(
        data,
        depth=2,
        paths=paths,
        laws=LAWS,
        iterations=60,
        elastic_iterations=30,
        validation=NonlinearValidation(lambda network: next(errors), every=10, choose=True),
    )
    assert (result.chosen.iteration, result.chosen.nonlinear_error) == (20, 0.1)


def test_patience_waits_for_the_validation_that_chooses(data):
    """It cannot end before the next validation, however short it is."""
    errors, seen = iter([0.4, 0.3, 0.2, 0.3, 0.3]), []

    def error(network) -> float:
        seen.append(network)
        return next(errors)

    result = train(
        data,
        depth=2,
        optimiser="adam",
        iterations=100,
        patience=3,
        validation=NonlinearValidation(error, every=10, choose=True),
    )
    assert (result.chosen.iteration, len(seen)) == (30, 5)  # the last row has one too
    assert result.outcome == "no better validation within the patience"
    assert 40 <= result.history[-1].iteration <= 41


def test_the_start_is_kept_if_it_is_the_best(data):
    """The network that made the data, before it learns from samples that are wrong."""
    effective = data.effective.clone()
    effective[split(len(data), 0.2)[0]] *= 1.3
    meta = {key: value for key, value in META.items() if key != "volume_fractions"}
    result = train(
        StiffnessDataset(data.phase_stiffness, effective, meta),
        depth=3,
        pretrained=random_network(3, seed=2),
        iterations=20,
    )
    assert result.chosen.iteration == 0
    assert result.chosen.validation_mean < 1e-6
    assert all(row.validation_mean > 1e-3 for row in result.history[1:])


@pytest.fixture
def clock(monkeypatch):
    """A clock that passes a second whenever it is looked at, and more when told."""

    class Clock:
        now = 0.0

        def __call__(self) -> float:
            self.now += 1.0
            return self.now

    clock = Clock()
    monkeypatch.setattr("dmn_fe.training.run.time.perf_counter", clock)
    return clock


def test_the_time_of_a_start_is_in_the_history(data, clock):
    result = train(data, depth=4, start="quilting", iterations=20)
    # Of the smaller network the start and two reports, and of this one the same.
    assert [row.seconds for row in result.history] == [4.0, 5.0, 6.0]
    assert result.seconds == 6.0


def test_the_time_of_showing_progress_is_not_that_of_the_training(data, clock):
    def progress(done, limit, message):
        clock.now += 1000.0

    result = train(data, depth=1, iterations=20, progress=progress)
    assert [row.seconds for row in result.history] == [1.0, 2.0, 3.0]


def test_progress_and_history_tell_the_same(data):
    reports = []
    result = train(data, depth=2, iterations=25, progress=lambda *r: reports.append(r))
    assert [report[:2] for report in reports] == [(10, 25), (20, 25), (25, 25)]
    for (_, _, message), row in zip(reports, result.history[1:], strict=True):
        assert f"loss {row.loss:.2e}" in message
        assert f"validation error {row.validation_mean:.2%}" in message
    last = result.network
    row = result.chosen
    assert row.active_leaves == last.active_leaves
    misfit = (last.volume_fractions - torch.tensor([0.7, 0.3], dtype=torch.float64)).abs().max()
    assert row.fraction_error == pytest.approx(misfit.item(), rel=1e-10)
    errors = [
        (network_stiffness(last, c) - e).norm() / e.norm()
        for c, e in zip(data.phase_stiffness, data.effective, strict=True)
    ]
    # Four of twenty samples are held out: their mean error is that of some four.
    assert min(errors) <= row.validation_mean <= max(errors)
    assert any(row.validation_max == pytest.approx(e.item(), rel=1e-9) for e in errors)


def test_the_file_of_a_trained_network_tells_its_training(data, tmp_path):
    result = train(data, depth=2, seed=4, iterations=15)
    dmn_fe.save(result.network, tmp_path / "a.dmn")
    loaded = dmn_fe.load(tmp_path / "a.dmn")
    training = loaded.metadata["training"]
    assert (training["seed"], training["depth"], training["iterations"]) == (4, 2, 15)
    assert (training["training_samples"], training["validation_samples"]) == (16, 4)
    assert loaded.metadata["data"] == META
    assert loaded.metadata["validation"]["linear_mean"] == result.chosen.validation_mean


def test_a_good_start_is_no_divergence_of_adam(data):
    """From a loss of nearly nothing the first steps rise by more than a thousand times."""
    start = random_network(2, seed=5)
    phases = sample_orthotropic(12, seed=1, contrast=10.0)
    meta = {**META, "volume_fractions": start.volume_fractions.tolist()}
    exact = StiffnessDataset(phases, start.stiffness(phases), meta)
    case = {"depth": 2, "optimiser": "adam", "regularisation": 0.0}
    result = train(exact, pretrained=start, iterations=12, batch=4, **case)
    assert result.history[0].loss < 1e-20
    assert result.history[-1].loss > 1e3 * result.history[0].loss
    assert result.outcome == "the iterations were used up"


def test_a_validation_that_gives_no_number_has_failed(data):
    calls = []

    def error(network) -> float:
        calls.append(1)
        return float("nan")

    validation = NonlinearValidation(error, every=10, choose=True)
    result = train(data, depth=2, iterations=40, validation=validation)
    assert len(calls) == 4
    assert result.history[1].nonlinear_error == float("inf")
