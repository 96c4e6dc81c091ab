"""How far a part was moved, from tables."""

import numpy as np

from dmn_fe.validation.motion import motion_of_steps

TIMES = np.array([0.0, 1.0, 2.0])


def write(folder, name, columns):
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(str(x) for x in row) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n")


def test_it_is_the_surface_that_does_most_work(tmp_path):
    """Not those that move along, even where a shared node brings them a force."""
    columns = {
        "time": TIMES,
        "held u1": [0.0, 0.0, 0.0],
        "held F1": [0.0, -9.0, -9.0],
        "side u1": [0.0, 0.5, 0.6],
        "side F1": [0.0, 2.0, 2.0],
        "pulled u1": [0.0, 3.0, 6.0],
        "pulled u2": [0.0, 4.0, 4.0],
        "pulled u3": [0.0, 7.0, 8.0],
        "pulled F1": [0.0, 5.0, 6.0],
        "pulled F2": [0.0, 5.0, 6.0],
        "pulled F3": [0.0, 0.1, 0.1],
        "all supports F1": [0.0, 0.0, 0.0],
    }
    write(tmp_path, "reactions.csv", columns)
    sizes, name = motion_of_steps(tmp_path, TIMES)
    assert sizes.tolist() == [0.0, 5.0, 3.0]
    assert name == "that of 'pulled'"
    sizes, _ = motion_of_steps(tmp_path, TIMES[[0, 2]])
    assert sizes.tolist() == [0.0, np.hypot(6.0, 4.0)]


def test_without_supports_that_work_all_that_moves_counts(tmp_path):
    columns = {"time": TIMES, "a u1": [0.0, 3.0, 3.0], "a F1": [0.0] * 3, "b u2": [0.0, 4.0, 4.0]}
    write(tmp_path, "reactions.csv", columns)
    assert motion_of_steps(tmp_path, TIMES)[0].tolist() == [0.0, 5.0, 0.0]


def test_a_cell_has_its_mean_strain(tmp_path):
    columns = {"time": TIMES, "strain 11": [0.0, 0.1, 0.3], "stress 11": [0.0, 9.0, 9.0]}
    write(tmp_path, "cell.csv", columns)
    sizes, name = motion_of_steps(tmp_path, TIMES)
    np.testing.assert_allclose(sizes, [0.0, 0.1, 0.2])
    assert name == "the mean strain"


def test_without_a_table_of_these_steps_there_is_none(tmp_path):
    assert motion_of_steps(tmp_path, TIMES) is None
    write(tmp_path, "reactions.csv", {"time": TIMES[:2], "a u1": [0.0, 1.0]})
    assert motion_of_steps(tmp_path, TIMES) is None
    (tmp_path / "reactions.csv").write_text("time,a u1\n0.0,x\n")
    assert motion_of_steps(tmp_path, TIMES) is None
