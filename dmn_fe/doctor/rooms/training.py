"""Training a network."""

from dmn_fe.doctor.finding import Finding, WrongAnswer
from dmn_fe.doctor.rooms.network import one_laminate
from dmn_fe.homogenization import StiffnessDataset, sample_orthotropic
from dmn_fe.training import train

__all__ = ["check"]

_FRACTION, _ERROR = 0.3, 0.01


def check() -> Finding:
    """A network learns the stiffness of one laminate, which is itself such a network."""
    phases = sample_orthotropic(20, seed=0, contrast=20.0)
    effective = one_laminate(_FRACTION).stiffness(phases)
    names, fractions = ["resin", "glass"], [1.0 - _FRACTION, _FRACTION]
    meta = {"phase_names": names, "volume_fractions": fractions, "rve_hash": "layers"}
    data = StiffnessDataset(phases, effective, meta)
    error = train(data, depth=1, iterations=60, seed=0).chosen.validation_max
    if not error < _ERROR:
        raise WrongAnswer(
            f"a network that learns a laminate is wrong by {error:.1e}, more than {_ERROR}"
        )
    return Finding("ok", "a network learns a laminate")
