"""Nonlinear samples as training needs them: checked, split, and weighed against a network."""

import json
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization import PathDataset
from dmn_fe.laws import MaterialLaw, laws_description
from dmn_fe.training.leaf_phases import void_phases
from dmn_fe.training.path_gradient import PathResponse
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.settings import Settings

__all__ = ["PathSamples", "check_path_samples", "split_paths"]

_SPLIT_SEED = 0
_MOST_FAILURES = 0.1  # share of the samples


def split_paths(
    samples: int, settings: Settings, seeds: Sequence[int]
) -> tuple[Tensor, list[Tensor]]:
    """Numbers of the samples that are held out, at least one, and for each seed of those to learn
    from: all others, or as many as the settings say."""
    held_out = max(1, round(settings.validation_fraction * samples))
    if held_out >= samples:
        raise InputError(
            f"{samples} nonlinear samples cannot be split at {settings.validation_fraction}; make "
            "more samples or change validation_fraction."
        )
    wanted = settings.path_samples
    if wanted is not None and wanted > samples - held_out:
        raise InputError(
            f"path_samples = {wanted}, but only {samples - held_out} are left for training; make "
            "more."
        )
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(_SPLIT_SEED))
    training = order[held_out:]
    if wanted is None or wanted == len(training):
        return order[:held_out], [training] * len(seeds)
    drawn = [torch.randperm(len(training), generator=_generator(seed))[:wanted] for seed in seeds]
    return order[:held_out], [training[own] for own in drawn]


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class PathSamples:
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

    def weigh(self, response: PathResponse) -> tuple[Tensor, Tensor, Tensor]:
        """Weight ``[points, steps]``, misfit ``[points, steps, 6]``, and share of what has failed.

        What has failed has weight and misfit zero; were it not counted, a network could lower its
        loss by failing.
        """
        misfit = response.stress - self.stress
        ok = response.converged & torch.isfinite(misfit).all(-1).all(-1)
        weight = torch.where(ok[:, None], 1.0 / self._square, 0.0) / self._square.numel()
        failed = 1.0 - ok.double().mean()
        if failed > _MOST_FAILURES:
            weight = weight * torch.nan
        return weight, torch.where(ok[:, None, None], misfit, 0.0), failed


def check_path_samples(
    problem: TrainingProblem, data: PathDataset, laws: Mapping[str, MaterialLaw] | None
) -> None:
    """Raise ``InputError`` unless nonlinear samples fit a training."""
    if not isinstance(data, PathDataset):
        raise InputError(f"the nonlinear samples are a {type(data).__name__}; give a PathDataset.")
    elastic = problem.data[0]
    if voids := void_phases(problem.data):
        names = ", ".join(elastic.phase_names[phase] for phase in sorted(voids))
        raise InputError(
            f"{names}: is void, and nonlinear samples know no voids; learn from stiffness alone."
        )
    if not len(data.strain):
        raise InputError("there are no nonlinear samples in the data set; make it again.")
    if data.phase_names != elastic.phase_names:
        raise InputError(
            f"the nonlinear samples have the phases {', '.join(data.phase_names)}, the stiffness "
            f"data {', '.join(elastic.phase_names)}; give data of one RVE."
        )
    if data.meta.get("rve_hash") != elastic.meta.get("rve_hash"):
        raise InputError(
            "the nonlinear samples are not of the RVE of the stiffness data; give data of one RVE."
        )
    fingerprint = data.meta.get("laws_fingerprint")
    if fingerprint is None and laws is not None:
        raise InputError("the nonlinear samples have random materials; give no laws for them.")
    if fingerprint is not None:
        laws = laws or data.laws(0)
        # Through JSON, as in the file: tuples become lists; 3000 is equal to 3000.0.
        if json.loads(json.dumps(laws_description(laws))) != data.meta["laws"]:
            raise InputError("the nonlinear samples were made with other laws than those given.")
        for name, law in laws.items():
            if not getattr(law, "is_isotropic", False):
                raise InputError(f"the law of {name!r} is not isotropic; learn from elastic data.")
            if not getattr(law, "symmetric_tangent", False):
                raise InputError(
                    f"the tangent of the law of {name!r} is not symmetric, as the gradient needs "
                    "it; learn from elastic data."
                )
            if data.meta["kind"] != "one-step" and not getattr(law, "differentiable_state", True):
                raise InputError(
                    f"the state of the law of {name!r} cannot be differentiated from step to step; "
                    "learn from samples of one step."
                )
    if (unstressed := torch.nonzero((data.stress == 0.0).all(-1))).numel():
        sample, step = unstressed[0].tolist()
        raise InputError(
            f"the nonlinear sample {sample} has no stress in step {step}, so that an error "
            "relative to it says nothing; make the samples again."
        )
    one_step = data.meta["kind"] == "one-step"  # then all steps start at the virgin state
    if not torch.equal(data.dt, data.dt[:1, : 1 if one_step else None].expand_as(data.dt)):
        raise InputError("the nonlinear samples differ in their time steps; make them again.")
    if problem.settings.optimiser != "lbfgs":
        raise InputError("nonlinear samples need the optimiser 'lbfgs'; leave it at that.")
    limit, joins = problem.settings.iterations, problem.settings.elastic_iterations
    if limit is not None and joins >= limit:
        raise InputError(
            f"elastic_iterations = {joins} leave none of {limit} iterations to the nonlinear "
            "samples; give fewer, or more iterations."
        )
