"""Crystal plasticity against closed forms, an evaluation of its own, and symmetry."""

import itertools
import math

import pytest
import torch
from helpers.laws import random_strain, strains_up_to, stretched_bar

from dmn_fe import InputError, laws, mandel

COPPER = (168400.0, 121400.0, 75400.0)
ISOTROPIC = (160000.0, 80000.0, 40000.0)
PERFECT = laws.LinearHardening(50.0)
VOCE = laws.VoceHardening(16.0, 132.0, 180.0 / 132.0)


def crystal(exponent, hardening=VOCE, elastic=COPPER, rate=1e-3):
    return laws.CrystalPlasticity(*elastic, hardening, rate, exponent)


def slip_systems():
    """Normals and directions of {111}<110>, found by search, ``[12, 3]`` each."""
    diagonals = [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)]
    normals = [(1, *rest) for rest in itertools.product((1, -1), repeat=2)]
    systems = [
        (n, d)
        for n, d in itertools.product(normals, diagonals)
        if sum(a * b for a, b in zip(n, d, strict=True)) == 0
    ]
    assert len(systems) == 12
    planes, lines = torch.tensor(systems, dtype=torch.float64).unbind(1)
    return planes / math.sqrt(3.0), lines / math.sqrt(2.0)


def residual(law, strain, old, update, dt):
    """How far a step is from the equations, relative to the strain, evaluated with 3×3 tensors."""
    normals, directions = slip_systems()
    stress = mandel.to_tensor(update.stress)
    resolved = torch.einsum("si,nij,sj->ns", directions, stress, normals)
    resistance, _ = law.hardening(update.state[:, 6])
    ratio = resolved / resistance[:, None]
    slips = dt * law.reference_rate * ratio.abs() ** law.exponent * ratio.sign()
    flow = torch.einsum("ns,si,sj->nij", slips, directions, normals)
    change = update.state - old
    size = strain.norm(dim=-1)
    flow_error = mandel.from_tensor(0.5 * (flow + flow.mT)) - change[:, :6]
    slip_error = slips.abs().sum(-1) - change[:, 6]
    c11, c12, c44 = law.c11, law.c12, law.c44
    stiffness = torch.diag(torch.tensor([c11 - c12] * 3 + [2 * c44] * 3, dtype=torch.float64))
    stiffness[:3, :3] += c12
    elastic_error = update.stress - (strain - update.state[:, :6]) @ stiffness
    return (flow_error.norm(dim=-1) + slip_error.abs()) / size, elastic_error.norm(dim=-1) / size


@pytest.mark.parametrize("exponent", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("hardening", [VOCE, PERFECT], ids=["hardening", "perfect"])
def test_large_strains_in_one_step_solve_the_equations(exponent, hardening):
    """Up to 3 % from the virgin state and from there to another strain, slow and fast."""
    law, failed, n = crystal(exponent, hardening), 0, 1500
    for decade in range(-3, 4):
        dt = 10.0**decade * 0.015 / 1e-3
        state = law.initial_state(n)
        for seed in (0, 1):
            strain = strains_up_to(0.03, n, 10 * decade + seed + 50)
            update = law.integrate(strain, state, dt)
            good = update.status == laws.Status.CONVERGED
            failed += int((~good).sum())
            plastic, elastic = residual(law, strain, state, update, dt)
            assert plastic[good].max() < 1e-9
            assert elastic[good].max() < 1e-9 * law.c11
            state = update.state
    assert failed <= 1e-3 * 14 * n


def test_one_system_alone_flows_by_its_power_law():
    """Strain along one Schmid tensor: with a large exponent no other system takes part."""
    law, rate, dt = crystal(100.0, PERFECT, ISOTROPIC), 2e-3, 0.5
    normals, directions = slip_systems()
    schmid = torch.outer(directions[4], normals[4])
    direction = mandel.from_tensor(0.5 * (schmid + schmid.mT))[None]
    state, strain = law.initial_state(1), torch.zeros(1, 6, dtype=torch.float64)
    for _ in range(40):
        strain = strain + rate * dt * direction
        update = law.integrate(strain, state, dt)
        flow, state = update.state - state, update.state
    expected = 2.0 * 50.0 * (rate / 1e-3) ** 0.01 * direction
    torch.testing.assert_close(update.stress, expected, rtol=1e-9, atol=1e-6)
    torch.testing.assert_close(flow[:, :6], rate * dt * direction, rtol=1e-8, atol=1e-12)
    assert flow[0, 6].item() == pytest.approx(rate * dt, rel=1e-8)


@pytest.mark.parametrize("exponent", [1.0, 10.0, 20.0])
def test_tension_along_a_cube_axis_flows_on_eight_systems(exponent):
    """Each with the Schmid factor 1/√6."""
    law, rate, dt = crystal(exponent, PERFECT), 2e-3, 2.0
    state, strain = law.initial_state(1), None
    for step in range(60 if exponent > 1 else 200):
        update, strain = stretched_bar(law, rate * dt * (step + 1), state, dt, strain)
        flow, state = update.state - state, update.state
    slip = rate * math.sqrt(6.0) / 8.0
    expected = math.sqrt(6.0) * 50.0 * (slip / 1e-3) ** (1 / exponent)
    assert update.stress[0, 0].item() == pytest.approx(expected, rel=1e-8)
    assert flow[0, 6].item() == pytest.approx(8 * slip * dt, rel=1e-8)
    torch.testing.assert_close(flow[0, 1], flow[0, 2])


def test_hardening_follows_the_accumulated_slip():
    law, rate, dt = crystal(20.0), 2e-3, 2.0
    state, strain = law.initial_state(1), None
    for step in range(60):
        update, strain = stretched_bar(law, rate * dt * (step + 1), state, dt, strain)
        slip, state = (update.state - state)[0, 6].item() / 8, update.state
    resistance, _ = VOCE(state[0, 6])
    assert resistance > 60.0
    expected = math.sqrt(6.0) * resistance.item() * (slip / dt / 1e-3) ** (1 / 20.0)
    assert update.stress[0, 0].item() == pytest.approx(expected, rel=1e-8)


def test_steps_converge_with_the_first_order():
    law, time = crystal(10.0), 10.0
    target = random_strain(20, 0.01, 2)

    def stress(steps: int) -> torch.Tensor:
        state = law.initial_state(20)
        for step in range(steps):
            update = law.integrate(target * (step + 1) / steps, state, time / steps)
            state = update.state
        return update.stress

    fine = stress(640)
    errors = [(stress(steps) - fine).norm().item() for steps in (40, 80)]
    assert errors[0] / errors[1] == pytest.approx(2.15, abs=0.15)
    assert errors[1] < 0.01 * fine.norm().item()


@pytest.mark.parametrize(
    "turn",
    [
        [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],  # a quarter about e3
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],  # a third about (1, 1, 1)
    ],
)
def test_a_symmetry_of_the_cube_turns_the_response(turn):
    law, q = crystal(10.0), mandel.rotation_matrix(torch.tensor(turn, dtype=torch.float64))
    old = law.integrate(random_strain(50, 0.01, 3), law.initial_state(50), 5.0).state
    turned_old = torch.cat([old[:, :6] @ q.mT, old[:, 6:]], dim=-1)
    strain = random_strain(50, 0.02, 4)
    update = law.integrate(strain, old, 5.0)
    turned = law.integrate(strain @ q.mT, turned_old, 5.0)
    torch.testing.assert_close(turned.stress, update.stress @ q.mT, rtol=1e-9, atol=1e-8)
    torch.testing.assert_close(turned.tangent, q @ update.tangent @ q.mT, rtol=1e-7, atol=1e-3)
    torch.testing.assert_close(turned.state[:, 6], update.state[:, 6])


def test_orientations_turn_a_crystal():
    law, n = crystal(10.0), 6
    generator = torch.Generator().manual_seed(5)
    rotation = torch.linalg.qr(torch.randn(n, 3, 3, generator=generator, dtype=torch.float64))[0]
    rotation = rotation * torch.linalg.det(rotation)[:, None, None]
    strain = random_strain(1, 0.01, 6).expand(n, 6)
    update = laws.Oriented(law, rotation).integrate(strain, law.initial_state(n), 1.0)
    q = mandel.rotation_matrix(rotation)
    alone = law.integrate((q.mT @ strain[..., None])[..., 0], law.initial_state(n), 1.0)
    torch.testing.assert_close(update.stress, (q @ alone.stress[..., None])[..., 0])
    assert (update.stress - update.stress[0]).abs().max() > 1.0
    assert not law.is_isotropic


def test_dissipation_is_not_negative_on_random_paths():
    law = crystal(20.0)
    state, strain = law.initial_state(50), torch.zeros(50, 6, dtype=torch.float64)
    for step in range(20):
        strain = strain + random_strain(50, 0.002, 100 + step)
        update = law.integrate(strain, state, 0.5)
        change = update.state - state
        assert ((update.stress * change[:, :6]).sum(-1) >= 0).all()
        assert (change[:, 6] >= 0).all()
        assert mandel.trace(change[:, :6]).abs().max() < 1e-15
        state = update.state


@pytest.mark.parametrize("size", [0.0, 1e-150, 1e-12, 1.0])
@pytest.mark.parametrize("dt", [1e-300, 1e-12, 1e12, 1e200])
def test_strains_and_steps_of_all_sizes_converge(size, dt):
    law = crystal(20.0)
    strain = size * random_strain(20, 1.0, 7)
    update = law.integrate(strain, law.initial_state(20), dt)
    assert not update.status.any()
    assert torch.isfinite(update.tangent).all()


def test_an_iteration_that_is_cut_off_gets_its_status(monkeypatch):
    monkeypatch.setattr("dmn_fe.laws.crystal_step._MAX_ITERATIONS", 2)
    law, strain = crystal(20.0), random_strain(2, 0.02, 8)
    strain[1] = 0.0
    status = law.integrate(strain, law.initial_state(2), 10.0).status
    assert status.tolist() == [laws.Status.MAX_ITERATIONS, 0]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: crystal(5.0, elastic=(0.0, 0.0, 1.0)), "CrystalPlasticity: c11 = 0.0 must be abo"),
        (lambda: crystal(5.0, elastic=(2.0, 1.0, -1.0)), "c44 = -1.0 must be above zero"),
        (lambda: crystal(5.0, elastic=(2.0, 2.0, 1.0)), "c12 = 2.0 must lie between -c11 / 2 = -1"),
        (lambda: crystal(5.0, elastic=(2.0, "1", 1.0)), "c12 = '1' is not a number"),
        (lambda: crystal(0.5), "exponent = 0.5 must be at least 1"),
        (lambda: crystal(5.0, rate=-1.0), "reference_rate = -1.0 must be >= 0"),
        (lambda: crystal(5.0, 16.0), "hardening = 16.0 is no hardening law"),
    ],
)
def test_bad_parameters_are_named(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
