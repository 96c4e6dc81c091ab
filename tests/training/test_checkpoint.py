"""Several seeds in one call, and trainings that are interrupted and go on."""

import pytest
import torch
from helpers.networks import random_network
from helpers.training_data import LAWS, META, assert_identical, path_data, stiffness_data

from dmn_fe import InputError
from dmn_fe.homogenization import PathDataset, StiffnessDataset
from dmn_fe.network import with_volume_fractions
from dmn_fe.training import NonlinearValidation, train, train_seeds
from dmn_fe.training.objective import StiffnessObjective
from dmn_fe.training.samples import split


@pytest.fixture(scope="module")
def data() -> StiffnessDataset:
    return stiffness_data()


@pytest.fixture(scope="module")
def paths() -> PathDataset:
    return path_data(3)


CASES = [
    {"optimiser": "lbfgs", "iterations": 20},
    {"optimiser": "lbfgs", "iterations": 20, "kind": "dmn"},
    {"optimiser": "adam", "iterations": 9},
    {"optimiser": "adam", "iterations": 9, "batch": 6},
    {"optimiser": "imn-recipe", "iterations": 9, "batch": 6},
    {"optimiser": "sgd", "iterations": 9, "batch": 5, "kind": "dmn", "learning_rate": 1e-3},
]


# Several seeds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_several_seeds_are_each_as_alone(data, case):
    case = {"depth": 2, **case}
    together = train_seeds(data, seeds=[3, 0, 8], **case)
    assert [result.seed for result in together] == [3, 0, 8]
    for result in together[1:]:
        alone = train(data, seed=result.seed, **case)
        # Round-off of batches of another size grows over the iterations.
        torch.testing.assert_close(
            alone.network.weights, result.network.weights, rtol=1e-6, atol=1e-8
        )
        assert len(alone.history) == len(result.history)
        assert alone.history[0].loss == pytest.approx(result.history[0].loss, rel=1e-10)
        assert alone.chosen.validation_loss == pytest.approx(
            result.chosen.validation_loss, rel=1e-6
        )
    assert len({result.chosen.loss for result in together}) == 3


def test_seeds_with_nonlinear_samples_are_each_as_alone(data, paths):
    case = {"depth": 2, "paths": paths, "laws": LAWS, "iterations": 16, "elastic_iterations": 8}
    for result in train_seeds(data, seeds=[3, 0], **case):
        alone = train(data, seed=result.seed, **case)
        assert alone.chosen.path_error == pytest.approx(result.chosen.path_error, rel=1e-5)
        assert alone.chosen.loss == pytest.approx(result.chosen.loss, rel=1e-5)


def test_a_seed_that_ends_early_is_as_alone(data, paths):
    """Nonlinear samples join for all at one iteration, however early the elastic ones end."""
    elastic = {"depth": 1, "iterations": 60, "patience": 5}
    ends = [train(data, seed=seed, **elastic).history[-1].iteration for seed in (3, 0)]
    assert min(ends) < 60
    case = {**elastic, "iterations": 80, "elastic_iterations": 60, "paths": paths, "laws": LAWS}
    for result in train_seeds(data, seeds=[3, 0], **case):
        alone = train(data, seed=result.seed, **case)
        joined = [row.iteration for row in alone.history if row.path_error == row.path_error]
        assert joined[0] == 70
        assert alone.chosen.path_error == pytest.approx(result.chosen.path_error, rel=1e-5)


def test_seeds_that_start_from_one_network_differ(data):
    start = random_network(2, seed=4)
    case = {"depth": 2, "pretrained": start, "iterations": 1}
    both = [result.network.weights for result in train_seeds(data, seeds=[0, 1], **case)]
    assert 0.01 < (both[0] / both[0].sum() - both[1] / both[1].sum()).abs().max() < 0.3
    alone = train(data, **{**case, "iterations": 1}).history[0]
    scaled = with_volume_fractions(start, {"matrix": 0.7, "inclusion": 0.3})
    error = scaled.stiffness(data.phase_stiffness) - data.effective
    error = torch.linalg.matrix_norm(error) / torch.linalg.matrix_norm(data.effective)
    held_out = split(len(data), 0.2)[1]  # of one seed it is the network itself
    assert alone.validation_mean == pytest.approx(error[held_out].mean().item(), rel=1e-8)


@pytest.mark.parametrize(
    ("seeds", "word"), [([], "each once"), ([1, 1], "each once"), ([0, 2**32], "between 0 and")]
)
def test_every_seed_is_given_once(data, seeds, word):
    with pytest.raises(InputError, match=word):
        train_seeds(data, seeds=seeds, depth=2)


def test_the_same_call_gives_the_same_result(data):
    for first, second in zip(
        *(train_seeds(data, seeds=[1, 2], depth=2, iterations=15) for _ in range(2)), strict=True
    ):
        assert_identical(first, second)


# Checkpoints --------------------------------------------------------------------------------------


def interrupted_after(iteration: int):
    def progress(done: int, limit: int, message: str) -> None:
        if done >= iteration:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("case", CASES)
def test_an_interrupted_training_goes_on_to_the_same_result(data, case, tmp_path):
    case = {"depth": 2, "seeds": [3, 0], **case}
    whole, path = train_seeds(data, **case), tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train_seeds(
            data, checkpoint=path, progress=interrupted_after(case["iterations"] // 3), **case
        )
    reports = []
    resumed = train_seeds(
        data, checkpoint=path, progress=lambda *report: reports.append(report), **case
    )
    assert reports[0][2] == "resumed"
    assert case["iterations"] // 3 <= reports[0][0] < case["iterations"]
    for first, second in zip(whole, resumed, strict=True):
        assert_identical(first, second)
    # Once more: all is done, and only the result is read.
    again = train_seeds(data, checkpoint=path, **case)
    for first, second in zip(whole, again, strict=True):
        assert_identical(first, second)


@pytest.mark.parametrize("stop", [6, 16])
def test_with_nonlinear_samples_too(data, paths, stop, tmp_path):
    """Interrupted before they join and after."""
    case = {"depth": 2, "paths": paths, "laws": LAWS, "iterations": 18, "elastic_iterations": 6}
    case["seeds"], path = [3, 0], tmp_path / "state.safetensors"
    whole = train_seeds(data, **case)
    with pytest.raises(KeyboardInterrupt):
        train_seeds(data, checkpoint=path, progress=interrupted_after(stop), **case)
    resumed = train_seeds(data, checkpoint=path, **case)
    for first, second in zip(whole, resumed, strict=True):
        assert_identical(first, second)


@pytest.mark.parametrize("case", [{**CASES[0], "iterations": 25}, CASES[3], CASES[4]])
def test_amid_iterations_too(data, case, tmp_path, monkeypatch):
    """As by Ctrl-C, which comes while the loss is evaluated and not between reports."""
    case = {"depth": 2, "seeds": [3, 0], **case}
    whole, path = train_seeds(data, **case), tmp_path / "state.safetensors"
    calls, evaluate = [], StiffnessObjective.__call__

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return evaluate(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(StiffnessObjective, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_seeds(data, checkpoint=path, **case)
    for first, second in zip(whole, train_seeds(data, checkpoint=path, **case), strict=True):
        assert_identical(first, second)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"depth": 3}, "depth"),
        ({"iterations": 30}, "iterations"),
        ({"optimiser": "adam"}, "optimiser"),
        ({"seeds": [1]}, "seeds"),
        ({"pretrained": random_network(2)}, "other pretrained"),
        ({"validation": NonlinearValidation(lambda network: 1.0)}, "validation"),
    ],
)
def test_the_checkpoint_of_another_training_is_refused(data, changes, word, tmp_path):
    case = {"depth": 2, "iterations": 10, "seeds": [0]}
    path = tmp_path / "state.safetensors"
    train_seeds(data, checkpoint=path, **case)
    content = path.read_bytes()
    with pytest.raises(InputError, match="another name") as error:
        train_seeds(data, checkpoint=path, **{**case, **changes})
    assert f"training with {word}" in str(error.value)
    assert path.read_bytes() == content


def test_an_interrupted_quilting_goes_on_amid_the_smaller_networks(data, tmp_path):
    case = {"depth": 3, "start": "quilting", "iterations": 30, "seeds": [3, 0]}
    whole, path = train_seeds(data, **case), tmp_path / "state.safetensors"
    for stop in (20, 50):  # of twice 30
        calls = []

        def progress(done, limit, message, stop=stop, calls=calls):
            calls.append(done)
            if len(calls) * 10 >= stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train_seeds(data, checkpoint=path, progress=progress, **case)
    resumed = train_seeds(data, checkpoint=path, **case)
    for first, second in zip(whole, resumed, strict=True):
        assert_identical(first, second)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_checkpoint_of_other_data_or_damaged_is_refused(data, tmp_path):
    path = tmp_path / "state.safetensors"
    train(data, checkpoint=path, depth=2, iterations=10)
    other = StiffnessDataset(data.phase_stiffness[:-1], data.effective[:-1], META)
    with pytest.raises(InputError, match="other data"):
        train(other, checkpoint=path, depth=2, iterations=10)
    renamed = StiffnessDataset(data.phase_stiffness, data.effective, {**META, "rve_hash": "other"})
    with pytest.raises(InputError, match="other data"):
        train(renamed, checkpoint=path, depth=2, iterations=10)
    paths, with_paths = path_data(), tmp_path / "paths.safetensors"
    case = {"depth": 2, "laws": LAWS, "iterations": 4, "elastic_iterations": 2}
    train(data, checkpoint=with_paths, paths=paths, **case)
    slower = PathDataset(paths.strain, paths.stress, paths.material, 7.0 * paths.dt, paths.meta)
    with pytest.raises(InputError, match="other paths"):
        train(data, checkpoint=with_paths, paths=slower, **case)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError, match=r"state\.safetensors: damaged"):
        train(data, checkpoint=path, depth=2, iterations=10)


def test_a_checkpoint_needs_a_folder_and_an_ending(data, tmp_path):
    with pytest.raises(InputError, match="folder"):
        train(data, checkpoint=tmp_path / "none" / "a.safetensors", depth=2)
    with pytest.raises(InputError, match="safetensors"):
        train(data, checkpoint=tmp_path / "network.dmn", depth=2)


def test_only_quilting_removes_a_checkpoint_of_its_start(data, tmp_path):
    mine = tmp_path / "a.start.safetensors"
    mine.write_bytes(b"of another training")
    train(data, checkpoint=tmp_path / "a.safetensors", depth=2, iterations=2)
    assert mine.read_bytes() == b"of another training"
