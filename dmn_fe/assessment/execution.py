"""Making all trainings of an assessment, shared among ranks; what is done stays done."""

from pathlib import Path

from dmn_fe.assessment.plan import Plan, Training
from dmn_fe.assessment.training_work import result_path, starting_network, work_on
from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.homogenization import PathDataset, ReferencePaths, StiffnessDataset
from dmn_fe.progress import Progress, no_progress

__all__ = ["check_files", "execute"]


def execute(
    plan: Plan,
    folder: str | Path,
    progress: Progress = no_progress,
    comm: Communicator | None = None,
) -> None:
    """Train and test everything that a plan needs (collective).

    Every training leaves a file in ``folder`` when it is done, and a checkpoint in between: the
    same call, on any number of ranks, makes what is missing.

    Raises
    ------
    InputError
        On all ranks, if data cannot be read or do not fit.
    """
    folder, comm = Path(folder), comm or Alone()
    missing: list[Training] = []
    with RaiseTogether(comm):
        if comm.rank == 0:
            check_files(plan)
            folder.mkdir(parents=True, exist_ok=True)
            missing = [t for t in plan.trainings() if not result_path(folder, t).exists()]
    missing = comm.bcast(missing)
    total = len(plan.trainings())
    with RaiseTogether(comm):
        for training in missing[comm.rank :: comm.size]:
            report: Progress = no_progress
            if comm.rank == 0:
                report = _of_training(progress, plan, folder, training.subject.name)
            work_on(training, folder, plan.ensemble, report)
    if comm.rank == 0:
        progress(total - _open(plan, folder), total)


def _of_training(progress: Progress, plan: Plan, folder: Path, subject: str) -> Progress:
    """Progress of the whole, with that of the present training as its message."""

    def report(done: int, total: int, message: str = "") -> None:
        trainings = len(plan.trainings())
        text = f"{subject}, {done} of {total} iterations: {message}"
        progress(trainings - _open(plan, folder), trainings, text)

    return report


def check_files(plan: Plan) -> None:
    """Raise ``InputError`` unless all files of a plan can be read and belong together."""
    for training in plan.trainings():
        starting_network(training)
    for subject in plan.subjects:
        hashes = set()
        for file in subject.elastic.values():
            hashes.add(StiffnessDataset.load(file).meta.get("rve_hash"))
        for file in subject.nonlinear.values():
            hashes.add(PathDataset.load(file).meta.get("rve_hash"))
        for file in subject.truth.values():
            hashes.add(ReferencePaths.load(file).meta.get("rve_hash"))
        if len(hashes) > 1:
            raise InputError(f"the files of the RVE {subject.name!r} are of different RVEs.")


def _open(plan: Plan, folder: Path) -> int:
    return sum(not result_path(folder, training).exists() for training in plan.trainings())
