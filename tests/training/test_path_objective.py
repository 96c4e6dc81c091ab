"""The loss on nonlinear samples: NetworkLaw point by point, and central differences."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from helpers.networks import random_network
from torch import Tensor

from dmn_fe import InputError, laws
from dmn_fe.evaluate import CompiledLaw, NetworkLaw
from dmn_fe.homogenization import PathDataset, StiffnessDataset, sample_orthotropic
from dmn_fe.laws import MaterialLaw, laws_description, laws_fingerprint
from dmn_fe.network import Network
from dmn_fe.training import Settings, train, train_ensemble, with_error
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.path_samples import PathSamples, split_paths
from dmn_fe.training.problem import TrainingProblem

NAMES = ("matrix", "inclusion")
ONE_RVE = {"phase_names": list(NAMES), "rve_hash": "abc", "volume_fractions": [0.7, 0.3]}
GIVEN = {
    "matrix": laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0)),
    "inclusion": laws.Elastic.isotropic(20000.0, 0.2),
}
CREEPING = {**GIVEN, "matrix": laws.Norton(3000.0, 0.35, 1e-2, 30.0, 3.0)}


def elastic(dimension: int = 3, isotropic: bool = False) -> StiffnessDataset:
    phases = sample_orthotropic(6, seed=1, contrast=10.0)
    if isotropic:
        eye = torch.eye(6, dtype=torch.float64)
        phases = eye * torch.linspace(1, 5, 12, dtype=torch.float64).reshape(6, 2, 1, 1)
    effective = random_network(2, seed=2, dimension=dimension).stiffness(phases)
    return StiffnessDataset(phases, effective, dict(ONE_RVE))


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def path_data(
    kind: str,
    given: dict[str, MaterialLaw] | None,
    samples: int = 6,
    steps: int = 3,
    dt: float = 1.0,
    **meta,
) -> PathDataset:
    """Nonlinear samples whose stresses are made up: any numbers of the right size will do."""
    strain = 0.01 * numbers(samples, steps, 6, seed=3)
    stress = 100.0 * numbers(samples, steps, 6, seed=4)
    material = torch.full((samples, 2, 4), torch.nan, dtype=torch.float64)
    if given is None:
        size = 1.0 + 0.2 * numbers(samples, 2, seed=5).abs()
        rows = torch.tensor(
            [[3000.0, 0.35, 25.0, 100.0], [20000.0, 0.2, torch.inf, 0.0]], dtype=torch.float64
        )
        material = rows.repeat(samples, 1, 1)
        material[..., 0] *= size
        material[::2, 1, 2], material[::2, 1, 3] = 80.0, 500.0  # some inclusions yield
    meta = {
        **ONE_RVE,
        "kind": kind,
        "steps": steps,
        "samples": samples,
        "failed": [],
        "laws_fingerprint": None if given is None else laws_fingerprint(given),
        **({} if given is None else {"laws": laws_description(given)}),
        **meta,
    }
    times = torch.full((samples, steps), dt, dtype=torch.float64)
    return PathDataset(strain, stress, material, times, meta)


def point_errors(network: Network, data: PathDataset, given) -> Tensor:
    """``|σ_net − σ|² / |σ|²`` of every sample and step, one point at a time."""
    errors = torch.zeros(data.stress.shape[:2], dtype=torch.float64)
    for sample in range(len(data)):
        law = NetworkLaw(network, given or data.laws(sample), tolerance=1e-10)
        state = law.initial_state(1)
        for step in range(data.strain.shape[1]):
            update = law.integrate(data.strain[sample, step][None], state, data.dt[0, step].item())
            assert update.status.item() == 0
            reference = data.stress[sample, step]
            errors[sample, step] = (
                update.stress[0] - reference
            ).square().sum() / reference.square().sum()
            if data.kind == "history":
                state = update.state
    return errors


def problem(kind: str = "imn", **changes) -> TrainingProblem:
    data = elastic(changes.get("dimension", 3), isotropic=kind == "dmn")
    return TrainingProblem([data], Settings(**{"depth": 2, "kind": kind, **changes}))


def parameters(own: TrainingProblem, networks: int, seed: int = 6) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    size = own.parametrisation.size
    return 0.2 + 0.6 * torch.rand(networks, size, generator=generator, dtype=torch.float64)


SAMPLES = [
    ("one-step", None),
    ("one-step", GIVEN),
    ("history", None),
    ("history", GIVEN),
    ("history", CREEPING),
]


@pytest.mark.parametrize(("kind", "given"), SAMPLES)
@pytest.mark.parametrize("parametrisation", ["imn", "dmn"])
def test_loss_is_that_of_the_law_point_by_point(kind, given, parametrisation):
    """Also the split: one sample of six is held out, with all its steps."""
    own, data = problem(parametrisation), path_data(kind, given)
    objective, x = PathObjective(own, data, given, range(2)), parameters(own, 2)
    training, _ = objective(x, torch.arange(2))
    held_out = objective.validation_loss(x)
    candidates = set(range(6))
    for k in range(2):
        errors = point_errors(own.network(x[k]), data, given).mean(1)
        candidates &= {
            s for s in range(6) if held_out[k].item() == pytest.approx(errors[s].item(), rel=1e-5)
        }
        (sample,) = candidates
        rest = (errors.sum() - errors[sample]) / 5
        assert training[k].item() == pytest.approx(rest.item(), rel=1e-5)


def test_fewer_samples_are_drawn_by_each_seed_of_those_to_learn_from():
    data = path_data("history", GIVEN, samples=10)
    x = parameters(problem(), 1)
    errors = point_errors(problem().network(x[0]), data, GIVEN).mean(1).tolist()
    found, seeds = {}, range(6)
    for seed in seeds:
        values = []
        for n in range(1, 9):
            objective = PathObjective(problem(path_samples=n), data, GIVEN, [seed])
            values.append(n * objective(x, torch.arange(1))[0].item())
        steps = [after - before for before, after in zip([0.0, *values], values, strict=False)]
        found[seed] = [min(range(10), key=lambda s, v=v: abs(errors[s] - v)) for v in steps]
        assert len(set(found[seed])) == 8
        if seed == 0:
            assert steps == pytest.approx([errors[s] for s in found[seed]], rel=1e-4)
    # All learn from the same eight if they learn from all, and else each from its own.
    assert len({frozenset(order) for order in found.values()}) == 1
    assert len({order[0] for order in found.values()}) > 2
    # Several seeds in one objective are those one by one.
    many = PathObjective(problem(path_samples=3), data, GIVEN, seeds)
    single = [PathObjective(problem(path_samples=3), data, GIVEN, [seed]) for seed in seeds]
    value = many(x.expand(6, -1), torch.arange(6))[0]
    torch.testing.assert_close(
        value, torch.cat([own(x, torch.arange(1))[0] for own in single]), rtol=1e-12, atol=0
    )
    with pytest.raises(InputError, match="only 8 are left"):
        PathObjective(problem(path_samples=9), data, GIVEN, [0])


def slopes(objective: PathObjective, x: Tensor, along: Tensor, h: float = 1e-5) -> Tensor:
    rows, found = torch.arange(len(x)), []
    for d in along:
        upper, lower = (objective(x + s * h * d, rows)[0] for s in (1.0, -1.0))
        found.append((upper - lower) / (2 * h))
    return torch.stack(found)


CASES = [(*sample, {"kind": kind}) for sample in SAMPLES for kind in ("imn", "dmn")]
CASES += [("history", GIVEN, {"dimension": 2}), ("history", None, {"oriented_phases": NAMES})]


@pytest.mark.parametrize(("kind", "given", "changes"), CASES)
def test_gradient_equals_central_differences(kind, given, changes, monkeypatch):
    monkeypatch.setattr("dmn_fe.training.path_objective._TOLERANCE", 1e-12)
    own = problem(**changes)
    objective = PathObjective(own, path_data(kind, given, samples=4), given, range(1))
    x = parameters(own, 1)
    _, gradient = objective(x, torch.arange(1))
    along = numbers(2, *x.shape, seed=7)
    found = (along * gradient).sum(-1)
    expected = slopes(objective, x, along)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6 * float(found.abs().max()))
    if "oriented_phases" in changes:  # isotropic phases do not turn
        turns = own.parametrisation.tree.leaf_count * 3
        assert (gradient[:, -turns:] == 0).all()


@pytest.mark.parametrize("kind", ["one-step", "history"])
def test_a_leaf_without_weight_has_no_part_in_it(kind, monkeypatch):
    """Of a DMN, whose weights may be exactly zero."""
    monkeypatch.setattr("dmn_fe.training.path_objective._TOLERANCE", 1e-12)
    own, data = problem("dmn"), path_data(kind, GIVEN, samples=4)
    objective = PathObjective(own, data, GIVEN, range(1))
    x = parameters(own, 1)
    x[0, 1] = -0.3
    value, gradient = objective(x, torch.arange(1))
    assert own.network(x[0]).weights[1] == 0
    assert torch.isfinite(value)
    assert gradient[0, 1] == 0
    along = numbers(2, *x.shape, seed=7)
    found, expected = (along * gradient).sum(-1), slopes(objective, x, along)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6 * float(found.abs().max()))


def test_what_fails_counts_as_an_error_of_its_whole_size():
    data = path_data("one-step", GIVEN, samples=10, steps=2)
    samples = PathSamples(data, torch.arange(10))
    stress = samples.stress.clone()
    stress[:, 0] += 0.1 * samples.stress[:, 0].norm(dim=-1, keepdim=True) * torch.eye(6)[0]
    converged = torch.ones(20, dtype=torch.bool)

    def loss(*failed: int) -> float:
        converged[:] = True
        converged[list(failed)] = False
        weight, misfit, share = samples.weigh(SimpleNamespace(stress=stress, converged=converged))
        return ((weight * misfit.square().sum(-1)).sum() + share).item()

    assert loss() == pytest.approx(0.01, rel=1e-10)
    assert loss(3) == pytest.approx(0.01 * 19 / 20 + 1 / 20, rel=1e-10)
    assert loss(3, 4) == pytest.approx(0.01 * 18 / 20 + 2 / 20, rel=1e-10)
    assert loss(3, 4, 5) != loss(3, 4, 5)  # not a number


def test_the_laws_of_the_samples_are_known_from_their_file():
    own, data = problem(), path_data("history", GIVEN)
    x = parameters(own, 1)
    each = [PathObjective(own, data, given, [0])(x, torch.arange(1)) for given in (GIVEN, None)]
    for a, b in zip(*each, strict=True):
        assert torch.equal(a, b)


def test_rows_say_which_networks_are_asked_for():
    own, data = problem(), path_data("history", GIVEN)
    x = parameters(own, 3)
    value, gradient = PathObjective(own, data, GIVEN, range(3))(x, torch.arange(3))
    objective = PathObjective(own, data, GIVEN, range(3))
    for rows in ([2], [0, 1]):
        some, slope = objective(x[rows], torch.tensor(rows))
        assert torch.equal(some, value[rows])
        assert torch.equal(slope, gradient[rows])


def test_the_state_is_what_the_next_evaluation_depends_on():
    own, data = problem(), path_data("one-step", GIVEN)
    x = parameters(own, 2)
    first = PathObjective(own, data, GIVEN, range(2))
    first(x, torch.arange(2))
    state = {name: value.clone() for name, value in first.state().items()}
    second = PathObjective(own, data, GIVEN, range(2))
    second.set_state(state)
    each = [objective(x + 0.01, torch.arange(2)) for objective in (first, second)]
    for a, b in zip(*each, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("data", "given", "settings", "word"),
    [
        (lambda: "paths.safetensors", None, {}, "are a str"),
        (lambda: path_data("history", None, rve_hash="other"), None, {}, "not of the RVE"),
        (
            lambda: path_data("history", None, phase_names=["matrix", "fibre"]),
            None,
            {},
            "phases matrix, fibre",
        ),
        (lambda: path_data("history", None), GIVEN, {}, "random materials"),
        (lambda: path_data("history", GIVEN, laws={"matrix": "Mine()"}), None, {}, "in Python"),
        (lambda: path_data("history", GIVEN), CREEPING, {}, "other laws"),
        (
            lambda: path_data("history", None, samples=1),
            None,
            {},
            "1 nonlinear samples cannot be split",
        ),
        (lambda: path_data("history", None), None, {"optimiser": "adam"}, "lbfgs"),
    ],
)
def test_samples_that_do_not_fit_are_refused(data, given, settings, word):
    with pytest.raises(InputError, match=word):
        train(elastic(), paths=data(), laws=given, depth=2, **settings)


def test_steps_that_differ_in_time_are_refused():
    data = path_data("history", CREEPING)
    data.dt[1, 2] = 3.0
    with pytest.raises(InputError, match="time steps"):
        train(elastic(), paths=data, laws=CREEPING, depth=2)


def test_one_step_samples_of_different_times_are_refused():
    """Every step of one-step samples begins at the virgin state and is a sample of its own."""
    data = path_data("one-step", CREEPING)
    data.dt[:, 2] = 3.0
    with pytest.raises(InputError, match="time steps"):
        train(elastic(), paths=data, laws=CREEPING, depth=2)


def test_anisotropic_laws_are_refused():
    stiffness = torch.diag(torch.tensor([1.0, 2, 3, 4, 5, 6], dtype=torch.float64))
    given = {**GIVEN, "inclusion": laws.Elastic(stiffness)}
    with pytest.raises(InputError, match="'inclusion' is not isotropic"):
        train(elastic(), paths=path_data("one-step", given), laws=given, depth=2)


def test_laws_without_a_symmetric_tangent_are_refused():
    matrix = laws.DruckerPrager(3000.0, 0.3, laws.LinearHardening(30.0, 100.0), 0.6, 0.2)
    given = {**GIVEN, "matrix": matrix}
    with pytest.raises(InputError, match="'matrix' is not symmetric"):
        train(elastic(), paths=path_data("one-step", given), laws=given, depth=2)


def test_histories_of_laws_in_c_are_refused():
    source = "for (int i = 0; i < 6; ++i) stress[i] = 100.0 * strain[i];"
    matrix = CompiledLaw(source, state_size=1, is_isotropic=True, symmetric=True)
    given = {**GIVEN, "matrix": matrix}
    with pytest.raises(InputError, match="'matrix' cannot be differentiated"):
        train(elastic(), paths=path_data("history", given), laws=given, depth=2)


def test_iterations_that_end_before_the_samples_join_are_refused():
    with pytest.raises(InputError, match="elastic_iterations"):
        train(elastic(), paths=path_data("one-step", None), depth=2, iterations=50)


@pytest.mark.parametrize("kind", ["one-step", "history"])
def test_training_learns_from_nonlinear_samples(kind):
    """Another network is found again from its stresses, beginning beside it."""
    teacher, data = random_network(2, seed=2), path_data(kind, GIVEN, samples=10)
    law = NetworkLaw(teacher, GIVEN)
    state = law.initial_state(10)
    for step in range(3):
        update = law.integrate(data.strain[:, step].contiguous(), state, 1.0)
        data.stress[:, step] = update.stress
        state = update.state if kind == "history" else state
    start = replace(teacher, weights=teacher.weights * torch.tensor([1.2, 1.0, 0.9, 1.0]))
    stiffness = elastic()
    del stiffness.meta["volume_fractions"]  # else the start is scaled to them
    result = train(
        stiffness,
        paths=data,
        laws=GIVEN,
        depth=2,
        pretrained=start,
        iterations=21,
        elastic_iterations=1,
        path_weight=1e3,
    )
    assert [row.iteration for row in result.history] == [0, 1, 11, 21]
    before, after = result.history[1], result.chosen
    assert before.path_error != before.path_error  # not asked for yet
    assert after.path_error < 1e-3
    assert after.path_error == pytest.approx(
        result.network.metadata["validation"]["nonlinear_samples"], rel=1e-12
    )


def test_a_network_without_weights_has_no_loss():
    """Of a DMN, which a line search may take there."""
    own = problem("dmn")
    objective = PathObjective(own, path_data("one-step", GIVEN), GIVEN, range(2))
    x = parameters(own, 2)
    alone = objective(x, torch.arange(2))
    x[0, : own.parametrisation.tree.leaf_count] = -1.0
    value, gradient = objective(x, torch.arange(2))
    assert torch.isnan(value[0])
    assert (gradient[0] == 0.0).all()
    torch.testing.assert_close(value[1], alone[0][1], rtol=1e-6, atol=0)
    held_out = objective.validation_loss(x)
    assert torch.isnan(held_out).tolist() == [True, False]


def test_a_sample_that_fails_leaves_the_gradient_of_the_others(monkeypatch):
    """Not-a-number at one point of eight, on a path of three steps."""
    monkeypatch.setattr("dmn_fe.training.path_objective._TOLERANCE", 1e-12)
    monkeypatch.setattr("dmn_fe.training.path_samples._MOST_FAILURES", 0.2)
    own, data = problem(), path_data("history", GIVEN, samples=10)
    _, (training,) = split_paths(10, own.settings, [0])
    rest = [s for s in training.tolist() if s != training[3]]
    x = parameters(own, 1)
    objective = PathObjective(own, data, GIVEN, range(1))
    objective._training[0].strain[3, 1] = torch.nan  # fails for any network
    value, gradient = objective(x, torch.arange(1))
    fewer = PathObjective(own, data, GIVEN, range(1))
    fewer._training = [PathSamples(data, torch.tensor(rest))]
    expected_value, expected = fewer(x, torch.arange(1))
    n = len(training)
    torch.testing.assert_close(gradient, expected * (n - 1) / n, rtol=1e-8, atol=1e-12)
    assert value.item() == pytest.approx(expected_value.item() * (n - 1) / n + 1 / n, rel=1e-8)
    # It is an error of 100 % again the next time, and no more.
    again = objective(x, torch.arange(1))[0]
    assert again.item() == pytest.approx(value.item(), rel=1e-8)


def test_history_of_elastic_laws_has_a_gradient(monkeypatch):
    monkeypatch.setattr("dmn_fe.training.path_objective._TOLERANCE", 1e-12)
    given = {
        name: laws.Elastic.isotropic(e, 0.3) for name, e in zip(NAMES, (1.0, 5.0), strict=True)
    }
    own = problem()
    objective = PathObjective(own, path_data("history", given, samples=4), given, range(1))
    x = parameters(own, 1)
    along = numbers(2, *x.shape, seed=7)
    found = (along * objective(x, torch.arange(1))[1]).sum(-1)
    expected = slopes(objective, x, along)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6 * float(found.abs().max()))


def test_whole_numbers_are_the_same_laws():
    whole = {**GIVEN, "matrix": laws.J2(3000, 0.35, laws.VoceHardening(30, 20, 50, 10))}
    PathObjective(problem(), path_data("one-step", GIVEN), whole, range(1))
    PathObjective(problem(), path_data("one-step", whole), GIVEN, range(1))


def test_nonlinear_samples_know_no_voids():
    data = elastic(isotropic=True)
    data.phase_stiffness[:, 1] = 0.0
    own = TrainingProblem([data], Settings(depth=3))
    with pytest.raises(InputError, match="inclusion: is void"):
        PathObjective(own, path_data("one-step", None), None, range(1))


def test_samples_without_stress_are_refused():
    data = path_data("one-step", GIVEN)
    data.stress[2, 1] = 0.0
    with pytest.raises(InputError, match="sample 2 has no stress in step 1"):
        PathObjective(problem(), data, GIVEN, range(1))


@pytest.mark.parametrize(("kind", "given"), SAMPLES)
def test_error_of_the_mean_of_an_ensemble(kind, given):
    """On the samples that all members have held out, point by point."""
    data = path_data(kind, given, samples=10)
    settings = Settings(depth=2, iterations=2, elastic_iterations=1)
    ensemble, _ = train_ensemble(elastic(), settings, 2, paths=data)
    held_out, learnt = split_paths(len(data), settings, (0, 1))
    assert not set(held_out.tolist()) & {one for own in learnt for one in own.tolist()}
    squares = []
    for sample in held_out.tolist():
        states = [None, None]
        for step in range(data.strain.shape[1]):
            stress = torch.zeros(6, dtype=torch.float64)
            for number, network in enumerate(ensemble.networks):
                law = NetworkLaw(network, given or data.laws(sample), tolerance=1e-10)
                state = states[number] if kind == "history" else None
                state = law.initial_state(1) if state is None else state
                strain, dt = data.strain[sample, step][None], data.dt[0, step].item()
                update = law.integrate(strain, state, dt)
                states[number], stress = update.state, stress + 0.5 * update.stress[0]
            reference = data.stress[sample, step]
            squares.append((stress - reference).square().sum() / reference.square().sum())
    expected = torch.stack(squares).mean().sqrt().item()
    assert ensemble.error == pytest.approx(expected, rel=1e-5)


def test_error_of_the_mean_wants_the_samples_of_the_training():
    ensemble, _ = train_ensemble(elastic(), k=2, depth=2, iterations=2)
    assert ensemble.error is None
    with pytest.raises(InputError, match="give those of its training"):
        with_error(ensemble, path_data("one-step", None))
