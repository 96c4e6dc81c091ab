# # A law of your own in a network
#
# The phases of a network may follow laws that `dmn_fe` does not ship. You write the **stress** as a
# function of strain and state; the tangent is differentiated for you. There are two ways: some
# lines of C++, which are compiled into the fast core, and a function in torch, which is quicker to
# write and slower to run.
#
# The law here is a nonlinear elastic foam that gets stiffer as it is compressed,
#
#     σ = 3K (1 + a v²) ε_vol + 2G ε_dev,    v the volumetric strain,
#
# with a state: the largest compression so far. Strains and stresses are Mandel vectors.

import time
from pathlib import Path

import torch

import dmn_fe
from dmn_fe import evaluate, laws

# ## In C++
#
# `strain[0 … 5]`, `state[…]`, `dt` and the parameters by their names are given; you set
# `stress[0 … 5]` and `new_state[…]`. `T` is the type of a number that carries its derivatives,
# `Real` of one that does not, and `value(x)` takes them off. Several points are computed side by
# side, so instead of `if` there is `select(condition, a, b)`.

foam = evaluate.CompiledLaw(
    """
    const T volume = trace(strain);
    const T stiffening = 1.0 + hardening * volume * volume;
    T shape[6];
    deviator(strain, shape);
    for (int i = 0; i < 6; ++i) stress[i] = 2.0 * shear * shape[i];
    for (int i = 0; i < 3; ++i) stress[i] = stress[i] + bulk * stiffening * volume;
    new_state[0] = select(value(volume) < state[0], value(volume), state[0]);
    """,
    parameters={"bulk": 80.0, "shear": 40.0, "hardening": 500.0},
    state_size=1,
    name="foam",
    is_isotropic=True,
    symmetric=True,
)

# A mistake is shown with its line, before anything is computed:

try:
    strain = torch.zeros(1, 6, dtype=torch.float64)
    wrong = evaluate.CompiledLaw("stress[0] = 2.0 * strain[0];\nstress[1] = sher;", name="foam")
    wrong.integrate(strain, wrong.initial_state(1))
except dmn_fe.InputError as error:
    print(error)

# ## In torch
#
# The same for all points at once, `[n, 6]` and `[n, 1]`.


def foam_in_torch(strain, state, dt):
    """Stress and new state of the foam."""
    volume = strain[:, :3].sum(-1, keepdim=True)
    shape = strain - volume / 3.0 * dmn_fe.mandel.IDENTITY
    pressure = 80.0 * (1.0 + 500.0 * volume**2) * volume
    stress = 80.0 * shape + pressure * dmn_fe.mandel.IDENTITY
    return stress, torch.minimum(state, volume)


prototype = laws.Batched(foam_in_torch, 1, is_isotropic=True, symmetric=True)

# ## Both in a network
#
# The network sees no difference but the time. (Laws without a compiled form are evaluated in torch,
# and a warning says so.)

network = dmn_fe.load(Path(__file__).with_name("spheres.dmn"))
glass = laws.Elastic.isotropic(72000.0, 0.22)
generator = torch.Generator().manual_seed(0)
strain = 0.02 * torch.randn(2000, 6, generator=generator, dtype=torch.float64)
stresses = {}
for name, law in {"C++": foam, "torch": prototype}.items():
    composite = evaluate.network_law(network, {"matrix": law, "inclusion": glass})
    state = composite.initial_state(len(strain))
    composite.integrate(strain[:1], state[:1])  # whatever is done once, is done
    start = time.perf_counter()
    update = composite.integrate(strain, state)
    seconds = time.perf_counter() - start
    assert not update.status.any()
    print(f"{name}: {1e6 * seconds / len(strain):.1f} µs a point")
    stresses[name] = update.stress

difference = (stresses["C++"] - stresses["torch"]).abs().max() / stresses["torch"].abs().max()
print(f"largest relative difference {difference:.1e}")
assert difference < 1e-7
