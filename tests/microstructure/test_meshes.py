import numpy as np
import pytest

from dmn_fe.errors import InputError
from dmn_fe.microstructure import MeshRVE

SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]])
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def test_container_and_hash():
    rve = MeshRVE(SQUARE, TRIANGLES, "triangle", np.array([0, 1]))
    assert rve.names == ("matrix", "inclusion")
    assert rve.dimension == 2
    assert rve.size == (2.0, 1.0)
    assert rve.corner == (0.0, 0.0)
    moved = MeshRVE(SQUARE + 1.0, TRIANGLES, "triangle", np.array([0, 1]))
    swapped = MeshRVE(SQUARE, TRIANGLES, "triangle", np.array([1, 0]))
    assert len({rve.hash, moved.hash, swapped.hash}) == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cell_type": "wedge"}, "cell type 'wedge' is unknown"),
        ({"points": np.zeros((4, 3))}, r"shape \[4, 3\]"),
        ({"points": SQUARE * np.nan}, "finite"),
        ({"cells": TRIANGLES[:, :2]}, r"shape \[2, 2\]"),
        ({"cells": TRIANGLES[:1]}, "every point must belong to a cell"),
        ({"cells": TRIANGLES + 1}, "from 1 to 4"),
        ({"phase": np.array([0])}, "one for each of the 2 cells"),
        ({"phase": np.array([0, 2])}, "phase 1 .* has no cell"),
        ({"names": ("a",)}, "2 phases but 1 names"),
    ],
)
def test_bad_input(change, sentence):
    good = {
        "points": SQUARE,
        "cells": TRIANGLES,
        "cell_type": "triangle",
        "phase": np.array([0, 1]),
    }
    with pytest.raises(InputError, match=sentence):
        MeshRVE(**{**good, **change})
