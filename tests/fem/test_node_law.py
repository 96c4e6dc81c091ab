"""Ranks that share one evaluation."""

# isort: off
from dmn_fe.fem import NodeLaw  # before torch

# isort: on
import numpy as np
import pytest
from mpi4py import MPI

from dmn_fe import InputError, laws
from dmn_fe.fem.node_law import fastest_batch

SCRIPT = "mpi_node.py"


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_shared_laws_give_the_results_of_own_ones(on_ranks, ranks):
    for result in on_ranks(ranks, "compare", SCRIPT):
        for name in ("node", "batches", "two"):
            for own, one in zip(result["local"], result[name], strict=True):
                np.testing.assert_allclose(one, own, atol=1e-9 * np.abs(own).max())
    made = [result["made"] for result in on_ranks(ranks, "compare", SCRIPT)]
    assert sum(made) == (3 if ranks == 1 else 4)  # two devices of one rank are one
    assert made[0] == 3


def test_ranks_of_a_node_are_divided_among_its_gpus(on_ranks):
    assert on_ranks(1, "devices", SCRIPT) == [[0]]
    assert on_ranks(3, "devices", SCRIPT) == [[0], [], [1]]


def test_failures_are_told_on_all_ranks(on_ranks):
    first, second = on_ranks(2, "failures", SCRIPT)
    assert first == second
    assert "the local iteration did not converge" in first[0]
    assert first[1] == "False"
    assert "a strain is beyond the limit" in first[2]
    assert first[3] == "there is no such device"


def test_an_own_law_that_raises_beside_a_shared_one_does_not_hang(on_ranks):
    first, second = on_ranks(2, "beside_a_law_that_raises", SCRIPT)
    assert first == second
    assert "ArithmeticError on rank 0: a strain is beyond the limit" in first[0]


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_error_bar_of_a_shared_ensemble(on_ranks, ranks):
    for own, shared in on_ranks(ranks, "error_bars", SCRIPT):
        assert own[1] > 0
        np.testing.assert_allclose(shared, own, rtol=1e-12)


def test_batches_are_measured():
    law = laws.J2(200e3, 0.3, laws.LinearHardening(250.0, 2000.0))
    assert fastest_batch(law, 0) == 1
    assert fastest_batch(law, 100) == 100
    assert fastest_batch(law, 20000) in (4096, 16384, 20000)
    with pytest.raises(InputError, match="must be 1 or more"):
        NodeLaw(lambda: law, MPI.COMM_SELF, batch=0)
