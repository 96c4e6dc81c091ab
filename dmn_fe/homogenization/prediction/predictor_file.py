"""Files of predictors: all weights, and what they were trained for."""

from pathlib import Path
from typing import Any

from torch import Tensor

from dmn_fe.homogenization.prediction.ensemble import PredictorEnsemble
from dmn_fe.homogenization.prediction.predictor import PropertyPredictor
from dmn_fe.homogenization.prediction.two_phases import TwoPhases
from dmn_fe.microstructure.reconstruction.encoder import Encoder
from dmn_fe.microstructure.reconstruction.encoder_tensors import (
    blocks_of,
    slopes_of,
    tensors_of,
)
from dmn_fe.tensor_file import TensorFormat

__all__ = ["load_predictor", "save_predictor"]

_FORMAT = TensorFormat(
    key="dmn_fe.property_predictor",
    version=1,
    tensors=None,
    what="a property predictor",
    mend="train one with dmn_fe.homogenization.train_predictor_ensemble",
)
_MAP = ("middle", "scale", "weight", "intercept")


def save_predictor(predictor: PropertyPredictor | PredictorEnsemble, path: str | Path) -> None:
    """Write one predictor or an ensemble; the header tells the phases and the training.

    Raises
    ------
    InputError
        If ``path`` cannot be a file.
    """
    if isinstance(predictor, PropertyPredictor):
        predictor = PredictorEnsemble((predictor,))
    tensors: dict[str, Tensor] = {}
    members: list[dict[str, Any]] = []
    for number, member in enumerate(predictor.members):
        encoder = member.encoder
        used = encoder.blocks[: max(encoder.outputs) + 1]
        tensors |= tensors_of(used, f"{number}.")
        tensors |= {f"{number}.{name}": getattr(member, name) for name in _MAP}
        members.append(
            {
                "encoder": encoder.name,
                "outputs": list(encoder.outputs),
                "slopes": slopes_of(used),
                "origin": member.origin,
            }
        )
    phases = predictor.members[0].phases.record
    header = {"phases": phases, "members": members, "factor": list(predictor.factor)}
    _FORMAT.save(path, tensors, header)


def load_predictor(path: str | Path) -> PredictorEnsemble:
    """Read a file of :func:`save_predictor`; of one predictor, an ensemble of one member.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind, or its weights do not fit together.
    """
    return _FORMAT.read(path, _built)


def _built(tensors: dict[str, Tensor], header: dict[str, Any]) -> PredictorEnsemble:
    phases = TwoPhases(**header["phases"])
    members = []
    for number, about in enumerate(header["members"]):
        blocks = blocks_of(tensors, about["slopes"], f"{number}.")
        encoder = Encoder(about["encoder"], blocks, tuple(about["outputs"]))
        values = {name: tensors[f"{number}.{name}"] for name in _MAP}
        members.append(PropertyPredictor(encoder, **values, phases=phases, origin=about["origin"]))
    first, second = header["factor"]
    return PredictorEnsemble(tuple(members), (float(first), float(second)))
