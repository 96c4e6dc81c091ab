"""The training step of the compiled core against automatic differentiation in torch."""

import pytest
import torch
from helpers.networks import random_stiffness

from dmn_fe.evaluate.core import library
from dmn_fe.evaluate.core.compiler import CompilationError, find_compiler
from dmn_fe.network.tree import Tree
from dmn_fe.training.core_stiffness import CoreStiffness
from dmn_fe.training.objective import StiffnessObjective
from dmn_fe.training.samples import StiffnessSamples
from dmn_fe.training.settings import Settings
from dmn_fe.training.start import parametrisation_of, random_start

COUNT = 21  # lanes that are not full
if find_compiler() is None:
    pytest.skip("there is no C++ compiler", allow_module_level=True)


def samples(plane: bool, void: bool = False) -> StiffnessSamples:
    components = [0, 1, 5] if plane else list(range(6))
    phases = random_stiffness(COUNT, 2)[..., components, :][..., components]
    if void:
        phases[:, 1] = 0.0
    effective = random_stiffness(COUNT, seed=1)[..., components, :][..., components]
    root = torch.linalg.inv(torch.linalg.cholesky(effective))
    numbers = torch.arange(COUNT)
    parts = phases.permute(2, 3, 1, 0), effective.permute(1, 2, 0), root.permute(1, 2, 0)
    return StiffnessSamples(*(part.contiguous() for part in parts), (numbers,), numbers[:5])


def objectives(depth, kind, loss, dimension, turned, data) -> tuple[StiffnessObjective, ...]:
    leaves = torch.arange(2**depth)
    turned_leaves = leaves[::3] if turned else leaves[:0]
    parametrisation = parametrisation_of(kind, Tree.complete(depth), dimension, turned_leaves)
    settings = Settings(depth=depth, kind=kind, loss=loss, fraction_penalty=1.0)
    arguments = (parametrisation, leaves % 2, data, (0.7, 0.3), settings)
    return tuple(StiffnessObjective(*arguments, use_core=core) for core in (True, False))


@pytest.mark.parametrize("loss", ["relative", "whitened"])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("dimension", "plane_data"), [(3, False), (2, False), (2, True)])
@pytest.mark.parametrize("kind", ["imn", "dmn"])
def test_loss_and_gradient_are_those_of_torch(kind, dimension, plane_data, turned, loss):
    core, torch_ = objectives(3, kind, loss, dimension, turned, samples(plane_data))
    parameters = random_start(core.parametrisation, "uniform", [0, 1, 2], 0.2, 0.8)
    own = torch.stack([torch.randperm(COUNT)[:9] for _ in range(3)])
    for chosen in (torch.arange(COUNT), own):
        (value, gradient), (expected, slope) = core(parameters, chosen), torch_(parameters, chosen)
        torch.testing.assert_close(value, expected, rtol=1e-12, atol=0.0)
        assert (gradient - slope).abs().max() <= 1e-12 * slope.abs().max()
        errors = core.errors(parameters, chosen), torch_.errors(parameters, chosen)
        torch.testing.assert_close(*errors, rtol=1e-12, atol=0.0)
    held_out = core.samples.validation
    losses = (each.validation_loss(parameters, held_out) for each in (core, torch_))
    torch.testing.assert_close(*losses, rtol=1e-12, atol=0.0)


def test_voids_and_leaves_without_weight():
    core, torch_ = objectives(4, "dmn", "relative", 3, False, samples(False, void=True))
    parameters = random_start(core.parametrisation, "uniform", [0, 1], 0.2, 0.8)
    parameters[:, 4:8] = -1.0  # a quarter of the tree without weight
    chosen = torch.arange(COUNT)
    (value, gradient), (expected, slope) = core(parameters, chosen), torch_(parameters, chosen)
    torch.testing.assert_close(value, expected, rtol=1e-11, atol=0.0)
    assert (gradient - slope).abs().max() <= 1e-9 * slope.abs().max()


def test_what_does_not_compile_is_told_and_computed_in_torch(monkeypatch, tmp_path, caplog):
    def refuse(self, source, library, include):
        raise CompilationError("this compiler is not in the mood.")

    data = samples(False)
    core, _ = objectives(2, "imn", "relative", 3, False, data)
    monkeypatch.setattr("dmn_fe.evaluate.core.compiler.Compiler.build", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    library._loaded.cache_clear()
    other, _ = objectives(2, "imn", "relative", 3, False, data)
    library._loaded.cache_clear()
    assert "not in the mood" in caplog.text
    assert "6 to 22 times where networks are trained" in caplog.text
    x = random_start(core.parametrisation, "uniform", [0, 1], 0.2, 0.8)
    torch.testing.assert_close(core(x, data.training[0]), other(x, data.training[0]))


def test_threads_give_the_same():
    data, leaves = samples(False), torch.arange(8)
    arguments = (find_compiler(), Tree.complete(3), leaves % 2, data, "relative")
    geometry = parametrisation_of("imn", Tree.complete(3), 3, leaves[:0]).geometry(
        torch.rand(2, 22, dtype=torch.float64)
    )
    chosen = torch.arange(COUNT).repeat(12)
    one, four = (CoreStiffness(*arguments, threads=t)(geometry, chosen) for t in (1, 4))
    torch.testing.assert_close(one, four, rtol=1e-14, atol=0.0)
