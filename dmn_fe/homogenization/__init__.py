"""Homogenization: the truth that networks are trained on."""

from dmn_fe.homogenization.conduction import effective_conductivity
from dmn_fe.homogenization.dataset import StiffnessDataset
from dmn_fe.homogenization.dataset_work import samples_kept
from dmn_fe.homogenization.elastic import LoadCases, effective_stiffness, solve_load_cases
from dmn_fe.homogenization.expansion import effective_expansion
from dmn_fe.homogenization.generation import check_dataset, make_dataset
from dmn_fe.homogenization.loading import Loading
from dmn_fe.homogenization.path import PathFailed, follow_path
from dmn_fe.homogenization.path_dataset import PathDataset
from dmn_fe.homogenization.path_generation import check_path_dataset, make_path_dataset
from dmn_fe.homogenization.path_record import PathRecord
from dmn_fe.homogenization.prediction import (
    LEARNT_FAMILIES,
    TWO_PHASE_FAMILIES,
    EnsemblePrediction,
    FineTuning,
    Prediction,
    PredictorEnsemble,
    PropertyPredictor,
    SectionDataset,
    TwoPhases,
    fine_tune,
    fit_frozen,
    hashin_shtrikman_bounds,
    hashin_shtrikman_mean,
    hill_mean,
    load_predictor,
    make_section_dataset,
    save_predictor,
    train_predictor,
    train_predictor_ensemble,
)
from dmn_fe.homogenization.reference_generation import compute_reference_paths
from dmn_fe.homogenization.reference_paths import ReferencePaths
from dmn_fe.homogenization.rve_law import RVELaw
from dmn_fe.homogenization.rve_problem import MacroLoad, PhaseField, RVEProblem, RVEUpdate
from dmn_fe.homogenization.sampler import sample_orthotropic, sample_tangent_like
from dmn_fe.homogenization.standard_loadings import standard_loadings
from dmn_fe.homogenization.voxel_problem import VoxelProblem, VoxelUpdate

__all__ = [
    "LEARNT_FAMILIES",
    "TWO_PHASE_FAMILIES",
    "EnsemblePrediction",
    "FineTuning",
    "LoadCases",
    "Loading",
    "MacroLoad",
    "PathDataset",
    "PathFailed",
    "PathRecord",
    "PhaseField",
    "Prediction",
    "PredictorEnsemble",
    "PropertyPredictor",
    "RVELaw",
    "RVEProblem",
    "RVEUpdate",
    "ReferencePaths",
    "SectionDataset",
    "StiffnessDataset",
    "TwoPhases",
    "VoxelProblem",
    "VoxelUpdate",
    "check_dataset",
    "check_path_dataset",
    "compute_reference_paths",
    "effective_conductivity",
    "effective_expansion",
    "effective_stiffness",
    "fine_tune",
    "fit_frozen",
    "follow_path",
    "hashin_shtrikman_bounds",
    "hashin_shtrikman_mean",
    "hill_mean",
    "load_predictor",
    "make_dataset",
    "make_path_dataset",
    "make_section_dataset",
    "sample_orthotropic",
    "sample_tangent_like",
    "samples_kept",
    "save_predictor",
    "solve_load_cases",
    "standard_loadings",
    "train_predictor",
    "train_predictor_ensemble",
]
