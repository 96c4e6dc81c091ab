"""Mesh RVEs that several ranks share."""

import numpy as np
import pytest


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_response_does_not_depend_on_ranks(on_ranks, ranks):
    one, results = on_ranks(1, "rve")[0], on_ranks(ranks, "rve")
    assert sum(r["cells"] for r in results) == one["cells"]
    assert all(0 < r["cells"] < one["cells"] for r in results)
    for result in results:
        assert result["iterations"] == one["iterations"]
        np.testing.assert_allclose(result["fractions"], one["fractions"], rtol=1e-12)
        found = [*np.concatenate(result["steps"]), *result["end"]]
        expected = [*np.concatenate(one["steps"]), *one["end"]]
        for value, serial in zip(found, expected, strict=True):
            largest = np.abs(serial).max()
            np.testing.assert_allclose(value, serial, rtol=0, atol=1e-8 * largest)


@pytest.mark.parametrize("ranks", [2, 3])
def test_an_interrupted_path_goes_on_from_one_file(on_ranks, ranks):
    results = on_ranks(ranks, "rve_path")
    for result in results:
        assert result["resumed"] == [2, 3, "resumed"]
        at_one_go, resumed = result["stress"]
        np.testing.assert_allclose(resumed, at_one_go, rtol=1e-12, atol=1e-9)
        last, again = result["tangent"]
        np.testing.assert_allclose(again, last, rtol=1e-12, atol=1e-6)
    assert all(result["stress"] == results[0]["stress"] for result in results)
    assert (
        "path.safetensors: the restart file belongs to another number of ranks"
        in (results[0]["refused"])
    )
    assert results[0]["files"] == ["path.safetensors"]


def test_all_ranks_are_told_alike(on_ranks):
    first, second = on_ranks(2, "rve_failures")
    assert first == second
    expected = [
        "the mesh is not periodic: 1 of 5 nodes on the face x1 = 0",
        "the RVE is a VoxelRVE; finite elements need a MeshRVE",
        "good",
        "the local iteration did not converge",
        "ArithmeticError on rank 1",
    ]
    for sentence, part in zip(first, expected, strict=True):
        assert part in sentence
