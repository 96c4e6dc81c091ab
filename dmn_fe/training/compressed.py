"""The network of a training as it is exported: compressed, with its error before and after."""

import torch

from dmn_fe.errors import InputError
from dmn_fe.homogenization import StiffnessDataset
from dmn_fe.network import Network, compress
from dmn_fe.training.leaf_phases import void_phases
from dmn_fe.training.samples import Data, datasets_of, split

__all__ = ["compressed", "held_out_errors"]

_THRESHOLD = 1e-6


def compressed(network: Network, data: Data, threshold: float | None = None) -> Network:
    """The trained network without the parts that do nothing; see
    :func:`dmn_fe.network.compress`.

    The entry ``"validation"`` of its metadata holds its own errors on the held-out samples, and
    ``"before_compression"`` those that the network had before.

    Parameters
    ----------
    network : Network
        Of a training.
    data : StiffnessDataset, or several
        That it was trained on.
    threshold : float, optional
        Share of the weights at or below which leaves are pruned. Default: 1e-6, or none where a
        phase is a void, since a void layer, however thin, separates what it lies between.

    Raises
    ------
    InputError
        If the network does not come from a training on these data, or the threshold is out of
        range or prunes a phase away. (A network that has lost a phase in the training stays as it
        is.)
    """
    datasets = datasets_of(data)
    if not {"training", "validation"} <= network.metadata.keys():
        raise InputError(
            "the network does not tell of a training; compress it with network.compress."
        )
    _check_data(network, datasets)
    if threshold is None:
        threshold = 0.0 if void_phases(datasets) else _THRESHOLD
    try:
        small = compress(network, threshold)
    except InputError:
        if threshold > _THRESHOLD or not _has_dead_phase(network):
            raise
        small = network  # it is as good as its errors tell
    fraction = network.metadata["training"]["validation_fraction"]
    errors = torch.cat([held_out_errors(small, own, fraction) for own in datasets])
    before = network.metadata["validation"]
    return small.with_metadata(
        validation={
            **before,
            "linear_mean": errors.mean().item(),
            "linear_max": errors.max().item(),
            "before_compression": {
                "leaves": len(network.weights),
                "linear_mean": before["linear_mean"],
                "linear_max": before["linear_max"],
            },
        }
    )


def _has_dead_phase(network: Network) -> bool:
    """Whether the leaves of a phase have all died in the training."""
    living = network.leaf_phase[network.weights > _THRESHOLD * network.weights.sum()]
    return len(living.unique()) < len(network.phase_names)


def _check_data(network: Network, datasets: list[StiffnessDataset]) -> None:
    """Of other data other samples would be held out, and the errors be those of learnt ones."""
    known = network.metadata.get("data", [])
    known = known if isinstance(known, list) else [known]
    names = ("rve_hash", "kind", "seed", "samples")
    learnt = [[meta.get(name) for name in names] for meta in known]
    if learnt != [[data.meta.get(name) for name in names] for data in datasets]:
        raise InputError(
            "the data are not those that the network was trained on; give these, in their order."
        )


def held_out_errors(network: Network, data: StiffnessDataset, fraction: float) -> torch.Tensor:
    """Relative errors ``‖C_net − C_rve‖ / ‖C_rve‖`` on the samples that training holds out.

    ``fraction`` is the ``validation_fraction`` of the training.
    """
    held_out = split(len(data), fraction)[1]
    reference = data.effective[held_out]
    difference = network.stiffness(data.phase_stiffness[held_out]) - reference
    return torch.linalg.matrix_norm(difference) / torch.linalg.matrix_norm(reference)
