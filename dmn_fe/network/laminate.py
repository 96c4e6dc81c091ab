"""The laminate: the one building block of every material network.

Two phases with stiffness C1, C2, fractions f1 + f2 = 1 and an interface normal n. The traction is
continuous over the interface and the strain jump is sym(a ⊗ n) = H a. For the affine laws
σ_i = C_i ε + s_i this gives (Mandel notation, ΔC = C1 − C2, Δs = s1 − s2)

    A = Hᵀ (f2 C1 + f1 C2) H        K = A⁻¹ Hᵀ ΔC        b = A⁻¹ Hᵀ Δs
    C = f1 C1 + f2 C2 − f1 f2 (Hᵀ ΔC)ᵀ K                 s = f1 s1 + f2 s2 − f1 f2 (Hᵀ ΔC)ᵀ b
    a = K ε + b        ε1 = ε − f2 H a        ε2 = ε + f1 H a

(Liu, Wu & Koishi, CMAME 345 (2019) 1138; Gajek, Schneider & Böhlke, JMPS 142 (2020) 103984.)

Everything here works on batches with the *component axes first*, ``[6, 6, node, ...]``: each
component is then one long array, which is several times faster than batched 6×6 matrix products.
``normal`` and ``fraction`` are ``[3, node, ...]`` and ``[node, ...]``; what follows the node are
batch axes that broadcast: points, or networks and samples.

In the plane (plane strain) the components are 11, 22, 12 alone, and 3 and 6 above become 2 and 3:
the number of components of ``normal`` decides.
"""

import math

import torch
from torch import Tensor

__all__ = ["interface_traction", "jump_strain", "mix_stiffness", "mix_stress"]

_SQRT_HALF = math.sqrt(0.5)
# Stiffness against a jump that is round-off, relative to the trace of f2 C1 + f1 C2. Round-off is
# some 1e-15, and jumps along such a direction then stay below 1e-2 of the strain; contrasts of the
# phases up to 1e12 are kept. Two solids between voids of nearly equal normals, whose stiffness is
# that of the square of the angle between them, become parallel at an angle of 3e-7.
_NEGLIGIBLE = 1e-13

#: Inverse pivots of a matrix, the entries of L below the diagonal, row by row, and those of U above
#: it, column by column.
Factor = tuple[tuple[Tensor, ...], tuple[Tensor, ...], tuple[Tensor, ...]]


def interface_traction(normal: Tensor, stress: Tensor) -> Tensor:
    """``Hᵀ σ``: contracts the first axis of ``[6, ..., node, ...]`` to ``[3, ...]``."""
    if len(normal) == 2:
        n1, n2 = normal
        s1, s2 = normal * _SQRT_HALF
        rows = [
            torch.addcmul(n1 * stress[0], s2, stress[2]),
            torch.addcmul(n2 * stress[1], s1, stress[2]),
        ]
        return torch.stack(rows)
    n1, n2, n3 = normal
    s1, s2, s3 = normal * _SQRT_HALF
    return torch.stack(
        [
            sum_of_products((n1, s3, s2), (stress[0], stress[4], stress[5])),
            sum_of_products((n2, s3, s1), (stress[1], stress[3], stress[5])),
            sum_of_products((n3, s2, s1), (stress[2], stress[3], stress[4])),
        ]
    )


def jump_strain(normal: Tensor, jump: Tensor) -> Tensor:
    """``H a``: strains ``[6, ..., node, ...]`` of jump vectors ``[3, ..., node, ...]``."""
    if len(normal) == 2:
        n1, n2 = normal
        s1, s2 = normal * _SQRT_HALF
        a1, a2 = jump
        return torch.stack([n1 * a1, n2 * a2, torch.addcmul(s2 * a1, s1, a2)])
    n1, n2, n3 = normal
    s1, s2, s3 = normal * _SQRT_HALF
    a1, a2, a3 = jump
    shear = [
        torch.addcmul(s3 * a2, s2, a3),
        torch.addcmul(s3 * a1, s1, a3),
        torch.addcmul(s2 * a1, s1, a2),
    ]
    return torch.stack([n1 * a1, n2 * a2, n3 * a3, *shear])


def mix_stiffness(
    c1: Tensor, c2: Tensor, fraction: Tensor, normal: Tensor, symmetric: bool = True
) -> tuple[Tensor, Factor, Tensor, Tensor]:
    """Homogenise two stiffnesses ``[6, 6, node, ...]``, which are ``symmetric`` or not.

    Returns ``C`` ``[6, 6, node, ...]`` and what the stress and the way down need: the factors of A,
    ``M' = Hᵀ ΔCᵀ`` and ``K = A⁻¹ Hᵀ ΔC``, both ``[3, 6, node, ...]``. Of symmetric stiffnesses
    ``M'`` is M; of others it takes the place of the M that stands transposed in the equations.

    Beside voids A may be singular: of two voids it is zero, and a laminate of solid and void with
    the normal m has no stiffness against sym(m ⊗ n), which is a jump across any other interface n.
    A jump that neither side resists moves no stress, so that it is of no consequence, and is left
    out: ``A⁻¹`` is then a generalised inverse.
    """
    difference = c1 - c2
    m = interface_traction(normal, difference)
    # Hᵀ (f2 C1 + f1 C2) without the 6×6 sum, from C2 + f2 ΔC.
    mean_traction = torch.addcmul(interface_traction(normal, c2), 1.0 - fraction, m)
    size = (_trace(c2) + (1.0 - fraction) * _trace(difference)).abs()
    a = interface_traction(normal, mean_traction.transpose(0, 1)).transpose(0, 1)
    factor = _factorised(a, _NEGLIGIBLE * size, symmetric)
    k = _solve(factor, m)
    mean = torch.addcmul(c2, fraction, difference)
    left = m if symmetric else interface_traction(normal, difference.transpose(0, 1))
    stiffness = torch.addcmul(mean, fraction * (fraction - 1.0), contract(left, k))
    return stiffness, factor, left, k


def mix_stress(
    s1: Tensor, s2: Tensor, fraction: Tensor, normal: Tensor, factor: Factor, left: Tensor
) -> tuple[Tensor, Tensor]:
    """Homogenise the stresses at zero strain ``[6, node, ...]``; returns ``s`` and ``b``.

    ``factor`` and ``left`` are A and M' of :func:`mix_stiffness`.
    """
    difference = s1 - s2
    b = _solve(factor, interface_traction(normal, difference))
    return s2 + fraction * difference - fraction * (1.0 - fraction) * contract(left, b), b


def _factorised(a: Tensor, negligible: Tensor, symmetric: bool) -> Factor:
    """Factors of matrices ``[3, 3, node, ...]``, A = L D U with unit diagonals of L and U.

    A pivot is the stiffness of A in the direction of a row of L⁻¹. Where that is not above
    ``negligible`` ``[node, ...]`` times the square of the row, the direction is left out: its
    inverse pivot is zero.
    """
    p0 = _inverse_pivot(a[0, 0], negligible)
    l10 = a[1, 0] * p0
    u01 = l10 if symmetric else a[0, 1] * p0
    p1 = _inverse_pivot(a[1, 1] - l10 * a[0, 1], negligible * (1.0 + l10 * l10))
    if len(a) == 2:
        return (p0, p1), (l10,), (u01,)
    l20 = a[2, 0] * p0
    b12 = a[1, 2] - l10 * a[0, 2]
    b21 = b12 if symmetric else a[2, 1] - l20 * a[0, 1]
    l21 = b21 * p1
    m20 = l10 * l21 - l20
    pivot = a[2, 2] - l20 * a[0, 2] - l21 * b12
    p2 = _inverse_pivot(pivot, negligible * (1.0 + l21 * l21 + m20 * m20))
    lower = (l10, l20, l21)
    return (p0, p1, p2), lower, lower if symmetric else (u01, a[0, 2] * p0, b12 * p1)


def _inverse_pivot(pivot: Tensor, negligible: Tensor) -> Tensor:
    zero = pivot.abs() <= negligible
    return torch.where(zero, 0.0, 1.0 / torch.where(zero, 1.0, pivot))


def _solve(factor: Factor, right: Tensor) -> Tensor:
    """``A⁻¹ right`` of right sides ``[3, ..., node, ...]``."""
    pivots, lower, upper = factor
    if len(pivots) == 2:
        x1 = _minus(right[1], lower[0], right[0]) * pivots[1]
        return torch.stack([_minus(right[0] * pivots[0], upper[0], x1), x1])
    l10, l20, l21 = lower
    u01, u02, u12 = upper
    y1 = _minus(right[1], l10, right[0])
    x2 = pivots[2] * _minus(_minus(right[2], l20, right[0]), l21, y1)
    x1 = _minus(y1 * pivots[1], u12, x2)
    return torch.stack([_minus(_minus(right[0] * pivots[0], u01, x1), u02, x2), x1, x2])


def _minus(total: Tensor, left: Tensor, right: Tensor) -> Tensor:
    return torch.addcmul(total, left, right, value=-1.0)


def _trace(stiffness: Tensor) -> Tensor:
    """``[node, ...]``"""
    return stiffness.diagonal().sum(-1)


def contract(left: Tensor, right: Tensor) -> Tensor:
    """``leftᵀ right`` over the first axis for every node: ``[i, j, ...]``, ``[i, k, ...]`` or
    ``[i, ...]`` give ``[j, k, ...]`` or ``[j, ...]``."""
    if right.ndim == left.ndim:
        left, right = left[:, :, None], right[:, None]
    return sum_of_products(left, right)


def sum_of_products(left, right) -> Tensor:
    """``Σ left[i] right[i]`` with as few passes over memory as possible."""
    total = left[0] * right[0]
    for i in range(1, len(left)):
        total = torch.addcmul(total, left[i], right[i])
    return total
