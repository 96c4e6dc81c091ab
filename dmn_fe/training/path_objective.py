"""The loss of networks on nonlinear samples: one step from the virgin state, or a short path.

    loss = mean |σ_net − σ_rve|² / |σ_rve|²

over all samples and steps. Networks that were trained on elastic data alone share a bias that no
elastic loss shows; one nonlinear step removes most of it.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dmn_fe.evaluate import NetworkLaw
from dmn_fe.homogenization import PathDataset
from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Network
from dmn_fe.training.path_gradient import PathResponse, follow
from dmn_fe.training.path_samples import PathSamples, check_path_samples, split_paths
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.sampled_law import SampledJ2

__all__ = ["PathObjective", "laws_of_samples", "respond"]

_TOLERANCE = 1e-7  # of the networks' equilibrium


class PathObjective:
    """Loss of networks on nonlinear samples, with its exact gradient.

    Every network starts its Newton iterations where its last evaluation ended.

    Parameters
    ----------
    problem : TrainingProblem
    data : PathDataset
        Of the same RVE.
    laws : mapping of str to MaterialLaw, optional
        The laws the data was made with, if not random ones, isotropic; default: as the data says.
    seeds : sequence of int
        Of the networks; where not all samples are learnt from, each seed draws its own.

    Raises
    ------
    InputError
        If data and problem do not fit together.
    """

    def __init__(
        self,
        problem: TrainingProblem,
        data: PathDataset,
        laws: Mapping[str, MaterialLaw] | None,
        seeds: Sequence[int],
    ):
        check_path_samples(problem, data, laws)
        self._problem = problem
        self._laws = laws_of_samples(data, laws)
        held_out, training = split_paths(len(data.strain), problem.settings, seeds)
        self._validation = PathSamples(data, held_out)
        self._training = [PathSamples(data, chosen) for chosen in training]
        self._guesses: list[Tensor | None] = [None] * len(seeds)

    def __call__(self, parameters: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Loss ``[k]`` and gradient ``[k, size]`` at parameters ``[k, size]`` of some networks.

        A sample that does not converge counts as an error of 100 %; if more than a tenth do not,
        or the network has no weights, the loss is not a number.
        """
        values, gradients = [], []
        for row, x in zip(rows.tolist(), parameters, strict=True):
            x = x.detach().cpu().requires_grad_()
            if not self._has_weights(x):
                values.append(x.new_tensor(torch.nan))
                gradients.append(torch.zeros_like(x))
                continue
            response = self._response(x.detach(), self._training[row], self._guesses[row])
            weight, misfit, failed = self._training[row].weigh(response)
            values.append((weight * misfit.square().sum(-1)).sum() + failed)
            geometry = self._problem.parametrisation.geometry(x[None])
            scalar = response.gradient(geometry, 2.0 * weight[..., None] * misfit)
            gradients.append(torch.autograd.grad(scalar, x)[0])
            if torch.isfinite(values[-1]):
                self._guesses[row] = response.starts
        return torch.stack(values).to(parameters), torch.stack(gradients).to(parameters)

    def validation_loss(self, parameters: Tensor) -> Tensor:
        """Loss ``[K]`` on the held-out samples."""
        losses = []
        for x in parameters:
            if not self._has_weights(x.cpu()):
                losses.append(x.cpu().new_tensor(torch.nan))
                continue
            response = self._response(x, self._validation, None)
            weight, misfit, failed = self._validation.weigh(response)
            losses.append((weight * misfit.square().sum(-1)).sum() + failed)
        return torch.stack(losses)

    @torch.no_grad()
    def _has_weights(self, x: Tensor) -> bool:
        return bool(self._problem.parametrisation.geometry(x[None]).weights.sum() > 0)

    def _response(self, x: Tensor, samples: PathSamples, guess: Tensor | None) -> PathResponse:
        return respond(self._problem.network(x), self._laws, samples, guess)

    def state(self) -> dict[str, Tensor]:
        """Strains and jumps that the next evaluation starts from."""
        return {str(k): guess for k, guess in enumerate(self._guesses) if guess is not None}

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        for key, guess in state.items():
            self._guesses[int(key)] = guess


def laws_of_samples(
    data: PathDataset, laws: Mapping[str, MaterialLaw] | None
) -> dict[str, MaterialLaw]:
    """The law of each phase; ``laws`` as of :class:`PathObjective`."""
    if data.meta.get("laws_fingerprint") is None:
        return {name: SampledJ2() for name in data.phase_names}
    return dict(laws or data.laws(0))


def respond(
    network: Network,
    laws: Mapping[str, MaterialLaw],
    samples: PathSamples,
    guess: Tensor | None = None,
) -> PathResponse:
    """Response of a network to samples, ``guess`` being the ``starts`` of an earlier one."""
    law = NetworkLaw(network, laws, tolerance=_TOLERANCE)
    state = law.initial_state(len(samples.strain))
    if samples.material is not None:
        state = _with_materials(law, samples.material, state)
    return follow(law, samples.strain, samples.dt, state, guess)


def _with_materials(law: NetworkLaw, material: Tensor, state: Tensor) -> Tensor:
    """Virgin states with the materials ``[points, phases, 4]`` at the leaves."""
    state = state.clone()
    layout = law.engine.layout
    blocks = [SampledJ2().state_of(material[:, phase]) for phase in range(material.shape[1])]
    for leaf, phase in enumerate(law.network.leaf_phase.tolist()):
        start = layout.leading + layout.leaf_start[leaf]
        state[:, start : start + SampledJ2.state_size] = blocks[phase]
    return state
