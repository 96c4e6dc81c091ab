"""Strain paths of laws, and errors against reference paths."""

import math

import pytest
import torch
from helpers.networks import layers, random_network

from dmn_fe import NetworkLaw, laws
from dmn_fe.errors import InputError
from dmn_fe.evaluate import follow_strain_path, path_errors
from dmn_fe.homogenization import ReferencePaths, compute_reference_paths, standard_loadings
from dmn_fe.laws import Status
from dmn_fe.microstructure import laminate

PLASTIC = {
    "matrix": laws.J2(3000.0, 0.37, laws.LinearHardening(10.0, 60.0)),
    "inclusion": laws.Elastic.isotropic(12000.0, 0.22),
}
CREEPING = {**PLASTIC, "matrix": laws.Norton(3000.0, 0.37, 1e-2, 30.0, 6.0)}


def strains(paths: int, n: int, size: float = 0.02, seed: int = 0) -> torch.Tensor:
    steps = torch.randn(
        paths, n, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    steps[:, 0] = 0.0
    return size / n**0.5 * steps.cumsum(1)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """Reference paths of a laminate with a plastic matrix."""
    path = tmp_path_factory.mktemp("truth") / "truth.safetensors"
    return compute_reference_paths(
        laminate(4, 0.25), PLASTIC, standard_loadings(0.0125, 8), path, 1e-7
    )


# Errors on reference paths ------------------------------------------------------------------------


def test_the_exact_network_of_a_laminate_has_no_error(truth):
    errors = path_errors(NetworkLaw(layers(0.25, 0), PLASTIC), truth)
    assert errors.names == tuple(standard_loadings())
    assert (errors.status == Status.CONVERGED).all()
    assert errors.largest.max() < 1e-5
    assert (errors.parts[:, 1:] == 1).all()
    # The matrix yields, so that this is no elastic comparison.
    elastic = {**PLASTIC, "matrix": laws.Elastic.isotropic(3000.0, 0.37)}
    response = follow_strain_path(
        NetworkLaw(layers(0.25, 0), elastic), truth.times, truth.strain
    ).stress
    apart = (response - truth.stress).norm(dim=-1).amax(1) / truth.stress.norm(dim=-1).amax(1)
    assert (apart[errors.counted] > 0.02).all()


def test_the_exact_network_of_a_laminate_that_creeps(tmp_path):
    loadings = standard_loadings(0.0125, 8, duration=20.0)
    chosen = {name: loadings[name] for name in ("shear-23", "random")}
    path = tmp_path / "truth.safetensors"
    truth = compute_reference_paths(laminate(4, 0.5, axis=2), CREEPING, chosen, path, 1e-7)
    law = NetworkLaw(layers(0.5, 2), CREEPING)
    assert path_errors(law, truth).largest.max() < 1e-5
    fast = follow_strain_path(law, 0.01 * truth.times, truth.strain).stress
    assert (fast - truth.stress).norm(dim=-1).max() > 0.1 * truth.stress.norm(dim=-1).max()


def test_errors_are_those_of_their_definition(truth):
    law = NetworkLaw(layers(0.35, 0), PLASTIC)
    errors = path_errors(law, truth)
    for row, name in enumerate(truth.names):
        state, relative = law.initial_state(1), []
        largest = max(s.norm().item() for s in truth.stress[row])
        for strain, stress in zip(truth.strain[row, 1:], truth.stress[row, 1:], strict=True):
            update = law.integrate(strain[None], state)
            state = update.state
            relative.append((update.stress[0] - stress).norm().item() / largest)
        assert errors.error[row, 0] == 0.0
        assert errors.error[row, 1:].tolist() == pytest.approx(relative, abs=1e-7)
        assert errors.mean[row].item() == pytest.approx(sum(relative) / len(relative), abs=1e-7)
        assert errors.largest[row].item() == pytest.approx(max(relative), abs=1e-7)
        assert bool(errors.counted[row]) == (name != "uniaxial-strain")
    assert errors.overall_mean == pytest.approx(errors.mean[:6].mean().item())
    assert errors.overall_largest == errors.largest[:6].max().item() > 0.02
    lines = str(errors).splitlines()
    assert len(lines) == 9
    assert lines[7].startswith("uniaxial-strain")
    assert lines[7].endswith("(not counted)")
    assert f"{100 * errors.overall_mean:.3f}" in lines[8]


def test_a_path_that_fails_counts_infinite(truth):
    errors = path_errors(Limited(PLASTIC["matrix"], 0.004, "12"), truth)
    failed = torch.tensor([name in ("shear-12", "corner", "cyclic") for name in truth.names])
    failed |= truth.strain[:, :, 5].abs().amax(1) > 0.004
    assert failed.any()
    assert not failed.all()
    assert torch.equal(torch.isinf(errors.mean), failed)
    assert torch.equal(torch.isinf(errors.largest), failed)
    assert torch.equal(errors.status != Status.CONVERGED, failed)
    assert math.isinf(errors.overall_mean)
    assert "failed: the local iteration did not converge" in str(errors)


def test_a_network_with_other_laws_is_refused(truth):
    with pytest.raises(InputError, match=r"computed with the law .* of phase 'matrix', not"):
        path_errors(NetworkLaw(layers(0.25, 0), CREEPING), truth)


def test_only_paths_that_are_not_counted(truth):
    row = truth.names.index("uniaxial-strain")
    parts = (truth.times[row, None], truth.strain[row, None], truth.stress[row, None])
    alone = ReferencePaths(("uniaxial-strain",), *parts, truth.meta)
    errors = path_errors(NetworkLaw(layers(0.25, 0), PLASTIC), alone)
    assert errors.mean[0] < 1e-5
    assert math.isnan(errors.overall_mean)
    assert math.isnan(errors.overall_largest)


# Strain paths -------------------------------------------------------------------------------------


def test_paths_together_are_as_one_by_one():
    law = NetworkLaw(random_network(2), CREEPING)
    strain = strains(4, 6)
    times = torch.tensor([0.0, 1.0, 1.5, 3.0, 7.0, 8.0], dtype=torch.float64)
    # The last path is slower: it needs steps of its own.
    times = torch.stack([times, times, times, 10.0 * times])
    copies = times.clone(), strain.clone()
    response = follow_strain_path(law, times, strain)
    assert torch.equal(times, copies[0])
    assert torch.equal(strain, copies[1])
    for path in range(4):
        state = law.initial_state(1)
        for end in range(1, 6):
            dt = (times[path, end] - times[path, end - 1]).item()
            update = law.integrate(strain[path, end, None], state, dt)
            state = update.state
            torch.testing.assert_close(
                response.stress[path, end], update.stress[0], rtol=1e-6, atol=1e-6
            )
    assert not response.stress[:, 0].any()
    assert (response.status == Status.CONVERGED).all()
    assert (response.parts[:, 0] == 0).all()
    assert (response.parts[:, 1:] == 1).all()
    shared = follow_strain_path(law, times[0], strain[:3])
    torch.testing.assert_close(shared.stress, response.stress[:3], rtol=1e-6, atol=1e-6)


class Limited:
    """A law that fails where a strain component is beyond a limit."""

    state_size = 7

    def __init__(self, law, limit, component="11"):
        self.law, self.limit = law, limit
        self.component = ("11", "22", "33", "23", "13", "12").index(component)
        self.initial_state = law.initial_state

    def integrate(self, strain, state, dt=0.0):
        update = self.law.integrate(strain, state, dt)
        beyond = strain[:, self.component].abs() > self.limit
        failed = torch.tensor(int(Status.MAX_ITERATIONS), dtype=torch.int8)
        status = torch.where(beyond, failed, update.status)
        return laws.Update(update.stress, update.state, lambda: update.tangent, status)


class ShortSteps:
    """A law that takes small changes of strain only; the stress tells its history.

    State: the strain, then time and number of steps. Stress: their time, number, and largest step.
    """

    state_size = 8

    def __init__(self, limit):
        self.limit = limit

    def initial_state(self, n):
        return torch.zeros(n, 8, dtype=torch.float64)

    def integrate(self, strain, state, dt=0.0):
        change = (strain - state[:, :6]).norm(dim=-1)
        time, steps = state[:, 6] + dt, state[:, 7] + 1.0
        stress = torch.stack([time, steps, *strain.T[2:]], dim=1)
        status = torch.where(change > self.limit, Status.MAX_ITERATIONS, Status.CONVERGED)
        new = torch.cat([strain, time[:, None], steps[:, None]], dim=1)
        return laws.Update(stress, new, lambda: torch.eye(6), status.to(torch.int8))


def test_a_step_that_fails_is_cut_for_its_path_alone():
    strain = torch.zeros(3, 4, 6, dtype=torch.float64)
    strain[:, :, 3] = torch.tensor([[0.0, 1, 2, 3], [0.0, 1, 5, 6], [0.0, 3, 6, 9]])
    times = torch.tensor([0.0, 1.0, 3.0, 4.0], dtype=torch.float64)
    response = follow_strain_path(ShortSteps(1.0), times, strain)
    assert (response.status == Status.CONVERGED).all()
    assert response.parts.tolist() == [[0, 1, 1, 1], [0, 1, 4, 1], [0, 4, 4, 4]]
    torch.testing.assert_close(response.stress[:, :, 0], times.expand(3, 4))
    assert torch.equal(response.stress[:, :, 1], response.parts.cumsum(1).double())
    assert torch.equal(response.stress[:, :, 3], strain[:, :, 3])


def test_a_path_that_fails_leaves_the_others_alone():
    law = Limited(PLASTIC["matrix"], 0.01)
    strain = torch.zeros(3, 5, 6, dtype=torch.float64)
    strain[:, :, 0] = torch.tensor([[0.0, 1, 2, 3, 4], [0.0, 5, 9, 11, 5], [0.0, 2, 4, 6, 8]]) / 1e3
    strain[2, 3, 4] = torch.nan
    response = follow_strain_path(law, torch.arange(5.0), strain)
    expected = [Status.CONVERGED, Status.MAX_ITERATIONS, Status.NOT_FINITE]
    assert response.status.tolist() == expected
    finite = torch.isfinite(response.stress).all(-1)
    assert finite.tolist() == [[True] * 5, [True] * 3 + [False] * 2, [True] * 3 + [False] * 2]
    assert response.parts[1].tolist() == [0, 1, 1, 0, 0]
    alone = follow_strain_path(PLASTIC["matrix"], torch.arange(5.0), strain[:1])
    torch.testing.assert_close(response.stress[:1], alone.stress)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((PLASTIC, torch.arange(3.0), torch.zeros(1, 3, 6)), "is no material law; give one"),
        ((laws.J2, torch.arange(3.0), torch.zeros(1, 3, 6)), "is no material law; give one"),
        ((PLASTIC["matrix"], torch.arange(3.0), torch.zeros(3, 6)), r"shape \[3, 6\]; give \[path"),
        (
            (PLASTIC["matrix"], torch.arange(4.0), torch.zeros(1, 3, 6)),
            r"shape \[4\]; give \[3\] o",
        ),
        ((PLASTIC["matrix"], torch.zeros(3), torch.zeros(1, 3, 6)), "must be finite and rise"),
        ((PLASTIC["matrix"], torch.arange(3.0), torch.ones(1, 3, 6)), "not start at zero strain"),
    ],
)
def test_bad_paths(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        follow_strain_path(*arguments)
