"""Preconditioned conjugate gradients with a guaranteed bound of the energy error.

The Gauss–Radau rule bounds that error from above at the price of one scalar recurrence, given a
lower bound of the preconditioned spectrum (Meurant & Tichý, Numer. Algorithms 62 (2013) 163).
A residual alone says little about it when the contrast of the phases is high.
"""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["conjugate_gradients"]


def conjugate_gradients(
    operator: Callable[[Tensor], Tensor],
    inverse: Tensor,
    load: Tensor,
    energy: Tensor,
    lower: float,
    tolerance: float,
    max_iterations: int,
) -> tuple[Tensor, Tensor]:
    """Solve ``operator(u) = load`` for a batch, each member until its energy is certain.

    Members that are finished leave the batch.

    Parameters
    ----------
    operator : callable
        Symmetric operator on ``[n, 3, ...]``, applied to each member.
    inverse : Tensor ``[3, 3, ...]``
        Preconditioner: a symmetric 3×3 matrix at every point of a field.
    load : Tensor ``[n, 3, ...]``
        Right-hand side.
    energy : Tensor ``[n]``
        Energy of ``u = 0``; an iteration lowers it by ``step · (residual · inverse residual)``.
    lower : float
        Lower bound of the eigenvalues of ``inverse operator`` (on its range).
    tolerance : float
        Bound of (energy − energy of the solution) / energy.
    max_iterations : int

    Returns
    -------
    Tensor ``[n, 3, ...]``, Tensor ``[n]`` of int64
        Solution, and iterations of each member.

    Raises
    ------
    RuntimeError
        If a member needs more iterations.
    """
    solution = torch.zeros_like(load)
    iterations = torch.zeros(len(load), dtype=torch.int64)
    active = torch.arange(len(load))
    u, residual = torch.zeros_like(load), load.clone()
    correction = _precondition(inverse, residual)
    direction = correction.clone()
    product = _dot(residual, correction)
    radau = torch.full_like(energy, 1.0 / lower)
    for iteration in range(max_iterations + 1):
        error = radau * product / energy
        going = ~((error >= 0.0) & (error <= tolerance))  # a NaN goes on to the limit
        if not going.all():
            solution[active[~going]] = u[~going]
            iterations[active[~going]] = iteration
            if not going.any():
                return solution, iterations
            active, u, residual, direction = (x[going] for x in (active, u, residual, direction))
            product, energy, radau = product[going], energy[going], radau[going]
        image = operator(direction)
        step = product / _dot(direction, image)
        u.addcmul_(_along(step, u), direction)
        residual.addcmul_(_along(step, u), image, value=-1.0)
        correction = _precondition(inverse, residual)
        previous, product = product, _dot(residual, correction)
        ratio = product / previous
        direction.mul_(_along(ratio, u)).add_(correction)
        energy = energy - step * previous
        radau = (radau - step) / (lower * (radau - step) + ratio)
    raise RuntimeError(
        f"the conjugate gradients did not converge in {max_iterations} iterations: relative error "
        f"up to {error.max():.2e} against a tolerance of {tolerance:.1e}; allow more iterations, "
        "or check the contrast of the phases."
    )


def _precondition(inverse: Tensor, residual: Tensor) -> Tensor:
    result = inverse[:, 0] * residual[:, None, 0]
    for j in (1, 2):
        result.addcmul_(inverse[:, j], residual[:, None, j])
    return result


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return torch.einsum("ni,ni->n", a.flatten(1), b.flatten(1))


def _along(values: Tensor, field: Tensor) -> Tensor:
    return values.view(-1, *[1] * (field.ndim - 1))
