"""Laws that a user writes in C++."""

import re

import pytest
import torch
from helpers.differences import tangent_error
from helpers.laws import random_strain
from helpers.networks import random_network

from dmn_fe import InputError, laws, mandel
from dmn_fe.evaluate import CompiledLaw, NetworkLaw
from dmn_fe.evaluate.core.compiler import CompilationError, find_compiler
from dmn_fe.laws import Status

if find_compiler() is None:
    pytest.skip("there is no C++ compiler", allow_module_level=True)

MODULI = {"bulk": 3000.0 / (3 * 0.3), "shear": 3000.0 / 2.7}
# J2 with linear hardening, which has a closed form.
PLASTIC = """
    T trial[6];
    for (int i = 0; i < 6; ++i) trial[i] = strain[i] - state[i];
    deviator(trial, trial);
    for (int i = 0; i < 6; ++i) trial[i] = 2.0 * shear * trial[i];
    const T mises = sqrt(1.5 * square(trial) + 1e-300);
    const T over = mises - yield_stress - modulus * state[6];
    const Mask flows = over > 0.0;
    const T increment = select(flows, over / (3.0 * shear + modulus), 0.0);
    const T theta = 1.0 - 3.0 * shear * increment / mises;
    const T pressure = bulk * trace(strain);
    for (int i = 0; i < 6; ++i) {
        stress[i] = theta * trial[i];
        if (i < 3) stress[i] = stress[i] + pressure;
        new_state[i] = state[i] + (1.0 - value(theta)) * value(trial[i]) / (2.0 * shear);
    }
    new_state[6] = state[6] + value(increment);
    elastic = is_not(flows);
"""
J2 = laws.J2(3000.0, 0.35, laws.LinearHardening(30.0, 200.0))


def plastic(source: str = PLASTIC, state_size: int = 7) -> CompiledLaw:
    parameters = {**MODULI, "yield_stress": 30.0, "modulus": 200.0}
    return CompiledLaw(source, parameters, state_size, is_isotropic=True, symmetric=True)


def test_a_written_law_equals_the_shipped_one():
    state = J2.initial_state(50)
    for seed in range(3):
        strain = random_strain(50, 0.01, seed)
        own, shipped = plastic().integrate(strain, state), J2.integrate(strain, state)
        for name in ("stress", "state", "tangent"):
            values, expected = getattr(own, name), getattr(shipped, name)
            torch.testing.assert_close(values, expected, rtol=1e-11, atol=1e-12)
        state = own.state


def test_a_network_takes_it_and_keeps_its_tangent():
    phases = {"matrix": plastic(), "inclusion": laws.Elastic.isotropic(70000.0, 0.2)}
    law = NetworkLaw(random_network(4), phases, 1e-12, backend="cpu")
    shipped = NetworkLaw(law.network, {**phases, "matrix": J2}, 1e-12, backend="torch")
    strain = random_strain(30, 0.006, 0)
    first = law.integrate(strain, law.initial_state(30))
    expected = shipped.integrate(strain, shipped.initial_state(30))
    torch.testing.assert_close(first.stress, expected.stress, rtol=1e-10, atol=1e-9)
    assert tangent_error(law, 1.5 * strain, first.state).max() <= 1e-6


def test_what_is_not_linear_elastic_is_differentiated():
    law = CompiledLaw(
        """
        const T stiffening = exp(rate * square(strain)) + log(1.0 + pow(square(strain), 1.5));
        for (int i = 0; i < 6; ++i) stress[i] = modulus * stiffening * strain[i] / sqrt(2.0);
        """,
        {"rate": 40.0, "modulus": 1000.0},
    )
    assert tangent_error(law, random_strain(40, 0.1, 1), law.initial_state(40)).max() <= 1e-6


def test_the_line_that_does_not_compile_is_shown():
    law = CompiledLaw("stress[0] = strain[0];\nstress[1] = stiffnes * strain[1];", name="my foam")
    with pytest.raises(CompilationError, match=r"(?s)my foam:2:.*stiffnes"):
        law.integrate(random_strain(2, 0.1, 0), law.initial_state(2))
    phases = {"matrix": law, "inclusion": laws.Elastic.isotropic(1.0, 0.2)}
    with pytest.raises(CompilationError, match="my foam:2:"):
        NetworkLaw(random_network(2), phases)


def test_a_state_that_is_too_small_is_named():
    law = plastic(state_size=6)
    with pytest.raises(CompilationError, match=r"law:\d+: .*index lies beyond state_size"):
        law.integrate(random_strain(2, 0.1, 0), law.initial_state(2))


# Remembers the first component of its strain.
MEMORY = (
    "stress[i] = strain[i] / (1.0 + 100.0 * state[0]); new_state[0] = value(strain[0] * strain[0]);"
)
# Which leave hardly any stress at large strains, or after long times.
DAMAGE = """
    const T size = sqrt(square(strain) + 1e-300);
    const T most = max(size, max(T(state[0]), onset));
    const T left = onset / most * exp(0.5 * (1.0 - most / onset));
    for (int i = 0; i < 6; ++i) stress[i] = modulus * left * strain[i];
    new_state[0] = value(most);
"""
RELAXING = """
    for (int i = 0; i < 6; ++i) {
        const T viscous = (state[i] + dt / time * strain[i]) / (1.0 + dt / time);
        stress[i] = modulus * (strain[i] - viscous);
        new_state[i] = value(viscous);
    }
"""
WRITTEN = [
    "T q = 0.0; for (int i = 0; i < 6; ++i) q += strain[i] * strain[i];",
    "T q(1.0); q -= 3 * strain[0]; q *= 2; q /= 1 + strain[1];",
    "T q = max(strain[0], 0.0) - min(0.1, strain[1]) + fabs(strain[2]);",
    "T q = tanh(strain[0]) + sin(strain[1]) + cos(strain[2]);",
    "T q = pow(1.0 + strain[0], 1.5 + strain[1]) + pow(1.0 + strain[2], 2);",
    "T q = select(strain[0] > 0.01, 1.0, 2.0) * select(g > 1.0, strain[0], 0.0);",
    "const auto high = value(strain[0]) >= 0.01; T q = select(high, 0.0, strain[0]);",
    "T q = state[0] + exp(-2 * g) + log(g) + sqrt(g); new_state[0] = value(strain[0]);",
    "const double c = cos(g), m = max(g, 1.0) + tanh(g) + abs(-g); T q = (c + m) * strain[0];",
    "const Real m = max(state[0], 1.0) + min(1.0, sin(state[0])); T q = m * strain[0];",
    "T q = max(strain[0], 0) + max(strain[1], g) + abs(strain[2]);",
    "T r[6]; deviator(strain, r); T q = square(r) + trace(strain);",
]


@pytest.mark.parametrize("source", WRITTEN)
def test_what_one_would_write_compiles_and_is_differentiated(source):
    source += " for (int i = 0; i < 6; ++i) stress[i] = 2.0 * strain[i] + q;"
    law = CompiledLaw(source, {"g": 2.0}, 1)
    strain, state = random_strain(40, 0.05, 1), law.initial_state(40)
    assert not law.integrate(strain, state).status.any()
    assert tangent_error(law, strain, state).max() <= 1e-6


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("if (strain[0] > 0.0) stress[0] = strain[0];", r"choose by select\(condition, a, b\)"),
        ("new_state[0] = strain[0];", r"values are meant here: value\(x\)"),
        ("Real q = 0.0;", r"splat\(0\.0\)"),
    ],
)
def test_mistakes_are_shown_with_their_line_and_what_to_write(source, advice):
    law = CompiledLaw("// first line\n" + source, state_size=1)
    with pytest.raises(CompilationError, match=rf"(?s)law:2:.*{re.escape(source)}\n\(.*{advice}"):
        law.integrate(random_strain(2, 0.1, 0), law.initial_state(2))


@pytest.mark.parametrize("source", ["stress[6] = strain[0];", "stress[0] = strain[6];"])
def test_a_component_too_many_is_named(source):
    law = CompiledLaw(source)
    with pytest.raises(CompilationError, match=r"law:1: .*index lies beyond 5"):
        law.integrate(random_strain(2, 0.1, 0), law.initial_state(2))


def test_an_index_that_is_known_late_fails_in_its_point():
    source = "for (int i = 0; i < 6; ++i) stress[i] = strain[i]; new_state[int(many)] = splat(1.0);"
    inside, outside = (CompiledLaw(source, {"many": many}, 4) for many in (3.0, 200.0))
    strain = random_strain(3, 0.1, 0)
    assert inside.integrate(strain, inside.initial_state(3)).status.tolist() == [0] * 3
    update = outside.integrate(strain, outside.initial_state(3))
    assert update.status.tolist() == [Status.MAX_ITERATIONS] * 3
    assert not update.state.any()
    many = CompiledLaw("for (int i = 0; i < int(n); ++i) stress[i] = strain[i];", {"n": 7.0})
    assert many.integrate(strain, many.initial_state(3)).status.tolist() == [1] * 3


def test_a_stress_that_is_not_set_is_not_converged():
    law = CompiledLaw("for (int i = 0; i < 3; ++i) stress[i] = strain[i];")
    update = law.integrate(random_strain(2, 0.1, 0), law.initial_state(2))
    assert update.status.tolist() == [Status.NOT_FINITE] * 2


def test_one_source_may_have_two_names():
    source = "for (int i = 0; i < 6; ++i) stress[i] = lambda * strain[i];"
    phases = {
        "matrix": CompiledLaw(source, {"lambda": 100.0}, name="soft", symmetric=True),
        "inclusion": CompiledLaw(source, {"lambda": 900.0}, name="hard", symmetric=True),
    }
    law = NetworkLaw(random_network(2), phases, backend="cpu")
    assert not law.integrate(random_strain(9, 0.1, 0), law.initial_state(9)).status.any()


def test_a_law_in_torch_beside_it_takes_the_network_to_torch():
    matrix = CompiledLaw("for (int i = 0; i < 6; ++i) stress[i] = 100.0 * strain[i];")
    other = laws.Batched(lambda strain, state, dt: (900.0 * strain, state))
    law = NetworkLaw(random_network(2), {"matrix": matrix, "inclusion": other})
    assert not law.integrate(random_strain(9, 0.1, 0), law.initial_state(9)).status.any()


def test_what_is_said_of_a_law_is_tried():
    elastic = "for (int i = 0; i < 6; ++i) stress[i] = modulus * strain[i];"
    turning = elastic + " stress[0] = stress[0] + 0.1 * modulus * strain[1];"
    stiffening = elastic + " stress[0] = stress[0] * (1.0 + 100.0 * square(strain));"
    counting = elastic + " new_state[0] = state[0] + 1.0;"
    always = " elastic = every_lane();"
    slow = " if (dt > 5.0) stress[0] = 0.5 * stress[0];" + always
    for source, size, symmetric, word in (
        (turning, 0, True, "says symmetric.* leave symmetric = False"),
        (stiffening + always, 0, False, "its tangent is not that of the virgin"),
        (elastic + slow, 0, False, "its tangent is not that of the virgin"),
        (counting + always, 1, False, "its state changes"),
    ):
        law = CompiledLaw(source, {"modulus": 100.0}, size, "my foam", symmetric=symmetric)
        phases = {"matrix": law, "inclusion": laws.Elastic.isotropic(1000.0, 0.2)}
        for backend in ("auto", "torch"):
            with pytest.raises(InputError, match=f"'my foam': it .*{word}"):
                NetworkLaw(random_network(2), phases, backend=backend)


@pytest.mark.parametrize("modulus", [30.0, 30e9])
@pytest.mark.parametrize(("source", "size"), [(DAMAGE, 1), (RELAXING, 6)])
def test_laws_that_lose_their_stress_are_taken(source, size, modulus):
    parameters = {"modulus": modulus, "onset": 1e-4, "time": 1e-6}
    law = CompiledLaw(source, parameters, size, is_isotropic=True, symmetric=True)
    phases = {"matrix": law, "inclusion": laws.Elastic.isotropic(modulus, 0.2)}
    NetworkLaw(random_network(2), phases)


def test_a_law_without_a_tangent_to_start_with_is_refused():
    text = "for (int i = 0; i < 6; ++i) stress[i] = strain[i] * "
    inclusion = laws.Elastic.isotropic(1000.0, 0.2)
    NetworkLaw(
        random_network(2),
        {"matrix": CompiledLaw(text + "pow(square(strain), 1.5);"), "inclusion": inclusion},
    )
    law = CompiledLaw(text + "sqrt(square(strain));")
    with pytest.raises(InputError, match=r"its tangent is not a number.*sqrt\(x \+ 1e-300"):
        NetworkLaw(random_network(2), {"matrix": law, "inclusion": inclusion})


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (
            "stress[i] = strain[0] * value(strain[i]);",
            "not the derivative of its stress",
        ),
        ("stress[i] = strain[i]; failed = every_lane();", "where networks start, it fails"),
        ("if (i < 3) stress[i] = strain[i];", "set all six"),
        ("stress[i] = (1.0 + i) * strain[i];", "says is_isotropic, but depends"),
        (MEMORY, "says is_isotropic, but depends"),
    ],
)
def test_what_a_network_could_not_take_is_refused(source, word):
    source = "for (int i = 0; i < 6; ++i) { " + source + " }"
    matrix = CompiledLaw(source, state_size=1, is_isotropic=True)
    phases = {"matrix": matrix, "inclusion": laws.Elastic.isotropic(1000.0, 0.2)}
    with pytest.raises(InputError, match=word):
        NetworkLaw(random_network(2), phases)


def test_a_state_that_is_not_a_number_is_seen_in_a_network():
    source = """
        for (int i = 0; i < 6; ++i) stress[i] = 100.0 * strain[i];
        new_state[0] = state[0] + log(1.0 + 50.0 * value(strain[0]));
    """
    matrix, inclusion = CompiledLaw(source, state_size=1), laws.Elastic.isotropic(9.0, 0.0)
    strain, found = random_strain(6, 0.1, 0), []
    for backend in ("cpu", "torch"):
        law = NetworkLaw(
            random_network(2), {"matrix": matrix, "inclusion": inclusion}, backend=backend
        )
        found.append(law.integrate(strain, law.initial_state(6)).status)
    assert torch.equal(*found)
    assert 0 < (found[0] == Status.NOT_FINITE).sum() < 6


def test_a_deviator_may_be_the_stress():
    law = CompiledLaw("deviator(strain, stress);")
    strain = random_strain(6, 0.1, 0)
    found = law.integrate(strain, law.initial_state(6)).stress
    torch.testing.assert_close(found, mandel.deviator(strain))


def test_statements_may_not_leave_the_law():
    law = CompiledLaw("stress[0] = strain[0]; return {no_lane(), no_lane()};", name="my foam")
    with pytest.raises(CompilationError, match="my foam:1:"):
        law.integrate(random_strain(2, 0.1, 0), law.initial_state(2))


def test_not_a_number_is_a_status():
    source = "for (int i = 0; i < 6; ++i) stress[i] = modulus * log(1.0 + strain[i]);"
    law = CompiledLaw(source, {"modulus": 1000.0})
    strain = random_strain(6, 0.1, 0).abs()
    strain[2, 3] = -2.0
    status = law.integrate(strain, law.initial_state(6)).status
    assert status.tolist() == [0, 0, Status.NOT_FINITE, 0, 0, 0]
    phases = {"matrix": law, "inclusion": laws.Elastic.isotropic(70000.0, 0.2)}
    update = NetworkLaw(random_network(2), phases).integrate(strain, torch.zeros(6, 15).double())
    assert update.status[2] != Status.CONVERGED


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"source": " "}, "source is empty"),
        ({"state_size": -1}, "state_size = -1"),
        ({"state_size": 1.5}, r"state_size = 1\.5"),
        ({"name": 'a"b'}, "name ="),
        ({"name": 3}, "name = 3"),
        ({"source": "if (1) { stress[0] = strain[0];"}, "braces"),
        ({"source": "#include <cmath>"}, "begins with #"),
        ({"parameters": [1.0]}, "as a dictionary"),
        ({"parameters": {"double": 1.0}}, "is named 'double'"),
        ({"parameters": {"strain": 1.0}}, "is named 'strain'"),
        ({"parameters": {"step_": 1.0}}, "is named 'step_'"),
        ({"parameters": {"2x": 1.0}}, "is named '2x'"),
        ({"parameters": {"x": float("nan")}}, "x = nan"),
        ({"parameters": {"x": "3"}}, "x = '3'"),
    ],
)
def test_bad_arguments_are_named(changes, word):
    with pytest.raises(InputError, match=word):
        CompiledLaw(**{"source": "stress[0] = strain[0];", **changes})
