"""Loading paths: record, cutting, restart, wrong input."""

import pytest
import torch

from dmn_fe import laws
from dmn_fe.collective import Alone
from dmn_fe.errors import InputError
from dmn_fe.homogenization import (
    Loading,
    MacroLoad,
    PathFailed,
    RVEUpdate,
    VoxelProblem,
    follow_path,
)
from dmn_fe.microstructure import random_spheres
from dmn_fe.tensor_file import TensorFormat

LAWS = {
    "matrix": laws.J2(3000.0, 0.37, laws.LinearHardening(35.0, 60.0)),
    "inclusion": laws.Elastic.isotropic(72000.0, 0.22),
}
CYCLE = Loading.uniaxial_stress([0.0, 0.004, 0.008, 0.004, 0.0, -0.004])


@pytest.fixture(scope="module")
def problem():
    return VoxelProblem(random_spheres(8, 0.2, 1, gap=1.0), LAWS)


@pytest.fixture(scope="module")
def whole(problem):
    return follow_path(problem, CYCLE, tangents=True)


def test_record_of_a_cycle(problem, whole):
    record, last = whole
    assert len(record) == 6
    assert torch.equal(record.time, torch.arange(6.0, dtype=torch.float64))
    assert record.strain[:, 0].tolist() == pytest.approx([0.0, 0.004, 0.008, 0.004, 0.0, -0.004])
    assert record.stress[:, 1:].abs().max() <= 1e-4 * record.stress.abs().max()
    # Unloading is elastic, and leaves a stress of the other sign at zero strain.
    elastic = record.stress[1, 0] / 0.004
    assert (record.stress[2, 0] - record.stress[3, 0]) / 0.004 == pytest.approx(
        elastic.item(), rel=0.02
    )
    assert record.stress[4, 0] < 0.0
    assert torch.isnan(record.tangent[0]).all()
    assert torch.isfinite(record.tangent[1:]).all()
    assert (record.iterations[1:] >= 1).all()
    assert record.parts.tolist() == [0, 1, 1, 1, 1, 1]
    assert torch.equal(last.stress, record.stress[-1])
    assert last.strain_field.shape == (6, 8, 8, 8)


def test_an_interrupted_path_goes_on_to_the_same_result(problem, whole, tmp_path):
    file = tmp_path / "path.safetensors"

    def interrupt(done, total, message=""):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow_path(problem, CYCLE, True, file, interrupt)
    calls = []
    record, last = follow_path(
        problem, CYCLE, True, file, lambda done, total, message="": calls.append((done, message))
    )
    assert calls[0] == (3, "resumed")
    assert [done for done, _ in calls] == [3, 4, 5]
    torch.testing.assert_close(record.stress, whole[0].stress, rtol=0, atol=0)
    torch.testing.assert_close(record.tangent[1:], whole[0].tangent[1:], rtol=0, atol=0)
    # Of a finished path the last step is repeated: its fields and its tangent are there.
    again, final = follow_path(problem, CYCLE, True, file)
    for kept, first in ((again.stress, record.stress), (again.parts, record.parts)):
        assert torch.equal(kept, first)
    for kept, first in zip(final.state.values(), last.state.values(), strict=True):
        assert torch.equal(kept, first)
    assert torch.equal(final.stress_field, last.stress_field)
    assert torch.equal(final.tangent, last.tangent)


def test_a_restart_file_of_something_else_is_refused(problem, tmp_path):
    file = tmp_path / "path.safetensors"
    follow_path(problem, CYCLE, restart=file)
    other = VoxelProblem(problem.rve, {**LAWS, "inclusion": laws.Elastic.isotropic(7e4, 0.22)})
    with pytest.raises(InputError, match="belongs to another problem"):
        follow_path(other, CYCLE, restart=file)
    with pytest.raises(InputError, match="belongs to another loading"):
        follow_path(problem, Loading.uniaxial_stress([0.0, 0.001]), restart=file)
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="checksum; remove it to begin anew"):
        follow_path(problem, CYCLE, restart=file)


def test_a_file_that_cannot_be_written_costs_no_result(problem, tmp_path, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TensorFormat, "save", full)
    record, _ = follow_path(
        problem, Loading.uniaxial_stress([0.0, 0.001, 0.002]), restart=tmp_path / "p.safetensors"
    )
    assert record.stress[2, 0] > 0.0
    assert "p.safetensors cannot be written, the path goes on: [Errno 28] No space" in caplog.text


class OnlySmallSteps:
    """A linear problem that fails where the strain grows by more than a limit in one step."""

    names, volume_fractions, fingerprint = ("matrix",), (1.0,), "small steps"
    comm = Alone()

    def __init__(self, limit):
        self.limit, self.times = limit, []

    def initial_state(self):
        return {"strain": torch.zeros(6, dtype=torch.float64)}

    def solve(self, load, state, dt=0.0):
        growth = (load.strain - state["strain"]).norm()
        if growth <= self.limit:
            self.times.append(dt)
        averages = (load.strain[None], 2.0 * load.strain[None])
        return RVEUpdate(
            load.strain,
            2.0 * load.strain,
            {"strain": load.strain},
            lambda: averages,
            lambda: 2.0 * torch.eye(6, dtype=torch.float64),
            dict,
            converged=bool(growth <= self.limit),
            iterations=1,
            message="too far",
        )


def test_steps_are_cut_and_grow_again():
    strain = torch.zeros(3, 6, dtype=torch.float64)
    strain[1, 0], strain[2, 0] = 1.0, 1.1
    problem = OnlySmallSteps(0.3)
    record, _ = follow_path(problem, Loading.of_strain(strain, torch.tensor([0.0, 2.0, 3.0])))
    assert record.parts.tolist() == [0, 4, 1]
    assert sum(problem.times) == pytest.approx(3.0)
    torch.testing.assert_close(record.stress, 2.0 * strain)
    with pytest.raises(PathFailed, match=r"at time 0\.00195312, not even .* too far"):
        follow_path(OnlySmallSteps(1e-5), Loading.of_strain(strain, torch.tensor([0.0, 2.0, 3.0])))


def test_a_path_that_fails_keeps_the_steps_before(tmp_path):
    strain = torch.zeros(4, 6, dtype=torch.float64)
    strain[1:, 0] = torch.tensor([0.1, 0.2, 1e6])
    file = tmp_path / "path.safetensors"
    for begins in (0, 2):
        calls = []
        with pytest.raises(PathFailed):
            follow_path(
                OnlySmallSteps(0.3),
                Loading.of_strain(strain),
                restart=file,
                progress=lambda done, total, message="": calls.append(done),  # noqa: B023
            )
        assert calls == ([1, 2] if begins == 0 else [2])


def test_a_tensor_is_no_loading(problem):
    with pytest.raises(InputError, match=r"the loading is a Tensor; give a Loading, e\.g\."):
        follow_path(problem, torch.zeros(2, 6))


def test_loading_is_linear_between_points():
    strain = torch.zeros(3, 6, dtype=torch.float64)
    strain[1] = 1.0
    loading = Loading.of_strain(strain, torch.tensor([1.0, 2.0, 4.0]))
    for time, value in ((1.0, 0.0), (1.25, 0.25), (2.0, 1.0), (3.5, 0.25), (4.0, 0.0)):
        load = loading.at(time)
        assert isinstance(load, MacroLoad)
        assert load.strain.tolist() == [value] * 6


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Loading.of_strain(torch.zeros(1, 6)), "must rise"),
        (lambda: Loading.of_strain(torch.zeros(2, 6), torch.zeros(2)), "must rise"),
        (lambda: Loading.of_strain(torch.zeros(2, 5)), r"shape \[2, 5\]"),
        (lambda: Loading.of_strain(torch.full((2, 6), torch.nan)), "finite"),
        (lambda: Loading.of_strain(torch.ones(2, 6)), "put a first point of zeros before it"),
        (lambda: Loading.uniaxial_stress([0.1, 1.0]), r"starts at \[0\.1, 0\.0"),
        (lambda: Loading.uniaxial_stress([0.0, 1.0], "21"), "component '21' is unknown"),
    ],
)
def test_bad_loading(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
