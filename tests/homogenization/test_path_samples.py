"""Nonlinear samples: what is drawn, stresses against independent solutions, the file."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.optimize
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from dmn_fe import laws, mandel
from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    MacroLoad,
    PathDataset,
    StiffnessDataset,
    VoxelProblem,
    check_path_dataset,
    make_dataset,
    make_path_dataset,
    path_generation,
    samples_kept,
)
from dmn_fe.homogenization.path_sampler import sample_paths
from dmn_fe.homogenization.path_solver import path_stresses
from dmn_fe.microstructure import VoxelRVE, random_spheres

KINDS = ("one-step", "history")
HEADER = "dmn_fe.path_data"
GIVEN = {
    "matrix": laws.J2(3000.0, 0.35, laws.VoceHardening(30.0, 20.0, 50.0, 10.0)),
    "inclusion": laws.Elastic.isotropic(70000.0, 0.2),
}


class Interruption(Exception):
    pass


@pytest.fixture(scope="module")
def rve():
    return random_spheres(voxels=6, volume_fraction=0.2, count=1, gap=1.0, seed=0)


@pytest.fixture(scope="module")
def layers():
    """A quarter of inclusion, layers across the third axis."""
    return VoxelRVE(np.array([0, 0, 0, 1]).reshape(1, 1, 4), ("matrix", "inclusion"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "samples.safetensors"


def interrupted_after(samples):
    def progress(done, total, message=""):
        if done == samples:
            raise Interruption

    return progress


def failing(monkeypatch, *strains):
    """A quick solver, stress equal to strain, that fails for samples with these strains."""

    def solve(problem, strain, dt, history):
        failed = any(torch.equal(strain, bad) for bad in strains)
        return torch.full_like(strain, torch.nan) if failed else strain, 20

    monkeypatch.setattr(path_generation, "path_stresses", solve)


@pytest.mark.parametrize("kind", KINDS)
def test_draws_are_fixed_by_seed_and_block(kind):
    drawn = sample_paths(kind, 30, 4, (1.0, 13.0), 5, 1)
    for one, other in zip(drawn, sample_paths(kind, 30, 4, (1.0, 13.0), 5, 1), strict=True):
        assert torch.equal(one, other)
    for arguments in ((5, 0), (6, 1)):
        other = sample_paths(kind, 30, 4, (1.0, 13.0), *arguments)
        assert not torch.equal(drawn[0], other[0])
        assert not torch.equal(drawn[1], other[1])


@pytest.mark.parametrize("kind", KINDS)
def test_strains_are_nearly_deviatoric_and_log_uniform(kind):
    strain, _ = sample_paths(kind, 500, 3, (1.0, 13.0), 2)
    assert strain.shape == (500, 3, 6)
    if kind == "history":
        strain = strain.diff(dim=1, prepend=torch.zeros(500, 1, 6, dtype=torch.float64))
    norm = strain.norm(dim=-1)
    unit = strain / norm[..., None]
    cosine = (unit[:, 1:] * unit[:, :-1]).sum(-1)
    if kind == "one-step":
        assert (norm.diff(dim=1) > 0).all()
        torch.testing.assert_close(cosine, torch.ones_like(cosine))
    else:
        assert cosine.mean().abs() < 0.05  # corners of all angles
        assert cosine.min() < -0.8
        assert len(set(map(tuple, norm.argsort(1).tolist()))) == 6  # orders
        norm = norm.sort(1).values
    # One norm in each of the 500 layers of each third of the logarithm.
    place = 3.0 * norm.log() / math.log(13.0) - torch.arange(3.0)
    layer = (500 * place).floor().long().sort(0).values
    assert torch.equal(layer, torch.arange(500)[:, None].expand(500, 3))
    # The volumetric part relative to the deviatoric one is normal with deviation 0.15.
    volumetric = (unit @ mandel.IDENTITY / math.sqrt(3.0)).flatten()
    ratio = volumetric / mandel.deviator(unit).norm(dim=-1).flatten()
    assert ratio.std().item() == pytest.approx(0.15, rel=0.1)
    assert ratio.mean().abs() < 0.03


def test_materials_are_a_latin_hypercube():
    _, material = sample_paths("one-step", 400, 3, (1.0, 13.0), 2, phases=3)
    assert material.shape == (400, 3, 4)
    matrix, rest = material[:, 0], material[:, 1:]
    assert torch.equal(matrix[:, [0, 2]], torch.ones(400, 2, dtype=torch.float64))
    assert torch.isinf(rest[..., 2]).all()
    assert (rest[..., 3] == 0.0).all()
    columns = {
        "hardening": torch.log(matrix[:, 3:] / 0.003) / math.log(100.0),
        "ratio": torch.log(rest[..., 0] / 0.1) / math.log(200.0),
        "poisson": (material[..., 1] - 0.2) / 0.2,
    }
    for values in columns.values():
        layer = (400 * values).floor().long().sort(0).values
        assert torch.equal(layer, torch.arange(400)[:, None].expand(layer.shape))


def test_one_step_stresses_are_those_of_steps_from_the_virgin_state(rve, path):
    made = make_path_dataset(rve, "one-step", 1, 7, path, 3, tolerance=1e-6)
    assert (len(made), made.kind, made.phase_names) == (1, "one-step", rve.names)
    assert made.volume_fractions == rve.volume_fractions
    assert made.meta["rve_hash"] == rve.hash
    assert torch.equal(made.dt, torch.ones(1, 3, dtype=torch.float64))
    assert made.laws(0)["matrix"].hardening.modulus == made.material[0, 0, 3]
    problem = VoxelProblem(rve, made.laws(0), tolerance=1e-6)
    for strain, stress in zip(made.strain[0, :2], made.stress[0, :2], strict=True):
        update = problem.solve(MacroLoad.of_strain(strain), problem.initial_state())
        assert update.converged
        error = (stress - update.stress).norm() / update.stress.norm()
        assert error <= 1e-5
    elastic = torch.stack([mandel.isotropic_stiffness(*row[:2]) for row in made.material[0]])
    assert not torch.allclose(made.stress[0, 2], elastic.mean(0) @ made.strain[0, 2], rtol=0.1)


def test_the_default_number_of_steps(layers, tmp_path):
    for kind, steps in (("one-step", 1), ("history", 3)):
        made = make_path_dataset(layers, kind, 2, 0, tmp_path / f"{kind}.safetensors")
        assert made.stress.shape == (2, steps, 6)


def test_the_default_tolerance_gives_four_digits(rve, path, tmp_path):
    loose = make_path_dataset(rve, "one-step", 1, 1, path)
    tight = make_path_dataset(rve, "one-step", 1, 1, tmp_path / "b.safetensors", tolerance=1e-7)
    error = (loose.stress - tight.stress).norm(dim=-1) / tight.stress.norm(dim=-1)
    assert 0.0 < error.max() <= 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_a_laminate_of_j2_and_elastic_layers(layers, path, kind):
    """Three unknown jumps of the strain across the interface, solved by scipy."""
    made = make_path_dataset(layers, kind, 3, 3, path, 3, tolerance=1e-9)
    assert made.stress.shape == (3, 3, 6)
    yielded = 0
    for sample in range(3):
        stress, plastic = laminate_path(
            mandel.to_tensor(made.strain[sample]).numpy(), made.material[sample].numpy(), kind
        )
        expected = mandel.from_tensor(torch.from_numpy(stress))
        torch.testing.assert_close(made.stress[sample], expected, rtol=1e-6, atol=1e-7)
        yielded += plastic
    assert yielded >= 6  # of 9 steps


def laminate_path(strain, material, kind):
    """Stress ``[steps, 3, 3]`` for 3/4 J2 and 1/4 elastic layers with normal e3, and the number of
    steps with plastic flow; tensors and a return mapping of its own."""
    (young, poisson, yield_stress, hardening), (stiff, stiff_poisson, _, _) = material
    normal, identity = np.array([0.0, 0.0, 1.0]), np.eye(3)

    def elastic(young, poisson, strain):
        lame, shear = (
            young * poisson / ((1 + poisson) * (1 - 2 * poisson)),
            young / 2 / (1 + poisson),
        )
        return lame * np.trace(strain) * identity + 2 * shear * strain

    def j2(strain, flow, p):
        trial, shear = elastic(young, poisson, strain - flow), young / 2 / (1 + poisson)
        deviator = trial - np.trace(trial) / 3 * identity
        mises = math.sqrt(1.5 * (deviator**2).sum())
        excess = mises - yield_stress - hardening * p
        if excess <= 0:
            return trial, flow, p
        step = excess / (3 * shear + hardening)
        direction = 1.5 * deviator / mises
        return trial - 2 * shear * step * direction, flow + step * direction, p + step

    flow, p, stresses, plastic = np.zeros((3, 3)), 0.0, [], 0
    for target in strain:

        def parts(jump, target=target):
            part = (np.outer(jump, normal) + np.outer(normal, jump)) / 2
            return target - part / 4, target + 3 * part / 4

        def traction(jump, flow=flow, p=p, parts=parts):
            soft, hard = parts(jump)
            return (j2(soft, flow, p)[0] - elastic(stiff, stiff_poisson, hard)) @ normal

        solution = scipy.optimize.root(traction, np.zeros(3), tol=1e-13)
        assert np.abs(traction(solution.x)).max() < 1e-9
        soft, hard = parts(solution.x)
        stress, new_flow, new_p = j2(soft, flow, p)
        stresses.append(0.75 * stress + 0.25 * elastic(stiff, stiff_poisson, hard))
        plastic += new_p > p
        if kind == "history":
            flow, p = new_flow, new_p
    return np.stack(stresses), plastic


@pytest.mark.parametrize("history", [False, True])
def test_a_step_that_fails_is_reached_by_stages_of_its_guess(layers, history):
    """The step is not cut: its stress is that of the whole step."""
    strain, material = sample_paths(KINDS[history], 1, 2, (1.0, 13.0), 1)
    random = path_generation.random_laws(layers.names, material[0])
    dt = torch.ones(2, dtype=torch.float64)

    class Timid(VoxelProblem):
        far = 0

        def solve(self, load, state, dt=0.0):
            update = super().solve(load, state, dt)
            if (load.strain - state["strain"]).norm() > reach:
                self.far += 1
                update.converged = False
            return update

    expected, _ = path_stresses(VoxelProblem(layers, random, 1e-8), strain[0], dt, history)
    reach = 1.5
    timid = Timid(layers, random, 1e-8)
    stress, iterations = path_stresses(timid, strain[0], dt, history)
    assert timid.far > 1
    assert iterations > 3
    torch.testing.assert_close(stress, expected, rtol=1e-6, atol=1e-7)
    reach = 0.01
    assert path_stresses(timid, strain[0], dt, history)[0].isnan().all()


@pytest.mark.parametrize("kind", KINDS)
def test_resumed_and_appended_runs_end_in_the_same_bytes(layers, path, tmp_path, kind):
    whole, steps = tmp_path / "whole.safetensors", {"steps": 2}
    make_path_dataset(layers, kind, 3, 3, whole, **steps)
    first = make_path_dataset(layers, kind, 5, 3, whole, **steps)
    for n, stop in ((3, 1), (3, 2), (5, 4)):
        with pytest.raises(Interruption):
            make_path_dataset(layers, kind, n, 3, path, progress=interrupted_after(stop), **steps)
        assert samples_kept(path) == (stop if n == 3 else 1)
        if stop == 2:
            make_path_dataset(layers, kind, 3, 3, path, **steps)
    calls = []
    grown = make_path_dataset(
        layers, kind, 5, 3, path, progress=lambda *call: calls.append(call[:2]), **steps
    )
    assert calls == [(4, 5), (5, 5)]
    assert grown.meta["blocks"] == [3, 2]
    assert path.read_bytes() == whole.read_bytes()
    assert torch.equal(PathDataset.load(path).stress, first.stress)
    assert sorted(tmp_path.iterdir()) == [path, whole]
    before = path.stat().st_mtime_ns
    make_path_dataset(layers, kind, 5, 3, path, **steps)
    assert path.stat().st_mtime_ns == before


def test_samples_that_fail_are_left_out_and_told(layers, path, tmp_path, monkeypatch):
    strain, _ = sample_paths("one-step", 40, 1, (1.0, 13.0), 3)
    failing(monkeypatch)
    whole = make_path_dataset(layers, "one-step", 40, 3, tmp_path / "whole.safetensors")
    assert whole.meta["failed"] == []
    failing(monkeypatch, strain[3], strain[17])
    messages = []
    with pytest.raises(Interruption):
        make_path_dataset(layers, "one-step", 40, 3, path, progress=interrupted_after(9))
    made = make_path_dataset(
        layers, "one-step", 40, 3, path, progress=lambda *call: messages.append(call[2])
    )
    assert made.meta["failed"] == [3, 17]
    assert (len(made), made.meta["samples"]) == (38, 40)
    kept = [number for number in range(40) if number not in (3, 17)]
    for name in ("strain", "stress", "material", "dt"):
        assert torch.equal(getattr(made, name), getattr(whole, name)[kept])
    assert sum("without convergence" in message for message in messages) == 1
    grown = make_path_dataset(layers, "one-step", 42, 3, path)
    assert grown.meta["failed"] == [3, 17]
    assert torch.equal(grown.stress[:38], made.stress)


def test_too_many_failures_are_an_error_that_stays(layers, path, monkeypatch):
    strain, _ = sample_paths("one-step", 20, 1, (1.0, 13.0), 3)
    failing(monkeypatch, strain[2], strain[4])
    sentence = "2 of 20 samples did not converge, more than 5%; ask for more samples"
    for kept in (5, 5):
        with pytest.raises(InputError, match=sentence):
            make_path_dataset(layers, "one-step", 20, 3, path)
        assert samples_kept(path) == kept
        assert not path.exists()


@dataclass(frozen=True)
class Viscous:
    """Linear viscosity beside elasticity: σ = C (ε + τ ε̇), the last strain as state."""

    stiffness: torch.Tensor
    time: float
    state_size = 6

    def initial_state(self, n):
        return torch.zeros(n, 6, dtype=torch.float64)

    def integrate(self, strain, state, dt=0.0):
        stress = (strain + self.time / dt * (strain - state)) @ self.stiffness
        tangent = (1.0 + self.time / dt) * self.stiffness
        return laws.Update(stress, strain, lambda: tangent.expand(len(strain), 6, 6))


def test_laws_of_the_user(rve, path, tmp_path):
    arguments = (rve, "history", 1, 0, path, 2, GIVEN, (0.004, 0.02))
    made = make_path_dataset(*arguments, tolerance=1e-6)
    assert made.material.isnan().all()
    assert made.meta["laws_fingerprint"] == laws.laws_fingerprint(GIVEN)
    norm = made.strain.diff(dim=1, prepend=torch.zeros(1, 1, 6).double()).norm(dim=-1)
    assert norm.min() >= 0.004
    assert norm.max() <= 0.02
    problem = VoxelProblem(rve, GIVEN, tolerance=1e-6)
    state = problem.initial_state()
    for strain, stress in zip(made.strain[0], made.stress[0], strict=True):
        update = problem.solve(MacroLoad.of_strain(strain), state)
        assert update.converged
        state = update.state
        torch.testing.assert_close(stress, update.stress, rtol=1e-4, atol=1e-4)
    assert laws.laws_fingerprint(made.laws(0)) == laws.laws_fingerprint(GIVEN)
    with pytest.raises(InputError, match="made with laws_fingerprint = "):
        make_path_dataset(*arguments[:6], {**GIVEN, "inclusion": GIVEN["matrix"]}, (0.004, 0.02))
    assert len(make_path_dataset(rve, "history", 2, *arguments[3:], tolerance=1e-6)) == 2


def test_time_of_a_step(layers, path):
    stiffness = mandel.isotropic_stiffness(1.0, 0.3)
    viscous = dict.fromkeys(layers.names, Viscous(stiffness, 3.0))
    made = make_path_dataset(layers, "history", 2, 0, path, 3, viscous, (0.1, 1.0), dt=0.5)
    rate = made.strain.diff(dim=1, prepend=torch.zeros(2, 1, 6).double()) / 0.5
    torch.testing.assert_close(made.stress, (made.strain + 3.0 * rate) @ stiffness)


def test_wrong_input_is_one_sentence_and_writes_nothing(layers, path, tmp_path):
    good = {"rve": layers, "kind": "one-step", "n": 3, "seed": 0, "path": path}
    for change, sentence in (
        ({"kind": "tangent-like"}, "kind = 'tangent-like' is unknown: give one of one-step, hist"),
        ({"n": 0}, "n = 0 must be a positive"),
        ({"n": 1.5}, "n = 1.5 must be a whole number"),
        ({"seed": -1}, "seed = -1"),
        ({"steps": 0}, "steps = 0 must be a positive whole number"),
        ({"steps": 2.5}, "steps = 2.5 must be a whole number"),
        ({"tolerance": 2.0}, "tolerance = 2.0"),
        ({"dt": -1.0}, "dt = -1.0 must be a finite number"),
        ({"rve": layers.phase}, "this needs a VoxelRVE"),
        ({"laws": {"matrix": GIVEN["matrix"]}}, "phase 'inclusion' has no law"),
        ({"laws": GIVEN}, "strain_scale is missing"),
        ({"laws": GIVEN, "strain_scale": 0.01}, "strain_scale = 0.01 must be two numbers"),
        ({"strain_scale": (2.0, 1.0)}, "must be two rising numbers above zero"),
        ({"path": tmp_path / "none" / "a"}, "does not exist"),
    ):
        for function in (make_path_dataset, check_path_dataset):
            with pytest.raises(InputError, match=sentence):
                function(**{**good, **change})
    assert list(tmp_path.iterdir()) == []


def test_other_data_is_never_overwritten(layers, path, tmp_path):
    make_path_dataset(layers, "one-step", 2, 0, path, 3)
    content = path.read_bytes()
    for arguments, sentence in (
        (("one-step", 2, 1, path, 3), "made with seed = 0, not 1"),
        (("history", 2, 0, path, 3), "made with kind = 'one-step', not 'history'"),
        (("one-step", 2, 0, path), "made with steps = 3, not 1"),
        (("one-step", 2, 0, path, 4), "made with steps = 3, not 4"),
        (("one-step", 2, 0, path, 3, None, (1.0, 5.0)), "made with strain_scale"),
        (("one-step", 1, 0, path, 3), "holds 2 samples, more than 1"),
    ):
        with pytest.raises(InputError, match=sentence):
            make_path_dataset(layers, *arguments)
    with pytest.raises(InputError, match="this file is not a stiffness data set"):
        make_dataset(layers, "tangent-like", 2, 0, path)
    assert path.read_bytes() == content
    other = tmp_path / "stiffness.safetensors"
    make_dataset(layers, "tangent-like", 2, 0, other)
    with pytest.raises(InputError, match="this file is not a data set of nonlinear samples"):
        make_path_dataset(layers, "one-step", 2, 0, other)
    assert len(StiffnessDataset.load(other)) == 2
    with pytest.raises(Interruption):
        make_path_dataset(layers, "one-step", 4, 0, tmp_path / "new", progress=interrupted_after(2))
    with pytest.raises(InputError, match=r"new.partial-0: begun with tolerance = 0.0003, not"):
        make_path_dataset(layers, "one-step", 4, 0, tmp_path / "new", tolerance=1e-3)


def test_a_file_must_be_whole_and_make_sense(layers, path):
    made = make_path_dataset(layers, "one-step", 2, 0, path, 3)
    parts = {name: getattr(made, name) for name in ("strain", "stress", "material", "dt")}
    nan = torch.full_like(parts["material"], torch.nan)
    for name, value, sentence in (
        (
            "strain",
            parts["strain"][:, :2],
            r"the strain of shape \(2, 2, 6\), expected \(2, 3, 6\)",
        ),
        ("stress", parts["stress"].float(), "float64"),
        ("stress", parts["stress"] * torch.inf, "a stress of the nonlinear samples is not finite"),
        ("material", -parts["material"], "a material of the nonlinear samples makes no sense"),
        ("material", nan, "a material of the nonlinear samples makes no sense"),
        ("meta", {**made.meta, "kind": "round"}, "kind = 'round' is unknown"),
        ("meta", {**made.meta, "laws_fingerprint": "abc"}, "given laws have no material"),
        ("meta", {**made.meta, "failed": [1]}, "2 samples and 1 that failed are not 2"),
    ):
        with pytest.raises(InputError, match=sentence):
            PathDataset(**{"meta": made.meta, **parts, name: value})
    with pytest.raises(InputError, match="lack these laws"):
        PathDataset(**parts | {"material": nan, "meta": {**made.meta, "laws_fingerprint": "abc"}})
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="checksum"):
        PathDataset.load(path)
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()[HEADER])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata={HEADER: json.dumps({**header, "format_version": 99})})
    with pytest.raises(InputError, match="format version 99 is unknown"):
        PathDataset.load(path)
