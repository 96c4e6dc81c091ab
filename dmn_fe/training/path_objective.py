"""The loss of networks on nonlinear samples: one step from the virgin state, or a short path.

    loss = mean |σ_net − σ_rve|² / |σ_rve|²

over all samples and steps. Networks that were trained on elastic data alone share a bias that no
elastic loss shows; one nonlinear step removes most of it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.evaluate import NetworkLaw
from dmn_fe.homogenization import PathDataset
from dmn_fe.laws import MaterialLaw, laws_fingerprint
from dmn_fe.training.path_gradient import PathResponse, follow
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.sampled_law import SampledJ2

__all__ = ["PathObjective"]

_TOLERANCE = 1e-7  # of the networks' equilibrium
_SPLIT_SEED = 0


class PathObjective:
    """Loss of networks on nonlinear samples, with its exact gradient.

    Every network starts its Newton iterations where its last evaluation ended.

    Parameters
    ----------
    problem : TrainingProblem
    data : PathDataset
        Of the same RVE.
    laws : mapping of str to MaterialLaw, optional
        The laws the data was made with, if not random ones; isotropic.
    networks : int
        Number K of networks.

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
        networks: int,
    ):
        _check(problem, data, laws)
        self._problem = problem
        names = problem.phase_names
        sampled: dict[str, MaterialLaw] = {name: SampledJ2() for name in names}
        self._laws = sampled if laws is None else dict(laws)
        held_out = max(1, round(problem.settings.validation_fraction * len(data.strain)))
        if held_out == len(data.strain):
            raise InputError("one nonlinear sample cannot be split; make more.")
        order = torch.randperm(
            len(data.strain), generator=torch.Generator().manual_seed(_SPLIT_SEED)
        )
        self._training = _Samples(data, order[held_out:])
        self._validation = _Samples(data, order[:held_out])
        self._guesses: list[Tensor | None] = [None] * networks

    def __call__(self, parameters: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Loss ``[k]`` and gradient ``[k, size]`` at parameters ``[k, size]`` of some networks.

        Infinite where a tenth of the samples does not converge.
        """
        values, gradients = [], []
        for row, x in zip(rows.tolist(), parameters, strict=True):
            x = x.detach().requires_grad_()
            response = self._response(x.detach(), self._training, self._guesses[row])
            weight, misfit = self._training.weigh(response)
            values.append((weight * misfit.square().sum(-1)).sum())
            geometry = self._problem.parametrisation.geometry(x[None])
            scalar = response.gradient(geometry, 2.0 * weight[..., None] * misfit)
            gradients.append(torch.autograd.grad(scalar, x)[0])
            if torch.isfinite(values[-1]):
                self._guesses[row] = response.leaf_strain
        return torch.stack(values).to(parameters), torch.stack(gradients)

    def validation_loss(self, parameters: Tensor) -> Tensor:
        """Loss ``[K]`` on the held-out samples."""
        losses = []
        for x in parameters:
            weight, misfit = self._validation.weigh(self._response(x, self._validation, None))
            losses.append((weight * misfit.square().sum(-1)).sum())
        return torch.stack(losses)

    def _response(self, x: Tensor, samples: "_Samples", guess: Tensor | None) -> PathResponse:
        network = self._problem.network(x)
        law = NetworkLaw(network, self._laws, tolerance=_TOLERANCE)
        state = law.initial_state(len(samples.strain))
        if samples.material is not None:
            state = _with_materials(law, samples.material, state)
        return follow(law, samples.strain, samples.dt, state, guess)

    def state(self) -> dict[str, Tensor]:
        """The leaf strains that the next evaluation starts from."""
        return {str(k): guess for k, guess in enumerate(self._guesses) if guess is not None}

    def set_state(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        for key, guess in state.items():
            self._guesses[int(key)] = guess


class _Samples:
    """Nonlinear samples as paths ``[points, steps, 6]``; single steps are paths of one step."""

    def __init__(self, data: PathDataset, chosen: Tensor):
        strain, stress, material = data.strain[chosen], data.stress[chosen], data.material[chosen]
        steps = strain.shape[1]
        self.dt = data.dt[0].tolist()
        if data.meta["kind"] == "one-step":
            strain, stress = strain.reshape(-1, 1, 6), stress.reshape(-1, 1, 6)
            material = material.repeat_interleave(steps, dim=0)
            self.dt = self.dt[:1]
        self.strain, self.stress = strain, stress
        self.material = None if data.meta.get("laws_fingerprint") else material
        self._square = stress.square().sum(-1)

    def weigh(self, response: PathResponse) -> tuple[Tensor, Tensor]:
        """Weight ``[points, steps]`` and misfit ``[points, steps, 6]`` of the squared errors."""
        misfit = response.stress - self.stress
        ok = response.converged & torch.isfinite(misfit).all(-1).all(-1)
        weight = torch.where(ok[:, None], 1.0 / self._square, 0.0) / self._square.numel()
        if ok.double().mean() < 0.9:
            weight = weight * torch.nan
        return weight, torch.where(ok[:, None, None], misfit, 0.0)


def _with_materials(law: NetworkLaw, material: Tensor, state: Tensor) -> Tensor:
    """Virgin states with the materials ``[points, phases, 4]`` at the leaves."""
    state = state.clone()
    for index, phase in enumerate(law.leaves.phases):
        block = SampledJ2().state_of(material[:, index])  # [points, 11]
        state[:, phase.columns] = block[:, :, None].expand(-1, -1, phase.count).flatten(1)
    return state


def _check(
    problem: TrainingProblem, data: PathDataset, laws: Mapping[str, MaterialLaw] | None
) -> None:
    if not isinstance(data, PathDataset):
        raise InputError(f"the nonlinear samples are a {type(data).__name__}; give a PathDataset.")
    elastic = problem.data[0]
    for what in ("rve_hash", "phase_names"):
        if data.meta.get(what) != elastic.meta.get(what):
            raise InputError(
                f"the nonlinear samples have {what} = {data.meta.get(what)!r}, the stiffness data "
                f"{elastic.meta.get(what)!r}; give data of one RVE."
            )
    fingerprint = data.meta.get("laws_fingerprint")
    if fingerprint is None and laws is not None:
        raise InputError("the nonlinear samples have random materials; give no laws for them.")
    if fingerprint is not None:
        if laws is None:
            raise InputError("the nonlinear samples were made with given laws; give these laws.")
        if laws_fingerprint(laws) != fingerprint:
            raise InputError("the nonlinear samples were made with other laws than those given.")
        for name, law in laws.items():
            if not getattr(law, "is_isotropic", False):
                raise InputError(f"the law of {name!r} is not isotropic; learn from elastic data.")
    if not torch.equal(data.dt, data.dt[:1].expand_as(data.dt)):
        raise InputError("the nonlinear samples differ in their time steps; make them again.")
    if problem.settings.optimiser != "lbfgs":
        raise InputError("nonlinear samples need the optimiser 'lbfgs'; leave it at that.")
    limit, joins = problem.settings.iterations, problem.settings.elastic_iterations
    if limit is not None and joins >= limit:
        raise InputError(
            f"elastic_iterations = {joins} leave none of {limit} iterations to the nonlinear "
            "samples; give fewer, or more iterations."
        )
