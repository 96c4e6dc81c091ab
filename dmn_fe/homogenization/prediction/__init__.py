"""From the image of a section to its effective properties, without solving for them.

Made from solved sections: an encoder's pooled features and a linear map to nine numbers, which any
value keeps between the bounds of Voigt and Reuss.
"""

from dmn_fe.homogenization.prediction.coordinates import relative_errors
from dmn_fe.homogenization.prediction.ensemble import (
    EnsemblePrediction,
    PredictorEnsemble,
    train_predictor_ensemble,
)
from dmn_fe.homogenization.prediction.estimates import (
    hashin_shtrikman_bounds,
    hashin_shtrikman_mean,
    hill_mean,
)
from dmn_fe.homogenization.prediction.fine_tuning import fine_tune, train_predictor
from dmn_fe.homogenization.prediction.fine_tuning_recipe import FineTuning
from dmn_fe.homogenization.prediction.frozen import fit_frozen
from dmn_fe.homogenization.prediction.pooled_features import encoded_means
from dmn_fe.homogenization.prediction.predictor import Prediction, PropertyPredictor
from dmn_fe.homogenization.prediction.predictor_file import load_predictor, save_predictor
from dmn_fe.homogenization.prediction.section_dataset import SectionDataset
from dmn_fe.homogenization.prediction.section_generation import (
    LEARNT_FAMILIES,
    TWO_PHASE_FAMILIES,
    make_section_dataset,
)
from dmn_fe.homogenization.prediction.two_phases import TwoPhases

__all__ = [
    "LEARNT_FAMILIES",
    "TWO_PHASE_FAMILIES",
    "EnsemblePrediction",
    "FineTuning",
    "Prediction",
    "PredictorEnsemble",
    "PropertyPredictor",
    "SectionDataset",
    "TwoPhases",
    "encoded_means",
    "fine_tune",
    "fit_frozen",
    "hashin_shtrikman_bounds",
    "hashin_shtrikman_mean",
    "hill_mean",
    "load_predictor",
    "make_section_dataset",
    "relative_errors",
    "save_predictor",
    "train_predictor",
    "train_predictor_ensemble",
]
