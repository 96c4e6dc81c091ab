"""Errors of records whose errors are known."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.records import record

from dmn_fe.errors import InputError
from dmn_fe.validation.comparison import compare, matched
from dmn_fe.validation.error_bars import reaction_bar
from dmn_fe.validation.record import LocalFields, load_record, save_record


def test_a_run_does_not_differ_from_itself():
    found = compare(record(), record())
    assert found.times.tolist() == [0.5, 1.0]
    for name in ("displacement", "displacement_largest", "stress", "stress_of_step"):
        assert not getattr(found, name).any()
    assert not found.reaction[:, :, 0].any()
    assert np.isnan(found.reaction[:, :, 1]).all()  # no force in this direction
    assert np.isnan(found.covered)  # no ensemble


def test_errors_are_those_that_were_made():
    run, reference = record(), record()
    run.reactions[1, 0, 0] += 0.1  # of 1, where the largest is 2
    run.displacement[2, 0, 1] += 0.2  # of one node of three; the largest is 2
    run.stress[2, 1, 5] += 4.0  # of 3/4 of the volume
    run.phase_stress[1, 0, 1] += 5.0  # where the largest is 20
    found = compare(run, reference)
    assert found.reaction[:, 0, 0] == pytest.approx([0.05, 0.0])
    assert found.reaction_of_step[:, 0, 0] == pytest.approx([0.1, 0.0])
    assert found.displacement == pytest.approx([0.0, 0.1 / np.sqrt(3.0)])
    assert found.displacement_largest == pytest.approx([0.0, 0.1])
    largest = np.sqrt((1.0 * 20.0**2 + 3.0 * 40.0**2) / 4.0)
    assert found.stress == pytest.approx([0.0, np.sqrt(3.0 / 4.0) * 4.0 / largest])
    assert found.stress_of_step == pytest.approx(found.stress)  # the last step is the largest
    assert found.stress_largest == pytest.approx([0.0, 4.0 / 40.0])
    assert found.stress_points[1] == pytest.approx([0.0, 0.1])
    assert found.phase_stress[:, 0] == pytest.approx([0.25, 0.0])


def test_steps_that_only_one_run_has_are_passed_over():
    cut = record(times=np.array([0.0, 0.25, 1.0]))
    found = compare(cut, record())
    assert found.times.tolist() == [1.0]
    assert not found.stress.any()
    with pytest.raises(InputError, match="no step that ends at the same time"):
        compare(record(times=np.array([0.0, 0.3, 0.7])), record())


def test_another_order_of_nodes_and_points_makes_no_difference():
    run = record()
    turned = replace(
        run,
        nodes=run.nodes[[2, 0, 1]],
        displacement=run.displacement[:, [2, 0, 1]],
        points=run.points[::-1],
        stress=run.stress[:, ::-1],
        spread=run.spread[:, ::-1],
    )
    found = compare(turned, run)
    assert not found.displacement.any()
    assert not found.stress.any()


def test_runs_of_different_parts_are_refused():
    with pytest.raises(InputError, match="different quadrature points"):
        compare(record(), record(points=np.array([[0.2, 0.2, 0.0], [0.6, 0.3, 0.0]])))
    with pytest.raises(InputError, match="surfaces left, top"):
        compare(record(surfaces=("left", "top")), record())
    twice, apart = np.zeros((2, 3)), np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    with pytest.raises(InputError, match="different nodes"):
        matched(twice, apart, "nodes")


def test_spread_covers_the_points_where_the_error_is_less_than_two_of_it():
    run = record(spread=np.full((3, 2), 1.0))
    run.stress[1, 0, 0] += 1.9
    run.stress[2, 0, 0] += 2.1
    assert compare(run, record()).covered == pytest.approx(3.0 / 4.0)


def test_error_bar_of_a_reaction():
    members = [record(), record(), record()]
    for member, change in zip(members, (-0.1, 0.0, 0.1), strict=True):
        member.reactions[1:, 0, 0] += change
    bar = reaction_bar(record(), members)
    assert bar is not None
    assert bar.half[:, 0, 0] == pytest.approx([0.0, 0.2, 0.2])
    reference = record()
    reference.reactions[1, 0, 0] += 0.19
    reference.reactions[2, 0, 0] += 0.21
    assert bar.covered(reference, 0, 0) == (1, 2)
    assert reaction_bar(record(), members[:1]) is None


def test_error_that_members_share_widens_the_bars():
    """By the largest force and stress so far: here at the second time, before they fall."""
    run = record(spread=np.full((3, 2), 0.3))
    run.reactions[2] *= 0.1
    run.stress[2] *= 0.1
    bar = reaction_bar(run, [run, run], shared=0.04)
    assert bar is not None
    assert bar.half[:, 0, 0] == pytest.approx([0.0, 0.08, 0.08])
    reference = record(stress=run.stress.copy(), spread=np.zeros((3, 2)))
    reference.stress[2, 0, 0] += 0.99  # of a bar of 2 (0.3² + (0.04 · 10)²)^½ = 1
    reference.stress[2, 1, 0] += 1.72  # of one of 2 (0.3² + (0.04 · 20)²)^½ = 1.709
    assert compare(run, reference, shared=0.04).covered == pytest.approx(3.0 / 4.0)


def test_record_comes_back_from_its_file(tmp_path):
    local = {1: LocalFields(np.array([0.0, 1.0]), {"matrix": np.array([2.0, 3.0])})}
    kept = replace(record(), local=local)
    save_record(tmp_path / "kept.safetensors", kept)
    found = load_record(tmp_path / "kept.safetensors")
    assert np.array_equal(found.reactions, kept.reactions)
    assert found.stress == pytest.approx(kept.stress, rel=1e-6)
    assert (found.surfaces, found.phases, found.facts) == (kept.surfaces, kept.phases, kept.facts)
    assert found.local[1].von_mises["matrix"].tolist() == [2.0, 3.0]
    assert not compare(found, kept).reaction[:, :, 0].any()


def test_damaged_record_gets_a_sentence(tmp_path):
    path = tmp_path / "kept.safetensors"
    save_record(path, record())
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InputError, match="damaged, or not the record of a run"):
        load_record(path)
    save_record(path, replace(record(), points=np.zeros((5, 3))))
    with pytest.raises(InputError, match=r"strain has the shape \(3, 2, 6\), expected \(3, 5, 6\)"):
        load_record(path)
