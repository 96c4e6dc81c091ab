"""Making all trainings of an assessment, shared among ranks; what is done stays done."""

import logging
from pathlib import Path
from typing import Any

from dmn_fe.assessment.machine import machine_of
from dmn_fe.assessment.plan import Plan
from dmn_fe.assessment.subject import Subject, Training
from dmn_fe.assessment.training_work import result_path, starting_network, work_on
from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.homogenization import PathDataset, ReferencePaths, StiffnessDataset
from dmn_fe.laws import laws_from_description
from dmn_fe.progress import Progress, no_progress
from dmn_fe.training.path_objective import PathObjective
from dmn_fe.training.problem import TrainingProblem
from dmn_fe.training.samples import split

__all__ = ["check_files", "execute"]

_LOGGER = logging.getLogger(__name__)


def execute(
    plan: Plan,
    folder: str | Path,
    progress: Progress = no_progress,
    comm: Communicator | None = None,
) -> list[str]:
    """Train and test everything that a plan needs (collective).

    Every training leaves a file in ``folder`` when it is done, and a checkpoint in between: the
    same call, on any number of ranks, makes what is missing.

    Returns
    -------
    list of str
        A sentence for each training that failed, on all ranks; the others are made all the same.

    Raises
    ------
    InputError
        On all ranks, if data cannot be read or do not fit.
    """
    folder, comm = Path(folder), comm or Alone()
    work: list[tuple[Training, Path]] = []
    missing: list[tuple[Training, Path]] = []
    with RaiseTogether(comm):
        if comm.rank == 0:
            check_files(plan)
            folder.mkdir(parents=True, exist_ok=True)
            # The names hold hashes of all files: made once.
            work = [(training, result_path(folder, training)) for training in plan.trainings()]
            missing = [(training, path) for training, path in work if not path.exists()]
    missing = comm.bcast(missing)
    machine = machine_of(comm)
    failures = []
    for training, path in missing[comm.rank :: comm.size]:
        report: Progress = no_progress
        if comm.rank == 0:
            report = _of_training(progress, [p for _, p in work], training.subject.name)
        try:
            work_on(training, path, report, machine)
        except Exception as error:
            # Hours of other trainings do not wait for one, here or on other ranks.
            failures.append(f"{plan.name_of(training)}: {_sentence(error)}")
            known = isinstance(error, InputError)
            _LOGGER.warning("a training failed, %s", failures[-1], exc_info=not known)
    if comm.rank == 0:
        progress(len(work) - _open([path for _, path in work]), len(work))
    return [failure for each in comm.allgather(failures) for failure in each]


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"


def _of_training(progress: Progress, paths: list[Path], subject: str) -> Progress:
    """Progress of the whole, with that of the present training as its message."""

    def report(done: int, total: int, message: str = "") -> None:
        text = f"{subject}, {done} of {total} iterations: {message}"
        progress(len(paths) - _open(paths), len(paths), text)

    return report


def _open(paths: list[Path]) -> int:
    return sum(not path.exists() for path in paths)


def check_files(plan: Plan) -> None:
    """Raise ``InputError`` unless all trainings of a plan can begin and their tests too."""
    for subject in plan.subjects:
        _check_subject(subject)
    for comparison in plan.comparisons:
        for variant in comparison.variants:
            for name in comparison.subjects:
                try:
                    _check_training(plan.training(comparison, variant, name))
                except InputError as error:
                    raise InputError(
                        f"comparison {comparison.title!r}, variant {variant.label!r}: {error}"
                    ) from None


def _check_subject(subject: Subject) -> None:
    files = [*subject.elastic.values(), *subject.nonlinear.values()]
    data: list[Any] = [StiffnessDataset.load(file) for file in subject.elastic.values()]
    data += [PathDataset.load(file) for file in subject.nonlinear.values()]
    for file in subject.truth.values():
        reference = ReferencePaths.load(file)
        laws_from_description(reference.meta["laws"])
        files.append(file)
        data.append(reference)
    for what, word in (("rve_hash", "another RVE"), ("phase_names", "other phases")):
        for file, own in zip(files, data, strict=True):
            if own.meta.get(what) != data[0].meta.get(what):
                raise InputError(
                    f"RVE {subject.name!r}: {file} is of {word} than {files[0]}; give files of one."
                )


def _check_training(training: Training) -> None:
    subject = training.subject
    every = {name: StiffnessDataset.load(file) for name, file in subject.elastic.items()}
    for data_set in every.values():  # it is tested on the held-out part of all of them
        split(len(data_set), training.settings.validation_fraction)
    data = [every[name] for name in training.elastic]
    problem = TrainingProblem(data, training.settings, pretrained=starting_network(training))
    if training.nonlinear:
        paths = PathDataset.load(subject.nonlinear[training.nonlinear])
        PathObjective(problem, paths, None, training.seeds)
