"""Reference paths: what the loadings are, the file, resuming, ranks, wrong input."""

import math

import pytest
import torch
from helpers.ranks import on_ranks

from dmn_fe import laws, mandel
from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    Loading,
    ReferencePaths,
    VoxelProblem,
    compute_reference_paths,
    follow_path,
    standard_loadings,
)
from dmn_fe.microstructure import laminate, voxels_to_mesh

LAWS = {
    "matrix": laws.J2(3000.0, 0.37, laws.LinearHardening(35.0, 60.0)),
    "inclusion": laws.Elastic.isotropic(72000.0, 0.22),
}
ISOCHORIC = torch.tensor([2.0, -1.0, -1.0, 0, 0, 0], dtype=torch.float64) / math.sqrt(6.0)
SHEAR_12 = torch.eye(6, dtype=torch.float64)[5]


class Interruption(Exception):
    pass


@pytest.fixture(scope="module")
def rve():
    return laminate(4, 0.5)


@pytest.fixture(scope="module")
def loadings():
    chosen = ("isochoric", "corner", "uniaxial-strain")
    return {name: standard_loadings(0.015, 5)[name] for name in chosen}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "truth.safetensors"


# The loadings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [5, 24, 30])
def test_all_loadings_start_at_zero_and_reach_the_amplitude(steps):
    made = standard_loadings(0.0125, steps, duration=60.0)
    names = "shear-12 shear-23 isochoric corner cyclic random uniaxial-strain"
    assert list(made) == names.split()
    for loading in made.values():
        assert loading.strain.shape == (steps + 1, 6)
        assert not loading.strain[0].any()
        assert not loading.stress_driven.any()
        assert loading.strain.norm(dim=-1).max().item() == pytest.approx(0.0125, rel=1e-13)
        expected = torch.linspace(0.0, 60.0, steps + 1, dtype=torch.float64)
        torch.testing.assert_close(loading.times, expected)


def test_what_the_loadings_are():
    made = {name: loading.strain for name, loading in standard_loadings(0.01, 30).items()}
    for name, strain in made.items():
        volumetric = mandel.trace(strain).abs().max() / math.sqrt(3.0)
        if name == "uniaxial-strain":
            assert strain[-1].tolist() == pytest.approx([0.01, 0, 0, 0, 0, 0])
        elif name == "random":
            assert 1e-5 < volumetric < 2e-3
        else:
            assert volumetric < 1e-17
    ramp = torch.linspace(0.0, 0.01, 31, dtype=torch.float64)[:, None]
    tensor = mandel.to_tensor(made["shear-23"])
    assert tensor[-1, 1, 2].item() == pytest.approx(0.01 / math.sqrt(2.0))
    assert torch.equal(tensor.count_nonzero(dim=0).nonzero(), torch.tensor([[1, 2], [2, 1]]))
    torch.testing.assert_close(made["shear-12"], ramp * SHEAR_12)
    torch.testing.assert_close(made["isochoric"], ramp * ISOCHORIC)
    # The corner is in the middle; from there the first part stays and the second grows beside it.
    first, second = made["corner"][15], made["corner"].diff(dim=0)[15:]
    torch.testing.assert_close(first, 0.01 / math.sqrt(2.0) * ISOCHORIC)
    assert (second @ first).abs().max() < 1e-18
    torch.testing.assert_close(made["corner"][-1] - first, 0.01 / math.sqrt(2.0) * SHEAR_12)
    mixed = (ISOCHORIC + SHEAR_12) / math.sqrt(2.0)
    turns = (made["cyclic"] @ mixed)[[0, 6, 12, 18, 30]].tolist()
    assert turns == pytest.approx([0.0, 0.01, 0.0, -0.01, 0.01], abs=1e-17)
    torch.testing.assert_close(made["cyclic"], (made["cyclic"] @ mixed)[:, None] * mixed)


def test_the_random_path_bends_and_has_corners():
    strain = standard_loadings(0.01, 40)["random"].strain
    steps = torch.nn.functional.normalize(strain.diff(dim=0), dim=-1)
    angles = torch.rad2deg(torch.acos((steps[1:] * steps[:-1]).sum(-1)))
    corners = torch.tensor([9, 19, 29])
    assert (angles[corners] > 20.0).all()
    between = torch.ones(39, dtype=torch.bool)
    between[corners] = False
    assert 1.0 < angles[between].mean() < angles[between].max() < 20.0
    # It leaves the plane of its first two directions: five deviatoric dimensions.
    assert torch.linalg.svdvals(strain @ mandel.DEVIATORIC)[4] > 1e-4


def test_the_random_path_is_that_of_its_seed_whatever_the_steps():
    coarse, fine = (standard_loadings(0.01, steps)["random"].strain for steps in (8, 16))
    # The amplitude is that of the largest point, which more steps may find elsewhere.
    ratio = fine[::2][1:] / coarse[1:]
    torch.testing.assert_close(ratio, ratio[0, 0].expand_as(ratio))
    assert ratio[0, 0].item() == pytest.approx(1.0, abs=0.05)
    assert torch.equal(coarse, standard_loadings(0.01, 8, seed=0)["random"].strain)
    other = standard_loadings(0.01, 8, seed=1)["random"].strain
    assert (other - coarse).norm(dim=-1).max() > 1e-3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"amplitude": 0.0}, "amplitude = 0.0 must be finite and above zero"),
        ({"duration": -1.0}, "duration = -1.0 must be finite and above zero"),
        ({"steps": 4}, "steps = 4 must be a whole number >= 5"),
        ({"steps": 10.0}, "steps = 10.0 must be a whole number"),
        ({"seed": -1}, "seed = -1 must be a whole number"),
    ],
)
def test_bad_numbers_of_loadings(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        standard_loadings(**arguments)


# Computing ----------------------------------------------------------------------------------------


def test_paths_are_those_of_the_solver_and_survive_the_file(rve, loadings, path):
    calls = []
    made = compute_reference_paths(
        rve, LAWS, loadings, path, 1e-6, lambda *call: calls.append(call), seed=3
    )
    problem = VoxelProblem(rve, LAWS, 1e-6)
    for row, loading in enumerate(loadings.values()):
        assert torch.equal(made.stress[row], follow_path(problem, loading)[0].stress)
    assert [call[:2] for call in calls] == [(done, 15) for done in range(1, 16)]
    assert calls[7][2].startswith("corner: ")
    read = ReferencePaths.load(path)
    assert read.names == made.names == tuple(loadings)
    assert len(read) == 3
    for name in ("times", "strain", "stress"):
        assert torch.equal(getattr(read, name), getattr(made, name))
    assert read.meta == made.meta
    assert read.meta["rve_hash"] == rve.hash
    assert (read.meta["tolerance"], read.meta["seed"]) == (1e-6, 3)
    assert read.meta["amplitude"] == pytest.approx(0.015)
    assert read.phase_names == rve.names
    kind, parameters = read.meta["laws"]["matrix"]
    assert (kind, parameters["young"], parameters["poisson"]) == ("J2", 3000.0, 0.37)
    assert parameters["hardening"] == ["LinearHardening", {"yield_stress": 35.0, "modulus": 60.0}]
    assert list(path.parent.iterdir()) == [path]


def test_creep_follows_the_times_of_the_loading(rve, path, tmp_path):
    creeping = {**LAWS, "matrix": laws.Norton(3000.0, 0.37, 1e-3, 40.0, 5.0)}
    ends = []
    for duration in (1.0, 1000.0):
        chosen = {"shear-12": standard_loadings(0.01, 5, duration)["shear-12"]}
        file = tmp_path / f"{duration}.safetensors"
        ends.append(compute_reference_paths(rve, creeping, chosen, file).stress[0, -1].norm())
    assert ends[1] < 0.5 * ends[0]


def test_resumed_paths_end_in_the_same_bytes(rve, loadings, path, tmp_path):
    whole = tmp_path / "whole.safetensors"
    compute_reference_paths(rve, LAWS, loadings, whole)

    def stop(done, total, message=""):
        if done == 8:
            raise Interruption

    with pytest.raises(Interruption):
        compute_reference_paths(rve, LAWS, loadings, path, progress=stop)
    assert not path.exists()
    partial = [f"truth.{name}.partial.safetensors" for name in ("corner", "isochoric")]
    assert sorted(file.name for file in tmp_path.glob("*.partial*")) == partial
    calls = []
    compute_reference_paths(
        rve, LAWS, loadings, path, progress=lambda *call: calls.append(call[:2])
    )
    # Of the finished path the last step is repeated, the other goes on after its third.
    assert [done for done, _ in calls] == [4, 5, 8, 9, 10, 11, 12, 13, 14, 15]
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(tmp_path.iterdir()) == [path, whole]


def test_finished_paths_are_read_and_nothing_else_overwrites_them(rve, loadings, path):
    compute_reference_paths(rve, LAWS, loadings, path)
    content, touched = path.read_bytes(), path.stat().st_mtime_ns

    def stop(*_):
        raise Interruption

    again = compute_reference_paths(rve, LAWS, loadings, path, progress=stop)
    assert len(again) == 3
    assert path.stat().st_mtime_ns == touched
    softer = {**LAWS, "inclusion": laws.Elastic.isotropic(7e4, 0.22)}
    moved = dict(loadings)
    moved["corner"] = standard_loadings(0.015, 5)["cyclic"]
    for arguments, sentence in (
        ((laminate(4, 0.25), LAWS, loadings), "made with rve_hash = "),
        ((rve, softer, loadings), "made with laws = "),
        ((rve, LAWS, loadings, path, 1e-4), "made with tolerance = 1e-05, not 0.0001; give"),
        ((rve, LAWS, moved), "holds other loadings; give another path"),
        ((rve, LAWS, standard_loadings(0.01, 5)), "made with amplitude = 0.015"),
    ):
        with pytest.raises(InputError, match=f"truth.safetensors: {sentence}"):
            compute_reference_paths(*[*arguments, path][:4], *arguments[4:], progress=stop)
    assert path.read_bytes() == content


def test_restart_files_of_other_paths_are_refused(rve, loadings, path):
    def stop(done, total, message=""):
        if done == 3:
            raise Interruption

    with pytest.raises(Interruption):
        compute_reference_paths(rve, LAWS, loadings, path, progress=stop)
    with pytest.raises(InputError, match=r"truth\.isochoric\.partial\..* belongs to another prob"):
        compute_reference_paths(rve, LAWS, loadings, path, tolerance=1e-4)
    assert not path.exists()


def test_ranks_make_the_same_file(rve, loadings, path, tmp_path):
    alone = compute_reference_paths(rve, LAWS, loadings, path)
    shared, calls = tmp_path / "ranks.safetensors", [[], []]

    def work(comm):
        progress = lambda *call: calls[comm.rank].append(call[:2])  # noqa: E731
        return compute_reference_paths(rve, LAWS, loadings, shared, 1e-5, progress, comm)

    for made in on_ranks(2, work):
        assert torch.equal(made.stress, alone.stress)
        assert made.meta == alone.meta
    assert shared.read_bytes() == path.read_bytes()
    assert calls == [[(done, 10) for done in range(1, 11)], []]
    assert sorted(tmp_path.iterdir()) == [shared, path]
    # More ranks than paths, and nothing left to do.
    for made in on_ranks(4, lambda c: compute_reference_paths(rve, LAWS, loadings, shared, comm=c)):
        assert torch.equal(made.stress, alone.stress)


def test_a_path_that_fails_on_one_rank_fails_on_all(rve, loadings, path):
    """The loading of rank 1 alone goes too far for the law; its sentence tells the path."""

    class Fragile(laws.J2):
        def integrate(self, strain, state, dt=0.0):
            update = super().integrate(strain, state, dt)
            if dt == 0.0 or (strain[:, 5].abs() < 0.005).all():
                return update
            failed = torch.full((len(strain),), int(laws.Status.MAX_ITERATIONS)).to(torch.int8)
            return laws.Update(update.stress, update.state, lambda: update.tangent, failed)

    fragile = {**LAWS, "matrix": Fragile(3000.0, 0.37, laws.LinearHardening(35.0, 60.0))}
    errors = on_ranks(
        2, lambda comm: compute_reference_paths(rve, fragile, loadings, path, comm=comm)
    )
    for error in errors:
        assert isinstance(error, RuntimeError)
        assert "PathFailed on rank 1: path 'corner': no convergence at time" in str(error)
    assert not path.exists()


def test_bad_arguments_write_nothing(rve, loadings, path, tmp_path):
    short = {**loadings, "short": Loading.of_strain(torch.zeros(3, 6))}
    driven = {"pull": Loading.uniaxial_stress([0.0, 0.01])}
    for arguments, sentence in (
        ((voxels_to_mesh(rve), LAWS, loadings, path), "is a MeshRVE"),
        ((rve, {"matrix": LAWS["matrix"]}, loadings, path), "phase 'inclusion' has no law"),
        ((rve, LAWS, {}, path), "a mapping of names to at least one Loading"),
        ((rve, LAWS, list(loadings.values()), path), "a mapping of names to at least one"),
        ((rve, LAWS, {"a": torch.zeros(2, 6)}, path), "the loading 'a' is a Tensor; give a Load"),
        ((rve, LAWS, {"../a": loadings["corner"]}, path), "'../a' gives its name to a file; use"),
        ((rve, LAWS, driven, path), "'pull' prescribes stresses; reference paths are strain-dr"),
        ((rve, LAWS, short, path), "equally many steps, but have .*'short': 2"),
        ((rve, LAWS, loadings, path, 0.0), "tolerance = 0.0 must lie"),
        ((rve, LAWS, loadings, tmp_path / "truth.npy"), r"does not end in \.safetensors"),
        ((rve, LAWS, loadings, tmp_path / "absent" / "t.safetensors"), "does not exist; make it"),
    ):
        with pytest.raises(InputError, match=sentence):
            compute_reference_paths(*arguments)
    assert list(tmp_path.iterdir()) == []


# The file -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(rve, loadings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return compute_reference_paths(rve, LAWS, loadings, folder / "truth.safetensors")


def test_damaged_and_foreign_files(made, tmp_path):
    made.save(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    flipped = bytearray(content)
    flipped[-5] ^= 1
    for name, data, sentence in (
        ("cut", content[:-40], "damaged, or not a file of reference paths"),
        ("flipped", bytes(flipped), "checksum"),
        ("text", b"no tensors here", "damaged, or not a file of reference paths"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name}: .*{sentence}.*compute_reference_paths"):
            ReferencePaths.load(tmp_path / name)
    with pytest.raises(InputError, match="absent: no such file"):
        ReferencePaths.load(tmp_path / "absent")


def test_content_that_does_not_fit(made):
    parts = {name: getattr(made, name) for name in ("names", "times", "strain", "stress", "meta")}
    nowhere = made.stress.clone()
    nowhere[1, 2, 3] = torch.nan
    shifted = made.strain + 1e-3
    for change, sentence in (
        ({"stress": made.stress[:2]}, r"stress have the shape \[2, 6, 6\]"),
        ({"stress": made.stress.float()}, r"torch.float32, expected \[3, 6, 6\]"),
        ({"stress": nowhere}, "stress hold a value that is not finite"),
        ({"stress": torch.zeros_like(made.stress)}, "without any stress"),
        ({"strain": shifted}, "start with no strain"),
        ({"times": made.times.flip(1)}, "must rise"),
        ({"names": ("a", "b", "a")}, "different names"),
        ({"names": ("a", "b")}, "times have the shape"),
        ({"meta": {"grid": [1]}}, "miss rve_hash, scheme"),
    ):
        with pytest.raises(InputError, match=sentence):
            ReferencePaths(**{**parts, **change})


def test_laws_of_the_paths_are_told_from_others(made):
    made.check_laws(LAWS)
    made.check_laws({**LAWS, "matrix": laws.J2(3000, 0.37, laws.LinearHardening(35, 60))})
    softer = {**LAWS, "matrix": laws.J2(2000.0, 0.37, laws.LinearHardening(35.0, 60.0))}
    with pytest.raises(InputError, match=r"law .*3000.* of phase 'matrix', not .*2000"):
        made.check_laws(softer)
    with pytest.raises(InputError, match="law none of phase 'fibre', not "):
        made.check_laws({**LAWS, "fibre": LAWS["inclusion"]})
    with pytest.raises(InputError, match="of phase 'inclusion', not none"):
        made.check_laws({"matrix": LAWS["matrix"]})
