"""First-order optimisers for several networks: torch's own, run by hand for one."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from dmn_fe.training import Settings
from dmn_fe.training.first_order import FirstOrder

SAMPLES = torch.tensor([3, 5, 8, 9, 11, 12, 17])
SIZE = 4


def targets() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(20, SIZE, generator=generator, dtype=torch.float64)


def mean_distance(x: Tensor, samples: Tensor) -> Tensor:
    """Mean over samples ``[K, n]`` of a function that is no quadratic, ``[K]``."""
    distance = (x[:, None] - targets()[samples]).square().sum(-1)
    return torch.log1p(distance).mean(-1)


class Recorder:
    """The function, and the samples it was asked for."""

    def __init__(self):
        self.calls: list[Tensor] = []

    def __call__(self, parameters: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        self.calls.append(samples.clone())
        x = parameters.detach().requires_grad_()
        value = mean_distance(x, samples)
        return value.detach(), torch.autograd.grad(value.sum(), x)[0]


def start(networks: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(networks, SIZE, generator=generator, dtype=torch.float64)


def settings(optimiser: str, epochs: int = 6, **changes) -> Settings:
    changes = {"batch": 3, "learning_rate": 0.05, **changes}
    return Settings(depth=2, optimiser=optimiser, iterations=epochs, **changes)


OPTIMISERS = {
    "adam": lambda p, lr: torch.optim.Adam(p, lr=lr),
    "amsgrad": lambda p, lr: torch.optim.Adam(p, lr=lr, amsgrad=True),
    "imn-recipe": lambda p, lr: torch.optim.Adam(p, lr=lr),
    "sgd": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
}


def rates(optimiser: str, epoch: int, epochs: int, rate: float, losses: list[float]) -> float:
    """Learning rate of an epoch by the published rule."""
    if optimiser != "imn-recipe":
        return 0.5 * rate * (1.0 + math.cos(math.pi * epoch / epochs))
    for before, after in itertools.pairwise(losses):
        if after > before:
            rate = max(0.8 * rate, 1e-4)
    return rate


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_each_network_goes_as_torch_s_optimiser_by_hand(optimiser):
    epochs, networks = 6, 3
    own, recorder = settings(optimiser, epochs), Recorder()
    together = FirstOrder(recorder, start(networks), SAMPLES, [0, 7, 2], own)
    values = []
    for _ in range(epochs):
        together.step()
        values.append(together.value)
    batches = [recorder.calls[i : i + 3] for i in range(0, len(recorder.calls), 3)]
    for k in range(networks):
        row = torch.nn.Parameter(start(networks)[k].clone())
        by_hand, losses = OPTIMISERS[optimiser]([row], 0.05), []
        for epoch in range(epochs):
            by_hand.param_groups[0]["lr"] = rates(optimiser, epoch, epochs, 0.05, losses)
            total = 0.0
            for chosen in batches[epoch]:
                by_hand.zero_grad()
                loss = mean_distance(row[None], chosen[k : k + 1])[0]
                loss.backward()
                by_hand.step()
                total += loss.item() * chosen.shape[1]
            losses.append(total / len(SAMPLES))
            assert values[epoch][k].item() == pytest.approx(losses[-1], rel=1e-12)
        torch.testing.assert_close(together.parameters[k], row.detach(), rtol=1e-11, atol=1e-13)


def test_every_epoch_shows_every_sample_once_in_an_order_of_its_own():
    recorder = Recorder()
    optimiser = FirstOrder(recorder, start(2), SAMPLES, [0, 7], settings("adam"))
    orders = []
    for _ in range(3):
        recorder.calls.clear()
        optimiser.step()
        assert [c.shape for c in recorder.calls] == [(2, 3), (2, 3), (2, 1)]
        orders += torch.cat(recorder.calls, 1).tolist()
    assert all(sorted(order) == SAMPLES.tolist() for order in orders)
    assert len({tuple(order) for order in orders}) == 6


def test_a_network_does_not_depend_on_the_others():
    seeds = [4, 9, 2]
    together = FirstOrder(Recorder(), start(3), SAMPLES, seeds, settings("amsgrad"))
    alone = [
        FirstOrder(Recorder(), start(3)[k : k + 1], SAMPLES, [seeds[k]], settings("amsgrad"))
        for k in range(3)
    ]
    for _ in range(6):
        together.step()
        for k, one in enumerate(alone):
            one.step()
            torch.testing.assert_close(
                one.parameters[0], together.parameters[k], rtol=1e-13, atol=1e-15
            )


def constant_slope(values: list[float]):
    """A function of slope one in all directions that returns given losses, one an epoch."""
    remaining = list(values)

    def function(parameters, samples):
        return parameters.new_full((len(parameters),), remaining.pop(0)), torch.ones_like(
            parameters
        )

    return function


def displacements(own: Settings, values: list[float]) -> list[float]:
    """Under a constant slope a step of Adam is as long as its learning rate."""
    optimiser = FirstOrder(
        constant_slope(values), torch.zeros(1, 1, dtype=torch.float64), SAMPLES, [0], own
    )
    found = []
    for _ in values:
        before = optimiser.parameters
        optimiser.step()
        found.append((before - optimiser.parameters).item())
    return found


def test_the_rate_of_the_imn_recipe_falls_whenever_the_loss_rises():
    own = settings("imn-recipe", 8, batch=7, learning_rate=0.1)
    losses = [5.0, 4.0, 4.5, 4.6, 4.6, 3.0, 9.0, 1.0]
    expected = [0.1, 0.1, 0.1, 0.08, 0.064, 0.064, 0.064, 0.0512]
    assert displacements(own, losses) == pytest.approx(expected, rel=1e-6)


def test_the_rate_of_the_imn_recipe_has_a_floor():
    own = settings("imn-recipe", 60, batch=7, learning_rate=0.1)
    found = displacements(own, [float(i) for i in range(60)])
    assert found[-1] == pytest.approx(1e-4, rel=1e-4)
    assert min(found) > 0.999e-4


def test_the_cosine_goes_from_the_rate_to_zero():
    own = settings("adam", 10, batch=7, learning_rate=0.2)
    found = displacements(own, [1.0] * 10)
    expected = [0.1 * (1 + math.cos(math.pi * e / 10)) for e in range(10)]
    assert found == pytest.approx(expected, rel=1e-6)
    assert found[0] == pytest.approx(0.2, rel=1e-6)


def test_a_network_that_diverges_stops_and_harms_no_other():
    def function(parameters, samples):
        value, gradient = Recorder()(parameters, samples)
        lost = parameters[:, 0] > 100.0
        return torch.where(lost, torch.nan, value), gradient

    first = start(2)
    first[0, 0] = 101.0
    optimiser = FirstOrder(function, first, SAMPLES, [0, 7], settings("adam"))
    alone = FirstOrder(function, first[1:], SAMPLES, [7], settings("adam"))
    for _ in range(4):
        optimiser.step()
        alone.step()
    assert optimiser.active.tolist() == [False, True]
    assert not torch.isfinite(optimiser.value[0])
    torch.testing.assert_close(optimiser.parameters[1], alone.parameters[0], rtol=1e-13, atol=0)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_it_goes_on_from_its_state(optimiser):
    own = settings(optimiser, 8)
    whole = FirstOrder(Recorder(), start(2), SAMPLES, [1, 2], own)
    first = FirstOrder(Recorder(), start(2), SAMPLES, [1, 2], own)
    for _ in range(3):
        first.step()
    state = {name: value.clone() for name, value in first.state().items()}
    second = FirstOrder(Recorder(), torch.zeros(2, SIZE, dtype=torch.float64), SAMPLES, [1, 2], own)
    second.set_state(state)
    for _ in range(8):
        whole.step()
    for _ in range(5):
        second.step()
    assert torch.equal(second.parameters, whole.parameters)
    assert torch.equal(second.value, whole.value)
    for name, value in whole.state().items():
        assert torch.equal(second.state()[name], value), name
