"""First-order optimisers of torch for several networks at once, one epoch a step."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from dmn_fe.training.settings import Settings

__all__ = ["FirstOrder"]

_FALL, _SMALLEST = 0.8, 1e-4  # of the published IMN recipe


class FirstOrder:
    """Epochs of Adam, AMSGrad or gradient descent over batches of samples.

    Every network has its own optimiser, its own learning rate and its own order of the samples.

    Parameters
    ----------
    function : callable
        ``(parameters [K, P], samples [K, n]) → (values [K], gradients [K, P])``.
    start : Tensor ``[K, P]``
    samples : Tensor ``[n]`` or ``[K, n]``
        Numbers of the training samples, of all networks or of each.
    seeds : Tensor ``[K]`` of int64
        Of the order of the samples.
    settings : Settings

    Attributes
    ----------
    parameters, value, active
        As of :class:`~dmn_fe.training.lbfgs.LBFGS`; ``value`` is the mean over the last epoch.
    """

    def __init__(
        self,
        function: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        start: Tensor,
        samples: Tensor,
        seeds: list[int],
        settings: Settings,
    ):
        self._function, self._seeds = function, seeds
        self._samples = samples.expand(len(seeds), -1)
        self._settings, self.epoch = settings, 0
        self.value = start.new_full((len(start),), torch.inf)
        self.active = torch.ones(len(start), dtype=torch.bool, device=start.device)
        self._rows = [torch.nn.Parameter(row.clone()) for row in start.detach()]
        groups = [{"params": [row]} for row in self._rows]
        rate = settings.learning_rate
        assert rate is not None
        self._optimiser: torch.optim.Optimizer
        if settings.optimiser == "sgd":
            self._optimiser = torch.optim.SGD(groups, lr=rate, momentum=0.9)
        else:
            amsgrad = settings.optimiser == "amsgrad"
            self._optimiser = torch.optim.Adam(groups, lr=rate, amsgrad=amsgrad)

    @property
    def parameters(self) -> Tensor:
        """Parameters ``[K, P]``."""
        return torch.stack([row.detach() for row in self._rows])

    def step(self) -> None:
        """One epoch."""
        self._set_rates()
        size = self._samples.shape[1]
        batch = self._settings.batch or size
        orders = torch.stack([self._order(k) for k in range(len(self._seeds))])
        total = torch.zeros_like(self.value)
        for chosen in orders.split(batch, dim=1):
            value, gradient = self._function(self.parameters, chosen)
            total += value * chosen.shape[1]
            for row, slope, active in zip(self._rows, gradient, self.active, strict=True):
                row.grad = slope if active else None
            self._optimiser.step()
        value = total / size
        if self._settings.optimiser == "imn-recipe":
            for group, rises in zip(self._optimiser.param_groups, value > self.value, strict=True):
                if rises:
                    group["lr"] = max(_FALL * group["lr"], _SMALLEST)
        self.value = torch.where(self.active, value, self.value)
        self.active = self.active & torch.isfinite(value)
        self.epoch += 1

    def _set_rates(self) -> None:
        settings = self._settings
        if settings.optimiser == "imn-recipe":
            return
        assert settings.iterations is not None
        assert settings.learning_rate is not None
        share = min(self.epoch / settings.iterations, 1.0)
        for group in self._optimiser.param_groups:
            group["lr"] = 0.5 * settings.learning_rate * (1.0 + math.cos(math.pi * share))

    def _order(self, k: int) -> Tensor:
        """Order of a network's samples in this epoch; needs no memory of earlier ones."""
        seed = (self._seeds[k] * 1_000_003 + self.epoch) % 2**63
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(self._samples.shape[1], generator=generator)
        return self._samples[k, order.to(self._samples.device)]

    def state(self) -> dict[str, Tensor]:
        """All that the next epochs depend on."""
        entries = {
            "parameters": self.parameters,
            "value": self.value,
            "active": self.active,
            "epoch": torch.tensor(self.epoch),
            "rates": torch.tensor(
                [group["lr"] for group in self._optimiser.param_groups], dtype=torch.float64
            ),
        }
        for number, row in enumerate(self._rows):
            for name, value in self._optimiser.state[row].items():
                if isinstance(value, Tensor):
                    entries[f"{number}.{name}"] = value
        return entries

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        device = self.value.device
        self.value, self.active = state["value"].to(device), state["active"].to(device)
        self.epoch = int(state["epoch"])
        with torch.no_grad():
            for number, row in enumerate(self._rows):
                row.copy_(state["parameters"][number])
                self._optimiser.param_groups[number]["lr"] = state["rates"][number].item()
                prefix = f"{number}."
                for key, value in state.items():
                    if key.startswith(prefix):
                        name = key.removeprefix(prefix)
                        place = "cpu" if name == "step" else device
                        self._optimiser.state[row][name] = value.clone().to(place)
