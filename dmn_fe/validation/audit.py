"""The error of a simulation with networks, estimated without FE².

A few quadrature points follow their strain paths again on the full RVE. Their errors of the stress
``Δσ = σ_network − σ_RVE``, at the strains of this very simulation, give that of the forces on the
part.
"""

from pathlib import Path

import numpy as np

from dmn_fe.collective import Alone, Communicator, RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.microstructure import MeshRVE, VoxelRVE
from dmn_fe.progress import Progress, no_progress
from dmn_fe.validation.audit_result import Audit, AuditedPoint
from dmn_fe.validation.check_rve import fitting_rve
from dmn_fe.validation.forces import estimate_forces, work_of_steps
from dmn_fe.validation.recorded_paths import read_recorded_paths
from dmn_fe.validation.replay import network_stress, replay
from dmn_fe.validation.sampling import draw_by_shares

__all__ = ["audit"]


def audit(
    folder: str | Path,
    rve: VoxelRVE | MeshRVE,
    material: str | None = None,
    points: int = 12,
    seed: int = 0,
    output: str | Path | None = None,
    progress: Progress = no_progress,
    comm: Communicator | None = None,
    tolerance: float = 1e-6,
) -> Audit:
    """Estimate the error of a run with a network (collective).

    Points are drawn with a probability that grows with the work at them, so that the error of the
    power, a sum over all points, is estimated well; the most strained point is added, but does not
    count in the sum. The same call goes on after an interruption.

    Parameters
    ----------
    folder : str or Path
        Of the run.
    rve : VoxelRVE or MeshRVE
        The RVE that the network stands for.
    material : str, optional
        The group; may be left out if one alone has a network.
    points : int
        To draw, 2 or more.
    seed : int
        Of the draw.
    output : str or Path, optional
        Folder for what is kept of each point, ``replays`` in it; that of the run if left out.
    progress : Progress
        Called on rank 0 after each point.
    comm : mpi4py communicator, optional
        Ranks that share the points.
    tolerance : float
        As of :func:`~dmn_fe.fem.rve_law`.

    Raises
    ------
    InputError
        On all ranks, if the run has no strain paths, the RVE is another, or no path converges.
    """
    # Here, so that input can be checked before MPI starts.
    from dmn_fe.fem import rve_law

    folder, comm = Path(folder), comm or Alone()
    with RaiseTogether(comm):
        paths = read_recorded_paths(folder, material)
        law = rve_law(fitting_rve(rve, paths.network), paths.laws, tolerance=tolerance)
        stress, spread = network_stress(paths)
        if stress.isnan().any():
            raise InputError(
                f"{folder}: the network does not converge again on the strains of "
                f"{paths.material!r}, which are not those of a finished run; run it again."
            )
        work = work_of_steps(paths, stress.numpy())
        size = paths.strain.norm(dim=-1).amax(1).numpy()
        draw = draw_by_shares(np.abs(work).sum(axis=1), size, points, seed)
        worst = int(size.argmax())
        rows = [int(row) for row in np.union1d(draw.rows, [worst])]
    truth = replay(law, paths, rows, Path(output or folder) / "replays", progress, comm)
    drawn = np.isin(rows, draw.rows)
    if np.isnan(truth[drawn, -1]).all():
        raise InputError(
            f"{folder}: the RVE has converged on none of {drawn.sum()} paths; take shorter steps "
            "in the run."
        )
    work_error = work_of_steps(paths, stress[rows].numpy() - truth, rows)[drawn]
    forces = estimate_forces(folder, paths, work, draw, work_error)
    if not np.nansum(np.abs(forces.force)) > 0.0:
        raise InputError(f"{folder}: no step has done work in {paths.material!r}; load the part.")
    largest = np.nanmax(np.abs(forces.force))
    found = []
    for row, true in zip(rows, truth, strict=True):
        scale = np.nanmax(np.linalg.norm(true, axis=-1)) or 1.0
        found.append(
            AuditedPoint(
                paths.points[row],
                int(draw.counts[draw.rows == row].sum()),
                np.linalg.norm(stress[row].numpy() - true, axis=-1) / scale,
                None if spread is None else spread[row].numpy() / scale,
                row == worst,
            )
        )
    return Audit(
        paths.material,
        paths.others,
        paths.times,
        forces.force,
        forces.error / largest,
        forces.standard_error / largest,
        forces.motion,
        len(size),
        found,
    )
