"""The same answers, and the same errors, on any number of ranks."""

import numpy as np


def test_reactions_do_not_depend_on_ranks_nor_on_ghost_values(on_ranks):
    serial = np.array(on_ranks(1, "forces")[0]["reactions"])
    largest = np.abs(serial).max(axis=(1, 2))
    for n in (2, 3):
        results = on_ranks(n, "forces")
        assert sum(r["ghosts"] for r in results) > 0
        for result in results:
            difference = np.abs(np.array(result["reactions"]) - serial).max(axis=(1, 2))
            assert (difference <= 1e-10 * largest).all()


def test_a_rank_may_own_no_cell(on_ranks, tmp_path):
    one, three = on_ranks(1, "empty_rank")[0], on_ranks(3, "empty_rank")
    assert sorted(r["cells"] for r in three) == [0, 0, 1]
    assert [r["triangles"] for r in three] == [12, None, None]
    for result in three:
        assert result["converged"]
        assert result["free"] == []
        np.testing.assert_allclose(result["reaction"], one["reaction"], rtol=1e-7)


def test_a_failed_step_changes_nothing_on_any_rank(on_ranks):
    first, second = on_ranks(2, "failures")
    assert first["cut_back"] == second["cut_back"]
    for result in (first, second):
        assert not result["converged"]
        assert "the local iteration did not converge" in result["reason"]
        assert result["same"]
        assert "cannot be cut below 'smallest'" in result["cut_back"]
        assert result["then"]
        assert result["raised"].startswith("ArithmeticError on rank 1")
        assert result["raised_same"]


def test_bad_input_is_one_sentence_on_every_rank(on_ranks):
    first, second = on_ranks(2, "bad_input")
    assert first == second
    expected = [
        'no physical surface "pulled"; the mesh has: "clamped", "loaded"',
        'no physical surface "pulled"',
        'no physical volume "steel"; the mesh has: "part"',
        "there is no such mesh file",
        "gmsh cannot read this file",
        "0 types of 2D cells",
        "has a negative weight",
        "cells with tag 2 have no law",
        "need cell_tags",
        "u is a FunctionSpace",
        "callable of time",
        "is not finite",
        "must be a time later",
        "must be a time later",
    ]
    for sentence, part in zip(first, expected, strict=True):
        assert part in sentence
