"""The error of an ensemble's mean, which the spread of its members does not show."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import PathDataset
from dmn_fe.laws import MaterialLaw
from dmn_fe.network import Ensemble
from dmn_fe.training.path_objective import laws_of_samples, respond
from dmn_fe.training.path_samples import PathSamples, split_paths
from dmn_fe.training.settings import with_changes

__all__ = ["with_error"]

_OF_DATA = ("rve_hash", "kind", "seed", "samples")


def with_error(
    ensemble: Ensemble, paths: PathDataset, laws: Mapping[str, MaterialLaw] | None = None
) -> Ensemble:
    """The ensemble with the error of its mean on the nonlinear samples that its training held out.

    These are the same for all members, whatever their seeds. The error is the root of the mean
    square of ``|σ_mean − σ_rve| / |σ_rve|`` over samples and steps; a sample at which a member does
    not converge counts as an error of 100 %. It is a little too small, since these samples also say
    which iteration of each training is kept.

    Parameters
    ----------
    ensemble : Ensemble
        Of a training, compressed or not.
    paths : PathDataset
        The nonlinear samples of that training.
    laws : mapping of str to MaterialLaw, optional
        As of the training.

    Raises
    ------
    InputError
        If the networks do not come from a training with these samples.
    """
    first = ensemble.networks[0].metadata
    learnt = first.get("nonlinear_samples") or {}
    if any(learnt.get(name) != paths.meta.get(name) for name in _OF_DATA):
        raise InputError(
            "the ensemble has not learnt from these nonlinear samples; give those of its training."
        )
    fraction = first["training"]["validation_fraction"]
    settings = with_changes(None, {"validation_fraction": fraction})
    samples = PathSamples(paths, split_paths(len(paths.strain), settings, (0,))[0])
    used = laws_of_samples(paths, laws)
    responses = [respond(network, used, samples) for network in ensemble.networks]
    mean = torch.stack([one.stress for one in responses]).mean(0)
    converged = torch.stack([one.converged for one in responses]).all(0)
    squares = (mean - samples.stress).square().sum(-1) / samples.stress.square().sum(-1)
    squares = torch.where(converged[:, None] & torch.isfinite(squares), squares, 1.0)
    return replace(ensemble, error=squares.mean().sqrt().item())
