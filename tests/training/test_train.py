"""Training on data whose answer is known: the effective stiffness of another network."""

from pathlib import Path

import pytest
import torch
from helpers.laminates import network_stiffness, rank_one
from helpers.networks import random_network, random_stiffness
from helpers.training_data import stiffness_data

from dmn_fe import InputError, mandel
from dmn_fe.homogenization import StiffnessDataset, sample_orthotropic, sample_tangent_like
from dmn_fe.network import Network
from dmn_fe.training import Settings, train, train_seeds
from dmn_fe.training.samples import prepare


@pytest.fixture(scope="module")
def dataset() -> StiffnessDataset:
    phase_stiffness = sample_tangent_like(60, seed=3)
    effective = random_network(2, seed=5).stiffness(phase_stiffness)
    meta = {"kind": "teacher", "phase_names": ["matrix", "inclusion"]}
    return StiffnessDataset(phase_stiffness, effective, meta)


def test_a_network_learns_another_network(dataset):
    reports = []
    result = train(
        dataset, depth=3, seed=0, iterations=200, progress=lambda *report: reports.append(report)
    )
    validation = result.network.metadata["validation"]
    assert validation["linear_mean"] < 0.005
    assert result.history[0].validation_mean > 5 * validation["linear_mean"]
    assert reports[-1][0] == result.history[-1].iteration <= 200
    # The teacher's fractions come out although only stiffnesses were shown.
    teacher = random_network(2, seed=5).volume_fractions
    torch.testing.assert_close(result.network.volume_fractions, teacher, rtol=0, atol=0.01)


def test_the_best_parameters_are_kept(dataset):
    result = train(dataset, depth=2, seed=1, iterations=60)
    best = min(result.history, key=lambda row: row.validation_loss)
    assert result.chosen == best
    validation = result.network.metadata["validation"]
    assert validation["linear_mean"] == pytest.approx(best.validation_mean, rel=1e-12)


def test_the_same_seed_gives_the_same_network(dataset):
    first, second = (train(dataset, depth=2, seed=4, iterations=20).network for _ in range(2))
    assert torch.equal(first.weights, second.weights)
    assert torch.equal(first.normals, second.normals)
    other = train(dataset, depth=2, seed=5, iterations=20).network
    assert not torch.equal(first.weights, other.weights)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"depth": 0}, "depth"),
        ({"iterations": 0}, "iterations"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"validation_fraction": 0.001}, "split"),
        ({"seed": 2**70}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"batch": 49, "optimiser": "adam"}, "batch = 49 is larger than the training set of 48"),
        ({"samples": 49}, "samples = 49"),
        ({"depht": 3}, "'depht' is no setting"),
        ({"dimension": 4}, "dimension"),
        ({"oriented_phases": ("fibre",)}, "'fibre'"),
        ({"fraction_penalty": 1.0}, "volume fractions"),
        ({"learning_rate": 0.1}, "learning_rate"),
        ({"kind": "fft"}, "kind"),
    ],
)
def test_wrong_arguments_are_named(dataset, arguments, word):
    with pytest.raises(InputError, match=word):
        train(dataset, **arguments)


def test_no_seeds_are_refused(dataset):
    with pytest.raises(InputError, match="seeds"):
        train_seeds(dataset, seeds=[])


def known(stiffness, phase_stiffness, **meta) -> StiffnessDataset:
    """Samples of a microstructure whose stiffness is given by a function of its phases'."""
    effective = torch.stack([stiffness(c) for c in phase_stiffness])
    names = ["a", "b", "c"][: phase_stiffness.shape[1]]
    return StiffnessDataset(phase_stiffness, effective, {"phase_names": names, **meta})


@pytest.mark.parametrize("kind", ["imn", "dmn"])
@pytest.mark.parametrize("dimension", [2, 3])
def test_a_laminate_of_rank_one_is_learned_exactly(kind, dimension):
    """Isotropic phases: those of a DMN then have no axes to learn, and depth 1 holds the answer."""
    normal = torch.tensor([2.0, -1.0, 2.0 if dimension == 3 else 0.0], dtype=torch.float64)
    phases = torch.stack(
        [
            torch.stack(
                [
                    mandel.isotropic_stiffness(1.0, 0.2 + 0.01 * i),
                    mandel.isotropic_stiffness(2.0 + i, 0.3),
                ]
            )
            for i in range(12)
        ]
    )
    data = known(lambda c: rank_one(*c, 0.35, normal / normal.norm()), phases)
    best = min(
        train_seeds(data, depth=1, kind=kind, dimension=dimension, seeds=[0, 1], iterations=150),
        key=lambda result: result.chosen.validation_loss,
    )
    assert best.chosen.validation_max < 1e-6
    network = best.network
    assert network.volume_fractions.tolist() == pytest.approx([0.35, 0.65], abs=1e-5)
    cosine = (network.normals[0] @ normal / normal.norm()).abs().item()
    assert cosine == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("kind", ["imn", "dmn"])
def test_equal_phases_are_exact_from_the_start(kind):
    c = random_stiffness(10, seed=4)
    if kind == "dmn":  # no axes to learn
        c = torch.eye(6, dtype=torch.float64) * torch.linspace(1, 3, 10)[:, None, None].double()
    data = known(lambda pair: pair[0], c[:, None].expand(-1, 2, -1, -1).contiguous())
    result = train(data, depth=3, kind=kind, iterations=1)
    assert result.history[0].validation_max < 1e-12


def test_three_phases_are_learned():
    weights = random_network(2, seed=6).weights
    names, phases = ("a", "b", "c"), torch.tensor([0, 1, 2, 0])
    teacher = Network(weights, random_network(2, seed=7).normals, phases, names)
    samples = sample_orthotropic(30, seed=2, contrast=5.0, phases=3)
    data = known(lambda c: network_stiffness(teacher, c), samples)
    result = min(
        train_seeds(data, depth=3, seeds=[0, 1], iterations=100),
        key=lambda r: r.chosen.validation_loss,
    )
    assert result.network.phase_names == names
    assert set(result.network.leaf_phase.tolist()) == {0, 1, 2}
    assert result.chosen.validation_mean < 0.02
    with pytest.raises(InputError, match="3 phases"):
        train(data, depth=1)


def test_the_dimension_follows_the_data_or_the_choice():
    samples = sample_orthotropic(6, seed=3)
    teacher = random_network(1, dimension=2)
    flat, space = (known(teacher.stiffness, samples, grid=grid) for grid in ([8, 8, 1], [8, 8, 8]))
    unknown = known(teacher.stiffness, samples)

    def dimension(data, **changes) -> int:
        network = train(data, depth=1, iterations=1, **changes).network
        assert network.dimension == 3 or (network.normals[:, 2] == 0).all()
        return network.dimension

    assert dimension(flat) == 2
    assert dimension(flat, dimension=3) == 3
    assert dimension(space) == dimension(unknown) == 3
    assert dimension(unknown, dimension=2) == 2
    with pytest.raises(InputError, match="8 voxels along e3"):
        train(space, depth=1, dimension=2)


def test_data_of_two_rves_are_refused():
    samples, teacher = sample_orthotropic(6, seed=3), random_network(1)
    first = known(teacher.stiffness, samples, rve_hash="one")
    with pytest.raises(InputError, match="different RVEs"):
        train([first, known(teacher.stiffness, samples, rve_hash="two")], depth=1)
    renamed = StiffnessDataset(
        samples, first.effective, {"phase_names": ["a", "x"], "rve_hash": "one"}
    )
    with pytest.raises(InputError, match="phases a, b and a, x"):
        train([first, renamed], depth=1)
    with pytest.raises(InputError, match="is a str"):
        train(["data.safetensors"], depth=1)


def test_each_of_several_data_sets_is_split():
    teacher = random_network(2, seed=5)
    sets = [
        known(teacher.stiffness, sample_orthotropic(n, seed=n), rve_hash="one") for n in (10, 20)
    ]
    result = train(sets, depth=2, iterations=5)
    training = result.network.metadata["training"]
    assert (training["training_samples"], training["validation_samples"]) == (24, 6)
    assert result.network.metadata["data"] == [s.meta for s in sets]
    fewer = train(sets, depth=2, iterations=5, samples=12).network.metadata["training"]
    assert (fewer["training_samples"], fewer["validation_samples"]) == (12, 6)
    for n in range(1, 24):  # rounding loses none
        settings = Settings(depth=2, samples=n)
        samples = prepare(sets, settings)
        drawn = samples.drawn(n, [0, 1, 2])
        assert drawn.shape == (3, n)
        assert all(len(set(row)) == n for row in drawn.tolist())
        assert set(drawn.flatten().tolist()) <= set(torch.cat(samples.training).tolist())
        shares = [sum(number < 10 for number in row) / n for row in drawn.tolist()]
        assert max(abs(share - 8 / 24) for share in shares) <= 0.5 / n + 1e-12
    assert len({tuple(row) for row in samples.drawn(12, [0, 1, 2]).tolist()}) == 3
    assert torch.equal(samples.drawn(None, [0]), samples.drawn(24, [0, 1]))


def test_plane_strain_is_the_block_of_a_network_in_the_plane():
    """A teacher in the plane is learnt from three components, and its 3D law is found as well."""
    phases = sample_orthotropic(40, seed=2, contrast=10.0)
    teacher = random_network(1, seed=3, dimension=2)
    meta = {"phase_names": ["matrix", "inclusion"], "grid": [8, 8, 1]}
    whole = StiffnessDataset(phases, teacher.stiffness(phases), meta)
    plane = whole.plane_strain()
    assert plane.effective.shape == (40, 3, 3)
    for kind in ("imn", "dmn"):
        # Of a single laminate normal and fraction follow from the plane alone.
        result = train(plane, depth=1, kind=kind, seed=1, iterations=200, regularisation=0.0)
        assert result.network.dimension == 2
        assert result.chosen.validation_max < 1e-6
        torch.testing.assert_close(
            result.network.stiffness(phases), whole.effective, rtol=1e-4, atol=1e-4
        )
    assert plane.plane_strain() is plane
    with pytest.raises(InputError, match="3 voxels along e3"):
        StiffnessDataset(phases, whole.effective, {**meta, "grid": [8, 8, 3]}).plane_strain()
    coupled = sample_tangent_like(40, seed=0)
    with pytest.raises(InputError, match="couples"):
        StiffnessDataset(coupled, whole.effective, meta).plane_strain()


@pytest.mark.parametrize("data", [[], "data.safetensors", Path("data.safetensors"), [3]])
def test_what_is_no_data_is_named(data):
    with pytest.raises(InputError, match=r"give a(t least one)? StiffnessDataset"):
        train(data)


def _unsymmetric(phases, effective, meta):
    effective[3, 0, 1] *= 1.1


def _unsymmetric_phase(phases, effective, meta):
    phases[4, 1, 0, 1] += 0.1 * phases[4, 1].norm()


def _negative(phases, effective, meta):
    phases[2, 1] *= -1.0


def _one_fraction(phases, effective, meta):
    meta["volume_fractions"] = [1.0]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_unsymmetric, "effective stiffness of sample 3 is not symmetric"),
        (_unsymmetric_phase, "phase stiffness of sample 4 is not symmetric"),
        (_negative, "phase 'inclusion' in sample 2 has a negative eigenvalue"),
        (_one_fraction, "1 volume fractions for the phases matrix, inclusion"),
    ],
)
def test_stiffnesses_that_are_none_are_refused(spoil, sentence):
    good = stiffness_data()
    phases, effective, meta = good.phase_stiffness, good.effective, dict(good.meta)
    spoil(phases, effective, meta)
    with pytest.raises(InputError, match=sentence):
        train(StiffnessDataset(phases, effective, meta), depth=2, iterations=1)
