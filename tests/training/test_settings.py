"""Settings and what follows from others by default."""

import pytest

from dmn_fe import InputError
from dmn_fe.training import NonlinearValidation, Settings
from dmn_fe.training.settings import with_changes


def test_what_was_chosen_stays():
    mine = with_changes(Settings(iterations=50, leaf_sum=8.0), {"optimiser": "adam", "depth": 7})
    assert (mine.iterations, mine.leaf_sum) == (50, 8.0)
    assert (mine.learning_rate, mine.batch) == (2e-2, None)
    batch = with_changes(Settings(optimiser="adam", batch=10), {"optimiser": "amsgrad"})
    assert (batch.batch, batch.learning_rate) == (10, 7e-4)


def test_what_followed_follows():
    mine = with_changes(Settings(), {"optimiser": "imn-recipe", "depth": 7})
    assert mine == Settings(optimiser="imn-recipe", depth=7)
    back = with_changes(mine, {"optimiser": "lbfgs", "depth": 5})
    assert back == Settings()


def test_one_name_is_no_list_of_names():
    with pytest.raises(InputError, match="list of names"):
        Settings(oriented_phases="matrix")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"depth": 2000}, "depth = 2000"),
        ({"depth": 2.0}, "depth"),
        ({"dimension": 2.0}, "dimension"),
        ({"kind": "dmn", "start_low": 0.0, "start_high": 0.0}, "start_high"),
        ({"start_low": 0.6, "start_high": 0.5}, "start_high = 0.5 must be a number of 0.6"),
        ({"start_low": None}, "start_low = None"),
        ({"regularisation": None}, "regularisation = None"),
        ({"validation_fraction": None}, "validation_fraction = None"),
        ({"path_weight": None}, "path_weight = None"),
        ({"elastic_iterations": None}, "elastic_iterations = None"),
        ({"depth": None}, "depth = None"),
    ],
)
def test_wrong_values_are_named(values, word):
    with pytest.raises(InputError, match=word):
        Settings(**values)


def test_whole_numbers_are_numbers():
    whole = Settings(start_low=0, start_high=1, path_weight=1, leaf_sum=16, regularisation=0)
    assert whole == Settings(regularisation=0.0)
    assert repr(whole) == repr(Settings(regularisation=0.0))


@pytest.mark.parametrize("every", [0, None, 1.5])
def test_a_validation_needs_its_number_of_iterations(every):
    with pytest.raises(InputError, match="every"):
        NonlinearValidation(lambda network: 1.0, every=every)
