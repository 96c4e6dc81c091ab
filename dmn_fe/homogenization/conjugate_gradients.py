"""Preconditioned conjugate gradients for batches of samples and load cases."""

from typing import Protocol

import torch
from torch import Tensor

from dmn_fe.homogenization.hourglass import HourglassControl
from dmn_fe.homogenization.kinematics import Kinematics
from dmn_fe.homogenization.rve_problem import NoSolution
from dmn_fe.homogenization.stopping import StoppingRule

__all__ = ["Balance", "NotConverged", "conjugate_gradients", "dot"]


class NotConverged(NoSolution):
    """The limit of iterations was reached."""


class Moduli(Protocol):
    """Local moduli: a product with voxel fields."""

    def multiply(self, field: Tensor) -> Tensor: ...
    def subset(self, going: Tensor) -> "Moduli": ...
    def to(self, dtype: torch.dtype) -> "Moduli": ...


class Preconditioner(Protocol):
    """An approximate inverse on nodal fields."""

    def solve(self, force: Tensor) -> Tensor: ...
    def subset(self, going: Tensor) -> "Preconditioner": ...
    def to(self, dtype: torch.dtype) -> "Preconditioner": ...


class Balance:
    """The system ``transpose(C apply(u)) = f`` of a batch of samples, with its preconditioner.

    ``hourglass`` adds the forces of a control of hourglass modes.
    """

    def __init__(
        self,
        kinematics: Kinematics,
        moduli: Moduli,
        preconditioner: Preconditioner,
        hourglass: HourglassControl | None = None,
    ):
        self.kinematics, self.moduli, self.preconditioner = kinematics, moduli, preconditioner
        self.hourglass = hourglass

    def multiply(self, nodal: Tensor) -> Tensor:
        """Nodal forces of a nodal field, ``[samples, loads, components, nx, ny, nz]``."""
        forces = self.kinematics.transpose(self.moduli.multiply(self.kinematics.apply(nodal)))
        return forces if self.hourglass is None else forces.add_(self.hourglass.multiply(nodal))

    def subset(self, going: Tensor) -> "Balance":
        """The same for the samples where ``going`` ``[samples]`` is true."""
        return Balance(
            self.kinematics,
            self.moduli.subset(going),
            self.preconditioner.subset(going),
            self.hourglass and self.hourglass.subset(going),
        )

    def to(self, dtype: torch.dtype) -> "Balance":
        """The same for fields of another precision."""
        return Balance(
            self.kinematics,
            self.moduli.to(dtype),
            self.preconditioner.to(dtype),
            self.hourglass and self.hourglass.to(dtype),
        )


def conjugate_gradients(
    system: Balance,
    load: Tensor,
    rule: StoppingRule,
    tolerance: float,
    max_iterations: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Solve ``system u = load`` for a batch, each member until its rule says so.

    A finished load case waits for the others of its sample; finished samples leave the batch; the
    rule is used up. A member's numbers do not depend on the others.

    Parameters
    ----------
    system : Balance
        Symmetric positive semi-definite, as is its preconditioner.
    load : Tensor ``[samples, loads, components, nx, ny, nz]``
        Right-hand sides in the range of the system.
    rule : StoppingRule
    tolerance : float
        What the rule's error is compared with.
    max_iterations : int

    Returns
    -------
    Tensor of the shape of ``load``
        Solution.
    Tensor ``[samples, loads]`` of int64
        Iterations of each member.
    Tensor of the shape of ``load``
        Residual, as it was carried along; round-off lets the true one drift away from it.

    Raises
    ------
    NotConverged
        If a member needs more iterations.
    """
    solution, left = torch.zeros_like(load), torch.zeros_like(load)
    iterations = torch.zeros(load.shape[:2], dtype=torch.int64, device=load.device)
    active = torch.arange(len(load), device=load.device)
    u, residual = torch.zeros_like(load), load.clone()
    direction = system.preconditioner.solve(residual)
    product = dot(residual, direction)
    error = rule.start(product)
    done = _small(error, tolerance)
    for iteration in range(1, max_iterations + 2):
        finished = done.all(1)
        if finished.any():
            going = ~finished
            solution[active[finished]] = u[finished]
            left[active[finished]] = residual[finished]
            if not going.any():
                return solution, iterations, left
            active, done, product = active[going], done[going], product[going]
            u, residual, direction = u[going], residual[going], direction[going]
            system = system.subset(going)
            rule.keep(going)
        if iteration > max_iterations or not torch.isfinite(product[~done]).all():
            break
        image = system.multiply(direction)
        step = torch.where(done, 0.0, product / dot(direction, image))
        u.addcmul_(_along(step, u), direction)
        residual.addcmul_(_along(step, u), image, value=-1.0)
        correction = system.preconditioner.solve(residual)
        previous, product = product, dot(residual, correction)
        error = rule.after(step, previous, product)
        iterations[active] += (~done).long()
        direction.mul_(_along(torch.where(done, 0.0, product / previous), u)).add_(correction)
        done = done | _small(error, tolerance)
    raise NotConverged(
        f"the conjugate gradients did not converge in {iteration - 1} iterations: relative error "
        f"up to {error[~done].max():.2e} against a tolerance of {tolerance:.1e}; allow more "
        "iterations, or check the contrast of the phases."
    )


def _small(error: Tensor, tolerance: float) -> Tensor:
    """Where an error is small; one that is not a number is not."""
    return (error >= 0.0) & (error <= tolerance)


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Products ``[samples, loads]`` of fields of batches."""
    # One matrix product for each member: the same sum whatever else is in the batch.
    return (a.flatten(2)[:, :, None] @ b.flatten(2)[..., None])[..., 0, 0]


def _along(values: Tensor, field: Tensor) -> Tensor:
    return values.view(*values.shape, *[1] * (field.ndim - 2))
