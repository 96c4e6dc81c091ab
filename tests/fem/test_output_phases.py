"""Phase averages and strain envelopes of simulations, on one and on several ranks."""

# isort: off
from dmn_fe.fem import Pressure, Support, make_problem  # before torch
from dmn_fe.fem.output import EnvelopeWatch, PhaseAverages
from dmn_fe.fem.output.quantities import QUANTITIES, Quantity, at_points, find_quantities

# isort: on
import csv
import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from dolfinx import fem
from helpers.networks import random_network
from helpers.parts import box, quarter_ring, rectangle
from helpers.patches import patch
from helpers.runs import STEEL, cube, simulation

from dmn_fe import InputError, laws, mandel
from dmn_fe.evaluate import NetworkLaw, StrainEnvelope, phase_averages
from dmn_fe.fem.output import phase_quantities
from dmn_fe.network import with_volume_fractions

SCRIPT = "mpi_phases.py"
GRADIENT = 1e-2 * np.array([[0.3, 0.2, -0.1], [0.0, -0.1, 0.4], [0.1, 0.0, 0.2]])
PHASES = {"matrix": STEEL, "inclusion": laws.Elastic.isotropic(400e3, 0.2)}
ENTRY = {"deviatoric": 0.004, "volumetric": 0.02}
MEANS = ["mises", "S11", "S22", "S33", "S23", "S13", "S12", "inelastic", "largest mises"]


def network_law(seed: int = 0, envelope=None, **options) -> NetworkLaw:
    network = random_network(3, seed).with_metadata(strain_envelope=envelope)
    return NetworkLaw(network, PHASES, tolerance=1e-11, **options)


def table(path) -> list[dict[str, float]]:
    with open(path, encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    """Two steps of a ring in plane stress, of cells that are no parallelograms; and its table."""
    path = tmp_path_factory.mktemp("ring") / "phases.csv"
    part = quarter_ring(1.0, 2.0, (3, 3))
    supports = [Support("x0", [0.0, None]), Support("y0", [None, 0.0])]
    problem = make_problem(
        part,
        {"part": network_law()},
        supports,
        [Pressure("inner", 300.0)],
        kind="plane stress",
        thickness=0.5,
    )
    simulation(problem, [PhaseAverages(path, part)], steps=2).run()
    return problem, table(path)


def mean_stress(problem) -> list[float]:
    """Tensor components of the stress, averaged by DOLFINx."""
    qmap = problem.qmap
    qmap.reset()
    one = fem.Constant(problem.u.function_space.mesh, 1.0)
    volume = fem.assemble_scalar(fem.form(one * qmap.dx))
    sums = [fem.assemble_scalar(fem.form(qmap.stress[i] * qmap.dx)) for i in range(6)]
    return [s / volume / (1.0 if i < 3 else np.sqrt(2.0)) for i, s in enumerate(sums)]


def test_phases_of_a_group_add_up_to_its_mean_stress(ring):
    problem, rows = ring
    assert [row["step"] for row in rows] == [0, 1, 2]
    assert list(rows[0])[4:] == [
        f"part {phase} {what}" for phase in ("matrix", "inclusion") for what in MEANS
    ]
    assert not any(list(rows[0].values())[4:])
    fractions = network_law().network.volume_fractions.tolist()
    for name, expected in zip(MEANS[1:7], mean_stress(problem), strict=True):
        parts = [rows[2][f"part {phase} {name}"] for phase in ("matrix", "inclusion")]
        found = fractions[0] * parts[0] + fractions[1] * parts[1]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-8)
    assert rows[2]["part matrix inelastic"] > 1e-4
    assert rows[2]["part inclusion inelastic"] < 1e-14


def test_invariants_are_means_of_points_and_the_largest_is_that_of_all(ring):
    problem, rows = ring
    qmap = problem.qmap
    averages = phase_averages(qmap.laws[1], qmap.state_of(1))
    function = fem.Function(qmap.stress.function_space)
    one_everywhere = fem.Constant(problem.u.function_space.mesh, 1.0)
    area = fem.assemble_scalar(fem.form(one_everywhere * qmap.dx))
    for phase, one in averages.items():
        means = {
            "mises": mandel.von_mises(one.stress),
            "inelastic": np.sqrt(2 / 3) * mandel.deviator(one.inelastic_strain).norm(dim=-1),
        }
        for name, values in means.items():
            function.x.array.reshape(-1, 6)[: len(values), 0] = values.numpy()
            mean = fem.assemble_scalar(fem.form(function[0] * qmap.dx)) / area
            assert rows[2][f"part {phase} {name}"] == pytest.approx(mean, rel=1e-9, abs=1e-15)
        largest = one.largest_von_mises.max().item()
        assert rows[2][f"part {phase} largest mises"] == pytest.approx(largest, rel=1e-12)
        assert largest > 1.05 * rows[2][f"part {phase} mises"]


def test_networks_of_a_group_count_by_their_fractions(tmp_path):
    """Two networks in one group, one of them with twice as many cells."""
    part = rectangle(3.0, 1.0, (3, 1))
    one, fractions = network_law(0), {"matrix": 0.3, "inclusion": 0.7}
    two = NetworkLaw(with_volume_fractions(random_network(3, 5), fractions), PHASES)
    tags = np.array([1, 2, 2], dtype=np.int32)
    problem = patch(part, GRADIENT[:2, :2], {1: one, 2: two}, cell_tags=tags)
    simulation(problem, [PhaseAverages(tmp_path / "phases.csv", part)], steps=1).run()
    (_, row) = table(tmp_path / "phases.csv")
    each = [phase_averages(law, problem.qmap.state_of(k)) for k, law in ((1, one), (2, two))]
    areas = np.tile(problem.qmap.weights, 3)
    for phase in ("matrix", "inclusion"):
        stress = np.concatenate([average[phase].stress[:, 0] for average in each])
        counts = [len(average[phase].stress) for average in each]
        fractions = np.repeat([average[phase].fraction for average in each], counts)
        expected = np.average(stress, weights=fractions * areas)
        assert row[f"part {phase} S11"] == pytest.approx(expected, rel=1e-9)
        assert abs(expected - np.average(stress, weights=areas)) > 1e-4 * abs(expected)


def test_fields_show_phases_and_zero_where_there_are_none():
    part = rectangle(2.0, 1.0, (2, 1))
    tags = np.array([2, 1], dtype=np.int32)
    problem = patch(part, GRADIENT[:2, :2], {1: network_law(), 2: STEEL}, cell_tags=tags)
    assert problem.step(1.0).converged
    wanted = find_quantities(
        ["stress of matrix", "inelastic strain of matrix", "stress of material"]
    )
    assert [(one.shape, one.unit) for one in wanted[:2]] == [((3, 3), "stress"), ((3, 3), "1")]
    stress, inelastic, steel = at_points(problem, wanted).values()
    q = problem.qmap.points_per_cell
    own = phase_averages(problem.qmap.laws[1], problem.qmap.state_of(1))["matrix"]
    np.testing.assert_allclose(stress[q:], mandel.to_tensor(own.stress), rtol=1e-12)
    np.testing.assert_allclose(inelastic[q:], mandel.to_tensor(own.inelastic_strain), rtol=1e-12)
    assert np.abs(inelastic[q:]).max() > 1e-4
    assert not stress[:q].any()
    assert not inelastic[:q].any()
    committed = mandel.to_tensor(torch.from_numpy(problem.qmap.committed_stress[:q]))
    np.testing.assert_allclose(steel[:q], committed, rtol=1e-9, atol=1e-9)
    assert not steel[q:].any()
    known = r"no material of the problem has a phase 'binder'; there are: 'matrix', 'inclusion'"
    with pytest.raises(InputError, match=known):
        at_points(problem, find_quantities(["stress of binder"]))
    for name in ("stress of ", "stres of matrix"):
        with pytest.raises(InputError, match=r"take some of: envelope, .*, stress of PHASE"):
            find_quantities([name])


def test_all_outputs_of_a_step_share_one_evaluation(tmp_path, monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(arguments[0])
        return phase_averages(*arguments)

    monkeypatch.setattr(phase_quantities, "phase_averages", counted)
    part, problem = cube(network_law(), n=1)
    names = find_quantities(["stress of matrix", "stress of inclusion"])
    output = PhaseAverages(tmp_path / "phases.csv", part)
    run = SimpleNamespace(problem=problem)
    output.check(run)
    output.begin(run)
    before = at_points(problem, names)
    assert len(calls) == 1
    report = problem.step(0.5)
    output.step(run, report, "")
    after = at_points(problem, names)
    assert len(calls) == 2
    assert not any(values.any() for values in before.values())
    assert all(values.any() for values in after.values())
    qmap = problem.qmap
    problem.u.x.array[:] = 0.0
    qmap.restore(np.zeros_like(qmap.committed_stress), {1: qmap.laws[1].initial_state(24)})
    assert not any(values.any() for values in at_points(problem, names).values())
    output.check(run)
    output.begin(run)  # the columns are not told twice
    assert len(output._columns) == 4 + 2 * len(MEANS)


def test_a_network_without_strains_of_its_leaves_is_refused_at_the_beginning(tmp_path):
    part, problem = cube(network_law(warm_start=False), n=1)
    with pytest.raises(InputError, match="without warm_start"):
        simulation(problem, [PhaseAverages(tmp_path / "phases.csv", part)]).run()


def test_the_envelope_is_the_ratio_of_total_strains():
    part = rectangle(2.0, 1.0, (2, 1))
    tags = np.array([2, 1], dtype=np.int32)
    laws_of = {1: network_law(envelope=ENTRY), 2: network_law(1)}
    problem = patch(part, GRADIENT[:2, :2], laws_of, cell_tags=tags, kind="plane stress")
    assert problem.step(1.0).converged
    strain, ratio = at_points(problem, find_quantities(["strain", "envelope"])).values()
    q = problem.qmap.points_per_cell
    expected = StrainEnvelope(**ENTRY).ratio(mandel.from_tensor(torch.from_numpy(strain)))
    np.testing.assert_allclose(ratio[q:], expected[q:])
    assert np.abs(strain[q:, 2, 2]).min() > 1e-4  # what is found out of the plane counts
    assert not ratio[:q].any()


@pytest.fixture
def watched(monkeypatch):
    """``watched(shares)``: a watch of a problem whose points go beyond in these shares."""

    def run(shares, ends=True):
        problem = patch(box(3), GRADIENT, network_law(envelope=ENTRY))
        n, steps = len(problem.qmap.committed_stress), iter(shares)

        def values(problem):
            ratio = np.full(n, 0.5)
            ratio[n - round(n * next(steps)) :] = 1.5
            return ratio

        quantity = Quantity("envelope", values, (), "1", "largest")
        monkeypatch.setitem(QUANTITIES, "envelope", quantity)
        watch, namespace = EnvelopeWatch(), SimpleNamespace(problem=problem)
        watch.begin(namespace)
        for problem.steps in range(1, len(shares) + 1):
            watch.step(namespace, None, "")
        watch.end(namespace, None)
        return n

    return run


def test_the_watch_warns_when_shares_are_passed_and_tells_the_total(watched, caplog):
    n = watched([0.0, 0.005, 0.008, 0.05, 0.2, 0.15, 0.3, 0.6, 0.7, 0.1])
    lines = [record.getMessage() for record in caplog.records]
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    counts = [round(n * share) for share in (0.005, 0.05, 0.2, 0.6)]
    assert len(lines) == 5
    for line, step, count in zip(lines[:4], (2, 4, 5, 8), counts, strict=True):
        assert line.startswith(f"step {step} at time 0: {count} of {n} points (")
        assert "validated for, up to 1.5 times as much, in cell " in line
    assert lines[4] == (
        f"{round(0.7 * n)} of {n} points have strained more than their network was validated for "
        "(1.5 times as much at most)"
    )


def test_a_share_is_passed_only_once_and_several_at_a_time(watched, caplog):
    watched([0.55, 0.0, 0.55])
    assert [r.getMessage().split(" at")[0] for r in caplog.records][:-1] == ["step 1"]


def test_nothing_beyond_is_told_without_a_warning(watched, caplog):
    with caplog.at_level(logging.INFO):
        watched([0.0, 0.0])
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.getMessage().startswith("0 of ")


def test_networks_that_tell_nothing_are_not_watched(caplog):
    problem = patch(box(1), GRADIENT, network_law())
    simulation(problem, [EnvelopeWatch()], steps=1).run()
    (record,) = caplog.records
    assert record.getMessage().startswith("no network of this problem tells up to which strains")
    assert record.levelno == logging.WARNING


def test_the_watch_tells_the_cell_as_in_the_mesh_file(caplog):
    _, problem = cube(network_law(envelope={"deviatoric": 1e-3, "volumetric": 1.0}))
    simulation(problem, [EnvelopeWatch()], steps=1).run()
    ratio = at_points(problem, find_quantities(["envelope"]))["envelope"]
    cell = ratio.argmax() // problem.qmap.points_per_cell
    number = problem.u.function_space.mesh.topology.original_cell_index[cell]
    assert number != cell  # else this tells nothing
    told = f"up to {ratio.max():.3g} times as much, in cell {number} in the order of the mesh file"
    assert told in caplog.records[0].getMessage()


def test_tables_do_not_depend_on_ranks(on_ranks):
    """Also where ranks share laws: then they are those of own ones."""
    alone = on_ranks(1, "tables", SCRIPT)[0]
    for name, own in (("shared cube", "cube"), ("shared sheet", "sheet")):
        assert alone[name]["header"] == alone[own]["header"]
        assert_same(alone[name], alone[own])
    for ranks in (2, 3):
        first, *others = on_ranks(ranks, "tables", SCRIPT)
        for name, expected in alone.items():
            assert first[name]["header"] == expected["header"]
            assert_same(first[name], expected)
            lines = first[name]["log"]
            assert [line.split(" points")[0] for line in lines] == [
                line.split(" points")[0] for line in expected["log"]
            ]
            assert not any(other[name]["log"] for other in others)
    header = alone["cube"]["header"][4:]
    assert [one.removesuffix(" mises") for one in header[::9]] == [
        "low matrix",
        "low inclusion",
        "high material",
    ]
    assert len(alone["cube"]["log"]) >= 2
    assert "of 216 points" in alone["cube"]["log"][-1]  # those of the network alone
    assert max(alone["ensemble"]["squares"]) > 0


def assert_same(found, expected) -> None:
    rows, reference = np.array(found["rows"]), np.array(expected["rows"])
    largest = np.abs(reference).max(axis=0)
    stresses = np.array(["inelastic" not in name for name in expected["header"]])
    largest[4:] = np.where(stresses[4:], largest[4:][stresses[4:]].max(), largest[4:])
    # Plastic strain of elastic phases is round-off.
    assert (np.abs(rows - reference) <= 1e-10 * np.maximum(largest, 1e-6)).all()
    np.testing.assert_allclose(found["squares"], expected["squares"], rtol=1e-9)


@pytest.mark.parametrize("ranks", [1, 3])
def test_shared_laws_refuse_on_all_ranks(on_ranks, ranks):
    for sentences in on_ranks(ranks, "refused", SCRIPT):
        assert "without warm_start" in sentences[0]
        assert "has a phase 'binder'; there are: 'matrix', 'inclusion'" in sentences[1]
